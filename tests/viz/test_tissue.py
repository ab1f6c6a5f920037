import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from tejax import networks
from tejax.errors import InputError
from tejax.networks.tissue.ring import INPUT, Ring
from tejax.viz import plots, tissue
from tests.oracles import tissue as oracle

NETWORK = networks.Tissue(3, 2, capacity=9, neighbors=6, evolution=2, ticks=4)


@pytest.fixture(scope="module")
def genome():
    return jax.jit(NETWORK.init)(jax.random.key(1))


@pytest.mark.parametrize("capped", [True, False])
def test_synapses_are_those_that_a_tick_uses(capped):
    network = networks.Tissue(3, 4, capacity=9, neighbors=6, evolution=1, capped=capped)
    genome = jax.jit(network.init)(jax.random.key(0))
    ring = oracle.make(np.asarray(genome.synapses)[:8], genome.kinds[:8], capped=capped)
    wanted = {
        (neuron, (neuron + offset) % 8, ring.weights[neuron][ring.slot(offset)])
        for neuron in range(8)
        for offset in ring.reach()
        if ring.weights[neuron][ring.slot(offset)]
    }
    found = [tuple(row) for row in tissue.synapses(genome, capped).tolist()]
    assert set(found) == wanted
    assert len(found) == len(wanted)


def test_the_ring_is_drawn(genome, tmp_path):
    figure = tissue.draw(genome)
    neurons = figure.axes[0].collections[-1]
    assert len(neurons.get_offsets()) == 7
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels[:3] == ["input (3)", "output (2)", "evolution (2)"]
    assert plots.save(figure, tmp_path / "ring.png", dpi=60).stat().st_size > 10_000


def test_an_animation_has_a_picture_for_every_tick(genome, tmp_path):
    x = jnp.array([1, -1, 1], jnp.int8)
    values = jax.jit(lambda genome, x: NETWORK.trace(genome, NETWORK.start(genome, x), 3))(genome, x)
    assert len({row.tobytes() for row in np.asarray(values)}) == 4, "an animation of one picture shows nothing"
    path = tissue.save_animation(tmp_path / "ticks.gif", genome, values, dpi=30)
    with Image.open(path) as animation:
        assert animation.n_frames == 4


def test_bad_pictures_are_refused(genome, tmp_path):
    with pytest.raises(InputError, match=r"values must be trits \[T \+ 1, 9\]"):
        tissue.save_animation(tmp_path / "ticks.gif", genome, np.zeros(9))
    with pytest.raises(InputError, match="cannot be written"):
        tissue.save_animation(tmp_path / "none" / "ticks.gif", genome, np.zeros((2, 9)))
    with pytest.raises(InputError, match="ring must be of two neurons or more"):
        tissue.draw(Ring(np.zeros((3, 2), np.int8), np.array([INPUT, 0, 0])))
