"""Classification tasks: the split, the minibatch, the fitness."""

import dataclasses
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

from tejax import InputError, networks, tasks
from tejax.core import fixedpoint
from tejax.registry import LOSSES
from tests.oracles import losses as oracle
from tests.oracles.scripted import Scripted

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
Y = np.arange(60) % 3
classify = partial(tasks.classification, trits=1, kind="trits", placement="range")
NETWORK = networks.MLP((4, 3))
GENOME = jax.jit(NETWORK.init)(jax.random.key(0))
NETWORK_9 = networks.MLP((36, 3))
GENOME_9 = jax.jit(NETWORK_9.init)(jax.random.key(0))


def test_the_split_is_stratified_and_by_seed():
    y = np.repeat(np.arange(3), [60, 30, 10])
    x = np.arange(100.0)[:, None]
    task = tasks.classification(x, y, test_share=0.2, trits=64, kind="thermometer")
    assert np.bincount(task.y_test).tolist() == [12, 6, 2]
    assert np.bincount(task.y_train).tolist() == [48, 24, 8]
    again, other = (
        tasks.classification(x, y, test_share=0.2, trits=64, kind="thermometer", split_seed=seed) for seed in (0, 1)
    )
    assert np.array_equal(task.x_test, again.x_test)
    assert not np.array_equal(task.x_test, other.x_test)


def test_train_and_test_hold_every_sample_once():
    bits = np.array([[(number >> place) & 1 for place in range(6)] for number in range(60)])
    task = classify(bits, Y)
    rows = [tuple(row) for row in np.concatenate([task.x_train, task.x_test]).tolist()]
    assert len(set(rows)) == len(rows) == 60


def test_thresholds_come_from_the_training_split_alone():
    task = classify(X, Y, split_seed=3)
    test_rows = [
        row
        for row in range(60)
        if not any(np.array_equal(_code(X, row, task), train) for train in np.asarray(task.x_train))
    ]
    changed = X.copy()
    changed[test_rows] *= 1000
    assert np.array_equal(classify(changed, Y, split_seed=3).x_train, task.x_train)


def _code(x, row, task):
    """The trits of a row under thresholds of all data: near enough to find rows that were never trained on."""
    low, high = x.min(), x.max()
    third = (high - low) / 3
    return (x[row] > low + third).astype(np.int8) + (x[row] > low + 2 * third).astype(np.int8) - 1


@pytest.mark.parametrize("loss", LOSSES)
def test_fitness_is_minus_the_summed_loss(loss):
    task = classify(X, Y, loss=loss, temperature=(2, 1))
    outputs = np.asarray(jax.jit(NETWORK.apply)(GENOME, task.x_train))
    fitness = int(task.evaluate(jax.random.key(1), NETWORK, GENOME))
    pairs = list(zip(outputs, np.asarray(task.y_train).tolist(), strict=True))
    if loss == "cross_entropy":
        bits = sum(oracle.cross_entropy(row, y, (2, 1)) for row, y in pairs)
        assert abs(-fitness / fixedpoint.UNIT - bits) <= 2 * len(pairs) / fixedpoint.UNIT
        assert -fitness / task.scale == pytest.approx(bits / len(pairs), abs=2 / fixedpoint.UNIT)
    elif loss == "margin":
        assert -fitness == sum(oracle.margin(row, y, 2) for row, y in pairs)
    else:
        assert -fitness == sum(oracle.wrong(row, y) for row, y in pairs)
        assert 1 + fitness / task.scale == pytest.approx(task.accuracy(NETWORK, GENOME, "train"))
    assert int(task.validate(NETWORK, GENOME)) == fitness
    assert int(np.sum(task.cases(jax.random.key(1), NETWORK, GENOME))) == fitness


def test_cases_add_up_to_the_fitness_where_their_sum_must_be_halved():
    few = classify(X, Y)
    rows = 2**16
    task = dataclasses.replace(few, x_train=jnp.zeros((rows, 4), jnp.int8), y_train=jnp.zeros(rows, jnp.int32))

    def worst(genome, x):
        """As far from the label as a loss goes."""
        return jnp.broadcast_to(jnp.array([-(2**20), 2**20, 0], jnp.int32), (*x.shape[:-1], 3))

    network = Scripted.fitting(task, worst)
    cases = np.asarray(jax.jit(lambda key: task.cases(key, network, GENOME))(jax.random.key(0)))
    assert cases.sum(dtype=np.int64) == task.evaluate(jax.random.key(0), network, GENOME) == -(2**30)


