"""What is shown while a run goes on: a live bar on a terminal, now and then a plain line elsewhere."""

import time
from collections import deque
from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from tejax import evolution

__all__ = ["Display", "say"]

QUIET = 10.0  # seconds between two lines where there is no terminal
RECENT = 32  # chunks that the speed is taken from


def say(console: Console, text: str) -> None:
    """Print a line as it is: no markup, no colours, no wrapping."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


class Display:
    """Shows the progress of a run that wants `generations`; fitness is divided by `scale`."""

    def __init__(self, console: Console, generations: int, scale: float) -> None:
        self._console, self._generations, self._scale = console, generations, scale
        self._points: deque[tuple[float, int, int]] = deque(maxlen=RECENT)  # seconds, generation, evaluations
        self._told = -QUIET
        self._text = Text("compiling...")
        self._bar = Progress(
            SpinnerColumn(), TextColumn("generation"), MofNCompleteColumn(), BarColumn(None), expand=True
        )
        self._task = self._bar.add_task("", total=generations)
        self._live: Live | None = None
        if console.is_terminal:
            self._live = Live(Group(self._bar, self._text), console=console, refresh_per_second=8)

    def __enter__(self) -> "Display":
        if self._live:
            self._live.start()
        else:
            say(self._console, "compiling...")
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def update(self, progress: evolution.Progress, measured: dict[str, Any]) -> None:
        """Show a chunk; `measured` has the test accuracy or the mean return, if the task knows one."""
        self._points.append((progress.seconds, progress.generation, progress.evaluations))
        line = self._line(progress, measured)
        if self._live:
            self._bar.update(self._task, completed=progress.generation)
            self._text.plain = line
        elif time.monotonic() - self._told >= QUIET or progress.generation >= self._generations:
            self._told = time.monotonic()
            say(self._console, f"generation {progress.generation}/{self._generations}  {line}")

    def stopping(self) -> None:
        """Show that a stop was asked for."""
        note = "stopping after this chunk; Ctrl-C again interrupts at once"
        if self._live:
            self._text.plain = note
        else:
            say(self._console, note)

    def _line(self, progress: evolution.Progress, measured: dict[str, Any]) -> str:
        best, median = (column[-1] / self._scale for column in (progress.history.best, progress.history.median))
        digits = 1 if "return" in measured else 3
        parts = [f"best {best:.{digits}f}", f"median {median:.{digits}f}"]
        if "return" in measured:
            parts.append(f"fresh episodes {measured['return']:.1f}")
        if "accuracy" in measured:
            parts.append(f"test {measured['accuracy']:.1%}")
        (began, first, before), (now, last, after) = self._points[0], self._points[-1]
        if now > began:  # from the second chunk on: the first one holds the compilation
            parts.append(f"{(after - before) / (now - began):,.0f} evaluations/s")
        if now > began and last < self._generations:
            left = (self._generations - last) * (now - began) / (last - first)
            parts.append(f"{int(left) // 60}:{int(left) % 60:02d} left")
        return "  ".join(parts)
