"""Pictures of every page in every state, language and size, for people to look at: `screenshots.py FOLDER [PART]`.

PART: only states whose name holds it.
"""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playwright.sync_api import Browser, expect, sync_playwright

from mpay_gateway.domain.language import Language
from tests.browser.stack import running_stack
from tests.browser.states import STATES, Scene, State
from tests.browser.window import DESKTOP, PATIENCE, PHONE, Device, Window, launch, open_window
from tests.browser.words import LANGUAGES

LOOKS = ((PHONE, False), (DESKTOP, False), (PHONE, True))
_log = logging.getLogger("screenshots")


def main() -> None:
    """Start the scenario, go through every state, and write one PNG for each look."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("part", nargs="?", default="")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asked.folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE)
    states = [state for state in STATES if asked.part in state.name]
    with (
        tempfile.TemporaryDirectory() as place,
        running_stack(Path(place)) as stack,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        with open_window(browser, stack.sites, DESKTOP) as helper:
            scene = Scene(stack, helper)
            for device, dark in LOOKS:
                for language in LANGUAGES if not dark else (Language.RO,):
                    _photograph(
                        browser, scene, states, asked.folder, device=device, dark=dark, language=language
                    )
        browser.close()


def _photograph(
    browser: Browser, scene: Scene, states: list[State], folder: Path,
    *, device: Device, dark: bool, language: Language,
) -> None:  # fmt: skip
    with open_window(browser, scene.stack.sites, device, dark=dark) as window:
        window.speak(language, scene.stack.url)
        for state in states:
            name = f"{state.name}.{device.name}{'-dark' if dark else ''}.{language.value}.png"
            _take(window, state, scene, folder / name)


def _take(window: Window, state: State, scene: Scene, path: Path) -> None:
    state.reach(window, scene)
    window.page.screenshot(path=path, full_page=True)
    _log.info("%s", path.name)


if __name__ == "__main__":
    main()
