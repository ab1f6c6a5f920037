"""Integer losses against float64, and against Python integers where they are exact."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tejax import InputError
from tejax.core import fixedpoint
from tejax.registry import LOSSES
from tests.helpers import first_quick
from tests.oracles import losses as oracle

INT32 = np.iinfo(np.int32)
TEMPERATURES = [(1, 1), (1, 64), (4096, 1), (4096, 64), (7, 3), (8, 1)]

logits = st.one_of(
    st.integers(-40, 40),
    st.integers(-(10**6), 10**6),
    st.integers(INT32.min, INT32.max),
    st.sampled_from([INT32.min, INT32.min + 1, -1, 0, 1, INT32.max - 1, INT32.max]),
)
WIDTH = 6
rows = st.lists(logits, min_size=WIDTH, max_size=WIDTH)
labels = st.integers(0, WIDTH - 1)


# one program for a shape and a temperature, where every operation by itself would be one
cross_entropy = jax.jit(fixedpoint.cross_entropy, static_argnames="temperature")
margin = jax.jit(fixedpoint.margin, static_argnames="limit")
wrong = jax.jit(fixedpoint.wrong)
log2 = jax.jit(fixedpoint.log2, static_argnames="one")
total = jax.jit(fixedpoint.total, static_argnames="limit")


def _sample(loss, outputs, label):
    got = loss(jnp.asarray(outputs, jnp.int32), jnp.asarray(label, jnp.int32))
    assert got.dtype == jnp.int32
    return np.asarray(got)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 20]))
@example(2**32 - 1, 0)
@example(0, 0)
def test_log2(seed, one):
    rng = np.random.default_rng(seed)
    x = np.concatenate(
        [2 ** np.arange(32), 2 ** np.arange(1, 33) - 1, rng.integers(1, 2**32, 200), rng.integers(1, 99, 20)]
    )
    got = log2(jnp.asarray(x, jnp.uint32), one)
    assert got.dtype == jnp.int32
    assert np.abs(np.asarray(got) - (np.log2(x.astype(np.float64)) - one) * fixedpoint.UNIT).max() <= 1


def test_log2_is_exact_at_powers_of_two_and_never_falls():
    powers = jnp.asarray(2 ** np.arange(32), jnp.uint32)
    assert log2(powers).tolist() == [fixedpoint.UNIT * power for power in range(32)]
    steps = np.asarray(log2(jnp.arange(1, 5000, dtype=jnp.uint32)))
    assert (np.diff(steps) >= 0).all()


@pytest.mark.parametrize("temperature", fixedpoint._SHIFTED)
def test_shifted_powers_are_those_of_the_table(temperature):
    table = fixedpoint.power_table(*temperature)
    below = jnp.arange(len(table) + 3, dtype=jnp.uint32)
    assert np.array_equal(fixedpoint._powers(below, *temperature), [*table, 0, 0, 0])


@given(st.sampled_from(TEMPERATURES), rows, labels)
@example((1, 1), [INT32.min] * 5 + [INT32.max], 0)
@example((4096, 1), [INT32.min] * 5 + [INT32.max], 5)
@example((1, 64), [INT32.max] * 6, 3)
def test_cross_entropy_is_within_two_units_of_float64(temperature, outputs, label):
    got = _sample(partial(cross_entropy, temperature=temperature), outputs, label)
    limit = fixedpoint.LIMIT
    wanted = min(oracle.cross_entropy(outputs, label, temperature) * fixedpoint.UNIT, limit)
    assert 0 <= got <= limit
    assert abs(int(got) - wanted) <= 2


@pytest.mark.parametrize("width", first_quick([10, 1024, 2, 1000], 2))
@pytest.mark.parametrize("temperature", first_quick([(8, 1), (4096, 64), (1, 1), (4096, 1)], 2))
def test_cross_entropy_of_many_outputs(width, temperature):
    rng = np.random.default_rng(width)
    outputs = rng.integers(-300, 301, (8, width)) * np.array([0, 1, 1, 1, 10, 100, 1, 1])[:, None]
    outputs[1] = -25 * (np.arange(width) > 0) * temperature[0] // temperature[1]  # where powers round to 0
    outputs[2] = -19 * (np.arange(width) > 0) * temperature[0] // temperature[1]
    label = rng.integers(0, width, 8)
    got = _sample(partial(cross_entropy, temperature=temperature), outputs, label)
    pairs = zip(outputs, label, strict=True)
    wanted = [min(oracle.cross_entropy(row, y, temperature) * fixedpoint.UNIT, fixedpoint.LIMIT) for row, y in pairs]
    assert np.abs(got - np.array(wanted)).max() <= 2


def test_cross_entropy_of_equal_outputs_is_the_logarithm_of_their_number():
    for width in (2, 4, 1024):
        got = _sample(cross_entropy, np.zeros((1, width)), [0])
        assert got.tolist() == [fixedpoint.UNIT * (width.bit_length() - 1)]


def test_cross_entropy_does_not_feel_a_common_shift():
    outputs = np.random.default_rng(0).integers(-50, 50, (20, 5))
    label = np.arange(20) % 5
    first = _sample(cross_entropy, outputs, label)
    for shift in (1000, INT32.max - 50, INT32.min + 50):
        assert np.array_equal(_sample(cross_entropy, outputs + shift, label), first)


@pytest.mark.parametrize("temperature", [(0, 1), (4097, 1), (1, 0), (1, 65), (-1, 1)])
def test_a_temperature_out_of_range_is_refused(temperature):
    with pytest.raises(InputError, match=r"^temperature must be a ratio .*: got temperature=\("):
        fixedpoint.cross_entropy(jnp.zeros((1, 3), jnp.int32), jnp.zeros(1, jnp.int32), temperature)
    for name in LOSSES:
        with pytest.raises(InputError, match=r"^temperature must be a ratio .*: got temperature=\("):
            fixedpoint.make_loss(name, temperature)


def test_too_many_outputs_are_refused():
    with pytest.raises(InputError, match=r"^outputs must be at most 1024: got outputs=1025$"):
        fixedpoint.cross_entropy(jnp.zeros((1, 1025), jnp.int32), jnp.zeros(1, jnp.int32))


@given(rows, labels, st.sampled_from([1, 8, 1000, 2**30]))
@example([INT32.min] * 5 + [INT32.max], 0, 2**30)
@example([INT32.min] * 5 + [INT32.max], 5, 2**30)
@example([INT32.min] * 6, 2, 8)
def test_margin(outputs, label, limit):
    got = _sample(partial(margin, limit=limit), outputs, label)
    if limit < 2**30 or abs(oracle.margin(outputs, label, limit)) <= INT32.max:
        assert int(got) == oracle.margin(outputs, label, limit)


@given(rows, labels)
@example([3, 3, 3, 1, 1, 1], 1)
@example([INT32.min] * 6, 0)
def test_wrong(outputs, label):
    assert int(_sample(wrong, outputs, label)) == oracle.wrong(outputs, label)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("temperature", first_quick(TEMPERATURES, 2))
def test_every_loss_stays_between_0_and_its_limit(name, temperature):
    loss = fixedpoint.make_loss(name, temperature)
    rng = np.random.default_rng(1)
    outputs = np.concatenate([rng.integers(-9, 9, (40, 4)), rng.integers(INT32.min, INT32.max, (40, 4))])
    got = _sample(jax.jit(loss.sample), outputs, rng.integers(0, 4, 80))
    assert got.min() >= 0
    assert got.max() <= loss.limit
    assert loss.unit >= 1


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_of_one_sample_is_its_loss_in_a_batch(name):
    loss = jax.jit(fixedpoint.make_loss(name, (8, 1)).sample)
    outputs = np.random.default_rng(2).integers(-20, 20, (2, 3, 5))
    label = np.random.default_rng(3).integers(0, 5, (2, 3))
    whole = _sample(loss, outputs, label)
    for place in np.ndindex(2, 3):
        assert _sample(loss, outputs[place], label[place]) == whole[place]


BOUNDS = [
    (1, 1),
    (5, 1),
    (65_535, 32_768),
    (65_536, 32_768),
    (65_537, 32_768),
    (300_000, 32_768),
    (3, 2**31 - 1),
    (9, 16),
]


@pytest.mark.parametrize(("size", "limit"), BOUNDS)
def test_total_never_overflows(size, limit):
    rng = np.random.default_rng(size)
    for losses in (np.full(size, limit), np.zeros(size), rng.integers(0, limit + 1, size)):
        got = total(jnp.asarray(losses, jnp.int32), limit)
        assert got.dtype == jnp.int32
        assert int(got) == oracle.total(losses.astype(np.int64), limit)


def test_total_is_the_plain_sum_while_that_fits():
    assert int(fixedpoint.total(jnp.full(65_535, 32_768, jnp.int32), 32_768)) == 65_535 * 32_768


def test_an_unknown_loss_is_refused():
    with pytest.raises(InputError, match=r"^loss must be one of \['cross_entropy', .*: got loss='hinge'$"):
        fixedpoint.make_loss("hinge")


def test_losses_are_the_same_under_vmap_and_jit():
    outputs = jnp.asarray(np.random.default_rng(4).integers(-20, 20, (6, 4)), jnp.int32)
    label = jnp.asarray(np.arange(6) % 4, jnp.int32)
    for name in LOSSES:
        loss = fixedpoint.make_loss(name, (3, 1)).sample
        assert np.array_equal(jax.jit(jax.vmap(loss))(outputs, label), loss(outputs, label))
