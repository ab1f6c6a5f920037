"""The words of tejax as types: aliases and interfaces, no logic.

Shape letters, used in every docstring: P population, B batch, F features in, H hidden, O outputs,
N neurons, K synapses of a neuron, T ticks or time, G generations, I islands, D devices, C cases.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
from jaxtyping import Array, Int8, Int32, PRNGKeyArray, UInt32

__all__ = [
    "UNANSWERED",
    "Apply",
    "Array",
    "Crossover",
    "Fitness",
    "Genome",
    "Int8",
    "Int32",
    "Key",
    "Mutation",
    "Network",
    "Population",
    "Rate",
    "Selection",
    "Strategy",
    "Task",
    "Trits",
    "UInt32",
]

Key = PRNGKeyArray  # a typed key, as jax.random.key makes it
Trits = Int8[Array, "..."]  # values in {-1, 0, +1}
Genome = Any  # a pytree of Trits: one individual
Population = Any  # a genome with a leading axis P on every leaf
Fitness = Int32[Array, "P"]  # higher is better
Rate = float | jax.Array  # a probability; traced float32 inside a compiled generation
UNANSWERED = -(2**31)  # the output of a network that never came to one
Apply = Callable[[Genome, Trits], Int32[Array, "..."]]  # (genome, x [..., F]) -> outputs [..., O]


class Network(Protocol):
    """A frozen spec that makes genomes and runs them.

    One whose genomes are not all trits also has `ranges`: (least, greatest) for each leaf of a genome.
    """

    def init(self, key: Key) -> Genome:
        """One random genome."""

    def apply(self, genome: Genome, x: Trits) -> Int32[Array, "..."]:
        """Integer outputs [..., O] of one genome for inputs [..., F]."""


class Task(Protocol):
    """A pytree whose arrays are data and whose sizes are static; it turns behaviour into fitness."""

    def evaluate(self, key: Key, apply: Apply, genome: Genome) -> Int32[Array, ""]:
        """The fitness of one individual on the cases that `key` picks; higher is better."""

    def validate(self, apply: Apply, genome: Genome) -> Int32[Array, ""]:
        """The fitness of one individual on all cases that evolution may see."""


class Mutation(Protocol):
    """A pure function, genome -> genome."""

    def __call__(self, key: Key, genome: Genome, *, rate: Rate) -> Genome:
        """The mutant; `rate` is the probability that a trit is touched."""


class Crossover(Protocol):
    """A pure function, two genomes -> one."""

    def __call__(self, key: Key, a: Genome, b: Genome, *, rate: Rate) -> Genome:
        """The child; `rate` is the probability that the pair is crossed at all, else the child is a."""


class Selection(Protocol):
    """A pure function, fitness -> the index of one parent."""

    def __call__(self, key: Key, fitness: Int32[Array, "P ..."]) -> Int32[Array, ""]:
        """The index; fitness is [P], or [P, C] for a selection that looks at cases."""


class Strategy(NamedTuple):
    """How a population becomes the next one: a record of pure functions.

    `rates` is a NamedTuple of Python floats, the defaults; inside a state they are float32 leaves.
    A strategy may hold and ask individuals in a form of its own, packed ones say; `decode` gives their genomes.
    `per_case` says that `tell` wants the fitness of every case, [P, C], not the sum, [P].
    `probes` says that what `ask` gives is a small integer change of the answer each, not an answer itself.
    """

    init: Callable[..., Any]  # (key, sample, rates) -> state; sample: key -> genome
    ask: Callable[[Key, Any], tuple[Population, Any]]  # (key, state) -> (population, state)
    tell: Callable[[Any, Population, Fitness], Any]  # (state, population, fitness) -> state
    best: Callable[[Any], Genome]  # the fittest genome that the last tell saw; for probes, what they are changes of
    finalists: Callable[[Any], Population]  # individuals [Q, ...] worth a last look on all the data
    rates: Any
    population: int  # P, the evaluations of a generation
    per_case: bool = False
    decode: Callable[[Any], Genome] = lambda individual: individual  # one individual of a population -> its genome
    probes: bool = False
    islands: int = 1  # I; of more than one, the state's arrays are [I, ...]
