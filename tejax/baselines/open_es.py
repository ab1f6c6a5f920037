"""A float evolution strategy of the same shape: evosax's Open_ES (Salimans et al. 2017, arXiv 1703.03864)."""

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree

from tejax.core import random
from tejax.baselines.gradient import Fitted, encoder, model_of
from tejax.baselines.methods import Budget, Data, Method, Model, Seen
from tejax.baselines.models import Spec
from tejax.baselines.training import Trained, drive, loose, loss
from tejax.types import Array, Key

__all__ = ["open_es"]

CHUNK = 32  # generations a compiled call


def open_es(
    name: str = "float ES",
    hidden: tuple[int, ...] = (64,),
    *,
    population: int = 512,
    batch: int = 128,
    rate: float = 0.03,
    spread: float = 0.05,
) -> Method:
    """A float MLP evolved by Open_ES: Adam at `rate`, Gaussian steps of deviation `spread`, mirrored, ranks as fitness.

    batch: samples a generation, the same ones for everyone. The package evosax must be there (the extra `bench`).
    """

    def fit(
        key: Key,
        data: Data,
        budget: Budget,
        start: Model | None = None,
        listen: Callable[[Seen], object] | None = None,
        folder: Path | None = None,
    ) -> Model:
        encode = encoder(data, "numbers")
        x, y = jnp.asarray(encode(data.x_train)), jnp.asarray(data.y_train)
        spec = Spec((x.shape[1], *hidden, data.classes))
        init_key, es_key, run_key = jax.random.split(key, 3)
        params = start.state.trained.params if start else spec.build(init_key)[1]
        weights = sum(fan_in * neurons for fan_in, neurons in spec.matrices)
        chunk = CHUNK * population * batch  # samples
        algorithm = _algorithm(spec, population, rate, spread)

        def as_model(chunks: int, seconds: float, state: Any) -> Model:
            _, unravel = ravel_pytree(params)
            model = model_of(Fitted(spec, Trained(unravel(state.mean), None), encode), chunks * chunk, seconds)
            return dataclasses.replace(model, operations=float(chunks * chunk) * weights)

        def heard(chunks: int, seconds: float, state: Any) -> object:
            work = float(chunks * chunk) * weights
            return listen and listen(Seen(chunks * chunk, work, seconds, partial(as_model, chunks, seconds, state)))

        with loose():
            state = algorithm.init(es_key, params, algorithm.default_params)
            state = jax.tree.map(jnp.asarray, state)

            def step(state: Any, number: int) -> Any:
                return _chunk(spec, population, rate, spread, batch, state, x, y, run_key, jnp.int32(number))

            count = max(1, budget.samples // chunk)
            state, done, seconds = drive(step, state, count, seconds=budget.seconds, listen=heard, folder=folder)
        return as_model(done, seconds, state)

    return Method(name, fit)


def _algorithm(spec: Spec, population: int, rate: float, spread: float) -> Any:
    from evosax.algorithms import Open_ES

    params = jax.tree.map(jnp.zeros_like, spec.build(jax.random.key(0))[1])
    return Open_ES(population, params, optimizer=optax.adam(rate), std_schedule=optax.constant_schedule(spread))


@partial(jax.jit, static_argnums=(0, 1, 2, 3, 4))
def _chunk(
    spec: Spec,
    population: int,
    rate: float,
    spread: float,
    batch: int,
    state: Any,
    x: Array,
    y: Array,
    key: Key,
    number: Array,
) -> Any:
    algorithm = _algorithm(spec, population, rate, spread)

    def generation(place: Array, state: Any) -> Any:
        mine = jax.random.fold_in(key, number * CHUNK + place)
        ask_key, tell_key, batch_key = jax.random.split(mine, 3)
        rows = jnp.argsort(random.bits(batch_key, y.shape))[:batch]
        candidates, state = algorithm.ask(ask_key, state, algorithm.default_params)
        losses = jax.vmap(lambda params: loss(spec, params, x[rows], y[rows]))(candidates)
        return algorithm.tell(tell_key, candidates, losses, state, algorithm.default_params)[0]

    return jax.lax.fori_loop(0, CHUNK, generation, state)
