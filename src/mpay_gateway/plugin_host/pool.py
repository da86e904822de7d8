"""A bounded pool of threads for one instance: whatever it does, it takes no thread from another."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class PoolFull(Exception):
    """Every thread is busy; the call was not begun."""


class PastDeadline(Exception):
    """The call was begun and has not ended; its thread stays counted until it does."""


class _Task(Generic[T]):
    """A call on its way to a thread and back. A plain lock wakes the caller in half the time of an Event."""

    __slots__ = ("_run", "answer", "done", "error")

    def __init__(self, run: Callable[[], T]) -> None:
        self._run = run
        self.answer: T | None = None
        self.error: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def run(self) -> None:
        try:
            self.answer = self._run()
        except BaseException as error:  # noqa: BLE001  it is the caller's to judge, even SystemExit
            self.error = error


class CallPool:
    """At most `size` calls at once, in daemon threads: one that hangs does not keep the process alive."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._waiting: SimpleQueue[_Task[Any]] = SimpleQueue()
        self._lock = threading.Lock()
        self._busy = 0
        self._threads = 0

    def call(self, function: Callable[[], T], *, seconds: float) -> T:
        """Run the function under a copy of the caller's context and wait for it.

        Raises: PoolFull, PastDeadline, and whatever the function raises.
        """
        task = _Task(partial(copy_context().run, function))
        self._hand_over(task)
        if not task.done.acquire(timeout=seconds):
            raise PastDeadline
        if task.error is not None:
            raise task.error
        return cast("T", task.answer)

    def _hand_over(self, task: _Task[T]) -> None:
        """Give the task to an idle thread, else to a new one."""
        with self._lock:
            if self._busy == self._size:
                raise PoolFull
            self._busy += 1
            new = self._busy > self._threads
            self._threads += new
        self._waiting.put(task)
        if new:
            threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()

    def _work(self) -> None:
        while True:
            task = self._waiting.get()
            task.run()
            with self._lock:
                self._busy -= 1
            task.done.release()
            del task
