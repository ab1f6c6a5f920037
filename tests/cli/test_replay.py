"""Animations: what is drawn of a state, how long they are, and that they need no window."""

import io
import json
import subprocess
import sys
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from PIL import Image

from tejax import export, networks
from tejax.viz import animation
from tejax.config import Control, Parity
from tejax.errors import InputError
from tejax.tasks._control import control
from tests.tasks.test_control import Walk


def walked(right, **options):
    """A film of a walk that goes right or left all the way."""
    task = control(Walk(), trits=1, steps=9, judged=2)

    def apply(genome, x):
        return jnp.broadcast_to(jnp.asarray([1 - right, right], jnp.int32), (*x.shape[:-1], 2))

    return animation.film(task, apply, jnp.zeros(1, jnp.int8), **options)


def test_a_film_shows_the_first_and_the_last_step_and_leaves_out_some_between():
    whole, short = walked(1), walked(1, most=2)
    assert len(whole.frames) == whole.steps
    assert whole.total in (1 + 2 + 3, 2 + 3)
    assert len(short.frames) == 2
    pictures = [[np.asarray(frame.convert("RGB"), int) for frame in each.frames] for each in (short, whole)]
    assert {picture.shape for each in pictures for picture in each} == {(240, 320, 3)}
    for place in (0, -1):
        assert np.abs(pictures[0][place] - pictures[1][place]).mean() < 1  # but for the palettes
    assert np.abs(pictures[0][0] - pictures[0][1]).mean() > 5
    with pytest.raises(InputError, match=r"episode must be from 0 to 1: got episode=2"):
        walked(1, number=2)
    with pytest.raises(InputError, match="frames must be at least 2"):
        walked(1, most=1)


def test_a_gif_has_all_frames_and_begins_again():
    shown = walked(1)
    picture = Image.open(io.BytesIO(animation.gif(shown)))
    assert picture.n_frames == len(shown.frames)
    assert picture.info["loop"] == 0
    assert picture.info["duration"] == shown.milliseconds


def test_a_page_is_self_contained(tmp_path):
    shown = walked(1)
    text = animation.save(shown, tmp_path / "walk.html", "a <walk>").read_text()
    assert "data:image/gif;base64," in text
    assert f"a &lt;walk&gt;: {shown.steps} steps, return {shown.total:g}" in text
    assert "http" not in text
    with pytest.raises(InputError, match=r"out must be a file that ends in \.gif or \.html"):
        animation.save(shown, tmp_path / "walk.mp4")
    with pytest.raises(InputError, match=r"nowhere.*cannot be written"):
        animation.save(shown, tmp_path / "nowhere" / "walk.gif")


def drawn(name, params, **state):
    panel = Figure().add_axes((0, 0, 1, 1))
    animation.SCENES[name](panel, SimpleNamespace(**state), animation.Episode(None, None, SimpleNamespace(**params)))
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
    seen = np.zeros((2, 3, 4))
    seen[0, 0, 2:] = 1
    seen[1, 2, 3] = 1
    panel = Figure().add_axes((0, 0, 1, 1))
    animation._grid(panel, seen)
    np.testing.assert_array_equal(panel.images[0].get_array(), [[3, 0, 0], [0, 0, 4]])
    animation._numbers(panel, np.array([0.5, -1.0]), -2.0, 1.0)
    assert [bar.get_height() for bar in panel.patches[-2:]] == [0.5, -1.0]
    assert panel.get_ylim()[0] == -2


def policy(path, options):
    """A random network in a file of its own, with the task that it is for."""
    task = options.build()
    network = networks.MLP((task.features, 3, task.outputs))
    plain = {"name": "control" if isinstance(options, Control) else "parity"}
    plain |= {name: getattr(options, name) for name in options.__dataclass_fields__}
    export.save(path, network, network.init(jax.random.key(0)), {"task": plain})
    return path


def test_the_command_writes_a_small_file(command, tmp_path):
    pytest.importorskip("gymnax")
    file = policy(tmp_path / "policy.safetensors", Control(trits=1, steps=5, judged=3))
    code, out, _ = command("replay", file, "--frames", 4, "--episode", 2, "--json")
    answer = json.loads(out)
    assert (code, answer["file"], answer["steps"]) == (0, str(tmp_path / "policy.gif"), 5)
    assert answer["return"] == 5
    with Image.open(answer["file"]) as picture:
        assert picture.n_frames == 3  # steps 1, 3 and 5
    assert answer["bytes"] < 500_000 * 4 / 120
    code, out, _ = command("replay", file, "--out", tmp_path / "policy.html", "--frames", 2)
    assert code == 0
    assert "CartPole-v1: 5 steps, return 5" in (tmp_path / "policy.html").read_text()


def test_only_control_can_be_replayed(command, tmp_path):
    file = policy(tmp_path / "policy.safetensors", Parity(3))
    code, _, err = command("replay", file)
    assert code == 2
    assert err == "tejax: task must be one of control, which acts in an environment: got task='Bits'\n"


def test_films_need_no_pyplot():
    program = "import sys; from tejax import films; sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
