"""A bounded pool of threads for one instance: whatever it does, it takes no thread from another."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class PoolFull(Exception):
    """Every thread is busy; the call was not begun."""


class PastDeadline(Exception):
    """The call was begun and has not ended; its thread stays counted until it does."""


@dataclass(slots=True)
class _Task(Generic[T]):
    run: Callable[[], T]
    done: threading.Event = field(default_factory=threading.Event)
    answer: T | None = None
    error: BaseException | None = None


class CallPool:
    """At most `size` calls at once, in daemon threads: one that hangs does not keep the process alive."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._slots = threading.BoundedSemaphore(size)
        self._waiting: SimpleQueue[_Task[object]] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._threads = 0

    def call(self, function: Callable[[], T], *, seconds: float) -> T:
        """Run the function under a copy of the caller's context and wait for it.

        Raises: PoolFull, PastDeadline, and whatever the function raises.
        """
        if not self._slots.acquire(blocking=False):
            raise PoolFull
        context = copy_context()
        task: _Task[T] = _Task(lambda: context.run(function))
        self._hand_over(task)  # type: ignore[arg-type]
        if not task.done.wait(seconds):
            raise PastDeadline
        if task.error is not None:
            raise task.error
        return task.answer  # type: ignore[return-value]

    def _hand_over(self, task: _Task[object]) -> None:
        """Give the task to an idle thread, or to a new one; there are never more threads than slots."""
        with self._lock:
            new = self._idle == 0
            if new:
                self._threads += 1
            else:
                self._idle -= 1
            number = self._threads
        self._waiting.put(task)
        if new:
            threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True).start()

    def _work(self) -> None:
        while True:
            task = self._waiting.get()
            try:
                task.answer = task.run()
            except BaseException as error:  # noqa: BLE001  it is the caller's to judge, even SystemExit
                task.error = error
            with self._lock:
                self._idle += 1
            self._slots.release()
            task.done.set()
            del task
