"""What goes into a network is int8, as wide as it is, and trits; what is not known to be so counts as trits anyway."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, engines, networks
from tejax.core import fixedpoint
from tejax.types import Network, Recurrent
from tests.helpers import first_quick

NETWORKS = [
    *(networks.MLP((5, 4, 3), engine=name) for name in engines.names()),
    networks.MLP((5, 4, 3)),
    networks.MLP((5, 4, 3), bias=0),
    networks.Conv((5, 1, 1), (2,), pool=1, outputs=3),
    networks.Cellular(1, 5, 6, neurons=2, ticks=3),
    networks.Recurrent((5, 4, 2)),
    networks.Systolic(1, 2, 2, neurons=3, hidden=(2,)),
    networks.Ensemble(networks.MLP((5, 3)), 3),
    networks.Lookup.random(0, neurons=9, inputs=5, window=1, max_ticks=30),
    networks.Tissue(5, 2, capacity=9, neighbors=6, ticks=4),
    networks.Tissue(5, 2, capacity=9, neighbors=6, ticks=4, engine="int8"),
    networks.Circle(5, 3, neurons=11, synapses=9),
    networks.FixedTissue(5, 2, capacity=11, neighbors=4, ticks=5, coded=True),
]
QUICK = len(engines.names()) + 5  # to the recurrent one
LOSS = fixedpoint.make_loss("cross_entropy")
TRITS = np.random.default_rng(0).integers(-1, 2, (4, 2, 5)).astype(np.int8)


def name(network):
    return f"{type(network).__name__} {network.engine}"


def made(network):
    """A genome, and inputs: rows, or sequences."""
    width = network.features[0]
    x = TRITS[..., :width]
    return network.init(jax.random.key(0)), x if network.reads == "sequence" else x[:, 0]


def calls(network, genome, x):
    """All that takes inputs."""
    yield lambda: network.apply(genome, x)
    if network.reads == "rows":
        yield lambda: network.loss(genome, x, np.zeros(4, np.int32), LOSS)
    if isinstance(network, Recurrent):
        yield lambda: network.step(genome, network.init_state(), x)


@pytest.mark.parametrize("network", first_quick(NETWORKS, QUICK), ids=name)
def test_what_is_not_int8_trits_of_this_width_is_refused(network):
    genome, x = made(network)
    width = network.features[0]
    types = [x.astype(kind) for kind in (np.int16, np.int32, np.int64, np.uint8, np.float32, np.float16, bool, object)]
    arrays = [jnp.asarray(x, jnp.int32), jnp.asarray(x, jnp.bfloat16), jnp.asarray(x) != 0]
    others = [x.tolist(), None, 1, "abc", (x,)]
    for given in (*types, *arrays, *others):
        for call in calls(network, genome, given):
            with pytest.raises(InputError, match=rf"^x must be an int8 array \[\.\.\., {width}\]: got x='[^\n]*'$"):
                call()
    for given in (np.int8(1), jnp.int8(1)):
        with pytest.raises(InputError, match=r"^x must be int8 \[\.\.\., [0-9]+\], of [12] axes or more"):
            network.apply(genome, given)
    for given in (x[..., 1:], x[..., :0], np.concatenate([x, x], axis=-1)):
        for call in calls(network, genome, given):
            with pytest.raises(InputError, match=rf"^features must be {width}, the inputs of the network: got"):
                call()
    for given in (x * 100, jnp.asarray(x) * 2, np.where(x < 0, -128, x).astype(np.int8)):
        for call in calls(network, genome, given):
            with pytest.raises(InputError, match=r"^x must be trits: -1, 0 or \+1: got x='values from "):
                call()


@pytest.mark.parametrize("network", first_quick(NETWORKS, QUICK), ids=name)
def test_inside_a_program_other_values_count_as_their_sign(network):
    genome, x = made(network)
    pixels = np.where(x < 0, -128, x * 127).astype(np.int8)
    np.testing.assert_array_equal(jax.jit(network.apply)(genome, pixels), network.apply(genome, x))
    np.testing.assert_array_equal(jax.jit(network.apply)(genome, x * 2), network.apply(genome, x))
    if network.reads == "rows":
        labels = np.arange(4, dtype=np.int32) % 2
        loss = jax.jit(lambda genome, x: network.loss(genome, x, labels, LOSS))
        assert loss(genome, pixels) == network.loss(genome, x, labels, LOSS)


@pytest.mark.parametrize("network", first_quick(NETWORKS, QUICK), ids=name)
def test_no_inputs_and_many_axes(network):
    genome, x = made(network)
    outputs = network.apply(genome, x)
    assert network.apply(genome, x[:0]).shape == (0, *outputs.shape[1:])
    np.testing.assert_array_equal(network.apply(genome, x[None, None])[0, 0], outputs)
    if network.reads == "rows":
        assert network.loss(genome, x[:0], np.zeros(0, np.int32), LOSS) == 0
        with pytest.raises(InputError, match=r"^y must be of 4 rows, as x: got y="):
            network.loss(genome, x, np.zeros(3, np.int32), LOSS)


@pytest.mark.parametrize("network", first_quick(NETWORKS, QUICK), ids=name)
def test_a_genome_is_int8_and_in_its_ranges(network):
    genome, x = made(network)
    for change in (lambda leaf: leaf.astype(jnp.int32), lambda leaf: leaf.astype(jnp.float32), lambda leaf: leaf != 0):
        for call in calls(network, jax.tree.map(change, genome), x):
            with pytest.raises(InputError, match=r"^genome must be int8 arrays throughout: got genome="):
                call()
    for other in (None, (), 5, jax.tree.map(lambda leaf: leaf.tolist(), genome)):
        with pytest.raises(InputError, match=r"^genome must be int8 arrays throughout: got genome="):
            network.apply(other, x)
    with pytest.raises(InputError, match=r"^genome must be (trits: -1, 0 or .1|from 0 to 3): got genome='values from"):
        network.apply(jax.tree.map(lambda leaf: jnp.full_like(leaf, 99), genome), x)


def test_a_network_of_other_inputs_says_so():
    class Numbers(Network):
        features, input_range = (2, 2), (-9, 9)

        def apply(self, genome, x):
            return x.astype(jnp.int32)

    network, genome = Numbers(), jnp.zeros(1, jnp.int8)
    assert network.apply(genome, np.array([9, -9], np.int8)).tolist() == [9, -9]
    assert jax.jit(network.apply)(genome, np.array([99, -9], np.int8)).tolist() == [9, -9]
    with pytest.raises(InputError, match=r"^x must be from -9 to 9: got x='values from 1 to 10'$"):
        network.apply(genome, np.array([10, 1], np.int8))
    mixed = type("Mixed", (type("Mixin", (), {"apply": lambda self, genome, x: x}), Network), {"features": (2, 2)})
    with pytest.raises(InputError, match=r"the outputs of Mixed.apply must be int32, not int8"):
        mixed().apply(genome, np.zeros(2, np.int8))


def test_what_settles_says_the_same():
    tissue, circle, lookup = NETWORKS[-4], NETWORKS[-2], NETWORKS[-5]
    for network, method in ((tissue, "start"), (circle, "settle"), (lookup, "answer")):
        genome, x = made(network)
        for given in (x * 2, x.astype(np.int32), x[:, 1:]):
            with pytest.raises(InputError, match=r"^(x|features) must be "):
                getattr(network, method)(genome, given)
