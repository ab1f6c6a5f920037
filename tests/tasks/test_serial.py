"""Serial arithmetic against Python integers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks, tasks
from tejax.tasks._serial import OPERATIONS
from tests.oracles.scripted import GENOME, Scripted

FORMULAS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "negate": lambda a, b: -a,
    "times3": lambda a, b: 3 * a,
    "times5": lambda a, b: 5 * a,
    "times7": lambda a, b: 7 * a,
}


def _number(bits):
    """Unsigned, the lowest bit first."""
    assert set(bits) <= {-1, 1}
    return sum((bit > 0) << place for place, bit in enumerate(bits))


def _rows(task, split="train"):
    x, y = (task.x_train, task.y_train) if split == "train" else (task.x_test, task.y_test)
    for sequence, wanted in zip(np.asarray(x).tolist(), np.asarray(y).tolist(), strict=True):
        numbers = [_number(column) for column in zip(*sequence, strict=True)]
        yield numbers[0], numbers[-1], [trit for (trit,) in wanted]


@pytest.mark.parametrize("operation", FORMULAS)
def test_answers_are_those_of_python(operation):
    task = tasks.serial(operation, 3, pairs=None)
    seen = set()
    for a, b, wanted in _rows(task):
        answer = FORMULAS[operation](a, b)
        assert _number(wanted) == answer % 2 ** len(wanted)
        assert -(2 ** len(wanted)) <= answer < 2 ** len(wanted)  # the answer fits
        seen.add((a, b))
    assert len(seen) == task.rows == 8 ** OPERATIONS[operation].numbers
    assert max(max(pair) for pair in seen) == 7


def test_comparison_is_of_the_bits_so_far():
    for a, b, wanted in _rows(tasks.serial("compare", 3, pairs=None)):
        for step, trit in enumerate(wanted, start=1):
            low = a % 2**step, b % 2**step
            assert trit == (low[0] > low[1]) - (low[0] < low[1])


def test_every_operation_is_tested_here():
    assert {*FORMULAS, "compare"} == set(OPERATIONS)


def test_training_pairs_are_distinct_and_the_test_has_all():
    task = tasks.serial("add", 4, pairs=20)
    assert len({(a, b) for a, b, _ in _rows(task)}) == 20
    assert len({(a, b) for a, b, _ in _rows(task, "test")}) == 256
    other = tasks.serial("add", 4, pairs=20, split_seed=1)
    assert not np.array_equal(task.x_train, other.x_train)
    assert tasks.serial("add", 2, pairs=100).rows == 16
    assert tasks.serial("add", 12, pairs=5).x_test.shape == (2**14, 13, 2)


def test_fitness_counts_right_trits():
    task = tasks.serial("compare", 3, pairs=9)
    network = networks.Recurrent((2, 4, 1))
    genome = jax.jit(network.init)(jax.random.key(0))
    right = np.sign(jax.jit(network.apply)(genome, task.x_train)) == np.asarray(task.y_train)
    assert int(task.evaluate(jax.random.key(1), network, genome)) == right.sum()
    assert int(task.validate(network, genome)) == right.sum()
    assert task.cases(jax.random.key(1), network, genome).tolist() == right.reshape(-1).astype(int).tolist()
    assert task.accuracy(network, genome, "train") == pytest.approx(right.mean())
    assert task.scale == right.size


def test_the_wanted_outputs_have_the_highest_fitness():
    task = tasks.serial("compare", 3, pairs=None)
    assert (
        int(task.validate(Scripted.fitting(task, lambda genome, x: 5 * task.y_train.astype(jnp.int32)), GENOME))
        == task.scale
    )
    assert task.accuracy(Scripted.fitting(task, lambda genome, x: task.y_test.astype(jnp.int32)), GENOME) == 1.0


def test_a_minibatch_is_distinct_rows_picked_by_the_key():
    task = tasks.serial("add", 3, pairs=20, samples=6)
    seen = []

    def show(genome, x):
        seen.append(np.asarray(x).tolist())
        return jnp.ones((*x.shape[:-1], 1), jnp.int32)

    with jax.disable_jit():  # so that the network is shown numbers
        for seed in (0, 0, 1):
            task.evaluate(jax.random.key(seed), Scripted.fitting(task, show), GENOME)
    assert seen[0] == seen[1] != seen[2]
    assert all(len({str(row) for row in rows}) == 6 for rows in seen)
    assert task.rows == 6


def test_right_trits_after_right_ones_count_twice():
    task = tasks.serial("add", 3, pairs=20, prefix_bonus=True)
    network = networks.Recurrent((2, 4, 1))
    genome = jax.jit(network.init)(jax.random.key(0))
    right = np.sign(jax.jit(network.apply)(genome, task.x_train)) == np.asarray(task.y_train)
    wanted = [[1 + all(row[: at + 1]) if row[at] else 0 for at in range(len(row))] for row in right[..., 0].tolist()]
    cases = task.cases(jax.random.key(1), network, genome)
    assert cases.tolist() == np.array(wanted).reshape(-1).tolist()
    assert int(task.validate(network, genome)) == np.sum(wanted)
    assert task.accuracy(network, genome, "train") == pytest.approx(right.mean())
    assert task.scale == 2 * right.size


@pytest.mark.parametrize("split", ["train", "test"])
def test_products_are_those_of_python(split):
    task = tasks.product(2, 3)
    x, y = (task.x_train, task.y_train) if split == "train" else (task.x_test, task.y_test)
    seen = set()
    for sequence, wanted in zip(np.asarray(x).tolist(), np.asarray(y)[..., 0].tolist(), strict=True):
        b, *still = zip(*sequence, strict=True)
        assert all(len(set(bit)) == 1 for bit in still)
        pair = _number([bit[0] for bit in still]), _number(b)
        assert _number(wanted) == pair[0] * pair[1]
        seen.add(pair)
    assert len(seen) == (32 if split == "train" else 256)
    for wrong in ({"stationary": 0}, {"streaming": 9}, {"samples": 257}):
        with pytest.raises(InputError, match="must be from 1 to"):
            tasks.product(**wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"operation": "divide"}, "operation must be one of"),
        ({"bits": 0}, "bits must be from 1 to 16"),
        ({"bits": 17}, "bits must be from 1 to 16"),
        ({"pairs": 0}, "pairs must be at least 1"),
        ({"bits": 16, "pairs": None}, "pairs must be at most 63161283 of the 4294967296 there are"),
        ({"bits": 16, "pairs": 2**31 - 1}, "pairs must be at most 1048576"),
        ({"pairs": 5, "samples": 6}, "samples must be from 1 to 5 pairs, or None"),
    ],
)
def test_bad_options_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        tasks.serial(**wrong)
    with pytest.raises(InputError, match="split must be train or test"):
        tasks.serial("negate", 2).accuracy(None, None, "dev")
