"""The int8 network evolved by nano-egg's rule: signs of pairs vote for rank-1 steps, and clear majorities move by one.

Sarkar et al. 2025, "Evolution strategies at the hyperscale", arXiv 2511.16652. A generation draws a perturbation for
each pair of individuals, which read one window of text with it added and taken away. The pair's vote is the sign of
the difference of their log-likelihoods. Votes times perturbations are added up for each number; of N pairs without a
preference that sum has a deviation of sqrt(N) perturbations, and a number moves by one where the sum is beyond z such
deviations. z is that of a two-sided test of level alpha, which falls from 1 to 1 / 16.

As in that program a pair reads its own stream of text, and the memory of each individual goes on from window to window.
Unlike there, memories are not cleared by zero bytes, normals are drawn afresh (not from a table of 2^30), numbers
without a single vote stay, and levels follow the share of the budget that is spent.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from tejax.baselines.language._methods import (
    Job,
    Learner,
    Method,
    Outcome,
    Streams,
    bits_per_byte,
    fit_steps,
)
from tejax.baselines.language.egg_network import EGG, LARGEST, ONE, Factors, Params, log_likelihood
from tejax.errors import require
from tejax.types import Array, Key

__all__ = ["eggroll", "generation", "level", "moved", "vote"]

DECAY = 4.0  # log2 of 1 over the last level


def eggroll(name: str = "EGG", width: int = 128, layers: int = 1, population: int = 1024, window: int = 100) -> Method:
    """The method that evolves the network.

    Args:
        name: in tables.
        width: of the network.
        layers: of the network.
        population: individuals, an even number.
        window: bytes that each reads in a generation.
    """
    require(population >= 2 and population % 2 == 0, "even and positive", population=population)
    model = EGG(width, layers)

    def run(job: Job) -> Outcome:
        init_key, noise_key = jax.random.split(job.key)
        streams = Streams(job.corpus.train, population // 2, window)

        def build() -> tuple[Learner, Any]:
            memory = jnp.broadcast_to(model.memory(), (population // 2, 2, layers, width))
            samples = population * window
            learner = Learner(step, bits, samples, float(samples * model.operations), model.parameters)
            return learner, (model.init(init_key), memory)

        def step(evolved: tuple[Params, Array], index: int, spent: float) -> tuple[Params, Array]:
            generation_key = jax.random.fold_in(noise_key, index)
            return generation(model, generation_key, *evolved, *streams.window(index), jnp.float32(level(spent)))

        def bits(evolved: tuple[Params, Array], text: Any) -> float:
            return bits_per_byte(model, evolved[0], text)

        return fit_steps(build, job)

    return Method(name, run)


def level(spent: float) -> float:
    """The level of the test after a share of the budget: 1 / (1 + 15 share)."""
    return 1 / ((2**DECAY - 1) * min(spent, 1.0) + 1)


@partial(jax.jit, static_argnums=0)
def generation(
    model: EGG, key: Key, params: Params, memory: Array, inputs: Array, targets: Array, alpha: Array
) -> tuple[Params, Array]:
    """Parameters and memories after a generation.

    Args:
        model: the network.
        key: of the perturbations.
        params: before it.
        memory: int8 [pairs, 2, layers, W] of each individual.
        inputs: uint8 [pairs, L].
        targets: the bytes after each of them.
        alpha: float32 [], the level of the test.
    """
    noise = jax.vmap(model.perturbation)(jax.random.split(key, len(inputs)))
    signs = jnp.array([1, -1], jnp.int32)

    def read(memory: Array, pair: tuple[Array, Array]) -> tuple[Array, Array]:
        both = jax.vmap(model.read, in_axes=(None, None, 0, 0, None))
        memory, outputs = jax.vmap(both, in_axes=(None, 0, None, 0, 0))(params, noise, signs, memory, pair[0])
        return memory, jax.vmap(jax.vmap(log_likelihood, in_axes=(0, None)))(outputs, pair[1])

    memory, likelihoods = jax.lax.scan(read, memory, (inputs.T, targets.T))
    fitness = jnp.sum(likelihoods, axis=0, dtype=jnp.int32)
    votes = jnp.sign(fitness[:, 0] - fitness[:, 1]).astype(jnp.int8)
    threshold = jax.scipy.stats.norm.ppf(1 - alpha / 2) * (ONE**2 * math.sqrt(len(inputs)))
    tallies = jax.tree.map(partial(vote, votes), noise, is_leaf=lambda leaf: isinstance(leaf, Factors))
    return jax.tree.map(partial(moved, threshold), params, tallies), memory


def vote(votes: Array, noise: Any) -> Array:
    """The sum of perturbations times votes, int32, in units of 1 / ONE^2.

    Args:
        votes: int8 [pairs], -1, 0 or 1.
        noise: `Factors` of int8 [pairs, O] and [pairs, I]; or int16 [pairs, W].
    """
    if isinstance(noise, Factors):
        rows = votes[:, None] * noise.rows
        return jnp.dot(rows.T, noise.columns, preferred_element_type=jnp.int32)
    return jnp.sum(votes.astype(jnp.int32)[:, None] * noise.astype(jnp.int32), axis=0, dtype=jnp.int32)


def moved(threshold: Array, values: Array, tally: Array) -> Array:
    """Values int8 after a step of one, where the tally is at the threshold (float32 []) or beyond it."""
    step = jnp.where(jnp.abs(tally).astype(jnp.float32) >= threshold, jnp.sign(tally), 0)
    return jnp.clip(values.astype(jnp.int32) + step, -LARGEST, LARGEST).astype(jnp.int8)
