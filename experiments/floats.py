"""Float perceptrons and the algorithms of evosax (Lange 2022) that evolve them, beside which tejax is measured."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from tejax.types import Key

__all__ = ["algorithm", "answer", "apply", "cross_entropy", "first_state", "generation", "weights"]

Weights = list[tuple[jax.Array, jax.Array]]  # a matrix [I, O] and a bias [O] for every layer


def weights(keys: Sequence[Key], sizes: Sequence[int], variance: float = 1.0) -> Weights:
    """Normal weights of a variance divided by the fan-in, a key a layer, and biases of zero."""
    pairs = zip(keys, sizes[:-1], sizes[1:], strict=True)
    return [(jax.random.normal(key, (i, o)) / (i / variance) ** 0.5, jnp.zeros(o)) for key, i, o in pairs]


def apply(layers: Weights, x: jax.Array, activation: Any = jnp.tanh) -> jax.Array:
    """The outputs [..., O] for inputs [..., F]."""
    for matrix, bias in layers[:-1]:
        x = activation(x @ matrix + bias)
    return x @ layers[-1][0] + layers[-1][1]


def cross_entropy(outputs: jax.Array, y: jax.Array) -> jax.Array:
    """The mean cross-entropy of outputs [B, O] with labels [B]."""
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(outputs), y[:, None], axis=1))


def algorithm(name: str, population: int, like: Weights, learning_rate: Any = None, deviation: Any = None) -> Any:
    """An algorithm of evosax, with Adam at a learning rate and Gaussian steps of a deviation, or with its defaults."""
    import evosax.algorithms
    import optax

    options: dict[str, Any] = {}
    if learning_rate is not None:
        options["optimizer"] = optax.adam(learning_rate)
    if deviation is not None:
        options["std_schedule"] = optax.constant_schedule(deviation)
    return getattr(evosax.algorithms, name)(population, like, **options)


def first_state(made: Any, name: str, population: int, like: Weights, key: Key, members: Key) -> Any:
    """The state that an algorithm begins with: around `like`, or from a population around it."""
    if name == "SimpleGA":
        around = jax.vmap(lambda key: jax.tree.map(lambda leaf: leaf + jax.random.normal(key, leaf.shape), like))
        start = around(jax.random.split(members, population))
        state = made.init(key, start, jnp.full(population, jnp.inf), made.default_params)
    else:
        state = made.init(key, like, made.default_params)
    return jax.tree.map(jnp.asarray, state)


def generation(made: Any, key: Key, state: Any, x: jax.Array, y: jax.Array) -> Any:
    """The state after one generation of an algorithm; fitness is the mean cross-entropy of a ReLU perceptron."""

    def loss(layers: Weights) -> jax.Array:
        return cross_entropy(apply(layers, x, jax.nn.relu), y)

    ask, tell = jax.random.split(key)
    candidates, state = made.ask(ask, state, made.default_params)
    return made.tell(tell, candidates, jax.vmap(loss)(candidates), state, made.default_params)[0]


def answer(made: Any, state: Any) -> Weights:
    """What an algorithm has come to: its mean, or its best member."""
    return made.get_mean(state) if hasattr(made, "get_mean") else made.get_best_solution(state)
