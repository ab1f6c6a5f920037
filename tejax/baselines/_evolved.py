"""Every strategy of tejax as a method, and the vote of a whole population."""

import dataclasses
import itertools
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np

from tejax import evolution, networks
from tejax.baselines._data import TEMPERATURE, TRITS, as_task
from tejax.baselines._methods import NO_FLOAT, Job, Method, Model, Progress, softmax
from tejax.baselines.training import SAVE_EVERY
from tejax.core import pytrees, random
from tejax.operators import mutation
from tejax.parallel import map_population
from tejax.runs.checkpoints import Checkpoints
from tejax.tasks import Classification
from tejax.tasks.datasets import encoding
from tejax.types import Genome, Key, Network, Noise, Strategy

__all__ = ["Evolved", "evolved", "population_vote", "restart_from_best"]

NEARBY = 0.01  # the mutation rate around the one genome that `restart_from_best` keeps
VOTERS = 64  # individuals at a time

_select_best = jax.jit(evolution.select_best, static_argnames=("strategy", "network", "batch"))


class Evolved(NamedTuple):
    """What evolution continues from.

    Attributes:
        strategy: how a population becomes the next one.
        network: what is evolved.
        genome: the best one.
        state: of the strategy; None in a model that was only looked at.
        encode: numbers [N, F] -> trits int8 [N, F * trits], or levels int8 [N, F].
    """

    strategy: Strategy
    network: Network
    genome: Genome
    state: Any
    encode: Callable[[np.ndarray], np.ndarray]


def evolved(
    name: str,
    strategy: Strategy,
    hidden: tuple[int, ...] = (64,),
    *,
    samples: int = 128,
    trits: int = TRITS,
    kind: encoding.Kind = "trits",
    temperature: tuple[int, int] = TEMPERATURE,
    chunk: int = 32,
    effort: float = 1.0,
) -> Method:
    """A method that evolves a network of trits.

    Args:
        name: in tables.
        strategy: how a population becomes the next one.
        hidden: sizes between inputs and outputs.
        samples: training samples a generation.
        trits: of an input number, or with levels its greatest whole number.
        kind: what a number becomes.
        temperature: of the loss.
        chunk: generations between two calls of a callback.
        effort: the share of a budget's samples that are spent.
    """

    def run(job: Job) -> Model:
        task = as_task(job.data, samples, trits, kind, temperature)
        net = networks.MLP.for_task(task, hidden)
        kept, encode = job.start.state.strategy if job.start else strategy, cast(encoding.Encoding, task.encoding)
        weights = pytrees.size(jax.eval_shape(net.init, random.key(0)))
        work = weights if kept.noise is None else _credited(net.features, kept.noise)

        def as_model(genome: Genome, state: Any, evaluations: int, seconds: float) -> Model:
            done = evaluations * task.rows
            return model_of(Evolved(kept, net, genome, state, encode), task, done, float(done) * work, seconds)

        def look(progress: evolution.Progress, seconds: float) -> object:
            if job.callback is None:
                return False

            def model() -> Model:
                batch = evolution.auto_batch(net, task, kept.population)
                genome, _ = _select_best(kept.static(), net, task, progress.state, batch)
                return as_model(genome, None, progress.evaluations, seconds)

            done = progress.evaluations * task.rows
            return job.callback(Progress(done, float(done) * work, seconds, model))

        recorder = _Recorder(job.budget.seconds, job.folder, look)
        result = evolution.evolve(
            job.key,
            kept,
            net,
            task,
            generations=round(job.budget.samples * effort) // (kept.population * task.rows),
            chunk=chunk,
            start=job.start.state.state if job.start else None,
            run=recorder,
        )
        return as_model(result.best, result.state, result.evaluations, recorder.close())

    return Method(name, run, NO_FLOAT)


def _credited(sizes: tuple[int, ...], noise: Noise) -> int:
    """Multiply-adds for a sample's loss and credit, in a perceptron of these sizes.

    One a weight for the sums, one for the credit; two for every weight of the readout, whose outputs are known for the
    other values of each trit below it; and the perturbed passes through what lies above each lower layer.
    """
    weights = [below * above for below, above in itertools.pairwise(sizes)]
    perturbed = sum(sum(weights[depth:]) for depth in range(1, len(weights) - 1))
    exact = 2 * weights[-1] if len(weights) > 1 else 0
    return 2 * sum(weights) + exact + 2 * noise.perturbations * perturbed


