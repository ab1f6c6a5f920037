"""Truth tables against Python integers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks, tasks
from tests.oracles.scripted import GENOME, Scripted


def _number(bits):
    """Two's complement, the lowest bit first."""
    value = sum((bit > 0) << place for place, bit in enumerate(bits))
    return value - (1 << len(bits)) if bits[-1] > 0 else value


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_parity(n):
    task = tasks.parity(n)
    assert task.x.dtype == task.y.dtype == jnp.int8
    rows = {tuple(row) for row in task.x.tolist()}
    assert len(rows) == 2**n == task.rows
    for x, y in zip(task.x.tolist(), task.y.tolist(), strict=True):
        assert y == [1 if x.count(1) % 2 else -1]


def test_xor_is_parity_of_two():
    assert np.array_equal(tasks.xor().x, tasks.parity(2).x)
    assert tasks.xor().y.tolist() == [[-1], [1], [1], [-1]]


@pytest.mark.parametrize("bits", [1, 3])
def test_multiplication(bits):
    task = tasks.multiplication(bits)
    seen = set()
    for x, y in zip(task.x.tolist(), task.y.tolist(), strict=True):
        a, b, product = (_number([*row, -1]) for row in (x[:bits], x[bits:], y))
        assert product == a * b
        seen.add((a, b))
    assert len(seen) == task.rows == 4**bits
    with pytest.raises(InputError, match="bits must be from 1 to 8"):
        tasks.multiplication(9)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_addition(bits):
    task = tasks.addition(bits)
    span = range(-(2 ** (bits - 1)), 2 ** (bits - 1))
    wanted = [(a, b, a + b) for a in span for b in span]
    got = [
        (_number(x[:bits]), _number(x[bits:]), _number(y))
        for x, y in zip(np.asarray(task.x).tolist(), np.asarray(task.y).tolist(), strict=True)
    ]
    assert got == wanted
    assert (task.features, task.outputs) == (2 * bits, bits + 1)


def test_fitness_counts_the_outputs_with_the_right_sign():
    task = tasks.addition(2)
    network = networks.MLP((4, 3))
    genome = jax.jit(network.init)(jax.random.key(0))
    right = np.sign(np.asarray(jax.jit(network.apply)(genome, task.x))) == np.asarray(task.y)
    assert int(task.evaluate(jax.random.key(1), network, genome)) == right.sum()
    assert int(task.validate(network, genome)) == right.sum()
    assert task.cases(jax.random.key(1), network, genome).tolist() == right.reshape(-1).astype(int).tolist()
    assert task.accuracy(network, genome) == pytest.approx(right.mean())
    assert task.scale == right.size


def test_partial_credit_gives_half_for_a_zero_in_fitness_alone():
    task = tasks.addition(2, partial_credit=True)
    answers = jnp.asarray(np.random.default_rng(0).integers(-1, 2, task.y.shape))
    marks = {1: 2, 0: 1, -1: 0}
    wanted = sum(
        marks[answer * bit]
        for answer, bit in zip(answers.reshape(-1).tolist(), task.y.reshape(-1).tolist(), strict=True)
    )

    network = Scripted.fitting(task, lambda genome, x: answers)
    assert int(task.validate(network, GENOME)) == int(task.evaluate(jax.random.key(0), network, GENOME)) == wanted
    assert task.scale == 2 * task.y.size
    assert task.accuracy(network, GENOME) == np.mean(np.asarray(answers) == np.asarray(task.y))


def test_a_zero_is_never_right():
    task = tasks.parity(3)
    assert int(task.validate(Scripted.fitting(task, lambda genome, x: jnp.zeros((8, 1), jnp.int32)), GENOME)) == 0


def test_a_minibatch_is_distinct_rows_picked_by_the_key():
    task = tasks.parity(4, samples=6)
    seen = []

    def show(genome, x):
        seen.append(np.asarray(x).tolist())
        return jnp.ones((6, 1), jnp.int32)

    for seed in (0, 0, 1):
        task.evaluate(jax.random.key(seed), Scripted.fitting(task, show), GENOME)
    assert seen[0] == seen[1] != seen[2]
    assert all(len({tuple(row) for row in rows}) == 6 for rows in seen)
    assert task.rows == 6


def test_some_network_solves_xor_exactly():
    genome = (
        networks.mlp.Layer(jnp.array([[1, 1], [-1, -1]], jnp.int8), jnp.array([[-1], [-1]], jnp.int8)),
        networks.mlp.Layer(jnp.array([[-1, -1]], jnp.int8), jnp.array([[-1]], jnp.int8)),
    )
    task = tasks.xor()
    network = networks.MLP((2, 2, 1), dead_zone=0, bias=1)
    assert int(task.validate(network, genome)) == 4
    assert task.accuracy(network, genome) == 1.0
