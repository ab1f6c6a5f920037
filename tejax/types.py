"""The contracts of tejax: what a network, a task, a strategy and an operator have, and what the house asks of them.

Networks, tasks and strategies subclass the classes below, which hold every member that the rest of the package uses,
with a default wherever there is a sensible one. Operators are plain functions and need no class.

Shape letters, used in every docstring: P population, B batch, F features in, H hidden, O outputs, N neurons, K synapses
of a neuron, T ticks or time, G generations, I islands, D devices, C cases.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, Self

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh
from jaxtyping import Array, Int8, Int32, PRNGKeyArray, UInt32

from tejax import contracts
from tejax.errors import refuse, require
from tejax.options import Derived, check_options, options_of, traced_options

__all__ = [
    "UNANSWERED",
    "Acceptance",
    "Array",
    "Credit",
    "Credited",
    "Crossover",
    "Fitness",
    "Frames",
    "Genome",
    "Int8",
    "Int32",
    "Key",
    "Loss",
    "Mutation",
    "Network",
    "Noise",
    "Placement",
    "Population",
    "Rate",
    "Rates",
    "Recurrent",
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
Credit = Any  # a tree like a genome, int32: how much better +1 would be than -1, at every trit
Rate = float | jax.Array  # a probability; traced float32 inside a compiled generation
Rates = Mapping[str, Any]  # the traced options of a strategy by name; float32 [] inside a compiled generation
UNANSWERED = -(2**31)  # the output of a network that never came to one


class Loss(Protocol):
    """An integer loss; `tejax.fixedpoint.make_loss` gives one.

    Attributes:
        name: under which kernels know it; empty where none does.
        temperature: of a cross-entropy, as a ratio; the limit of a margin.
        limit: the largest loss of a sample.
        sample: (outputs int32 [..., O], labels [...]) -> the loss of every sample, int32 [...].
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def temperature(self) -> tuple[int, int]: ...  # noqa: D102
    @property
    def limit(self) -> int: ...  # noqa: D102
    @property
    def sample(self) -> Callable[[Array, Array], Array]: ...  # noqa: D102

    def total(self, outputs: Int32[Array, "B O"], labels: Array) -> Int32[Array, ""]:
        """The summed loss of int32 outputs."""


class Noise(NamedTuple):
    """How the integer sums of a network are perturbed, for the credit of its trits.

    Attributes:
        amplitude: of the uniform noise, in mean magnitudes of the sums of a layer.
        perturbations: K, forward passes in opposite pairs, where the effect of every single sum would take too many.
    """

    amplitude: float = 1.0
    perturbations: int = 16


class Credited(NamedTuple):
    """What `tell` is given by a strategy that has asked for credit."""

    fitness: Any  # int32 [P]
    credit: Any  # a tree like the population, int32 [P, ...]


class Frames(Protocol):
    """Targets that a network has to say by its own clock; `tejax.core.frames.Frames` is one.

    Attributes:
        targets: trits [T].
        window: W, the targets of a frame.
        shift_cap: the last shift of the frame.
        max_ticks: a frame has to be finished in fewer.
    """

    @property
    def targets(self) -> Int8[Array, "T"]: ...  # noqa: D102
    @property
    def window(self) -> int: ...  # noqa: D102
    @property
    def shift_cap(self) -> int: ...  # noqa: D102
    @property
    def max_ticks(self) -> int: ...  # noqa: D102

    def rate(self, network: "Recurrent", genome: Genome, shift: Int32[Array, ""]) -> Any:
        """How far a network comes, taken step by step."""


