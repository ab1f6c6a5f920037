"""The alphabet: making and multiplying trits, against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tejax import InputError, engines, trits
from tejax.engines import plain
from tests.helpers import first_quick
from tests.oracles import alphabet

dot = jax.jit(trits.dot, static_argnames="engine")


def _trits(shape, seed):
    return np.random.default_rng(seed).integers(-1, 2, shape, np.int8)


@pytest.mark.parametrize("density", [0.0, 0.3, 2 / 3, 1.0])
def test_sample_has_its_density_and_both_signs(density):
    drawn = trits.sample(jax.random.key(1), (100, 300), density)
    assert drawn.dtype == jnp.int8
    assert drawn.shape == (100, 300)
    counts = [int((drawn == value).sum()) for value in (-1, 0, 1)]
    assert sum(counts) == drawn.size
    if density in (0.0, 1.0):
        assert counts[1] == drawn.size * (1 - density)
    present = counts[0] + counts[2]
    assert abs(present - density * drawn.size) <= 5 * np.sqrt(drawn.size * density * (1 - density))
    assert present == 0 or stats.binomtest(counts[0], present).pvalue > 1e-4


@given(st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_ternarize(dead_zone, seed):
    sums = np.random.default_rng(seed).integers(-7, 8, (3, 2, 5), np.int32)
    got = trits.ternarize(jnp.asarray(sums), dead_zone)
    assert got.dtype == jnp.int8
    assert np.array_equal(got, alphabet.ternarize(sums, dead_zone))


def test_ternarize_at_the_edges_of_int32():
    edges = jnp.array([jnp.iinfo(jnp.int32).min, -2, -1, 0, 1, 2, jnp.iinfo(jnp.int32).max], jnp.int32)
    assert trits.ternarize(edges, 1).tolist() == [-1, -1, 0, 0, 0, 1, 1]
    assert trits.ternarize(edges, jnp.int32(2)).tolist() == [-1, 0, 0, 0, 0, 0, 1]


ENGINES = [*engines.names(), pytest.param("auto", marks=pytest.mark.long)]  # auto is one of the others


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "shape", first_quick([(1, 1, 1), (7, 9, 65), (3, 2, 31), (1, 5, 32), (4, 3, 33), (2, 4, 200)], 2)
)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=5)
def test_dot_is_exact(engine, shape, seed):
    batch, neurons, fan_in = shape
    x, w = _trits((batch, fan_in), seed), _trits((neurons, fan_in), seed + 1)
    got = dot(x, w, engine)
    assert got.dtype == jnp.int32
    assert np.array_equal(got, alphabet.dot(x, w))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("batch", first_quick([(2, 0, 3), (), (1,), (2, 3), (0,)], 2))
def test_dot_takes_any_batch_axes(engine, batch):
    x, w = _trits((*batch, 40), 1), _trits((5, 40), 2)
    got = dot(x, w, engine)
    assert got.shape == (*batch, 5)
    assert np.array_equal(got, alphabet.dot(x, w))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("fan_in", first_quick([1023, 300, 5000]))
def test_dot_of_wide_rows(engine, fan_in):
    x, w = _trits((3, fan_in), fan_in), _trits((4, fan_in), fan_in + 1)
    for a, b in [(x, w), (x * 0, w), (np.ones_like(x), np.ones_like(w)), (np.ones_like(x), -np.ones_like(w))]:
        assert np.array_equal(dot(a, b, engine), alphabet.dot(a, b))


@pytest.mark.parametrize("engine", ENGINES)
def test_three_hundred_ones_dotted_are_300_not_44(engine):
    ones = jnp.ones((1, 300), jnp.int8)
    assert dot(ones, ones, engine).tolist() == [[300]]


@pytest.mark.parametrize("engine", ENGINES)
def test_dot_under_vmap_over_genomes(engine):
    x, w = _trits((5, 3, 40), 1), _trits((5, 4, 40), 2)
    got = jax.jit(jax.vmap(lambda x, w: trits.dot(x, w, engine)))(x, w)
    assert np.array_equal(got, np.stack([alphabet.dot(*pair) for pair in zip(x, w, strict=True)]))


@pytest.mark.parametrize("fan_in", [1, 64, 4096, 2**20])
def test_auto_picks_a_registered_engine(fan_in):
    assert engines.choose(fan_in) in engines.names()


def test_dot_refuses_what_it_cannot_do():
    one = jnp.ones((1, 4), jnp.int8)
    with pytest.raises(InputError, match=r"^engine must be one of .*'int8'.*: got engine='abacus'$"):
        trits.dot(one, one, "abacus")
    with pytest.raises(InputError, match=r"^features must be as long as a row of w, 4: got features=3$"):
        trits.dot(one[:, :3], one)


def test_the_float_engine_refuses_a_fan_in_where_it_is_not_exact():
    wide = jax.ShapeDtypeStruct((1, plain.FLOAT_EXACT + 1), jnp.int8)
    with pytest.raises(InputError, match=rf"^fan_in must be at most {2**24} .*: got fan_in={2**24 + 1}(\n|$)"):
        jax.eval_shape(lambda x, w: trits.dot(x, w, "float"), wide, wide)
    fits = jax.ShapeDtypeStruct((1, plain.FLOAT_EXACT), jnp.int8)
    assert jax.eval_shape(lambda x, w: trits.dot(x, w, "float"), fits, fits).dtype == jnp.int32