class _Recorder(evolution.IdentifiedRecorder):
    """An `evolution.Recorder` that keeps time, and saves checkpoints if it has a folder."""

    def __init__(
        self, limit: float | None, folder: Path | None, look: Callable[[evolution.Progress, float], object]
    ) -> None:
        self._limit, self._look, self._uncounted = limit, look, 0.0
        self._began = self._saved = time.perf_counter()
        self._checkpoints = Checkpoints(folder, keep=2) if folder else None

    def identify(self, identity: Mapping[str, Any], generations: int) -> None:
        if self._checkpoints:
            self._checkpoints.identity = dict(identity)

    def restore(self, state: Any) -> tuple[Any, int]:
        return (self._checkpoints.restore(state) if self._checkpoints else None) or (state, 0)

    def record(self, progress: evolution.Progress) -> bool:
        clock = time.perf_counter()
        seconds = clock - self._began - self._uncounted
        stop = bool(self._look(progress, seconds)) or (self._limit is not None and seconds >= self._limit)
        due = stop or progress.generation >= progress.generations or clock - self._saved > SAVE_EVERY
        if self._checkpoints and due:
            self._checkpoints.save(progress.state, progress.generation)
            self._saved = clock
        self._uncounted += time.perf_counter() - clock
        return stop

    def close(self) -> float:
        """Seconds spent, without those of callbacks and checkpoints."""
        if self._checkpoints:
            self._checkpoints.close()
        return time.perf_counter() - self._began - self._uncounted


def restart_from_best(model: Model, key: Key) -> Model:
    """The same model, its population replaced by mutants of its best genome: all diversity is lost.

    A strategy that holds a distribution has an option `init_weight`, the share of it that lies on the genome that it
    is given to begin with; it is set to nearly all.

    Args:
        model: of `evolved`.
        key: of the mutants.
    """
    known: Evolved = model.state
    rates = {
        name: 1 - NEARBY if name.startswith("init_weight") else rate for name, rate in known.strategy.rates.items()
    }

    def mutant(key: Key) -> Genome:
        return mutation.flip(key, known.genome, rate=NEARBY)

    state = jax.jit(lambda key: known.strategy.init(key, mutant, rates))(key)
    return dataclasses.replace(model, state=known._replace(state=state))


def population_vote(model: Model) -> Model:
    """The classifier whose scores are shares of votes, one vote for each individual that the strategy would ask next.

    Args:
        model: of `evolved`.
    """
    known: Evolved = model.state

    def scores(x: np.ndarray) -> np.ndarray:
        trits = jnp.asarray(known.encode(x))
        return np.asarray(_votes(known.strategy.static(), known.network, known.state, trits), np.float64)

    sizes = {form: size * known.strategy.population for form, size in model.sizes.items()}
    return dataclasses.replace(model, scores=scores, sizes=sizes, outputs=None)


@partial(jax.jit, static_argnums=(0, 1))
def _votes(strategy: Strategy, network: Network, state: Any, x: jax.Array) -> jax.Array:
    """The share of the next population that gives each sample each class, float32 [N, C]."""
    population, _ = strategy.ask(random.key(0), state)

    def vote(individual: Any) -> jax.Array:
        outputs = network.apply(strategy.decode(individual), x)
        return jax.nn.one_hot(jnp.argmax(outputs, axis=-1), outputs.shape[-1], dtype=jnp.float32)

    return jnp.mean(map_population(vote, population, VOTERS), axis=0)


def model_of(known: Evolved, task: Classification, samples: int, operations: float, seconds: float) -> Model:
    """The classifier that one genome is. Its probabilities are those of the loss that it was evolved with.

    Args:
        known: the network and its genome.
        task: has the temperature of the loss.
        samples: evaluated until then.
        operations: multiply-adds until then.
        seconds: until then.
    """
    over, under = task.temperature
    sizes = [pytrees.size(leaf) for leaf in jax.tree.leaves(known.genome)]

    def outputs(x: np.ndarray) -> np.ndarray:
        return np.asarray(_outputs(known.network, known.genome, jnp.asarray(known.encode(x))))

    return Model(
        scores=lambda x: softmax(outputs(x), over / under / math.log(2)),
        sizes={"2-bit": sum(-(-n // 4) for n in sizes), "base-3": sum(-(-n // 5) for n in sizes)},
        samples=samples,
        operations=operations,
        seconds=seconds,
        state=known,
        outputs=outputs,
    )


@partial(jax.jit, static_argnums=0)
def _outputs(network: Network, genome: Genome, x: jax.Array) -> jax.Array:
    return network.apply(genome, x)