class Network:
    """A frozen spec that makes genomes and runs them. Subclass it as a frozen dataclass, whose fields are its options.

    The methods of every subclass are checked at every call, as `tejax.contracts` says: genomes and inputs are int8, of
    the network's width and in its ranges, and outputs are int32, as many as it declares; else they raise InputError.

    Attributes:
        features: sizes; the first is the number of inputs, the last the number of outputs.
        ranges: (least, greatest) value of each leaf of a genome; None: all leaves are trits.
        levels: L, where inputs are whole numbers from -L to L; 1: trits.
        input_range: (least, greatest) value of an input, from -L to L unless a network says otherwise. Others are
            refused where values are known; inside a program they count as the nearest that is allowed, whatever the
            engine.
        reads: what `apply` takes: single rows [..., F], or sequences [..., T, F].
        engine: how products are computed, where the network lets one choose; None where it does not.
    """

    features: Any
    ranges: Any = None
    levels: Any = 1
    reads: ClassVar[Literal["rows", "sequence"]] = "rows"
    engine: Any = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        contracts.guard(cls, Network, contracts.NETWORK_CHECKS)

    def __post_init__(self) -> None:
        check_options(self)

    @property
    def input_range(self) -> Any:
        """(least, greatest) value of an input."""
        return -self.levels, self.levels

    @classmethod
    def for_task(cls, task: "Task", **options: Any) -> "Network":
        """The network whose inputs and outputs fit a task. Options of its own, beside the fields, are said here."""
        return cls(features=(task.features, task.outputs), **options)  # type: ignore[call-arg]

    def init(self, key: Key) -> Genome:
        """One random genome."""
        raise NotImplementedError

    def apply(self, genome: Genome, x: Trits) -> Int32[Array, "... O"]:
        """Integer outputs [..., O] of one genome for inputs [..., F]."""
        raise NotImplementedError

    def loss(self, genome: Genome, x: Trits, y: Array, loss: Loss) -> Int32[Array, ""]:
        """The summed loss of one genome on inputs [B, F] with labels [B]; an engine may compute it in one pass."""
        outputs = self.apply(genome, x)
        contracts.check_labels(x, y)
        return loss.total(outputs, y)

    def credit(
        self, key: Key, genome: Genome, x: Trits, y: Array, loss: Loss, noise: Noise
    ) -> tuple[Int32[Array, ""], Credit]:
        """What `loss` gives, and the credit of every trit: what perturbed sums say of it, from forward passes alone.

        Args:
            key: of the noise.
            genome: one individual.
            x: inputs [B, F].
            y: labels [B].
            loss: integer, of each sample.
            noise: how sums are perturbed.
        """
        refuse(f"network must have credit for its trits, for this strategy: got network={type(self).__name__}")