@pytest.mark.parametrize("samples", [None, 9])
def test_a_generation_sees_every_sample_of_its_minibatch_in_one_of_its_places(samples):
    x, y = RNG.integers(0, 16, (30, 9)), np.arange(30) % 3
    plain, task = (classify(x, y, trits=4, samples=samples, shift=shift) for shift in (0, 0.5))
    assert plain.augmented is None
    assert task.augmented.shape == (9, 24, 36)
    assert np.array_equal(task.augmented[4], plain.x_train)  # in the middle
    places, labels = np.asarray(task.augmented), np.asarray(task.y_train)
    seen = []
    for seed in range(3):
        found, classes = task._minibatch(jax.random.key(seed))
        assert len(found) == task.rows
        for row, label in zip(np.asarray(found), np.asarray(classes), strict=True):
            place, number = next(zip(*np.nonzero((places == row).all(axis=2)), strict=True))
            assert labels[number] == label
            seen.append(int(place))
    assert len(set(seen)) == 9
    assert task.validate(NETWORK_9, GENOME_9) == plain.validate(NETWORK_9, GENOME_9)


def test_only_pictures_are_shifted():
    with pytest.raises(InputError, match="x must be pictures to be shifted"):
        classify(X[:, :3], Y, shift=1)
    with pytest.raises(InputError, match="shift must be from 0 to 2 pixels, the side of a picture: got shift=3"):
        classify(X, Y, shift=3)


def test_a_minibatch_is_distinct_training_samples_with_their_labels():
    numbers = np.arange(40)
    bits = np.array([[(number >> place) & 1 for place in range(6)] for number in numbers])
    task = classify(bits, numbers % 2, samples=9)
    seen = []

    def show(genome, x):
        seen.append(np.asarray(x).tolist())
        return (
            jnp.zeros((len(x), 2), jnp.int32).at[:, 1].set(x[:, 0].astype(jnp.int32) * 1000)
        )  # the label is the low bit

    for seed in (0, 0, 1):
        assert int(task.evaluate(jax.random.key(seed), Scripted.fitting(task, show), GENOME)) == 0
    train = {tuple(row) for row in task.x_train.tolist()}
    assert seen[0] == seen[1] != seen[2]
    for rows in seen:
        assert len(rows) == 9
        assert len({tuple(row) for row in rows} & train) == 9
    assert task.rows == 9


def test_accuracy_and_predictions_by_hand():
    task = classify(X, Y)
    for split, x, y in [("train", task.x_train, task.y_train), ("test", task.x_test, task.y_test)]:
        guesses = np.argmax(np.asarray(jax.jit(NETWORK.apply)(GENOME, x)), axis=1)
        assert task.predict(NETWORK, GENOME, split).tolist() == guesses.tolist()
        assert task.accuracy(NETWORK, GENOME, split) == pytest.approx(np.mean(guesses == np.asarray(y)))


def test_a_task_is_a_pytree_of_its_arrays():
    task = classify(X, Y, samples=5)
    leaves, structure = jax.tree.flatten(task)
    assert len(leaves) == 4
    assert {leaf.dtype for leaf in leaves} == {jnp.dtype(jnp.int8), jnp.dtype(jnp.int32)}
    assert structure == jax.tree.structure(classify(X, Y, samples=5))
    assert structure != jax.tree.structure(classify(X, Y, samples=6))


@pytest.mark.parametrize("x", [X.astype(np.float32), (X * 10).astype(np.int16), X > 0, X.reshape(60, 2, 2), X.tolist()])
def test_numbers_of_any_kind_and_shape_become_trits(x):
    task = classify(x, Y.astype(np.uint8))
    assert task.x_train.dtype == jnp.int8
    assert task.x_train.shape == (48, 4)
    assert task.y_train.dtype == jnp.int32
    assert set(np.unique(task.x_train)) <= {-1, 0, 1}


