"""Ctrl-C: the first one asks the run to save and stop, the second one interrupts at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tejax.runs.run import Run

__all__ = ["graceful"]


@contextmanager
def graceful(run: Run, notify: Callable[[], object] = lambda: None) -> Iterator[None]:
    """While inside, SIGINT and SIGTERM make `run` save a checkpoint and stop at the end of its chunk.

    notify: called at the first signal. A second one is what Ctrl-C is outside: it raises KeyboardInterrupt. Outside
    the main thread, where Python allows no signal handlers, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = signal.SIGINT, signal.SIGTERM

    def ask(number: int, frame: FrameType | None) -> None:
        outside = before[signal.SIGINT]
        for each in numbers:
            signal.signal(each, outside if callable(outside) else signal.default_int_handler)
        run.stop()
        notify()

    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
