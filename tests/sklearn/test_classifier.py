"""The estimator against scikit-learn's own checks, in a pipeline and in a search over a grid."""

import pickle

import jax
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from tejax import InputError, export
from tejax.sklearn import TernaryClassifier
from tejax.strategies import Categorical, Genetic

SMALL = TernaryClassifier((16,), strategy=Categorical(64, learning_rate=0.2, init_weight=0.0), generations=60)
CHECKS = [
    (getattr(check, "func", check).__name__, index, check)
    for index, (_, check) in enumerate(estimator_checks_generator(SMALL))
]
QUICK = (
    "check_estimator_cloneable",
    "check_no_attributes_set_in_init",
    "check_get_params_invariance",
    "check_set_params",
    "check_estimators_nan_inf",
    "check_classifiers_regression_target",
    "check_classifiers_classes",
)
X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=f"{name}-{index}", marks=() if name in QUICK else pytest.mark.long)
        for name, index, check in CHECKS
    ],
)
@pytest.mark.filterwarnings("default")  # scikit-learn's checks ask for warnings of their own
def test_scikit_learns_own_check(check):
    check(clone(SMALL))


def test_labels_of_text_are_learnt_and_said():
    model = clone(SMALL).set_params(random_state=0).fit(X, NAMES)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert model.score(X, NAMES) > 0.9
    shares = model.predict_proba(X)
    assert np.allclose(shares.sum(axis=1), 1)
    assert np.array_equal(model.classes_[shares.argmax(axis=1)], model.predict(X))
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict(X), model.predict(X))


def test_evolution_goes_on():
    model = clone(SMALL).set_params(generations=5, random_state=1)
    model.partial_fit(X[Y < 2], Y[Y < 2], classes=[0, 1, 2])
    assert model.n_iter_ == 5
    for _ in range(4):
        model.partial_fit(X, Y)
    assert model.n_iter_ == 25
    assert model.score(X, Y) > 0.6
    with pytest.raises(InputError, match=r"y must be among the classes \[0, 1, 2\]: got y=\[3, 7\]"):
        model.partial_fit(X, Y * 7 % 11)
    assert model.fit(X, Y).n_iter_ == 5


def test_a_pipeline_in_a_search_over_a_grid():
    pipeline = make_pipeline(StandardScaler(), clone(SMALL).set_params(generations=10, random_state=0))
    search = GridSearchCV(
        pipeline, {"ternaryclassifier__strategy": [None, Genetic(16, elites=1)]}, cv=2, error_score="raise"
    )
    search.fit(X, Y)
    assert search.best_score_ > 0.4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"generations": -1}, "generations must be"),
        ({"trits": 0}, "trits must be"),
        ({"trits": "2"}, "trits must be a whole number"),
        ({"hidden": (0,)}, "hidden must be"),
        ({"hidden": 8}, "hidden must be a list"),
        ({"samples": 0}, "samples must be at least 1"),
        ({"samples": 2.5}, "samples must be"),
        ({"temperature": 4}, "temperature must be"),
        ({"kind": "bits"}, "kind must be one of"),
        ({"random_state": -1}, "random_state must be from 0 to 4294967295"),
    ],
)
def test_parameters_are_judged_when_it_is_fitted(options, words):
    model = TernaryClassifier(**options)
    with pytest.raises(InputError, match=words):
        model.fit(X, Y)


def test_what_is_refused_leaves_the_model_as_it_was():
    model = clone(SMALL).set_params(generations=2, random_state=0).fit(X, NAMES)
    before = model.predict(X)
    with pytest.raises(InputError, match="y must be of two classes or more"):
        model.fit(X, np.zeros(150, int))
    assert np.array_equal(model.predict(X), before)
    with pytest.raises(InputError, match="classes must be those of the first call"):
        model.partial_fit(X, NAMES, classes=["setosa", "tulip"])
    assert model.partial_fit(X, NAMES, classes=model.classes_[::-1]).n_iter_ == 4
    with pytest.raises(TypeError, match="sample_weight"):
        model.fit(X, NAMES, sample_weight=np.ones(150))


def test_grids_of_numpy_and_names_of_columns():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    options = {"generations": np.int64(2), "trits": np.int64(3), "hidden": np.array([8]), "random_state": np.uint8(1)}
    model = clone(SMALL).set_params(**options).fit(frame, pandas.Series(NAMES, dtype="category"))
    assert model.encoding_.columns == ("a", "b", "c", "d")
    assert model.predict(frame).shape == (150,)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[list("dcba")])


def test_a_fitted_network_is_saved_with_its_names(tmp_path):
    model = clone(SMALL).set_params(generations=2, random_state=0).fit(X, NAMES)
    path = tmp_path / "iris.safetensors"
    export.save(path, model.network_, model.genome_, encoding=model.encoding_, classes=model.classes_.tolist())
    saved = export.read(path)
    outputs = jax.jit(saved.network.apply)(saved.genome, jax.numpy.asarray(saved.encoding(X)))
    assert np.array_equal(np.array(saved.classes)[np.argmax(outputs, axis=1)], model.predict(X))
