"""Mutations: NumPy loops given the same draws, and how often each change happens."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from tejax import trits
from tejax.core import pytrees, random
from tejax.operators import mutation
from tejax.registry import MUTATIONS
from tests.helpers import first_quick
from tests.oracles import breeding

GENOME = {
    "weights": trits.sample(jax.random.key(1), (4, 33)),
    "rest": (trits.sample(jax.random.key(2), (5,)), jnp.int8(1)),
}
ORACLES = {"flip": (breeding.flip, 1.0), "step": (breeding.step, 1.0), "reset": (breeding.flip, 2 / 3)}


def test_every_mutation_has_an_oracle():
    built_in = {name for name, each in MUTATIONS.items() if each.__module__ == mutation.__name__}
    assert built_in == {*ORACLES, "single"}


@pytest.mark.parametrize("rate", first_quick([0.3, 0.0, 1.0]))
@pytest.mark.parametrize("name", ORACLES)
def test_equals_the_oracle(name, rate):
    oracle, share = ORACLES[name]
    mutant = MUTATIONS[name](jax.random.key(5), GENOME, rate=rate)

    def wanted(key, leaf):
        touched, up = random.events(key, leaf.shape, np.float32(rate) * np.float32(share))
        return oracle(np.array(leaf), np.asarray(touched), np.asarray(up))

    assert pytrees.fingerprint(mutant) == pytrees.fingerprint(
        jax.tree.map(wanted, pytrees.keys_like(jax.random.key(5), GENOME), GENOME)
    )


# (before, after) -> share of the touched trits
THEORY = {
    "flip": {before: {after: 0.5 for after in (-1, 0, 1) if after != before} for before in (-1, 0, 1)},
    "step": {-1: {-1: 0.5, 0: 0.5}, 0: {-1: 0.5, 1: 0.5}, 1: {0: 0.5, 1: 0.5}},
    "reset": {before: dict.fromkeys((-1, 0, 1), 1 / 3) for before in (-1, 0, 1)},
}


@pytest.mark.parametrize("rate", first_quick([0.5, 0.01, 1.0]))
@pytest.mark.parametrize("name", ORACLES)
def test_each_change_happens_as_often_as_theory_says(name, rate):
    before = trits.sample(jax.random.key(6), (200, 500))
    after = np.asarray(jax.jit(MUTATIONS[name])(jax.random.key(7), before, rate=jnp.float32(rate)))
    before = np.asarray(before)
    for value, shares in THEORY[name].items():
        counts = [np.sum(after[before == value] == goal) for goal in (-1, 0, 1)]
        wanted = np.array([rate * shares.get(goal, 0) + (1 - rate) * (goal == value) for goal in (-1, 0, 1)])
        assert all(count == 0 for count, share in zip(counts, wanted, strict=True) if share == 0)
        possible = wanted > 0
        assert stats.chisquare(np.array(counts)[possible], wanted[possible] * sum(counts)).pvalue > 1e-4


@pytest.mark.parametrize("name", ORACLES)
def test_a_tiny_rate_is_met_over_many_children(name):
    genome = jnp.zeros((100,), jnp.int8)
    one = MUTATIONS[name]
    keys = jax.random.split(jax.random.key(8), 2000)
    mutants = jax.jit(jax.vmap(lambda key: one(key, genome, rate=jnp.float32(1e-3))))(keys)
    moved = {"reset": 2 / 3}.get(name, 1.0) * 1e-3 * 2000 * 100
    assert abs(int(jnp.sum(mutants != 0, dtype=jnp.int32)) - moved) < 5 * np.sqrt(moved)


def test_single_changes_one_trit_of_the_whole_genome_all_as_likely():
    keys = jax.random.split(jax.random.key(9), 4000)
    mutants = jax.jit(jax.vmap(lambda key: mutation.single(key, GENOME, rate=1.0)))(keys)
    before = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(GENOME)])
    after = np.concatenate([np.reshape(leaf, (len(keys), -1)) for leaf in jax.tree.leaves(mutants)], axis=1)
    assert ((after != before).sum(axis=1) == 1).all()
    assert stats.chisquare((after != before).sum(axis=0)).pvalue > 1e-4
    old, new = before[np.nonzero(after != before)[1]], after[after != before]
    for value in (-1, 0, 1):
        higher = int((new[old == value] == max({-1, 0, 1} - {value})).sum())
        assert stats.binomtest(higher, int((old == value).sum())).pvalue > 1e-4


def test_single_changes_nothing_as_often_as_its_rate_says():
    keys = jax.random.split(jax.random.key(10), 4000)
    mutants = jax.jit(jax.vmap(lambda key: mutation.single(key, GENOME["weights"], rate=jnp.float32(0.25))))(keys)
    moved = int(np.any(np.asarray(mutants) != GENOME["weights"][None], axis=(1, 2)).sum())
    assert stats.binomtest(moved, len(keys), 0.25).pvalue > 1e-4
