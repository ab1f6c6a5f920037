"""`tejax replay`: the best policy of a run as an animation."""

from pathlib import Path
from typing import Any

from tejax.cli.evaluation import open_network
from tejax.errors import refuse, require
from tejax.tasks import Control

__all__ = ["write_replay"]


def write_replay(path: Path, out: Path | None, episode: int, frames: int) -> tuple[dict[str, Any], str, int]:
    """Draw one fresh episode of the network of a run, or of one in a file, into RUN/replay.gif or `out`.

    Raises InputError for a missing or damaged file, a task that is not one of control, and where `out` cannot be
    written.
    """
    from tejax.viz import animation

    task, network, genome, file, _ = open_network(path)
    if not isinstance(task, Control):
        refuse(f"task must be one of control, which acts in an environment: got task={type(task).__name__}")
    out = out or (path / "replay.gif" if path.is_dir() else file.with_suffix(".gif"))
    require(out.suffix in (".gif", ".html"), "a file that ends in .gif or .html", out=str(out))
    shown = animation.render_episode(task, network, genome, episode, frames)
    animation.save(shown, out, getattr(task.environment, "name", type(task.environment).__name__))
    result = {"file": str(out), "bytes": out.stat().st_size, "steps": shown.steps, "return": shown.total}
    text = f"wrote {out} ({result['bytes']:,} bytes): {shown.steps:,} steps, return {shown.total:.6g}"
    return result, text, 0
