"""Every strategy of tejax as a method, and the population asked as a whole."""

import dataclasses
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax.parallel.population import map_population
from tejax import evolution, networks
from tejax.core import pytrees
from tejax.operators import mutation
from tejax.baselines.methods import Budget, Data, Method, Model, Seen, as_task, softmax
from tejax.baselines.training import SAVE_EVERY
from tejax.runs.checkpoints import Checkpoints
from tejax.tasks import Classification
from tejax.tasks.datasets.loaders import encoding
from tejax.tasks._classification import Options
from tejax.types import Genome, Key, Network, Strategy

__all__ = ["Evolving", "evolved", "from_its_best", "population_vote"]

Make = Callable[[int], Strategy]  # generations -> strategy, for strategies that want to know how long they have
NEARBY = 0.01  # the mutation rate around the one genome from which `from_its_best` begins


class Evolving(NamedTuple):
    """What evolution goes on from."""

    strategy: Strategy
    network: Network
    genome: Genome
    state: Any  # of the strategy
    encode: Callable[[np.ndarray], np.ndarray]


def evolved(
    name: str,
    make: Make,
    hidden: tuple[int, ...] = (64,),
    *,
    batch: int = 128,
    trits: int = Options.trits,
    network: Callable[[tuple[int, ...]], Network] = networks.MLP,
    chunk: int = 32,
) -> Method:
    """A method that evolves a network of trits with a strategy.

    make: generations -> the strategy. batch: samples a generation. trits: of an input a number becomes. network: sizes
    from inputs to outputs -> network. chunk: generations between two looks of a listener.
    """

    def fit(
        key: Key,
        data: Data,
        budget: Budget,
        start: Model | None = None,
        listen: Callable[[Seen], object] | None = None,
        folder: Path | None = None,
    ) -> Model:
        task = as_task(data, batch, trits)
        net = network((task.features, *hidden, task.outputs))
        generations = budget.samples // (make(1).population * task.rows)
        strategy = start.state.strategy if start else make(generations)
        encode = encoding.fit(data.x_train, trits)
        weights = pytrees.size(jax.eval_shape(net.init, jax.random.key(0)))

        def as_model(genome: Genome, state: Any, samples: int, seconds: float) -> Model:
            return model_of(
                Evolving(strategy, net, genome, state, encode), task, samples, float(samples) * weights, seconds
            )

        keeper = _Keeper(budget.seconds, folder)

        def shown(progress: evolution.Progress, seconds: float) -> object:
            samples = progress.evaluations * task.rows

            def model() -> Model:
                batched = evolution.auto_batch(net, task, strategy.population)
                genome = evolution.select_best(strategy, net, task, progress.state, batched)[0]
                return as_model(genome, None, samples, seconds)

            return listen(Seen(samples, float(samples) * weights, seconds, model)) if listen else False

        keeper.listen = shown
        begun = start.state.state if start else None
        result = evolution.evolve(
            key, strategy, net, task, generations=generations, chunk=chunk, start=begun, run=keeper
        )
        return as_model(result.best, result.state, result.evaluations * task.rows, keeper.close())

    return Method(name, fit)


class _Keeper:
    """A Recorder that keeps time, and saves checkpoints if it has a folder."""

    def __init__(self, seconds: float | None, folder: Path | None) -> None:
        self.limit, self.aside = seconds, 0.0
        self.clock = self.saved_at = time.perf_counter()
        self.kept = Checkpoints(folder, keep=2) if folder else None
        self.listen: Callable[[evolution.Progress, float], object] = lambda progress, seconds: False

    def restore(self, state: Any) -> tuple[Any, int]:
        return (self.kept.restore(state) if self.kept else None) or (state, 0)

    def record(self, progress: evolution.Progress) -> bool:
        seconds = time.perf_counter() - self.clock - self.aside
        began = time.perf_counter()
        stop = bool(self.listen(progress, seconds))
        stop = stop or (self.limit is not None and seconds >= self.limit)
        due = stop or progress.generation >= progress.generations or began - self.saved_at > SAVE_EVERY
        if self.kept and due:
            self.kept.save(progress.state, progress.generation)
            self.saved_at = began
        self.aside += time.perf_counter() - began
        return stop

    def close(self) -> float:
        """Seconds spent, what listeners took not counted."""
        if self.kept:
            self.kept.close()
        return time.perf_counter() - self.clock - self.aside


def from_its_best(model: Model, key: Key) -> Model:
    """The same model, its population replaced by mutants of its one best genome: all diversity is gone.

    A strategy that holds a distribution and no individuals has a rate `start`, the share of it that lies on the genome
    that it is given to begin with; it is set to nearly all.
    """
    mine: Evolving = model.state
    rates = mine.strategy.rates
    if "start" in getattr(rates, "_fields", ()):
        rates = rates._replace(start=1 - NEARBY)

    def near(key: Key) -> Genome:
        return mutation.flip(key, mine.genome, rate=NEARBY)

    state = jax.jit(lambda key: mine.strategy.init(key, near, rates))(key)
    return dataclasses.replace(model, state=mine._replace(state=state))


def population_vote(model: Model) -> Model:
    """The classifier whose scores are the shares of votes: everyone the strategy would ask next has one."""
    mine: Evolving = model.state

    def scores(x: np.ndarray) -> np.ndarray:
        return np.asarray(_votes(mine.strategy, mine.network, mine.state, jnp.asarray(mine.encode(x))), np.float64)

    voters = mine.strategy.population
    sizes = {form: size * voters for form, size in model.sizes.items()}
    return dataclasses.replace(model, scores=scores, sizes=sizes, outputs=None)


@partial(jax.jit, static_argnums=(0, 1))
def _votes(strategy: Strategy, network: Network, state: Any, x: jax.Array) -> jax.Array:
    population, _ = strategy.ask(jax.random.key(0), state)

    def vote(individual: Any) -> jax.Array:
        outputs = network.apply(strategy.decode(individual), x)
        return jax.nn.one_hot(jnp.argmax(outputs, axis=-1), outputs.shape[-1], dtype=jnp.float32)

    return jnp.mean(map_population(vote, population, 64), axis=0)


def model_of(state: Evolving, task: Classification, samples: int, operations: float, seconds: float) -> Model:
    """The classifier that one genome is. Its probabilities are those of the loss it was evolved with."""
    over, under = task.temperature
    leaves = [pytrees.size(leaf) for leaf in jax.tree.leaves(state.genome)]

    def outputs(x: np.ndarray) -> np.ndarray:
        return np.asarray(_outputs(state.network, state.genome, jnp.asarray(state.encode(x))))

    return Model(
        scores=lambda x: softmax(outputs(x), over / under / math.log(2)),
        sizes={"2-bit": sum(-(-n // 4) for n in leaves), "base-3": sum(-(-n // 5) for n in leaves)},
        samples=samples,
        operations=operations,
        seconds=seconds,
        state=state,
        outputs=outputs,
    )


@partial(jax.jit, static_argnums=0)
def _outputs(network: Network, genome: Genome, x: jax.Array) -> jax.Array:
    return network.apply(genome, x)
