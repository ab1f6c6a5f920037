"""Methods that gradients train: one network, an ensemble, or one network asked many times with dropout."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.baselines.methods import Budget, Data, Method, Model, Seen, softmax
from tejax.baselines.models import KINDS, Spec
from tejax.baselines.training import Recipe, Trained, apply, train
from tejax.tasks.datasets.loaders import encoding
from tejax.tasks._classification import Options
from tejax.types import Key

__all__ = ["Fitted", "average", "beside", "encoder", "gradient", "model_of", "packed_sizes", "sizes"]

Encode = Callable[[np.ndarray], np.ndarray]


class Fitted(NamedTuple):
    """What a trained model goes on from."""

    spec: Spec
    trained: Trained
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

    inputs: the data's numbers, or the trits that evolved networks see. members: networks of an ensemble, whose
    probabilities are averaged (Lakshminarayanan et al. 2017). passes: with dropout left on, averaged likewise (Gal &
    Ghahramani 2016).
    """

    def one(key: Key, data: Data, budget: Budget, start: Fitted | None, **driving: Any) -> Model:
        encode = encoder(data, inputs)
        x, y = jnp.asarray(encode(data.x_train)), jnp.asarray(data.y_train)
        spec = Spec((x.shape[1], *hidden, data.classes), kind, dropout, convolutions)
        listen = driving.pop("listen", None)

        def as_model(done: int, seconds: float, trained: Trained) -> Model:
            model = model_of(Fitted(spec, trained, encode), done * len(y), seconds)
            return average([model], key=jax.random.key(0), passes=passes) if passes else model

        def heard(done: int, seconds: float, trained: Trained) -> object:
            samples = done * len(y)
            return listen(Seen(samples, _work(spec, samples), seconds, partial(as_model, done, seconds, trained)))

        trained, done, seconds = train(
            key,
            spec,
            x,
            y,
            epochs=budget.epochs,
            recipe=recipe,
            start=start.trained if start else None,
            seconds=budget.seconds,
            listen=heard if listen else None,
            **driving,
        )
        return as_model(done, seconds, trained)

    def fit(
        key: Key,
        data: Data,
        budget: Budget,
        start: Model | None = None,
        listen: Callable[[Seen], object] | None = None,
        folder: Path | None = None,
    ) -> Model:
        if members == 1:
            return one(key, data, budget, start.state if start else None, listen=listen, folder=folder)
        parts = [
            one(part, data, budget, start.state[place] if start else None, folder=folder and folder / str(place))
            for place, part in enumerate(jax.random.split(key, members))
        ]
        return average(parts)

    return Method(name, fit)


def encoder(data: Data, inputs: str) -> Encode:
    """Numbers as the network takes them, float32."""
    if inputs == "numbers":
        return lambda x: np.asarray(x, np.float32)
    encode = encoding.fit(data.x_train, Options.trits)
    return lambda x: encode(x).astype(np.float32)


def model_of(fitted: Fitted, samples: int, seconds: float) -> Model:
    """The classifier that a trained network is."""

    def outputs(x: np.ndarray) -> np.ndarray:
        return np.asarray(_outputs(fitted.spec, fitted.trained.params, jnp.asarray(fitted.encode(x))))

    return Model(
        scores=lambda x: softmax(outputs(x)),
        sizes=sizes(fitted.spec),
        samples=samples,
        operations=_work(fitted.spec, samples),
        seconds=seconds,
        state=fitted,
        outputs=outputs,
    )


def average(models: list[Model], key: Key | None = None, passes: int = 0) -> Model:
    """The mean of several models' probabilities; with `passes`, of so many answers of each under dropout."""

    def scores(x: np.ndarray) -> np.ndarray:
        if not passes or key is None:
            return np.mean([model.scores(x) for model in models], axis=0)
        keys = jax.random.split(jax.random.clone(key), passes)
        answers = [
            softmax(np.asarray(_dropped(m.state.spec, m.state.trained.params, jnp.asarray(m.state.encode(x)), keys)))
            for m in models
        ]
        return np.mean(answers, axis=(0, 1))

    return Model(
        scores=scores,
        sizes={form: sum(model.sizes[form] for model in models) for form in models[0].sizes},
        samples=sum(model.samples for model in models),
        operations=sum(model.operations for model in models),
        seconds=sum(model.seconds for model in models),
        state=models[0].state if len(models) == 1 else [model.state for model in models],
    )


@partial(jax.jit, static_argnums=0)
def _outputs(spec: Spec, params: Any, x: jax.Array) -> jax.Array:
    return apply(spec, params, x)


@partial(jax.jit, static_argnums=0)
def _dropped(spec: Spec, params: Any, x: jax.Array, keys: Key) -> jax.Array:
    return jax.vmap(lambda key: apply(spec, params, x, key))(keys)


def _work(spec: Spec, samples: int) -> float:
    """Multiply-adds of training: the forward pass, and the backward pass that takes two of them."""
    side, places = spec.side, []
    for _ in spec.convolutions:
        side = -(-side // 2)
        places.append(side * side)
    times = [*places, *[1] * (len(spec.features) - 1)]
    return 3.0 * samples * sum(i * o * count for (i, o), count in zip(spec.matrices, times, strict=True))


def sizes(spec: Spec) -> dict[str, int]:
    """Bytes of all weights and biases, as float32 or packed as trits, as the kind has it."""
    if spec.kind != "float":
        return packed_sizes(spec)
    return {"float32": 4 * sum((fan_in + 1) * neurons for fan_in, neurons in spec.matrices)}


def packed_sizes(spec: Spec) -> dict[str, int]:
    """Bytes where the matrices are packed trits, and the rest is float32."""
    weights = [fan_in * neurons for fan_in, neurons in spec.matrices]
    return {
        "2-bit": sum(-(-count // 4) for count in weights) + beside(spec),
        "base-3": sum(-(-count // 5) for count in weights) + beside(spec),
    }


def beside(spec: Spec) -> int:
    """Bytes of what stays float32 beside rounded matrices: a scale each, and a bias a neuron if there are biases."""
    biases = sum(neurons for _, neurons in spec.matrices) if KINDS[spec.kind].bias else 0
    return 4 * (len(spec.matrices) + biases)
