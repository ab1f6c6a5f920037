"""Children evaluated from their parent's sums: the same fitness, bit for bit, as children written out and evaluated."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tejax import InputError, changes, devices, evolution, networks, strategies, tasks, trees
from tejax.changes import NOWHERE, Changes
from tejax.operators import mutation

STRATEGY = strategies.genetic(population=2, elites=0)  # evaluate asks it how to decode an individual: as it is


def _task(kind, rng, features, outputs, rows=9):
    x = jnp.asarray(rng.integers(-1, 2, (rows, features), np.int8))
    if kind == "bits":
        return tasks.Bits(x, jnp.asarray(rng.choice(np.array([-1, 1], np.int8), (rows, outputs))))
    labels = jnp.asarray(rng.integers(0, outputs, rows, np.int32))
    return tasks.Classification(x, labels, x, labels, outputs, None, kind, (4, 1))


def _both(network, task, parent, children):
    key = jax.random.key(1)
    near = evolution.evaluate_near(network, task, jax.random.clone(key), parent, children)
    written = jax.vmap(changes.write, in_axes=(None, 0))(parent, children)
    return near, evolution.evaluate(STRATEGY, network, task, key, written)


@pytest.mark.long
@settings(max_examples=8)
@given(
    sizes=st.tuples(st.integers(1, 12), st.integers(1, 4), st.integers(2, 4)),
    bias=st.integers(0, 2),
    dead_zone=st.sampled_from([0.0, 0.5, 1.0]),
    count=st.integers(1, 5),
    kind=st.sampled_from(["cross_entropy", "margin", "bits"]),
    seed=st.integers(0, 99),
)
def test_fitness_is_the_same_bit_for_bit(sizes, bias, dead_zone, count, kind, seed):
    network = networks.MLP(sizes, dead_zone, bias, engine="int8")
    parent = jax.jit(network.init)(jax.random.key(seed))
    count = min(count, trees.size(parent))
    keys = jax.random.split(jax.random.key(seed + 100), 6)
    children = jax.vmap(lambda key: mutation.few(key, parent, count=count))(keys)
    near, plain = _both(network, _task(kind, np.random.default_rng(seed), sizes[0], sizes[-1]), parent, children)
    assert near.dtype == jnp.int32
    assert np.array_equal(near, plain)


def test_every_single_trit_and_every_pair_of_a_small_network():
    network = networks.MLP((2, 2, 2), bias=1)
    parent = jax.jit(network.init)(jax.random.key(3))
    size, row = trees.size(parent), np.asarray(changes.flatten(parent))
    pairs = [(a, b) for a in range(NOWHERE, size) for b in range(NOWHERE, size) if a != b]
    places = np.array([pair for pair in pairs for _ in range(4)], np.int32)
    ways = np.tile(np.array([[1, 1], [1, 2], [2, 1], [2, 2]], np.int8), (len(pairs), 1))
    values = (row[places] + ways + 1) % 3 - 1
    children = Changes(jnp.asarray(places), jnp.asarray(values, jnp.int8))
    x = jnp.asarray(np.random.default_rng(0).integers(-1, 2, (20, 2), np.int8))
    near = jax.vmap(network.near(parent), in_axes=(0, None))(children, x)
    written = jax.vmap(changes.write, in_axes=(None, 0))(parent, children)
    assert np.array_equal(near, jax.vmap(network.apply, in_axes=(0, None))(written, x))


def test_several_parents_minibatches_and_children_in_parts():
    task = tasks.addition(2, batch=5)
    network = networks.MLP((4, 3, 3))
    parents = jax.jit(jax.vmap(network.init))(jax.random.split(jax.random.key(4), 3))
    keys = jax.random.split(jax.random.key(5), (3, 4))
    litter = jax.vmap(lambda key, parent: mutation.few(key, parent, count=2), in_axes=(0, None))
    children = jax.vmap(litter)(keys, parents)

    def one(parent, children):
        return evolution.evaluate_near(network, task, jax.random.clone(jax.random.key(6)), parent, children, batch=2)

    near = jax.vmap(one)(parents, children)
    written = jax.vmap(jax.vmap(changes.write, in_axes=(None, 0)))(parents, children)
    flat = jax.tree.map(lambda leaf: leaf.reshape(12, *leaf.shape[2:]), written)
    assert np.array_equal(near.reshape(-1), evolution.evaluate(STRATEGY, network, task, jax.random.key(6), flat))


def test_children_are_shared_out_over_devices():
    task, network = tasks.addition(2, batch=5), networks.MLP((4, 3, 3))
    parent = jax.jit(network.init)(jax.random.key(9))
    children = jax.vmap(lambda key: mutation.few(key, parent, count=2))(jax.random.split(jax.random.key(10), 11))

    def evaluate(parent, children):
        return evolution.evaluate_near(network, task, jax.random.key(11), parent, children)

    with devices.spread(devices.mesh(8)):
        spread = jax.jit(evaluate)(parent, children)
    assert len(spread.sharding.device_set) == 8
    assert np.array_equal(spread, evaluate(parent, children))


def test_changes_nowhere_change_nothing():
    parent = jax.jit(networks.MLP((3, 2, 2)).init)(jax.random.key(7))
    child = changes.write(parent, Changes(jnp.array([NOWHERE, 4], jnp.int32), jnp.array([1, -1], jnp.int8)))
    row = np.asarray(changes.flatten(parent)).copy()
    row[4] = -1
    assert np.array_equal(changes.flatten(child), row)


def test_few_changes_as_many_trits_as_it_says_all_as_likely():
    genome = {"a": jnp.array([[1, 0, -1]], jnp.int8), "b": jnp.zeros((2, 2), jnp.int8)}
    drawn = jax.jit(jax.vmap(lambda key: mutation.few(key, genome, count=3)))(jax.random.split(jax.random.key(8), 7000))
    places, values = np.sort(drawn.places, axis=1), np.asarray(drawn.trits)
    before = np.asarray(changes.flatten(genome))
    assert (np.diff(places, axis=1) > 0).all()
    assert (values != before[drawn.places]).all()
    sets, counts = np.unique(places, axis=0, return_counts=True)
    assert len(sets) == 35  # 7 choose 3
    assert stats.chisquare(counts).pvalue > 1e-4
    for value in (-1, 0, 1):
        new = values[before[drawn.places] == value]
        assert stats.binomtest(int((new == new.max()).sum()), len(new)).pvalue > 1e-4


def test_what_cannot_be_done_is_refused():
    network = networks.MLP((3, 2))
    with pytest.raises(InputError, match=r"^sizes must be three, for a network of one hidden layer: got sizes=2$"):
        network.near(network.init(jax.random.key(0)))
    for count in (0, 13):
        with pytest.raises(InputError, match=r"^count must be from 1 to the 12 trits of a genome: got count="):
            mutation.few(jax.random.key(0), networks.MLP((2, 2), bias=4).init(jax.random.key(1)), count=count)
