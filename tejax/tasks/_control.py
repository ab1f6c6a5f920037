"""Control: an individual acts in an environment, episode after episode, whole rollouts on the device.

Environments are gymnax's (R. T. Lange 2022, extra `control`), MuJoCo Playground's (extra `playground`), or any object
with gymnax's `reset` and `step`. They compute in floating point, so this is the one task whose fitness may differ
between platforms, and between batch sizes where a platform's sine does: everything from the trits of an observation to
the trits of an action is exact.
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np

from tejax.contracts import require_fit
from tejax.core import fitness, random
from tejax.core.settings import exact, require_exact
from tejax.errors import require
from tejax.options import AtLeast, Between, Derived, Recorded, Seed, checked
from tejax.registry import TASKS
from tejax.tasks import _actions
from tejax.tasks._episodes import Episodes, Trajectory, policy
from tejax.tasks._recording import check_thresholds, record
from tejax.tasks._resolving import check_play, longest, resolved
from tejax.tasks._returns import Scale, mean, note
from tejax.types import Array, Genome, Int8, Int32, Key, Network, Task

__all__ = ["Control", "Trajectory", "control"]

FRESH, VALIDATION, RECORD = range(3)  # streams of episodes that no generation draws from
Count = Annotated[int, AtLeast(1, 2**16)]  # of episodes
Resolution = Annotated[float, Between(1e-30, 1e15)]  # well within float32


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["params", "thresholds", "seed"],
    meta_fields=["environment", "episodes", "steps", "resolution", "action_trits", "eval_episodes"],
)
@dataclasses.dataclass(frozen=True)
class Control(Task):
    """E episodes a generation, the same for every individual; fitness is the sum of their rounded returns.

    A return that is not finite makes the fitness the least there is, -2^31; one beyond an episode's share of int32
    counts by its magnitude, so that no sum wraps. A network with a memory keeps its state in an episode.
    """

    params: Any  # the environment's own numbers
    thresholds: Array  # float32 [2, L, N]: trit l of a number is -1 up to the lower, +1 above the upper, else 0
    seed: Array  # uint32, of the recording, of validation and of fresh episodes
    environment: Any
    episodes: int = 8  # E
    steps: int = 500  # T, where an episode is cut off
    resolution: float = 1.0  # a return is rounded to whole multiples of it
    action_trits: int = 1  # trits whose mean is one continuous action, from the lowest to the highest
    eval_episodes: int = 100  # episodes of validation, and fresh ones of a score

    inputs: ClassVar[Literal["rows", "sequence", "episode"]] = "episode"
    unit = "mean return of an episode"

    @property
    def features(self) -> int:
        """The trits of an observation."""
        return self.thresholds.shape[1] * self.thresholds.shape[2]

    @property
    def outputs(self) -> int:
        """One output a discrete action, or `action_trits` for each continuous one."""
        return _actions.output_count(self._space, self.action_trits)

    @property
    def rows(self) -> int:
        """The steps that one evaluation may take."""
        return self.episodes * self.steps

    @property
    def scale(self) -> float:
        """Fitness divided by this is the mean return of an episode."""
        return self.episodes / self.resolution

    def evaluate(self, key: Key, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The summed returns of one individual in the episodes that `key` begins, in units of `resolution`."""
        return fitness.total(self.cases(key, network, genome))

    def cases(self, key: Key, network: Network, genome: Genome) -> Int32[Array, "E"]:
        """The return of one individual in each episode that `key` begins, in units of `resolution`."""
        return self._returns_in_units.units(self._returns(jax.random.split(key, self.episodes), network, genome))

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The summed returns of one individual in `eval_episodes` episodes that no generation saw."""
        return fitness.total(self._returns_in_units.units(self._validation(network, genome)))

    @exact()
    def report(self, network: Network, genome: Genome) -> dict[str, float]:
        """The mean return in fresh episodes, and in those of validation; LEAST_FIGURE where one is not finite."""
        summed, returns = jax.tree.map(np.asarray, _validate(self, network, genome))
        self._note(returns)
        validated = self._returns_in_units.mean(int(summed), returns)
        return {"return": self.score(network, genome), "validation_return": validated}

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """Mean returns, and of how many episodes."""
        return {
            "mean return": f"{_in_words(report['return'])} in {self.eval_episodes} fresh episodes",
            "validation": f"{_in_words(report['validation_return'])} in {self.eval_episodes} others",
        }

    def workload(self) -> str:
        """The episodes of an evaluation."""
        return f"{self.episodes:,} episodes of at most {self.steps:,} steps"

    def measured(self) -> dict[str, Any]:
        """The thresholds: recorded again, they may differ by a bit on another machine."""
        rows = np.asarray(self.thresholds).tolist()
        return {"thresholds": tuple(tuple(tuple(row) for row in half) for half in rows)}

    @exact()
    @checked
    def score(self, network: Network, genome: Genome, episodes: Count | None = None) -> float:
        """The mean return, unrounded, of one individual in fresh episodes (`eval_episodes` of them by default).

        LEAST_FIGURE, a number below all others, where the return of any is not finite.
        """
        require_fit(network, self)
        keys = jax.random.split(self._stream(FRESH), episodes or self.eval_episodes)
        returns = np.asarray(_fresh(self, keys, network, genome))
        self._note(returns)
        return mean(returns)

    @exact()
    @checked
    def fresh(self, number: Annotated[int, AtLeast(0, 2**16)] = 0) -> Key:
        """What begins one of the fresh episodes, for `rollout`."""
        require(number < self.eval_episodes, f"below {self.eval_episodes}, the fresh episodes", number=number)
        return jax.random.split(self._stream(FRESH), self.eval_episodes)[number]

    @exact()
    @checked
    def rollout(self, key: Key, network: Network, genome: Genome, episodes: Count = 1) -> Trajectory:
        """Every step of one individual in the episodes that `key` begins."""
        require_fit(network, self)
        return _trajectory(self, jax.random.split(key, episodes), network, genome)

    def encode(self, observation: Array) -> Int8[Array, "... F"]:
        """The trits of observations [..., N]: trit l of all numbers, then trit l + 1; of NaN, -1 throughout."""
        numbers = observation[..., None, :].astype(jnp.float32)
        low, high = ((numbers > limits).astype(jnp.int8) for limits in self._limits(numbers.ndim))
        return (low + high - jnp.int8(1)).reshape(*observation.shape[:-1], self.features)

    def act(self, outputs: Int32[Array, "... O"]) -> Array:
        """The actions that outputs mean: the index of the highest, or means of trits between low and high."""
        return _actions.act(self._space, self.action_trits, outputs)

    @property
    def _space(self) -> Any:
        return self.environment.action_space(self.params)

    @property
    def _returns_in_units(self) -> Scale:
        return Scale(self.resolution, max(self.episodes, self.eval_episodes))

    def _limits(self, ndim: int) -> tuple[Array, Array]:
        low, high = self.thresholds
        shape = (1,) * (ndim - 2) + low.shape
        return low.reshape(shape), high.reshape(shape)

    def _stream(self, number: int) -> Key:
        require_exact(floats=True)
        return jax.random.fold_in(random.key(self.seed), number)

    def _note(self, returns: np.ndarray) -> None:
        note(self.environment, returns, self._returns_in_units, "this network")

    def _validation(self, network: Network, genome: Genome) -> Array:
        return self._returns(jax.random.split(self._stream(VALIDATION), self.eval_episodes), network, genome)

    def _returns(self, keys: Key, network: Network, genome: Genome) -> Array:
        return self._episodes(keys, network, genome).returns(self.steps)

    def _episodes(self, keys: Key, network: Network, genome: Genome) -> Episodes:
        played = policy(network, genome, self.encode, self.act, keys.shape[0])
        return Episodes(self.environment, self.params, keys, *played)


@TASKS.register("control")
@exact()
def control(
    environment: Any = "CartPole-v1",
    episodes: Count = 8,
    trits: Annotated[int, Between(1, 1024)] = 4,
    steps: Annotated[int, AtLeast(1, 2**24)] | None = None,
    resolution: Resolution = 1.0,
    action_trits: Annotated[int, Between(1, 1024)] = 3,
    episode_seed: Seed = 0,
    eval_episodes: Count = 100,
    params: Derived[Any] = None,
    thresholds: Recorded[Any] = None,
) -> Control:
    """Acting in an environment of gymnax or of MuJoCo Playground.

    Observations may be any tree of arrays: their numbers are taken one array after the other, a dictionary's by their
    keys, sorted, those of tuples, named tuples and dataclasses as they stand.

    Args:
        environment: a name that gymnax knows (CartPole-v1, Acrobot-v1, Pendulum-v1, Breakout-MinAtar ...), playground/
            and a name of MuJoCo Playground's control suite (playground/CartpoleSwingup ...), an object with gymnax's
            reset, step, action_space and default_params (`Playground` makes one of an MjxEnv), or a pair of such an
            object and its params, as gymnax.make gives it.
        episodes: of a generation, the same for all individuals.
        trits: of each number observed; their thresholds are shares of what episodes of random actions meet, each midway
            between two values that differ.
        steps: where an episode is cut off; None: where the environment says.
        resolution: what the return of an episode is rounded to.
        action_trits: of each continuous action.
        episode_seed: of the random episodes that set the thresholds, of validation and of fresh episodes.
        eval_episodes: episodes of validation, and fresh ones.
        params: the environment's, if not its defaults.
        thresholds: float32 [2, trits, N] of an earlier task; None: they are recorded.

    Raises:
        InputError: for an unknown name, an object that is no environment in JAX, actions without finite bounds, a size
            that is not positive, thresholds that do not fit, and where gymnax or MuJoCo Playground is missing.
    """
    environment, params = resolved(environment, params)
    _actions.check_space(environment.action_space(params), action_trits)
    blank = jnp.zeros((2, trits, check_play(environment, params)), jnp.float32)
    limit = longest(params) if steps is None else steps
    start = jnp.asarray(episode_seed, jnp.uint32)
    task = Control(params, blank, start, environment, episodes, limit, resolution, action_trits, eval_episodes)
    limits = _recorded(task, trits) if thresholds is None else check_thresholds(thresholds, blank.shape)
    return dataclasses.replace(task, thresholds=jnp.asarray(limits))


def _recorded(task: Control, trits: int) -> np.ndarray:
    """The thresholds that random actions give; what is odd in their returns is said."""
    recording = record(task.environment, task.params, task._stream(RECORD), task.steps)
    note(task.environment, np.asarray(recording.returns), task._returns_in_units, "random actions")
    return recording.thresholds(trits)


def _in_words(value: float) -> str:
    return "not finite" if value <= fitness.LEAST_FIGURE else f"{value:.2f}"


@partial(jax.jit, static_argnames="network")
def _validate(task: Control, network: Network, genome: Genome) -> tuple[Array, Array]:
    """The fitness in validation, and the returns that it is made of."""
    returns = task._validation(network, genome)
    return fitness.total(task._returns_in_units.units(returns)), returns


@partial(jax.jit, static_argnames="network")
def _fresh(task: Control, keys: Key, network: Network, genome: Genome) -> Array:
    return task._returns(keys, network, genome)


@partial(jax.jit, static_argnames="network")
def _trajectory(task: Control, keys: Key, network: Network, genome: Genome) -> Trajectory:
    return task._episodes(keys, network, genome).trajectory(task.steps)
