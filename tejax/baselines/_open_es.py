"""A float evolution strategy of the same shape: evosax's Open_ES (Salimans et al. 2017, arXiv 1703.03864)."""

import dataclasses
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree

from tejax.baselines._gradient import Fitted, encoder, model_of
from tejax.baselines._methods import ALL_FLOAT, Job, Method, Model, Progress
from tejax.baselines.backprop import Trained, loss, standard_promotion
from tejax.baselines.models import Spec
from tejax.baselines.training import run_steps
from tejax.core import random
from tejax.errors import refuse
from tejax.evolution import identify
from tejax.types import Array, Key

__all__ = ["open_es"]

CHUNK = 32  # generations a compiled call


class _Settings(NamedTuple):
    """What a compiled program depends on."""

    spec: Spec
    population: int
    samples: int
    learning_rate: float
    noise_std: float

    def algorithm(self) -> Any:
        """evosax's object."""
        try:
            from evosax.algorithms import Open_ES
        except ImportError as error:
            refuse("the float evolution strategy needs evosax: pip install 'tejax[bench]'", error)
        params = jax.tree.map(jnp.zeros_like, self.spec.build(random.key(0))[1])
        noise = optax.constant_schedule(self.noise_std)
        return Open_ES(self.population, params, optimizer=optax.adam(self.learning_rate), std_schedule=noise)


def open_es(
    name: str = "float ES",
    hidden: tuple[int, ...] = (64,),
    *,
    population: int = 512,
    samples: int = 128,
    learning_rate: float = 0.03,
    noise_std: float = 0.05,
) -> Method:
    """A method that evolves a float MLP by Open_ES: mirrored Gaussian steps, ranks as fitness, Adam.

    Args:
        name: in tables.
        hidden: sizes between inputs and outputs.
        population: P, individuals.
        samples: training samples a generation, the same ones for all individuals.
        learning_rate: of Adam.
        noise_std: standard deviation of the steps.

    Returns:
        A method whose `fit` needs the package evosax (the extra `bench`), and raises InputError without it.
    """

    def run(job: Job) -> Model:
        encode = encoder(job.data, "numbers")
        x, y = jnp.asarray(encode(job.data.x_train)), jnp.asarray(job.data.y_train)
        spec = Spec((x.shape[1], *hidden, job.data.classes))
        settings = _Settings(spec, population, samples, learning_rate, noise_std)
        before = job.start.state.trained.params if job.start else None
        identity = identify(job.key, before, settings=settings, x=x, y=y) if job.folder else None
        init_key, es_key, run_key = jax.random.split(job.key, 3)
        params = before if job.start else spec.build(init_key)[1]
        weights = sum(fan_in * neurons for fan_in, neurons in spec.matrices)
        chunk = CHUNK * population * samples  # evaluations of a sample

        def as_model(chunks: int, seconds: float, state: Any) -> Model:
            _, unravel = ravel_pytree(params)
            model = model_of(Fitted(spec, Trained(unravel(state.mean), None), encode), chunks * chunk, seconds)
            return dataclasses.replace(model, operations=float(chunks * chunk) * weights)

        def report(chunks: int, seconds: float, state: Any) -> object:
            done, model = chunks * chunk, partial(as_model, chunks, seconds, state)
            return job.callback and job.callback(Progress(done, float(done) * weights, seconds, model))

        with standard_promotion():
            algorithm = settings.algorithm()
            state = jax.tree.map(jnp.asarray, algorithm.init(es_key, params, algorithm.default_params))

            def step(state: Any, number: int) -> Any:
                return _chunk(settings, state, x, y, run_key, jnp.int32(number))

            count = max(1, job.budget.samples // chunk)
            loop = partial(run_steps, seconds=job.budget.seconds, callback=report, folder=job.folder, identity=identity)
            state, done, seconds = loop(step, state, count)
        return as_model(done, seconds, state)

    return Method(name, run, ALL_FLOAT)


@partial(jax.jit, static_argnums=0)
def _chunk(settings: _Settings, state: Any, x: Array, y: Array, key: Key, number: Array) -> Any:
    """The state after one more chunk of generations."""
    algorithm = settings.algorithm()

    def generation(index: Array, state: Any) -> Any:
        ask_key, tell_key, batch_key = jax.random.split(jax.random.fold_in(key, number * CHUNK + index), 3)
        rows = jnp.argsort(random.bits(batch_key, y.shape))[: settings.samples]
        population, state = algorithm.ask(ask_key, state, algorithm.default_params)
        losses = jax.vmap(lambda params: loss(settings.spec, params, x[rows], y[rows]))(population)
        return algorithm.tell(tell_key, population, losses, state, algorithm.default_params)[0]

    return jax.lax.fori_loop(0, CHUNK, generation, state)
