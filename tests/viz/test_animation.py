"""Animations of control: which steps they show, what is drawn of a state, and what a file holds."""

import dataclasses
import io
from types import SimpleNamespace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from PIL import Image

from tejax.errors import InputError
from tejax.tasks import control, parity
from tejax.types import Network
from tejax.viz import animation


class Params(NamedTuple):
    edge: float = 3.0


class Actions(NamedTuple):
    n: int = 2

    def sample(self, key):
        return jax.random.randint(key, (), 0, 2)


class Walk:
    """A walk on whole numbers from 0: it pays its position, and ends at the edge."""

    default_params = Params()

    def action_space(self, params):
        return Actions()

    def reset(self, key, params):
        position = jnp.float32(0)
        return jnp.stack([position, -position]), position

    def step(self, key, position, action, params):
        position = position + jnp.where(action > 0, 1.0, -1.0)
        return jnp.stack([position, -position]), position, position, jnp.abs(position) >= params.edge, {}


@dataclasses.dataclass(frozen=True)
class Always(Network):
    """A policy that goes one way, whatever it observes."""

    action: int = 1
    features: tuple[int, ...] = (2, 2)

    def apply(self, genome, x):
        outputs = jnp.asarray([1 - self.action, self.action], jnp.int32)
        return jnp.broadcast_to(outputs, (*x.shape[:-1], 2))


GENOME = jnp.zeros(1, jnp.int8)


@pytest.fixture(scope="module")
def task():
    return control(Walk(), trits=1, steps=9, eval_episodes=2)


@pytest.fixture(scope="module")
def whole(task):
    return animation.render_episode(task, Always(), GENOME)


def test_an_animation_shows_the_first_and_the_last_step_and_leaves_out_some_between(task, whole):
    short = animation.render_episode(task, Always(), GENOME, episode=1, frames=2)
    assert (len(whole.frames), whole.steps, whole.total) == (3, 3, 1 + 2 + 3)
    assert (len(short.frames), short.steps) == (2, 3)
    pictures = [[np.asarray(frame.convert("RGB"), int) for frame in each.frames] for each in (short, whole)]
    assert {picture.shape for each in pictures for picture in each} == {(240, 320, 3)}
    for index in (0, -1):
        assert np.abs(pictures[0][index] - pictures[1][index]).mean() < 1  # but for the palettes
    assert np.abs(pictures[0][0] - pictures[0][1]).mean() > 5


def test_what_cannot_be_drawn_is_refused(task):
    with pytest.raises(InputError, match=r"episode must be from 0 to 1: got episode=2"):
        animation.render_episode(task, Always(), GENOME, episode=2)
    with pytest.raises(InputError, match="frames must be at least 2"):
        animation.render_episode(task, Always(), GENOME, frames=1)
    with pytest.raises(InputError, match=r"task must be one of control.*got task='TruthTable'"):
        animation.render_episode(parity(3), Always(), GENOME)


def test_a_gif_has_all_frames_and_plays_in_a_loop(whole):
    picture = Image.open(io.BytesIO(animation.gif(whole)))
    assert picture.n_frames == len(whole.frames)
    assert picture.info["loop"] == 0
    assert picture.info["duration"] == whole.milliseconds


def test_a_page_is_self_contained(whole, tmp_path):
    text = animation.save(whole, tmp_path / "walk.html", "a <walk>").read_text()
    assert "data:image/gif;base64," in text
    assert "a &lt;walk&gt;: 3 steps, return 6" in text
    assert "http" not in text
    with pytest.raises(InputError, match=r"out must be a file that ends in \.gif or \.html"):
        animation.save(whole, tmp_path / "walk.mp4")
    with pytest.raises(InputError, match=r"nowhere.*cannot be written"):
        animation.save(whole, tmp_path / "nowhere" / "walk.gif")


def drawn(name, params, **state):
    panel = Figure().add_axes((0, 0, 1, 1))
    episode = animation.Episode(None, np.zeros(0), SimpleNamespace(**params))
    animation.SCENES[name](panel, SimpleNamespace(**state), episode)
    return panel


def end(line):
    return line.get_xdata()[-1], line.get_ydata()[-1]


