"""Bad arguments: one line that names the argument, its value and what is allowed, before anything compiles."""

import re

import jax
import numpy as np
import pytest

import tejax
from tejax import InputError, networks, strategies, tasks
from tejax.core import fixedpoint

X = np.arange(24.0).reshape(12, 2)
Y = np.arange(12) % 2
NAN = np.where(np.arange(24).reshape(12, 2) == 5, np.nan, X)


def classify(x=X, y=Y, **options):
    return lambda: tasks.classification(x, y, **options)


def evolve(**options):
    settings = {"generations": 1, **options}
    return lambda: tejax.evolve(
        jax.random.key(0), strategies.Genetic(population=4, elites=1), networks.MLP((2, 1)), tasks.xor(), **settings
    )


def genetic(**options):
    return lambda: strategies.Genetic(**options)


def loss(temperature):
    return lambda: fixedpoint.make_loss("margin", temperature)


def perceptron(hidden):
    return lambda: networks.MLP.for_task(tasks.xor(), hidden=hidden)


def cellular(**options):
    return lambda: networks.Cellular.for_task(tasks.addition(2), **options)


def mlp(*features, **options):
    return lambda: networks.MLP(tuple(features), **options)


CASES = [
    (
        classify(NAN),
        "x must be finite everywhere (no NaN, no infinity): got x='array with 1 values that are not, the first at",
    ),
    (classify(np.where(X == 3, np.inf, X)), "x must be finite everywhere"),
    (classify(X[:0], Y[:0]), "x must be non-empty: got x='array of shape (0, 2)'"),
    (classify(X[:, :0]), "x must be non-empty: got x='array of shape (12, 0)'"),
    (classify(np.float64(1), np.int64(1)), "x must be non-empty"),
    (classify(X.astype(str)), "x must be numeric: got x='array of <U"),
    (classify(X.astype(complex)), "x must be numeric: got x='array of complex128'"),
    (classify(y=Y[:-1]), "y must be one label for each of the 12 rows of x: got y='array of shape (11,)'"),
    (
        classify(y=Y / 2),
        "y must be whole numbers or texts, none missing: got y='array of float64 that are not all whole'",
    ),
    (classify(y=np.r_[Y[:-1], 2]), "y must be of classes of 2 samples or more each: got y='3 classes, one of 1'"),
    (
        classify(np.arange(4000.0)[:, None], np.arange(4000) % 2000),
        "y must be of at most 1024 classes for a cross-entropy: got y='2000 classes'",
    ),
    (classify(X * 0 + 3), "x must vary: got 9 equal training rows of shape (2,)"),
    (classify(y=Y * 0), "y must be of two classes or more: got y='labels of one class'"),
    (classify(tests=0.5), "options must be among ['trits', "),
    (classify(test_share=1.0), "test_share must be below 1: got test_share=1.0"),
    (classify(test_share=1.5), "test_share must be from 0 to 1: got test_share=1.5"),
    (classify(test_share=float("nan")), "test_share must be a finite number: got test_share=nan"),
    (
        classify(test_share=0.95),
        "test_share must be small enough to leave a training sample of each class: got test_share=0.95",
    ),
    (classify(split_seed=-1), "split_seed must be from 0 to 4294967295: got split_seed=-1"),
    (classify(trits=0), "trits must be from 1 to 1024: got trits=0"),
    (classify(kind="binary"), "kind must be one of ['trits', 'thermometer', 'levels']: got kind='binary'"),
    (classify(placement="middle"), "placement must be one of ['range', 'quantile']: got placement='middle'"),
    (classify(samples=11), "samples must be from 1 to 9 training samples, or None: got samples=11"),
    (classify(samples=0), "samples must be at least 1: got samples=0"),
    (classify(loss="hinge"), "loss must be one of ['cross_entropy', "),
    (classify(temperature=(0, 1)), "temperature must be at least 1: got temperature=0"),
    (classify(temperature=(5000, 1), loss="margin"), "temperature must be a ratio (n, d) "),
    (lambda: tasks.classification(X, Y).split("validation"), "split must be train or test: got split='validation'"),
    (
        lambda: tasks.classification(X, Y).encode(X[:, :1]),
        "x must be rows of 2 numbers: got x='array of shape (12, 1)'",
    ),
    (lambda: tasks.digits(samples=5000), "samples must be from 1 to 1437 training samples, or None: got samples=5000"),
    (lambda: tasks.parity(0), "n must be from 1 to 16: got n=0"),
    (lambda: tasks.parity(17), "n must be from 1 to 16: got n=17"),
    (lambda: tasks.parity(3, samples=9), "samples must be from 1 to 8 rows, or None: got samples=9"),
    (lambda: tasks.addition(9), "bits must be from 1 to 8: got bits=9"),
    (lambda: tasks.addition(2, samples=0), "samples must be at least 1: got samples=0"),
    (genetic(population=1), "population must be from 2 to 1073741824: got population=1"),
    (genetic(population=8, elites=8), "elites must be from 0 to population - 1: got elites=8, population=8"),
    (genetic(elites=-1), "elites must be at least 0: got elites=-1"),
    (genetic(selection="roulette"), "selection must be a function or one of ['tournament', "),
    (genetic(tournament=0), "tournament must be at least 1: got tournament=0"),
    (genetic(crossover="three_point"), "crossover must be a function or one of ['uniform', "),
    (genetic(mutation="gauss"), "mutation must be a function or one of ['flip', "),
    (genetic(mutation_rate=1.5), "mutation_rate must be from 0 to 1: got mutation_rate=1.5"),
    (
        genetic(mutation_rate=float("nan")),
        "mutation_rate must be a finite number from 0 to 1 or None: got mutation_rate=nan",
    ),
    (genetic(crossover_rate=-0.1), "crossover_rate must be from 0 to 1: got crossover_rate=-0.1"),
    *(
        (classify(temperature=each), "temperature must be ")
        for each in (4, "4", (4,), (4, 1, 1), (4.0, 1), (True, 1), None)
    ),
    (classify(split_seed=None), "split_seed must be a whole number: got split_seed=None"),
    *(
        (loss(each), "temperature must be a ratio (n, d) ")
        for each in (4, "41", (4,), (4.0, 1), (True, 1), None, (4, 65))
    ),
    *((perceptron(each), "hidden must be a ") for each in ("64", 64, (64.0,), (True,))),
    (perceptron((2**40,)), "hidden must be at most 1048576: got hidden=1099511627776"),
    (cellular(planes=0), "planes must be at least 1: got planes=0"),
    (cellular(planes=2.0), "planes must be a whole number: got planes=2.0"),
    (cellular(neighbours=3), "neighbours must be a list, each a whole number"),
    (lambda: tejax.Islands(strategies.Genetic(), 4.0), "count must be a whole number: got count=4.0"),
    (lambda: tejax.Islands("genetic", 4), "strategy must be a strategy: got strategy='genetic'"),
    (lambda: tejax.Islands(strategies.Genetic(population=2**20), 2**11), "count must be at most 1024 islands"),
    (lambda: tejax.Portfolio(strategies.Genetic()), "arms must be a list, each "),
    (lambda: tejax.Portfolio([5, 6]), "arms must be strategies: got arms=['int', 'int']"),
    (lambda: strategies.MapElites(descriptor="density"), "descriptor must be a function or None: got descriptor="),
    (mlp(3), "features must be two or more positive sizes: got features=(3,)"),
    (mlp(3, 0, 2), "features must be at least 1: got features=0"),
    (mlp(3, 2, dead_zone=-0.5), "dead_zone must be from 0 to 1000000: got dead_zone=-0.5"),
    (mlp(3, 2, bias=-1), "bias must be at least 0: got bias=-1"),
    (mlp(3, 2, density=1.01), "density must be from 0 to 1: got density=1.01"),
    (mlp(3, 2, engine="abacus"), "engine must be one of ['auto', "),
    (evolve(generations=-1), "generations must be at least 0: got generations=-1"),
    (evolve(chunk=0), "chunk must be at least 1: got chunk=0"),
    (evolve(batch=0), "batch must be at least 1: got batch=0"),
    (evolve(generations=1.0), "generations must be a whole number: got generations=1.0"),
    (evolve(generations=True), "generations must be a whole number: got generations=True"),
    (evolve(chunk=2.0), "chunk must be a whole number: got chunk=2.0"),
    (evolve(chunk=2**17), "chunk must be at most 65536: got chunk=131072"),
    (evolve(batch=4.0), "batch must be a whole number at least 1 or None: got batch=4.0"),
    (evolve(target=0.9), "target must be a whole number from -2147483648 to 2147483647 or None: got target=0.9"),
    (evolve(target=2**31), "target must be from -2147483648 to 2147483647: got target=2147483648"),
    (evolve(batch="all"), "batch must be auto, None or at least 1: got batch='all'"),
]


@pytest.mark.parametrize(("call", "message"), CASES, ids=[message[:60] for _, message in CASES])
def test_one_line_says_what_is_wrong(call, message):
    with pytest.raises(InputError, match="^" + re.escape(message)) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert ": got " in str(caught.value)