class Recurrent(Network):
    """A network with a memory: it can be taken step by step."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        contracts.guard(cls, Recurrent, contracts.RECURRENT_CHECKS)

    def init_state(self) -> Any:
        """The state before the first step."""
        raise NotImplementedError

    def step(self, genome: Genome, state: Any, x: Trits) -> tuple[Any, Int32[Array, "... O"]]:
        """The next state, and the outputs [..., O] of one step with inputs [..., F]."""
        raise NotImplementedError

    def init_states(self, batch: tuple[int, ...]) -> Any:
        """The state before the first step of each of many sequences.

        Args:
            batch: sizes of the leading axes, which stand before those of `init_state`.
        """
        fits = isinstance(batch, tuple) and all(isinstance(size, int) and size >= 0 for size in batch)
        require(fits, "a tuple of sizes", batch=batch)
        return jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (*batch, *leaf.shape)), self.init_state())

    def unroll(self, genome: Genome, state: Any, x: Trits) -> tuple[Any, Int32[Array, "... T O"]]:
        """The last state and the outputs at every step of sequences, each from its state on; T may be 0.

        Args:
            genome: one individual.
            state: as `init_states` or `unroll` gives it, with the leading axes of x before T.
            x: inputs [..., T, F].
        """
        state, outputs = lax.scan(lambda state, x: self.step(genome, state, x), state, jnp.moveaxis(x, -2, 0))
        return state, jnp.moveaxis(outputs, 0, -2)

    def credit(
        self, key: Key, genome: Genome, x: Trits, y: Array, loss: Loss, noise: Noise, state: Any = None
    ) -> tuple[Int32[Array, ""], Credit]:
        """As `Network.credit`, for inputs [B, T, F] and labels [B, T, ...], from B states on; None: the first."""
        return super().credit(key, genome, x, y, loss, noise)

    def rate(self, genome: Genome, frames: Frames, shift: Int32[Array, ""]) -> Any:
        """How far one genome comes in saying targets from a frame on; an engine may find it in one go."""
        return frames.rate(self, genome, shift)


class Task:
    """A pytree whose arrays are data and whose sizes are static; it turns behaviour into fitness, for one individual.

    The methods of every subclass are checked at every call, as `tejax.contracts` says: a network that does not fit, and
    a fitness that is not int32, raise InputError.

    Attributes:
        features: F, the inputs that a network must have.
        outputs: O, the outputs that it must have.
        inputs: what a network is shown: single rows, sequences (it needs a memory), or the observations of an episode
            (with or without a memory).
        shown: the names of the fields whose arrays, int8, a network is shown; `evolve` holds their values to what the
            network takes.
        levels: L, where what a network is shown are whole numbers from -L to L; 1: trits.
        scale: fitness divided by it is in the task's `unit`.
        unit: what that is, in words.
    """

    features: Any
    outputs: Any
    levels: Any = 1
    inputs: ClassVar[Literal["rows", "sequence", "episode"]] = "rows"
    shown: Any = ()
    scale: Any = 1
    unit: Any = "fitness"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        contracts.guard(cls, Task, contracts.TASK_CHECKS)

    def evaluate(self, key: Key, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The fitness of one individual on the cases that `key` picks; higher is better."""
        raise NotImplementedError

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The fitness of one individual on all cases that evolution may see."""
        raise NotImplementedError

    def cases(self, key: Key, network: Network, genome: Genome) -> Int32[Array, "C"]:
        """The fitness of one individual on each case that `key` picks, for strategies that ask per case."""
        refuse(f"task must have a fitness for every case, for this selection: got task={type(self).__name__}")

    def credit(
        self, key: Key, network: Network, genome: Genome, noise: Noise, noise_key: Key
    ) -> tuple[Int32[Array, ""], Credit]:
        """What `evaluate` gives for the same key, and the network's credit for it, for strategies that ask for credit.

        Args:
            key: picks the cases.
            network: of the genome.
            genome: one individual.
            noise: how its sums are perturbed.
            noise_key: of the noise.
        """
        refuse(f"task must have labelled samples, for a strategy that asks for credit: got task={type(self).__name__}")

    def report(self, network: Network, genome: Genome) -> dict[str, float]:
        """What a person wants to know of one individual: name -> accuracy or return, the figure that counts first."""
        return {}

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """A report as a person reads it: name -> value."""
        return {name.replace("_", " "): f"{value:.4g}" for name, value in report.items()}

    def workload(self) -> str:
        """What one evaluation looks at, in words."""
        return "one case"

    def confusion(self, network: Network, genome: Genome) -> np.ndarray | None:
        """How often test samples of each class (row) are taken for each class (column); None without classes."""
        return None

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes are called; empty without classes."""
        return ()

    def measured(self) -> dict[str, Any]:
        """Options that were measured when the task was made, and that make it again to the same bits anywhere."""
        return {}

    def metadata(self) -> dict[str, Any]:
        """What a saved network must keep to be shown new inputs, as plain JSON: the encoding of numbers, say."""
        return {}


@dataclasses.dataclass(frozen=True)
class Placement:
    """Where the rows of a population lie: on the devices of a mesh of one axis, or together on one device.

    Attributes:
        mesh: the devices; None: rows stay together.
        trits: genomes are trits throughout, so that two bits are enough for one on its way to another device.
    """

    mesh: Mesh | None = None
    trits: bool = False

    @property
    def packs(self) -> bool:
        """Whether genomes are packed before other devices are shown them: packing is work, wasted on one device."""
        return self.mesh is not None and self.trits


