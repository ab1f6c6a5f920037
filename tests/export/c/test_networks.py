"""The C source gives what the network gives, integer for integer, under compilers that complain of everything."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tejax import networks, tasks
from tejax.tasks._language import to_trits
from tests.export.c.programs import SANITIZED, STRICT, answers, needs, perceptron, trits
from tests.export.test_packed import random_genome
from tests.helpers import first_quick
from tests.oracles import memory, reader

pytestmark = needs("gcc")

SIZES = st.lists(st.sampled_from([1, 2, 7, 31, 32, 33, 64, 65]), min_size=2, max_size=5).map(tuple)
ZONES = st.sampled_from([0.0, 0.3, 1.0, 1e6])
BIASES = st.sampled_from([0, 1, 4, 127, 128, 300])
ONCE = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@pytest.mark.parametrize("options", [("-O2",), SANITIZED], ids=["O2", "sanitized"])
def test_every_output_on_digits_is_that_of_apply(tmp_path, options):
    task = tasks.digits()
    network = networks.MLP((task.features, 64, task.outputs))
    genome = random_genome(network)
    said = answers(tmp_path, network, genome, task.x_test, *STRICT, *options)
    np.testing.assert_array_equal(said, jax.jit(network.apply)(genome, task.x_test))


@settings(max_examples=12, **ONCE)
@given(sizes=SIZES, dead_zone=ZONES, bias=BIASES, seed=st.integers(0, 9))
def test_a_perceptron_of_any_shape(tmp_path, sizes, dead_zone, bias, seed):
    network = networks.MLP(sizes, dead_zone=dead_zone, bias=bias)
    genome, x = random_genome(network, seed), trits(200, sizes[0], seed=seed)
    np.testing.assert_array_equal(answers(tmp_path, network, genome, x), perceptron(network, genome, x))


@pytest.mark.parametrize(
    "network",
    first_quick(
        [networks.MLP((33, 32, 31, 7), dead_zone=0.5), networks.MLP((9, 4, 3), bias=300), networks.MLP((1, 1))]
    ),
    ids=str,
)
def test_no_perceptron_reads_what_is_not_its_own(tmp_path, network):
    genome, x = random_genome(network), trits(50, network.features[0])
    said = answers(tmp_path, network, genome, x, *STRICT, *SANITIZED)
    np.testing.assert_array_equal(said, jax.jit(network.apply)(genome, x))


def test_sums_that_16_bits_do_not_hold(tmp_path):
    network = networks.MLP((70_000, 1), bias=1)
    genome = jax.tree.map(np.ones_like, random_genome(network))
    x = np.stack([np.ones(70_000, np.int8), -np.ones(70_000, np.int8)])
    assert answers(tmp_path, network, genome, x).tolist() == [[70_001], [-69_999]]


@pytest.mark.parametrize("options", first_quick([{"pool": 2}, {"kernel": 4, "stride": 3, "pool": 1}]), ids=str)
def test_no_convolution_reads_what_is_not_its_own(tmp_path, options):
    network = networks.Conv((3, 9, 8), (4, 33), outputs=3, dead_zone=0.2, **options)
    genome, x = random_genome(network), trits(9, network.features[0])
    said = answers(tmp_path, network, genome, x, *STRICT, *SANITIZED)
    np.testing.assert_array_equal(said, jax.jit(network.apply)(genome, x))


@pytest.mark.parametrize(
    "network",
    first_quick(
        [
            networks.MLP((40, 9, 3), dead_zone=0.2, levels=8),
            networks.Conv((1, 5, 6), (3, 4), kernel=2, pool=1, levels=5),
            networks.MLP((40, 3), bias=200, levels=127),
            networks.MLP((7, 40, 33, 3), dead_zone=0.1, levels=2),
        ],
        2,
    ),
    ids=str,
)
def test_a_network_of_whole_numbers(tmp_path, network):
    genome = random_genome(network)
    x = np.random.default_rng(1).integers(-network.levels, network.levels + 1, (60, network.features[0]), np.int8)
    said = answers(tmp_path, network, genome, x, *STRICT, *SANITIZED)
    np.testing.assert_array_equal(said, jax.jit(network.apply)(genome, x))


@pytest.mark.parametrize("gated", [False, True])
def test_a_memory_gives_what_apply_gives(tmp_path, gated):
    network = networks.Recurrent((3, 34, 2), ticks=3, gated=gated, dead_zone=1)
    genome, x = random_genome(network), trits(8, 6, 3)
    said = answers(tmp_path, network, genome, x, *STRICT, *SANITIZED, steps=6)
    np.testing.assert_array_equal(said.reshape(8, 6, 2), jax.jit(network.apply)(genome, x))


@settings(max_examples=8, **ONCE)
@given(
    sizes=st.tuples(*[st.sampled_from([1, 2, 31, 32, 33])] * 3),
    ticks=st.sampled_from([1, 2, 7]),
    gated=st.booleans(),
    dead_zone=st.sampled_from([0, 1, 5, 2**31 - 1]),
    bias=st.sampled_from([0, 1, 127, 128]),
)
def test_a_memory_of_any_shape(tmp_path, sizes, ticks, gated, dead_zone, bias):
    network = networks.Recurrent(sizes, ticks=ticks, gated=gated, dead_zone=dead_zone, bias=bias)
    genome, x = random_genome(network), trits(2, 5, sizes[0])
    wanted = [memory.recurrent(genome, sequence, sizes[1], ticks, dead_zone) for sequence in x]
    np.testing.assert_array_equal(answers(tmp_path, network, genome, x, steps=5), np.concatenate(wanted))


@pytest.mark.parametrize("context", first_quick([3, 1]))
def test_a_reader_of_bytes_gives_what_step_gives(tmp_path, context):
    network = networks.ByteRecurrent((8, 33, 256), context=context, fade=3)
    genome, texts = random_genome(network), np.random.default_rng(3).integers(0, 256, (2, 30)).astype(np.uint8)
    said = answers(tmp_path, network, genome, texts, *STRICT, *SANITIZED, steps=30).reshape(2, 30, 256)
    step, x = jax.jit(network.step), to_trits(jnp.asarray(texts))
    state = network.init_states((2,))
    for at in range(30):
        state, outputs = step(genome, state, x[:, at])
        np.testing.assert_array_equal(said[:, at], outputs)


@settings(max_examples=12, **ONCE)
@given(
    neurons=st.sampled_from([1, 31, 32, 33, 70]),
    outputs=st.sampled_from([1, 256]),
    context=st.integers(1, 5),
    weight=st.sampled_from([1, 16, 1024]),
    fade=st.integers(0, 7),
    step_size=st.sampled_from([1, 16, 127]),
    threshold=st.sampled_from([0, 12, 126]),
    bias=BIASES,
    seed=st.integers(0, 9),
)
def test_a_reader_of_bytes_of_any_shape(tmp_path, neurons, outputs, seed, **options):
    network = networks.ByteRecurrent((8, neurons, outputs), **options)
    genome, texts = random_genome(network, seed), np.random.default_rng(seed).integers(0, 256, (3, 40)).astype(np.uint8)
    *_, wanted, _ = reader.run(network, jax.tree.leaves(genome), texts)
    said = answers(tmp_path, network, genome, texts, steps=40).reshape(wanted.shape)
    np.testing.assert_array_equal(said, wanted)


@settings(max_examples=10, **ONCE)
@given(
    image=st.tuples(st.integers(1, 5), st.integers(3, 9), st.integers(3, 9)),
    filters=st.sampled_from([(1,), (33,), (3, 2)]),
    kernel=st.integers(1, 5),
    stride=st.sampled_from([1, 2, 3]),
    pool=st.sampled_from([1, 1, 2]),
    dead_zone=ZONES,
    bias=BIASES,
)
def test_a_convolution_of_any_shape(tmp_path, image, filters, kernel, stride, pool, dead_zone, bias):
    sides = image[1:]
    for _ in filters:
        sides = [-(-side // stride) // pool for side in sides]
    if min(sides) < 1:
        return
    options = {"kernel": kernel, "stride": stride, "pool": pool, "dead_zone": dead_zone, "bias": bias}
    network = networks.Conv(image, filters, outputs=4, **options)
    genome, x = random_genome(network), trits(3, network.features[0])
    wanted = [memory.conv(genome, row.reshape(image), kernel, stride, pool, dead_zone) for row in x]
    np.testing.assert_array_equal(answers(tmp_path, network, genome, x), wanted)
