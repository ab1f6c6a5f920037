"""A classifier that evolves a perceptron of trits."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from tejax import tasks
from tejax.core import random
from tejax.errors import require
from tejax.evolution import evolve
from tejax.networks import MLP
from tejax.options import Layers, Seed, Width, normalise
from tejax.strategies import Categorical
from tejax.tasks._labelled import Coding
from tejax.tasks.datasets import encoding
from tejax.tasks.datasets.encoding import Kind, Placement
from tejax.types import Strategy

__all__ = ["TernaryClassifier"]

BLOCK = 4096  # rows that are predicted at once: one program for all full blocks


class TernaryClassifier(ClassifierMixin, BaseEstimator):
    """A multilayer perceptron of trits, evolved.

    Features are encoded by thresholds that the training data set, so that their units do not matter. Equal data,
    parameters and an equal `random_state` give equal bits on any machine. Samples have no weights: `fit` takes none.

    Args:
        hidden: neurons of each hidden layer.
        strategy: how the population becomes the next one, any of `tejax.strategies`; None: a categorical distribution.
        generations: that `fit` evolves, and each further `partial_fit` adds.
        kind: what a feature becomes: levels (one small whole number), trits or thermometer.
        trits: of a feature, or with levels its greatest whole number.
        placement: where thresholds stand: at the quantiles of each feature, or evenly over the range of all.
        samples: training samples that a generation sees, one at least, where there are more; None: all of them.
        temperature: T of the cross-entropy, and of `predict_proba`, as a ratio.
        random_state: an integer from 0 to 2^32 - 1, a RandomState, or None for chance.

    Attributes:
        classes_: the labels, in order.
        encoding_: how numbers become the network's inputs, with the names of a frame's columns.
        network_: the network's spec.
        genome_: its trits.
        n_features_in_: the features of a sample.
        n_iter_: generations done.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (64,),
        *,
        strategy: Strategy | None = None,
        generations: int = 500,
        kind: Kind = "levels",
        trits: int = 8,
        placement: Placement = "quantile",
        samples: int | None = 512,
        temperature: tuple[int, int] = (4, 1),
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.strategy = strategy
        self.generations = generations
        self.kind = kind
        self.trits = trits
        self.placement = placement
        self.samples = samples
        self.temperature = temperature
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> Self:
        """Evolve a network from the start.

        Args:
            X: numbers [N, F].
            y: labels [N] of any kind.

        Raises:
            ValueError: for data that scikit-learn refuses, a single class, and parameters out of range (`InputError`).
        """
        X, y = validate_data(self, X, y, dtype="numeric")
        check_classification_targets(y)
        return self._begin(X, y, np.unique(y))._go_on(X, y)

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Go on evolving, on these data; the first call, or `fit`, sets the thresholds, the classes and the network.

        Args:
            X: numbers [N, F].
            y: labels [N], among the classes.
            classes: all labels that later calls may have; needed in the first call where y lacks some, and the same in
                later ones, if it is given again.

        Raises:
            ValueError: for data that scikit-learn refuses, for other classes than those of the first call, for labels
                that are none of them, and for a strategy that cannot continue the state of the one before.
        """
        first = "genome_" not in vars(self)
        X, y = validate_data(self, X, y, dtype="numeric", reset=first)
        check_classification_targets(y)
        if first:
            self._begin(X, y, np.unique(y if classes is None else classes))
        elif classes is not None:
            same = np.array_equal(np.unique(classes), self.classes_)
            require(same, f"those of the first call, {self.classes_.tolist()}", classes=list(classes))
        unknown = np.setdiff1d(y, self.classes_)
        require(len(unknown) == 0, f"among the classes {self.classes_.tolist()}", y=unknown.tolist())
        return self._go_on(X, y)

    def predict(self, X: Any) -> np.ndarray:
        """The label of each sample: that of the highest output, the first of equals."""
        outputs = self._outputs(X)
        return np.asarray(self.classes_[outputs.argmax(axis=1)])

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities [N, C]: 2 to the power of output / temperature, divided by their sum."""
        outputs = self._outputs(X).astype(np.float64)
        over, under = self._coding().temperature
        powers = np.exp2((outputs - outputs.max(axis=1, keepdims=True)) * under / over)
        return powers / powers.sum(axis=1, keepdims=True)

    def _begin(self, X: np.ndarray, y: np.ndarray, classes: np.ndarray) -> Self:
        """Set what stays as it is while evolution goes on: classes, thresholds, the network, randomness; or nothing."""
        require(len(classes) >= 2, "of two classes or more", y="labels of one class")
        coding = self._coding()
        names = vars(self).get("feature_names_in_", ())
        encode = encoding.fit(X, coding.trits, coding.kind, coding.placement, [str(name) for name in names])
        hidden = normalise("hidden", Annotated[tuple[Width, ...], Layers], _listed(self.hidden))
        network = MLP((encode.inputs, *hidden, len(classes)), levels=encode.levels)
        seed = self.random_state
        if not isinstance(seed, int | np.integer):
            seed = check_random_state(seed).randint(np.iinfo(np.int32).max)
        key = random.key(normalise("random_state", Seed, seed))
        self.classes_, self.encoding_, self.network_ = classes, encode, network
        self._key, self._state, self.n_iter_ = jax.random.key_data(key), None, 0
        return self

    def _coding(self) -> Coding:
        """The parameters that are options of a classification, held to their ranges."""
        return Coding(self.trits, self.kind, self.placement, self.samples, temperature=self.temperature)

    def _go_on(self, X: np.ndarray, y: np.ndarray) -> Self:
        """Evolve for `generations` on these data."""
        coding = self._coding()
        coded = jnp.asarray(self.encoding_(X))
        labels = jnp.asarray(np.searchsorted(self.classes_, y).astype(np.int32))
        samples = None if coding.samples is None or coding.samples >= len(coded) else coding.samples
        task = tasks.Classification(
            coded,
            labels,
            coded[:0],
            labels[:0],
            len(self.classes_),
            samples,
            temperature=coding.temperature,
            encoding=self.encoding_,
            levels=self.encoding_.levels,
        )
        strategy = Categorical(128, learning_rate=0.1, init_weight=0.0) if self.strategy is None else self.strategy
        key = jax.random.fold_in(jax.random.wrap_key_data(self._key), self.n_iter_)
        result = evolve(key, strategy, self.network_, task, generations=self.generations, start=self._state)
        self.genome_, self._state = jax.tree.map(np.asarray, (result.best, result.state))
        self.n_iter_ += result.generations
        return self

    def _outputs(self, X: Any) -> np.ndarray:
        """The outputs of the network, int32 [N, C]."""
        check_is_fitted(self, "genome_")
        X = validate_data(self, X, dtype="numeric", reset=False)
        rows = jnp.asarray(self.encoding_(X))
        blocks = [rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK)]
        return np.concatenate([np.asarray(_apply(self.network_, self.genome_, block)) for block in blocks])


def _listed(sizes: Any) -> Any:
    """An array as a list, which scikit-learn's users take for the same."""
    return sizes.tolist() if isinstance(sizes, np.ndarray) else sizes


_apply = jax.jit(lambda network, genome, x: network.apply(genome, x), static_argnums=0)