@dataclasses.dataclass(frozen=True)
class Strategy:
    """How a population becomes the next one: a frozen dataclass whose fields are its options.

    Equal options are equal strategies, and compile once. Options marked `Traced` are arrays inside a compiled
    generation: `init` is given them as `rates`, keeps them in the state, and nothing else may read the fields of that
    name. Individuals may be held in a form of the strategy's own, packed ones say; `decode` gives their genomes.

    Attributes:
        population: P, the evaluations of a generation.
        per_case: `tell` wants the fitness of every case, [P, C], not the sum, [P].
        noise: `tell` wants `Credited`, the fitness and the credit of every trit, from sums perturbed like this; None:
            the fitness alone.
        perturbs: what `ask` gives is a small integer change of the answer each, not an answer itself.
        trits: what `ask` gives is trits throughout, so that it fits no network whose genomes hold other numbers.
        islands: I; of more than one, the state's rows are islands, not individuals.
        sharded: the fields of the state whose leaves are rows, one a row of the population (or an island).
        placement: where rows lie; filled in by `evolve`.
    """

    population: int
    placement: Derived[Placement] = dataclasses.field(default=Placement(), kw_only=True, repr=False)
    per_case: ClassVar[Any] = False
    noise: ClassVar[Any] = None
    perturbs: ClassVar[bool] = False
    trits: ClassVar[Any] = False
    islands: ClassVar[Any] = 1
    sharded: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_options(self)

    def init(self, key: Key, sample: Callable[[Key], Genome], rates: Rates) -> Any:
        """The first state; sample: key -> genome."""
        raise NotImplementedError

    def ask(self, key: Key, state: Any) -> tuple[Population, Any]:
        """The population to evaluate, and the state."""
        raise NotImplementedError

    def tell(self, state: Any, population: Population, fitness: Fitness) -> Any:
        """The state after the population's fitness is known; `Credited` for a strategy that has `noise`."""
        raise NotImplementedError

    def best(self, state: Any) -> Genome:
        """The fittest genome that the last `tell` saw; for perturbations, what they are changes of."""
        raise NotImplementedError

    def candidates(self, state: Any) -> Population:
        """Individuals [Q, ...] worth a last look on all the data."""
        raise NotImplementedError

    def decode(self, individual: Any) -> Genome:
        """The genome of one individual of a population, or of the candidates."""
        return individual

    @property
    def rates(self) -> dict[str, Any]:
        """The traced options: name -> float, or None where it follows from something else."""
        return {name: vars(self)[name] for name in traced_options(type(self))}

    def rate_hint(self, name: str) -> Any:
        """The declared type and range of a traced option."""
        return options_of(type(self))[name].hint

    def static(self) -> Self:
        """The same strategy with default rates: the part that a compiled program depends on."""
        return dataclasses.replace(self, **traced_options(type(self)))

    def placed(self, placement: Placement) -> Self:
        """The same strategy, its rows placed."""
        return dataclasses.replace(self, placement=placement)

    def row_leaves(self, state: Any) -> Any:
        """A tree like the state: which leaves are rows, and so lie with the devices of a mesh."""

        def marked(name: str) -> Any:
            return jax.tree.map(lambda _: name in self.sharded, getattr(state, name))

        return state._replace(**{name: marked(name) for name in state._fields})


class Mutation(Protocol):
    """A pure function, genome -> genome."""

    def __call__(self, key: Key, genome: Genome, *, rate: Rate) -> Genome:
        """The mutant; `rate` is the probability that a trit is touched (of the genome, if marked `whole_genome`)."""


class Crossover(Protocol):
    """A pure function, two genomes -> one."""

    def __call__(self, key: Key, a: Genome, b: Genome, *, rate: Rate) -> Genome:
        """The child; `rate` is the probability that the pair is crossed at all, else the child is a."""


class Selection(Protocol):
    """A pure function, fitness -> the index of one parent."""

    def __call__(self, key: Key, fitness: Int32[Array, "P ..."]) -> Int32[Array, ""]:
        """The index; fitness is [P], or [P, C] for a selection that looks at cases."""


class Acceptance(Protocol):
    """A pure function, the fitness of a child and of its parent -> whether the child takes its place."""

    def __call__(self, child: Int32[Array, ""], parent: Int32[Array, ""]) -> Any:
        """The answer, bool []."""
