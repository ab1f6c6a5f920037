"""What a policy does, as an animation: drawn without pyplot, saved as a GIF or as one page.

CartPole, Acrobot, Pendulum and the mountain cars are drawn from their states, MuJoCo's bodies as round rods, games on a
grid cell by cell, and of anything else the observed numbers.
"""

import base64
import html
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon, Rectangle
from PIL import Image

from tejax.core.drafts import write_file
from tejax.core.paths import expanded
from tejax.errors import refuse, require
from tejax.tasks import Control
from tejax.types import Genome, Network, Task
from tejax.viz._style import BLUE, GREEN, GREY, ORANGE, RED

__all__ = ["Animation", "Episode", "gif", "page", "render_episode", "save"]

CELLS = ListedColormap(["white", BLUE, ORANGE, GREY, GREEN, RED, "#56B4E9", "#CC79A7", "#F0E442", "black", "#999933"])
COLOURS = 24  # of a GIF
SHORTEST, LONGEST = 20, 60  # milliseconds that a frame is shown

Scene = Callable[[Axes, int], None]  # draws one step


class Animation(NamedTuple):
    """An episode in pictures.

    Attributes:
        frames: pictures of one size, in a palette that they share.
        milliseconds: from one frame to the next.
        steps: of the episode.
        total: the return of the episode.
    """

    frames: list[Image.Image]
    milliseconds: int
    steps: int
    total: float


class Episode(NamedTuple):
    """What was recorded of one episode of T steps, on the host.

    Attributes:
        states: the environment's, leaves [T, ...].
        observations: [T, ...] in the environment's shape.
        params: the environment's.
    """

    states: Any
    observations: np.ndarray
    params: Any


def render_episode(
    task: Task, network: Network, genome: Genome, episode: int = 0, frames: int = 120, size: float = 3.2
) -> Animation:
    """One fresh episode of a policy on a control task.

    Args:
        task: of control.
        network: the policy.
        genome: of the network.
        episode: which of the task's fresh episodes, from 0 to eval_episodes - 1.
        frames: the most pictures, 2 or more; of a longer episode, steps at equal distances and the last.
        size: inches that a frame is wide, of 100 pixels each.

    Raises:
        InputError: for another kind of task, and for numbers out of range.
    """
    if not isinstance(task, Control):
        refuse(f"task must be one of control, which acts in an environment: got task={type(task).__name__!r}")
    require(0 <= episode < task.eval_episodes, f"from 0 to {task.eval_episodes - 1}", episode=episode)
    require(frames >= 2, "at least 2", frames=frames)
    environment, params = task.environment, task.params
    path = jax.tree.map(np.asarray, task.rollout(task.fresh(episode), network, genome))
    steps = int(path.alive[:, 0].sum())
    states = jax.tree.map(lambda leaf: _drawable(leaf[:steps, 0]), path.states)
    observed = _drawable(path.observations[:steps, 0])
    shape = getattr(environment, "obs_shape", observed.shape[1:])
    fits = isinstance(shape, tuple | list) and math.prod(shape) == observed.shape[1]
    record = Episode(states, observed.reshape(steps, *shape) if fits else observed, params)
    returns = np.cumsum(path.rewards[:steps, 0])
    every = max(1, math.ceil((steps - 1) / (frames - 1)))
    times = [*range(0, steps - 1, every), steps - 1]
    model = getattr(environment, "model", None)
    scene = _scene(getattr(environment, "name", ""), record) if model is None else _rods(model, states.data)
    pictures = _palette([_frame(scene, time, returns[time], size) for time in times])
    seconds = next((float(getattr(params, name)) for name in ("tau", "dt") if hasattr(params, name)), 0.05)
    hundredths = int(np.clip(100 * seconds * every, SHORTEST / 10, LONGEST / 10))  # the unit of a GIF
    return Animation(pictures, 10 * hundredths, steps, float(returns[-1]))


def _drawable(numbers: np.ndarray) -> np.ndarray:
    """The same numbers, 0 where an episode that diverged has none."""
    return np.where(np.isfinite(numbers), numbers, 0) if numbers.dtype.kind == "f" else numbers


def gif(animation: Animation) -> bytes:
    """The bytes of a GIF that plays in a loop."""
    out = io.BytesIO()
    first, *rest = animation.frames
    first.save(out, "GIF", save_all=True, append_images=rest, duration=animation.milliseconds, loop=0)
    return out.getvalue()


def page(animation: Animation, title: str) -> str:
    """The HTML of one self-contained page that plays an animation."""
    data = base64.b64encode(gif(animation)).decode()
    words = f"{html.escape(title)}: {animation.steps} steps, return {animation.total:.6g}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{words}</title></head>\n'
        '<body style="font: 16px system-ui, sans-serif; text-align: center; margin: 3rem">\n'
        f'<img alt="{words}" src="data:image/gif;base64,{data}" style="width: 40rem; max-width: 100%">\n'
        f"<p>{words}</p></body></html>\n"
    )