def test_states_are_drawn_where_they_are():
    cart = drawn("CartPole-v1", {"x_threshold": 2.4, "length": 0.5}, x=1.0, theta=0.0)
    (body,) = (patch for patch in cart.patches if isinstance(patch, Rectangle))
    assert body.get_x() + body.get_width() / 2 == pytest.approx(1.0)
    assert end(cart.lines[-1])[0] == pytest.approx(1.0)  # upright
    leaning = drawn("CartPole-v1", {"x_threshold": 2.4, "length": 0.5}, x=0.0, theta=0.2)
    assert end(leaning.lines[-1])[0] > 0

    rod = drawn("Pendulum-v1", {"max_torque": 2.0}, theta=0.0, last_u=np.array([-1.0]))
    assert end(rod.lines[0]) == pytest.approx((0, 1))
    assert end(rod.lines[-1])[0] == pytest.approx(-0.5)  # half the torque, to the left

    links = {"link_length_1": 1.0, "link_length_2": 1.0}
    hanging = drawn("Acrobot-v1", links, joint_angle1=0.0, joint_angle2=0.0)
    assert end(hanging.lines[-1]) == pytest.approx((0, -2))
    raised = drawn("Acrobot-v1", links, joint_angle1=np.pi, joint_angle2=0.0)
    assert end(raised.lines[-1]) == pytest.approx((0, 2))

    hills = {"min_position": -1.2, "max_position": 0.6, "goal_position": 0.5}
    for name in ("MountainCar-v0", "MountainCarContinuous-v0"):
        (car,) = (patch for patch in drawn(name, hills, position=-0.5).patches if isinstance(patch, Circle))
        assert car.center[0] == -0.5


def test_a_cell_has_the_colour_of_its_first_channel_and_numbers_are_bars():
    observed = np.zeros((2, 3, 4))
    observed[0, 0, 2:] = 1
    observed[1, 2, 3] = 1
    panel = Figure().add_axes((0, 0, 1, 1))
    animation._grid(panel, observed)
    np.testing.assert_array_equal(panel.images[0].get_array(), [[3, 0, 0], [0, 0, 4]])
    animation._numbers(panel, np.array([0.5, -1.0]), -2.0, 1.0)
    assert [bar.get_height() for bar in panel.patches[-2:]] == [0.5, -1.0]
    assert panel.get_ylim()[0] == -2


def test_bodies_are_drawn_as_rods_from_the_side_where_they_move():
    plane, ball, capsule, box, mesh = 0, 2, 3, 6, 7
    model = SimpleNamespace(
        geom_type=np.array([plane, ball, capsule, box, mesh]),
        geom_size=np.array([[9, 9, 9], [0.5, 0, 0], [0.1, 1, 0], [2, 0.3, 0.2], [1, 1, 1.0]]),
    )
    positions = np.zeros((2, 5, 3))
    positions[1, 1] = (4, 0, 3)  # the ball moves in x and z
    turns = np.broadcast_to(np.eye(3), (2, 5, 3, 3))
    panel = Figure().add_axes((0, 0, 1, 1))
    animation._rods(model, SimpleNamespace(geom_xpos=positions, geom_xmat=turns))(panel, 1)
    circles = [(*patch.center, patch.radius) for patch in panel.patches if isinstance(patch, Circle)]
    wanted = [(4, 3, 0.5), (4, 3, 0.5), (0, -1, 0.1), (0, 1, 0.1), (-1.7, 0, 0.3), (1.7, 0, 0.3)]
    np.testing.assert_allclose(circles, wanted)
    colours = [patch.get_facecolor() for patch in panel.patches]
    assert colours[0] != colours[3] == colours[-1]  # what stands still is grey
    assert panel.get_xlim() == (-0.2, 4.2)


class Lost(Walk):
    """A walk that shows a dictionary, and is nowhere from the second step on."""

    obs_shape = {"a": (2,), "b": ()}  # noqa: RUF012

    def reset(self, key, params):
        return {"a": jnp.zeros(2), "b": jnp.float32(0)}, jnp.float32(0)

    def step(self, key, position, action, params):
        place = jnp.where(position >= 1, jnp.nan, position + 1)
        return {"a": jnp.stack([place, -place]), "b": place * jnp.inf}, place, place, place > 9, {}


def test_an_episode_that_diverges_is_drawn_too():
    task = control(Lost(), trits=1, steps=4, eval_episodes=2)
    shown = animation.render_episode(task, dataclasses.replace(Always(), features=(3, 2)), GENOME)
    assert (shown.steps, len(shown.frames)) == (4, 4)
    assert np.isnan(shown.total)
