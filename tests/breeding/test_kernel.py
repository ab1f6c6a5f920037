"""The kernel that breeds: interpreted, against the operators one by one; and lowered to Triton for a GPU not here."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tejax.breeding import kernel
from tejax.breeding.kernel import Cut, Plan, make_children
from tejax.core import pytrees
from tejax.operators.tritwise import drawing
from tejax.registry import CROSSOVERS, MUTATIONS
from tests.helpers import first_quick

GENOME = {"layer": {"weights": (5, 33), "bias": (5,)}, "rest": [(7, 32), (), (0, 3), (3, 2, 16)]}
PARENTS, CHILDREN = 4, 7
PAIRS = [(None, "flip"), ("uniform", "step"), ("by_neuron", "reset"), ("one_point", "flip"), ("two_point", "single")]


@pytest.fixture(autouse=True)
def interpreted(monkeypatch):
    monkeypatch.setenv("TEJAX_FUSED", "interpret")


def _genome(shapes, dtype=jnp.int8):
    return jax.tree.map(
        lambda shape: jax.ShapeDtypeStruct(shape, dtype), shapes, is_leaf=lambda node: isinstance(node, tuple)
    )


def _parents(genome, count=PARENTS, seed=0):
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: jnp.asarray(rng.integers(-1, 2, (count, *leaf.shape)).astype(leaf.dtype)), genome)


def _descent(parents=PARENTS, children=CHILDREN, seed=0):
    """Keys, parents, and who is kept."""
    rng = np.random.default_rng(seed)
    chosen = rng.integers(0, parents, (2, children)).astype(np.int32)
    return jax.random.split(jax.random.key(seed), children), *map(jnp.asarray, (*chosen, np.arange(children) == 1))


def _plan(genome, crossover, mutation, rates, key, first, second, kept):
    crossing, changing = jax.random.split(key)
    crossed = None
    if crossover is not None:
        crossed = drawing(CROSSOVERS[crossover])(crossing, genome, genome, rate=rates[0])
    return Plan(kept, first, second, crossed, drawing(MUTATIONS[mutation])(changing, genome, rate=rates[1]))


def _one(parents, crossover, mutation, rates, key, first, second, kept):
    crossing, changing = jax.random.split(jax.random.clone(key))
    a, b = (pytrees.take(parents, index) for index in (first, second))
    child = a if crossover is None else CROSSOVERS[crossover](crossing, a, b, rate=rates[0])
    return jax.tree.map(partial(jnp.where, kept), a, MUTATIONS[mutation](changing, child, rate=rates[1]))


def _assert_equal(shapes, crossover, mutation, rates=(0.7, 0.3), cut=None, dtype=jnp.int8, seed=0):
    genome = _genome(shapes, dtype)
    parents, descent, rates = _parents(genome, seed=seed), _descent(seed=seed), tuple(map(jnp.float32, rates))

    @jax.jit
    def both(parents, descent, rates):
        plan = jax.vmap(partial(_plan, genome, crossover, mutation, rates))(*descent)
        return make_children(parents, plan, cut), jax.vmap(partial(_one, parents, crossover, mutation, rates))(*descent)

    made, wanted = both(parents, descent, rates)
    assert pytrees.fingerprint(made) == pytrees.fingerprint(wanted)


@pytest.mark.parametrize("pair", first_quick(PAIRS, 3), ids=str)
def test_equals_the_operators(pair):
    _assert_equal(GENOME, *pair)


@pytest.mark.parametrize("cut", first_quick([Cut(64, 1, 3), Cut(16, 1), Cut(1024, 4, 2)]), ids=str)
def test_the_cut_changes_no_result(cut):
    _assert_equal(GENOME, "uniform", "flip", cut=cut)


@pytest.mark.parametrize("rates", first_quick([(1.0, 1.0), (0.0, 0.0), (0.5, 1e-9)]), ids=str)
def test_the_ends_of_rates(rates):
    _assert_equal({"a": (3, 20)}, "by_neuron", "step", rates)


def test_leaves_of_16_bits():
    _assert_equal([(3, 20), (16,)], "uniform", "flip", dtype=jnp.int16)


@pytest.mark.long
@settings(max_examples=40)
@given(
    st.lists(st.lists(st.integers(1, 40), max_size=3).map(tuple), min_size=1, max_size=4),
    st.sampled_from([None, *CROSSOVERS]),
    st.sampled_from(["flip", "step", "reset", "single"]),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.builds(Cut, st.sampled_from([16, 64, 512]), st.just(1), st.integers(1, 3)),
)
def test_any_shapes_operators_rates_and_cuts(shapes, crossover, mutation, rates, cut):
    _assert_equal(shapes, crossover, mutation, rates, cut, seed=len(shapes))


def _islands(genome, count, shared=False):
    """A population and a plan of every island: leaves [I, P, ...]."""
    parents = [_parents(genome, seed=number) for number in range(count)]
    descents = [_descent(seed=number) for number in range(count)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *descents)
    return parents[0] if shared else jax.tree.map(lambda *leaves: jnp.stack(leaves), *parents), stacked


def _cloned(descents):
    """The same, their keys not used yet."""
    return jax.random.clone(descents[0]), *descents[1:]


@pytest.mark.parametrize("shared", [False, True])
def test_islands_are_bred_by_one_kernel(shared):
    genome = _genome([(3, 20), (5,)])
    parents, descents = _islands(genome, 2, shared)
    rates = jnp.float32(0.7), jnp.float32(0.3)
    plan = jax.vmap(jax.vmap(partial(_plan, genome, "uniform", "flip", rates)))

    def together(parents, descents):
        return jax.vmap(make_children, in_axes=(None if shared else 0, 0))(parents, plan(*descents))

    assert str(jax.make_jaxpr(together)(parents, _cloned(descents))).count("pallas_call") == 1
    made = jax.jit(together)(parents, _cloned(descents))
    for number in range(2):
        own = parents if shared else pytrees.take(parents, number)
        alone = jax.vmap(partial(_one, own, "uniform", "flip", rates))(*pytrees.take(_cloned(descents), number))
        assert pytrees.fingerprint(pytrees.take(made, number)) == pytrees.fingerprint(alone)


def test_islands_whose_trits_pallas_would_not_find_follow_one_another(monkeypatch):
    genome = _genome([(3, 20)])
    parents, descents = _islands(genome, 2)
    rates = jnp.float32(0.7), jnp.float32(0.3)

    @jax.jit
    def together(parents, descents):
        plan = jax.vmap(jax.vmap(partial(_plan, genome, "uniform", "flip", rates)))(*descents)
        return jax.vmap(make_children)(parents, plan)

    wanted = together(parents, _cloned(descents))
    monkeypatch.setattr(kernel, "_addressable", lambda leaves, rows: rows <= 2 * PARENTS - 1)
    jax.clear_caches()
    assert pytrees.fingerprint(together(parents, _cloned(descents))) == pytrees.fingerprint(wanted)


@pytest.mark.parametrize(
    ("shape", "rows", "dtype", "found"),
    [
        ((2**10, 2**10), 2**11, jnp.int8, True),
        ((2**10, 2**10), 2**11 + 1, jnp.int8, False),
        ((2**10, 2**10), 2**11, jnp.int16, False),
        ((2**10, 2**10), 2**12 + 1, jnp.int8, True),
        ((0, 3), 8, jnp.int8, False),
        ((3,), 8, jnp.int32, False),
        ((3,), 8, jnp.float32, False),
    ],
    ids=str,
)
def test_what_the_kernel_takes(shape, rows, dtype, found):
    assert kernel.fits([jax.ShapeDtypeStruct((8, *shape), dtype)], rows) == found


def test_a_genome_of_very_many_leaves_is_left_to_the_operators():
    assert not kernel.fits([jax.ShapeDtypeStruct((8, 3), jnp.int8)] * 65, 8)


@pytest.mark.parametrize("size", [40, 5032, 203_264])
@pytest.mark.parametrize("children", [1, 128, 512, 65536])
def test_few_children_are_shared_by_programs_that_have_enough_to_do(children, size):
    cut = kernel.choose_cut(size, children)
    assert cut.parts == 1 or size >= 4 * cut.block * (cut.parts - 1)
    assert children * cut.parts <= max(children, kernel.PROGRAMS)


@pytest.mark.parametrize("pair", first_quick(PAIRS, 2), ids=str)
def test_triton_takes_the_kernel(monkeypatch, pair):
    """Lowering needs no GPU; of what Triton itself would say, this checks types, shapes and operations."""
    monkeypatch.delenv("TEJAX_FUSED")
    genome = _genome(GENOME)
    parents, descent = jax.eval_shape(lambda: (_parents_like(genome), _descent()))
    rates = (jnp.float32(0.7), jnp.float32(0.3))

    def breed(parents, descent):
        return make_children(parents, jax.vmap(partial(_plan, genome, *pair, rates))(*descent))

    text = jax.jit(breed).trace(parents, descent).lower(lowering_platforms=("cuda",)).as_text()
    assert "triton" in text
    assert "tejax_breeding" in text


def _parents_like(genome):
    return jax.tree.map(lambda leaf: jnp.zeros((PARENTS, *leaf.shape), leaf.dtype), genome)