def save(animation: Animation, path: str | Path, title: str = "tejax") -> Path:
    """Write an animation.

    Args:
        animation: of `render_episode`.
        path: a file that ends in .gif or .html.
        title: of an .html page.

    Returns:
        The path.

    Raises:
        InputError: for another ending, and where the file cannot be written.
    """
    path = expanded(path)
    require(path.suffix in (".gif", ".html"), "a file that ends in .gif or .html", out=str(path))
    write_file(path, gif(animation) if path.suffix == ".gif" else page(animation, title))
    return path


def _frame(scene: Scene, time: int, total: float, size: float) -> Image.Image:
    figure = Figure(figsize=(size, 0.75 * size), dpi=100)
    canvas = FigureCanvasAgg(figure)
    panel = figure.add_axes((0.03, 0.03, 0.94, 0.85))
    panel.set_aspect("equal", adjustable="box")
    panel.set_axis_off()
    scene(panel, time)
    figure.text(0.03, 0.92, f"step {time + 1}", fontsize=9)
    figure.text(0.97, 0.92, f"return {total:.6g}", fontsize=9, ha="right")
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])


def _palette(frames: list[Image.Image]) -> list[Image.Image]:
    """The frames in few colours, the same for all, so that what stands still takes no room in a file."""
    samples = [frames[index] for index in sorted({0, len(frames) // 2, len(frames) - 1})]
    sheet = Image.fromarray(np.concatenate([np.asarray(frame) for frame in samples]))
    colours = sheet.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    return [frame.quantize(palette=colours, dither=Image.Dither.NONE) for frame in frames]


def _scene(name: str, episode: Episode) -> Scene:
    """What draws a step of this environment."""
    if name in SCENES:
        return lambda panel, time: SCENES[name](panel, jax.tree.map(lambda leaf: leaf[time], episode.states), episode)
    observed = episode.observations
    if observed.ndim in (3, 4):
        return lambda panel, time: _grid(panel, observed[time].reshape(*observed.shape[1:3], -1))
    return lambda panel, time: _numbers(panel, observed[time], float(observed.min()), float(observed.max()))


def _window(panel: Axes, left: float, right: float, low: float, high: float) -> None:
    panel.set_xlim(left, right)
    panel.set_ylim(low, high)


def _cart(panel: Axes, state: Any, episode: Episode) -> None:
    """A cart on its track, and the pole on it."""
    edge, pole = float(episode.params.x_threshold), 2 * float(episode.params.length)
    x, theta = float(state.x), float(state.theta)
    _window(panel, -edge - 0.5, edge + 0.5, -1.1, 2.5)
    panel.plot([-edge, edge], [0, 0], color=GREY, linewidth=1.5)
    for end in (-edge, edge):
        panel.plot([end, end], [-0.15, 0.15], color=RED, linewidth=2)
    panel.add_patch(Rectangle((x - 0.3, -0.18), 0.6, 0.36, color=BLUE))
    tip = x + 1.3 * pole * math.sin(theta), 0.18 + 1.3 * pole * math.cos(theta)  # a third longer, to be visible
    panel.plot([x, tip[0]], [0.18, tip[1]], color=ORANGE, linewidth=5, solid_capstyle="round")


def _pendulum(panel: Axes, state: Any, episode: Episode) -> None:
    """A rod, upright at angle 0, and the torque on it as a bar."""
    theta = float(state.theta)
    share = float(np.ravel(state.last_u)[0]) / float(episode.params.max_torque)
    _window(panel, -1.9, 1.9, -1.5, 1.25)
    panel.plot([0, -math.sin(theta)], [0, math.cos(theta)], color=BLUE, linewidth=7, solid_capstyle="round")
    panel.add_patch(Circle((0, 0), 0.07, color="black"))
    panel.plot([-1, 1], [-1.35, -1.35], color="#DDDDDD", linewidth=4)
    panel.plot([0, share], [-1.35, -1.35], color=ORANGE, linewidth=4)


def _acrobot(panel: Axes, state: Any, episode: Episode) -> None:
    """Two rods, hanging at angles 0, and the height to be reached."""
    lengths = float(episode.params.link_length_1), float(episode.params.link_length_2)
    angles = float(state.joint_angle1), float(state.joint_angle1) + float(state.joint_angle2)
    _window(panel, -3, 3, -2.3, 2.2)
    panel.plot([-2.8, 2.8], [1, 1], color=GREEN, linewidth=1.5, linestyle="--")
    x, y = 0.0, 0.0
    for length, angle, colour in zip(lengths, angles, (BLUE, ORANGE), strict=True):
        end = x + length * math.sin(angle), y - length * math.cos(angle)
        panel.plot([x, end[0]], [y, end[1]], color=colour, linewidth=6, solid_capstyle="round")
        panel.add_patch(Circle((x, y), 0.09, color="black"))
        x, y = end


def _mountain_car(panel: Axes, state: Any, episode: Episode) -> None:
    """A car between two hills, and the flag to be reached."""
    left, right = float(episode.params.min_position), float(episode.params.max_position)
    goal, x = float(episode.params.goal_position), float(state.position)

    def height(x: Any) -> Any:
        return 0.45 * np.sin(3 * x) + 0.55

    _window(panel, left - 0.05, right + 0.05, -0.05, 1.3)
    track = np.linspace(left, right, 80)
    panel.plot(track, height(track), color=GREY, linewidth=1.5)
    panel.plot([goal, goal], [height(goal), height(goal) + 0.2], color="black", linewidth=1.5)
    panel.add_patch(Rectangle((goal, height(goal) + 0.12), 0.1, 0.08, color=GREEN))
    panel.add_patch(Circle((x, height(x) + 0.05), 0.05, color=BLUE))


def _rods(model: Any, data: Any) -> Scene:
    """MuJoCo's solid geoms as round rods, from the side along which they move least; grey is what never moves."""
    ball, ellipsoid, box, mesh = 2, 4, 6, 7  # MuJoCo's numbers; planes and fields of heights are below
    chosen = np.flatnonzero((model.geom_type >= ball) & (model.geom_type < mesh))
    kind, size = model.geom_type[chosen], model.geom_size[chosen]  # radius and half the length, or three halves
    three = np.isin(kind, [ellipsoid, box])
    axis = np.where(three, size.argmax(axis=1), 2)  # the one that a rod lies along
    radius = np.where(three, np.median(size, axis=1), size[:, 0])
    half = np.where(three, size.max(axis=1) - radius, np.where(kind == ball, 0, size[:, 1]))
    along = data.geom_xmat[:, chosen, :, axis].swapaxes(0, 1) * half[:, None]  # [T, G, 3]
    centre = data.geom_xpos[:, chosen]
    ends = np.stack([centre - along, centre + along], axis=2)  # [T, G, 2, 3]
    moved = np.ptp(ends, axis=0).max(axis=1)  # [G, 3]
    ends = np.delete(ends, moved.max(axis=0).argmin(), axis=-1)
    moving = moved.max(axis=1) > 1e-3
    shown = ends[:, moving] if moving.any() else ends
    low, high = shown.min(axis=(0, 1, 2)) - 2 * radius.min(), shown.max(axis=(0, 1, 2)) + 2 * radius.min()

    def draw(panel: Axes, time: int) -> None:
        _window(panel, low[0], high[0], low[1], high[1])
        for (first, last), thick, moves in zip(ends[time], radius, moving, strict=True):
            colour = BLUE if moves else GREY
            length = float(np.hypot(*(last - first)))
            normal = thick * (last - first)[::-1] * (-1, 1) / length if length > 0 else np.zeros(2)
            panel.add_patch(Polygon([first + normal, last + normal, last - normal, first - normal], color=colour))
            for end in (first, last):
                panel.add_patch(Circle(tuple(end), thick, color=colour))

    return draw


def _grid(panel: Axes, observed: np.ndarray) -> None:
    """Cells [H, W, C], each in the colour of its first channel that is on."""
    on = observed > 0
    cells = np.where(on.any(axis=-1), 1 + on.argmax(axis=-1) % (CELLS.N - 1), 0)
    panel.imshow(cells, cmap=CELLS, vmin=-0.5, vmax=CELLS.N - 0.5, interpolation="nearest")
    high, wide = cells.shape
    _window(panel, -0.6, wide - 0.4, high - 0.4, -0.6)
    panel.add_patch(Rectangle((-0.5, -0.5), wide, high, fill=False, color=GREY))


def _numbers(panel: Axes, observed: np.ndarray, low: float, high: float) -> None:
    """What is observed, [N], as a row of bars between the least and the greatest number of the episode."""
    panel.set_aspect("auto")
    _window(panel, -0.6, len(observed) - 0.4, min(0.0, low), max(0.0, high) + 1e-6)
    panel.bar(range(len(observed)), observed, color=BLUE)
    panel.plot([-0.6, len(observed) - 0.4], [0, 0], color=GREY, linewidth=1)


SCENES: dict[str, Callable[[Axes, Any, Episode], None]] = {
    "CartPole-v1": _cart,
    "Pendulum-v1": _pendulum,
    "Acrobot-v1": _acrobot,
    "MountainCar-v0": _mountain_car,
    "MountainCarContinuous-v0": _mountain_car,
}
