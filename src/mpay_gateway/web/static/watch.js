// Looks whether a payment's state has changed and shows the page anew if so. Without it the page works by reload.
(() => {
  "use strict";
  const watched = document.querySelector("[data-watch]");
  if (!watched) return;
  const longest = 20000;
  let pause = 2000;

  const look = async () => {
    try {
      const answer = await fetch(watched.dataset.watch, { cache: "no-store" });
      if (answer.ok && (await answer.json()).state !== watched.dataset.state) {
        location.replace(watched.dataset.next || location.href);
        return;
      }
    } catch {
      // Off the network for a moment: the next look will tell.
    }
    pause = Math.min(pause * 1.5, longest);
    setTimeout(look, pause);
  };
  setTimeout(look, pause);
})();
