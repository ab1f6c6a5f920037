"""What is shown while a run goes on: a live bar on a terminal (and a curve), now and then a plain line elsewhere."""

import time
from collections import deque
from types import TracebackType
from typing import Any

import jax.monitoring
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from tejax import evolution
from tejax.cli.curve import curve
from tejax.core.fitness import LEAST, LEAST_FIGURE
from tejax.errors import printable

__all__ = ["Display", "say"]

QUIET = 10.0  # seconds between two lines where there is no terminal
RECENT = 32  # chunks that the speed is taken from
COMPILED = "/jax/core/compile/backend_compile_duration"  # what JAX calls the end of a compilation
PROGRAM = "advance"  # the program that all waits for


def say(console: Console, text: str) -> None:
    """Print a text as it is: no markup, no colours, no wrapping, and no code for the terminal."""
    console.print(printable(text), markup=False, emoji=False, highlight=False, soft_wrap=True)


class Display:
    """Shows the progress of a run that wants `generations`; fitness is divided by `scale`.

    watch: on a terminal, draw the run's curve as well.
    """

    def __init__(self, console: Console, generations: int, scale: float, watch: bool = False) -> None:
        self._console, self._generations, self._scale = console, generations, scale
        self._points: deque[tuple[float, int, int]] = deque(maxlen=RECENT)  # seconds, generation, evaluations
        self._said_at = -QUIET
        self._line = ""  # of the newest chunk
        self._wait = Wait()
        self._watch = watch and not console.options.ascii_only
        self._seen: list[tuple[float, float, float]] = []  # generation, best, median
        self._bar = Progress(
            SpinnerColumn(), TextColumn("generation"), MofNCompleteColumn(), BarColumn(None), expand=True
        )
        self._task = self._bar.add_task("", total=generations)
        self._live: Live | None = None
        if console.is_terminal and not console.quiet:
            self._live = Live(get_renderable=self._render, console=console, refresh_per_second=8)

    def __enter__(self) -> "Display":
        self._wait.begin()
        if self._live:
            self._live.start()
        else:
            say(self._console, "compiling...")
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._wait.end()
        if self._live:
            self._live.stop()

    def update(self, progress: evolution.Progress, measured: dict[str, Any]) -> None:
        """Show a chunk; `measured` has the test accuracy, the mean return or bits a byte, if the task knows one."""
        first = not self._points
        self._points.append((progress.seconds, progress.generation, progress.evaluations))
        best, median = (int(column[-1]) for column in (progress.history.best, progress.history.median))
        if median > LEAST:
            self._seen.append((progress.generation, best / self._scale, median / self._scale))
        self._line = self._words(progress, best, median, measured)
        if self._live:
            self._bar.update(self._task, completed=progress.generation)
            return
        if first and self._wait.compiled is not None:
            say(self._console, f"compiled in {self._wait.compiled:.1f} s")
        if time.monotonic() - self._said_at >= QUIET or progress.generation >= self._generations:
            self._said_at = time.monotonic()
            say(self._console, f"generation {progress.generation}/{self._generations}  {self._line}")

    def stopping(self) -> None:
        """Show that a stop was asked for."""
        note = "stopping after this chunk; Ctrl-C again interrupts at once"
        if self._live:
            self._line = note
        else:
            say(self._console, note)

    def _render(self) -> RenderableType:
        """What the terminal shows now."""
        parts: list[RenderableType] = [self._bar, Text(self._line or self._wait.words())]
        if self._watch and len(self._seen) > 1:
            height = max(3, min(10, self._console.height - 6))
            generations, best, median = zip(*self._seen, strict=True)
            parts.append(curve(generations, best, median, min(100, self._console.width - 1), height))
        return Group(*parts)

    def _words(self, progress: evolution.Progress, best: int, median: int, measured: dict[str, Any]) -> str:
        numbers = {name: value for name, value in measured.items() if isinstance(value, int | float)}  # None: NaN
        digits = 1 if "return" in measured else 3
        figures = {"best": best, "median": median}
        parts = [
            f"{name} {value / self._scale:.{digits}f}" if value > LEAST else f"{name} not finite"
            for name, value in figures.items()
        ]
        if "return" in numbers:
            fresh = numbers["return"]
            parts.append(f"fresh episodes {fresh:.1f}" if fresh > LEAST_FIGURE else "fresh episodes not finite")
        if "accuracy" in numbers:
            parts.append(f"test {numbers['accuracy']:.1%}")
        if "bits_per_byte" in numbers:
            parts.append(f"test {numbers['bits_per_byte']:.3f} bits a byte")
        (began, first, before), (now, last, after) = self._points[0], self._points[-1]
        if now > began:  # from the second chunk on: the first one holds the compilation
            parts.append(f"{(after - before) / (now - began):,.0f} evaluations/s")
        running = self._wait.running()
        if len(self._points) == 1 and running is not None:  # without the compilation
            now, began, first = running, 0.0, last - len(progress.history.best)
        if now > began and last < self._generations:
            left = (self._generations - last) * (now - began) / (last - first)
            parts.append(f"{int(left) // 60}:{int(left) % 60:02d} left")
        return "  ".join(parts)


class Wait:
    """How long the first chunk has been waited for, and how much of that was compiling: JAX says when it is done."""

    def __init__(self) -> None:
        self.compiled: float | None = None  # seconds until the program was there, once it is
        self._start = time.perf_counter()

    def begin(self) -> None:
        """Start the clock, and listen to JAX."""
        self._start = time.perf_counter()
        jax.monitoring.register_event_duration_secs_listener(self._hear)

    def end(self) -> None:
        """Listen no more."""
        forget = getattr(jax.monitoring, "unregister_event_duration_listener", None)  # JAX 0.7 has no such function
        if forget:
            forget(self._hear)

    def words(self) -> str:
        """`compiling... 6 s`, and then that it is done."""
        waited = time.perf_counter() - self._start
        if self.compiled is None:
            return f"compiling... {waited:.0f} s"
        return f"compiled in {self.compiled:.1f} s; the first generations... {waited - self.compiled:.0f} s"

    def running(self) -> float | None:
        """Seconds since the program was there; None where JAX has not said so."""
        return None if self.compiled is None else time.perf_counter() - self._start - self.compiled

    def _hear(self, event: str, duration_secs: float, **about: Any) -> None:
        if self.compiled is None and event == COMPILED and PROGRAM in str(about.get("fun_name", "")):
            self.compiled = time.perf_counter() - self._start
