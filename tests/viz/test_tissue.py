import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from tejax import networks
from tejax.viz import plots, tissue
from tejax.errors import InputError
from tejax.networks.tissue.ring import INPUT, Ring
from tests.oracles import tissue as oracle

NETWORK = networks.Tissue(3, 2, capacity=9, neighbors=6, evolution=2, ticks=4)


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


def test_the_ring_is_drawn(tmp_path):
    genome = jax.jit(NETWORK.init)(jax.random.key(1))
    figure = tissue.draw(genome)
    neurons = figure.axes[0].collections[-1]
    assert len(neurons.get_offsets()) == 7
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels[:3] == ["input (3)", "output (2)", "evolution (2)"]
    assert plots.save(figure, tmp_path / "ring.png").stat().st_size > 10_000


def test_a_film_has_a_picture_for_every_tick(tmp_path):
    genome = jax.jit(NETWORK.init)(jax.random.key(1))
    x = jnp.array([1, -1, 1], jnp.int8)
    traced = NETWORK.trace(genome, NETWORK.start(genome, x), 3)
    assert len({row.tobytes() for row in np.asarray(traced)}) == 4, "a film of still pictures shows nothing"
    path = tissue.film(tmp_path / "ticks.gif", genome, traced)
    with Image.open(path) as film:
        assert film.n_frames == 4


def test_bad_pictures_are_refused(tmp_path):
    genome = jax.jit(NETWORK.init)(jax.random.key(1))
    with pytest.raises(InputError, match=r"traced must be values \[T \+ 1, 9\]"):
        tissue.film(tmp_path / "ticks.gif", genome, np.zeros(9))
    with pytest.raises(InputError, match="cannot be written"):
        tissue.film(tmp_path / "none" / "ticks.gif", genome, np.zeros((2, 9)))
    with pytest.raises(InputError, match="ring must be of two neurons or more"):
        tissue.draw(Ring(np.zeros((3, 2), np.int8), np.array([INPUT, 0, 0])))
