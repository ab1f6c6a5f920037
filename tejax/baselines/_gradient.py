"""Methods that gradients train: one network, an ensemble, or one network evaluated many times with dropout."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.baselines._data import TRITS, Data
from tejax.baselines._methods import ALL_FLOAT, Floats, Job, Method, Model, Progress, softmax
from tejax.baselines.backprop import Adam, apply
from tejax.baselines.models import KINDS, Spec
from tejax.baselines.training import Learner, Recipe, train
from tejax.core import random
from tejax.tasks.datasets import encoding
from tejax.types import Key

__all__ = [
    "Encode",
    "Fitted",
    "Setup",
    "average",
    "encoder",
    "float_bytes",
    "gradient",
    "learned",
    "model_of",
    "operations",
    "packed_sizes",
    "sizes",
]

Encode = Callable[[np.ndarray], np.ndarray]  # numbers [N, F] -> what a network is shown, float32


class Fitted(NamedTuple):
    """What training continues from.

    Attributes:
        spec: the network.
        trained: the state of its learner, with its parameters as `params`.
        encode: numbers [N, F] -> its inputs.
    """

    spec: Spec
    trained: Any
    encode: Encode


def gradient(
    name: str,
    hidden: tuple[int, ...] = (64,),
    kind: str = "float",
    *,
    inputs: Literal["numbers", "trits"] = "numbers",
    dropout: float = 0.0,
    convolutions: tuple[int, ...] = (),
    members: int = 1,
    passes: int = 0,
    recipe: Recipe = Recipe(),  # noqa: B008
) -> Method:
    """A method that trains a network by gradients.

    Args:
        name: in tables.
        hidden: sizes between inputs and outputs.
        kind: one of `models.KINDS`: float, twn or bitnet.
        inputs: the data's numbers, or the trits that evolved networks see.
        dropout: the share of hidden activations dropped while training.
        convolutions: channels of convolutions before the dense layers.
        members: networks of an ensemble, whose probabilities are averaged (Lakshminarayanan et al. 2017).
        passes: evaluations with dropout left on, averaged likewise (Gal & Ghahramani 2016); 0: one without dropout.
        recipe: how each network is trained.
    """

    def setup(data: Data) -> Setup:
        encode = encoder(data, inputs)
        spec = Spec((encode(data.x_train[:1]).shape[1], *hidden, data.classes), kind, dropout, convolutions)

        def as_model(trained: Any, samples: int, seconds: float) -> Model:
            model = model_of(Fitted(spec, trained, encode), samples, seconds)
            return average([model], key=random.key(0), passes=passes) if passes else model

        return Setup(Adam(spec, recipe), encode, as_model, operations(spec, 1))

    single = learned(name, ALL_FLOAT, setup)
    if members == 1:
        return single

    def run(job: Job) -> Model:
        keys = jax.random.split(job.key, members)
        before = job.start.state if job.start else [None] * members
        folders = [job.folder and job.folder / str(index) for index in range(members)]
        each = zip(keys, before, folders, strict=True)
        return average([single.run(Job(key, job.data, job.budget, part, folder=path)) for key, part, path in each])

    return Method(name, run, ALL_FLOAT)


class Setup(NamedTuple):
    """What is trained on some data, and what becomes of it.

    Attributes:
        learner: what a step is.
        encode: numbers [N, F] -> inputs.
        as_model: (state, samples, seconds) -> the classifier, whose own state has the learner's as `trained`.
        cost: multiply-adds a sample.
    """

    learner: Learner
    encode: Encode
    as_model: Callable[[Any, int, float], Model]
    cost: float


def learned(name: str, floats: Floats, setup: Callable[[Data], Setup]) -> Method:
    """The method that trains a learner.

    Args:
        name: in tables.
        floats: what it keeps and computes in floating point.
        setup: data -> what is trained on them.
    """

    def run(job: Job) -> Model:
        learner, encode, as_model, cost = setup(job.data)
        x, y = jnp.asarray(encode(job.data.x_train)), jnp.asarray(job.data.y_train)

        def report(done: int, seconds: float, state: Any) -> object:
            samples = done * len(y)
            model = partial(as_model, state, samples, seconds)
            return job.callback and job.callback(Progress(samples, cost * samples, seconds, model))

        before = job.start.state.trained if job.start else None
        options = {"seconds": job.budget.seconds, "callback": report, "folder": job.folder}
        state, done, seconds = train(job.key, learner, x, y, epochs=job.budget.epochs, start=before, **options)
        return as_model(state, done * len(y), seconds)

    return Method(name, run, floats)


def encoder(data: Data, inputs: str) -> Encode:
    """What turns numbers [N, F] into a network's inputs, float32.

    Args:
        data: whose training split sets the thresholds of trits.
        inputs: numbers or trits.
    """
    if inputs == "numbers":
        return lambda x: np.asarray(x, np.float32)
    encode = encoding.fit(data.x_train, TRITS)
    return lambda x: encode(x).astype(np.float32)


def model_of(fitted: Fitted, samples: int, seconds: float) -> Model:
    """The classifier that a trained network is.

    Args:
        fitted: the network.
        samples: it was trained on until then.
        seconds: until then.
    """

    def outputs(x: np.ndarray) -> np.ndarray:
        return np.asarray(_outputs(fitted.spec, fitted.trained.params, jnp.asarray(fitted.encode(x))))

    return Model(
        scores=lambda x: softmax(outputs(x)),
        sizes=sizes(fitted.spec),
        samples=samples,
        operations=operations(fitted.spec, samples),
        seconds=seconds,
        state=fitted,
        outputs=outputs,
    )


def average(models: list[Model], key: Key | None = None, passes: int = 0) -> Model:
    """The classifier whose probabilities are the mean of those of several models.

    Args:
        models: of `gradient`.
        key: of dropout, if there are passes.
        passes: evaluations of each model under dropout; 0: one without.
    """

    def scores(x: np.ndarray) -> np.ndarray:
        if not passes or key is None:
            return np.mean([model.scores(x) for model in models], axis=0)
        keys = jax.random.split(jax.random.clone(key), passes)
        states: list[Fitted] = [model.state for model in models]
        outputs = [_dropped(each.spec, each.trained.params, jnp.asarray(each.encode(x)), keys) for each in states]
        return np.mean([softmax(np.asarray(each)) for each in outputs], axis=(0, 1))

    return Model(
        scores=scores,
        sizes={form: sum(model.sizes[form] for model in models) for form in models[0].sizes},
        samples=sum(model.samples for model in models),
        operations=sum(model.operations for model in models),
        seconds=sum(model.seconds for model in models),
        state=models[0].state if len(models) == 1 else models,
    )


@partial(jax.jit, static_argnums=0)
def _outputs(spec: Spec, params: Any, x: jax.Array) -> jax.Array:
    return apply(spec, params, x)


@partial(jax.jit, static_argnums=0)
def _dropped(spec: Spec, params: Any, x: jax.Array, keys: Key) -> jax.Array:
    """The outputs under dropout, float32 [passes, N, O]."""
    return jax.vmap(lambda key: apply(spec, params, x, key))(keys)


def operations(spec: Spec, samples: int) -> float:
    """Multiply-adds of training: the forward pass, and the backward pass, which takes two of them."""
    side, positions = spec.side, []
    for _ in spec.convolutions:
        side = -(-side // 2)
        positions.append(side * side)
    times = [*positions, *[1] * (len(spec.features) - 1)]
    return 3.0 * samples * sum(i * o * count for (i, o), count in zip(spec.matrices, times, strict=True))


def sizes(spec: Spec) -> dict[str, int]:
    """Format -> bytes of all weights and biases: float32, or packed trits, as the kind has it."""
    if spec.kind != "float":
        return packed_sizes(spec)
    return {"float32": 4 * sum((fan_in + 1) * neurons for fan_in, neurons in spec.matrices)}


def packed_sizes(spec: Spec) -> dict[str, int]:
    """Format -> bytes where the matrices are packed trits, and the rest is float32."""
    weights = [fan_in * neurons for fan_in, neurons in spec.matrices]
    return {
        "2-bit": sum(-(-count // 4) for count in weights) + float_bytes(spec),
        "base-3": sum(-(-count // 5) for count in weights) + float_bytes(spec),
    }


def float_bytes(spec: Spec) -> int:
    """Bytes that stay float32 where matrices are rounded: a scale a matrix, and a bias a neuron if there are biases."""
    biases = sum(neurons for _, neurons in spec.matrices) if KINDS[spec.kind].bias else 0
    return 4 * (len(spec.matrices) + biases)