def test_digits_are_the_real_ones():
    x, y = load_digits(return_X_y=True)
    task = tasks.digits(trits=1)
    assert (task.features, task.classes, task.outputs) == (64, 10, 10)
    assert task.rows == task.samples
    assert len(task.y_train) + len(task.y_test) == len(x) == 1797
    assert (np.bincount(task.y_train) + np.bincount(task.y_test)).tolist() == np.bincount(y).tolist()
    assert tasks.digits(samples=None, trits=2, kind="thermometer").features == 128


@pytest.mark.parametrize(
    ("make", "load", "features"), [(tasks.breast_cancer, load_breast_cancer, 60), (tasks.wine, load_wine, 26)]
)
def test_tables_are_the_real_ones_with_thresholds_of_each_column(make, load, features):
    _, y = load(return_X_y=True)
    task = make()
    assert (task.features, task.classes) == (features, len(np.unique(y)))
    assert (np.bincount(task.y_train) + np.bincount(task.y_test)).tolist() == np.bincount(y).tolist()
    for column in np.asarray(task.x_train).T:  # a third below both thresholds or above, at most
        assert (np.bincount(column + 1, minlength=3) < 0.75 * len(column)).all()


def test_new_samples_are_encoded_as_the_training_data_were():
    task = classify(X, Y, trits=3)
    rows = np.concatenate([task.x_train, task.x_test])
    coded = task.encode(X)
    assert coded.dtype == np.int8
    assert sorted(coded.tolist()) == sorted(rows.tolist())
    np.testing.assert_array_equal(task.encode(X[7]), coded[7])
    np.testing.assert_array_equal(task.encode(X.reshape(60, 2, 2)), coded)
    far = X.copy()
    far[0, 0] = 1e9  # of one sample, and so no news to the others
    np.testing.assert_array_equal(task.encode(far)[1:], coded[1:])


def test_new_samples_are_predicted_by_their_trits():
    task = classify(X, Y)
    coded = jnp.asarray(task.encode(X))
    wanted = np.argmax(np.asarray(jax.jit(NETWORK.apply)(GENOME, coded)), axis=1)
    assert task.predict(NETWORK, GENOME, X).tolist() == wanted.tolist()
    with pytest.raises(InputError, match="split must be train or test: got split='validation'"):
        task.predict(NETWORK, GENOME, "validation")
    with pytest.raises(InputError, match="x must be rows of 4 numbers"):
        task.predict(NETWORK, GENOME, X[:, :3])


def test_a_trained_encoding_scores_all_samples_of_other_data():
    trained = classify(X, Y)
    other, labels = RNG.normal(size=(7, 4)) * 50, np.array([2, 0, 2, 2, 0, 2, 0])  # some classes, singles, far values
    task = tasks.classification(other, labels, encode=trained.encoding, classes=3)
    np.testing.assert_array_equal(task.x_test, trained.encode(other))
    assert task.y_test.tolist() == labels.tolist()
    assert (task.features, task.outputs, len(task.y_train)) == (4, 3, 0)
    right = np.mean(np.asarray(trained.predict(NETWORK, GENOME, other)) == labels)
    assert task.report(NETWORK, GENOME) == {"accuracy": pytest.approx(right)}
    assert task.confusion(NETWORK, GENOME).sum(axis=1).tolist() == [3, 0, 4]
    with pytest.raises(InputError, match="split must be one with samples: got split='train'"):
        task.accuracy(NETWORK, GENOME, "train")
    for y in (labels + 1, labels - 1):
        with pytest.raises(
            InputError, match="y must be among the classes of the training data, whole numbers from 0 to 2"
        ):
            tasks.classification(other, y, encode=trained.encoding, classes=3)
    with pytest.raises(InputError, match="x must be rows of 4 numbers"):
        tasks.classification(other[:, :2], labels, encode=trained.encoding, classes=3)


def test_an_encoding_is_no_part_of_a_compiled_program():
    first, second = classify(X, Y), classify(X * 3 + 1, Y)
    assert first.encoding != second.encoding
    assert jax.tree.structure(first) == jax.tree.structure(second)
    assert dataclasses.replace(first, samples=5).encoding == first.encoding
    passed = jax.tree.map(jnp.asarray, first)
    assert passed.encoding is None
    assert passed.metadata() == {}
    with pytest.raises(InputError, match="encoding must be of a task made from numbers"):
        passed.encode(X)
    assert first.metadata()["encoding"] == first.encoding.to_json()
