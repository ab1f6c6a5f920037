"""Control: an individual acts in an environment, episode after episode, whole rollouts on the device.

Environments are gymnax's (R. T. Lange 2022, extra `control`), MuJoCo Playground's (extra `playground`), or any object
with gymnax's `reset` and `step`. They compute in floating point, so this is the one task whose fitness may differ
between platforms, and between batch sizes where a platform's sine does: everything from the trits of an observation to
the trits of an action is exact.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax import engines
from tejax.contracts import require_fit
from tejax.core import random
from tejax.core.settings import exact, require_exact
from tejax.errors import require
from tejax.options import Between, Derived, Positive, Recorded, Seed
from tejax.registry import TASKS
from tejax.tasks.environments import named
from tejax.types import Array, Genome, Int8, Int32, Key, Network, Recurrent, Task

__all__ = ["Control", "Trajectory", "control"]

RECORDED = 64  # episodes of random actions that set the thresholds
STICKY = 0.9  # how likely such an action is held on, without which a swing would never build up
FRESH, VALIDATION, RECORD = range(3)  # streams of episodes that no generation draws from


class Trajectory(NamedTuple):
    """What happened in E episodes of at most T steps."""

    states: Any  # the environment's states before each step, leaves [T, E, ...]
    observations: Array  # float32 [T, E, N]: what is seen of them
    rewards: Array  # float32 [T, E], 0 after the end
    alive: Array  # bool [T, E]: whether the episode still went on


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["params", "thresholds", "seed"],
    meta_fields=["environment", "episodes", "steps", "resolution", "action_trits", "eval_episodes"],
)
@dataclasses.dataclass(frozen=True)
class Control(Task):
    """E episodes a generation, the same for every individual; fitness is the sum of their rounded returns.

    A network with a memory keeps its state in an episode.
    """

    params: Any  # the environment's own numbers
    thresholds: Array  # float32 [2, L, F]: trit l of a feature is -1 up to the lower, +1 above the upper, else 0
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
        space = self.environment.action_space(self.params)
        return int(space.n) if _discrete(space) else self.action_trits * int(np.prod(space.shape))

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
        return jnp.sum(self.cases(key, network, genome), dtype=jnp.int32)

    def cases(self, key: Key, network: Network, genome: Genome) -> Int32[Array, "E"]:
        """The return of one individual in each episode that `key` begins, in units of `resolution`."""
        return self._units(self._returns(jax.random.split(key, self.episodes), network, genome))

    def validate(self, network: Network, genome: Genome) -> Int32[Array, ""]:
        """The summed returns of one individual in `eval_episodes` episodes that no generation saw."""
        keys = jax.random.split(self._stream(VALIDATION), self.eval_episodes)
        return jnp.sum(self._units(self._returns(keys, network, genome)), dtype=jnp.int32)

    @exact()
    def report(self, network: Network, genome: Genome) -> dict[str, float]:
        """The mean return in fresh episodes, and in those of validation."""
        validated = int(_validate(self, network, genome)) * self.resolution / self.eval_episodes
        return {"return": self.score(network, genome), "validation_return": validated}

    def words(self, report: Mapping[str, float]) -> dict[str, str]:
        """Mean returns, and of how many episodes."""
        return {
            "mean return": f"{report['return']:.2f} in {self.eval_episodes} fresh episodes",
            "validation": f"{report['validation_return']:.2f} in {self.eval_episodes} others",
        }

    def workload(self) -> str:
        """The episodes of an evaluation."""
        return f"{self.episodes:,} episodes of at most {self.steps:,} steps"

    def measured(self) -> dict[str, Any]:
        """The thresholds: recorded again, they may differ by a bit on another machine."""
        rows = np.asarray(self.thresholds).tolist()
        return {"thresholds": tuple(tuple(tuple(row) for row in half) for half in rows)}

    @exact()
    def score(self, network: Network, genome: Genome, episodes: int | None = None) -> float:
        """The mean return, unrounded, of one individual in fresh episodes (`eval_episodes` of them by default)."""
        require_fit(network, self)
        keys = jax.random.split(self._stream(FRESH), episodes or self.eval_episodes)
        return float(np.mean(np.asarray(_fresh(self, keys, network, genome))))

    @exact()
    def fresh(self, number: int = 0) -> Key:
        """What begins one of the fresh episodes, for `rollout`."""
        return jax.random.split(self._stream(FRESH), self.eval_episodes)[number]

    @exact()
    def rollout(self, key: Key, network: Network, genome: Genome, episodes: int = 1) -> Trajectory:
        """Every step of one individual in the episodes that `key` begins."""
        require_fit(network, self)
        return _trajectory(self, jax.random.split(key, episodes), network, genome)

    def encode(self, observation: Array) -> Int8[Array, "... F"]:
        """The trits of observations [..., N]: trit l of all numbers, then trit l + 1."""
        numbers = observation[..., None, :].astype(jnp.float32)
        low, high = ((numbers > limits).astype(jnp.int8) for limits in self._limits(numbers.ndim))
        return (low + high - jnp.int8(1)).reshape(*observation.shape[:-1], self.features)

    def act(self, outputs: Int32[Array, "... O"]) -> Array:
        """The actions that outputs mean: the index of the highest, or means of trits between low and high."""
        space = self.environment.action_space(self.params)
        if _discrete(space):
            return jnp.argmax(outputs, axis=-1).astype(jnp.int32)
        low, high = (jnp.broadcast_to(jnp.asarray(edge, jnp.float32), space.shape) for edge in (space.low, space.high))
        votes = engines.ternarize(outputs, 0).reshape(*outputs.shape[:-1], *space.shape, self.action_trits)
        mean = jnp.sum(votes, axis=-1, dtype=jnp.int32).astype(jnp.float32) / jnp.float32(self.action_trits)
        half, middle = ((high + sign * low) / jnp.float32(2) for sign in (jnp.float32(-1), jnp.float32(1)))
        shape = (1,) * (mean.ndim - half.ndim) + half.shape
        return middle.reshape(shape) + mean * half.reshape(shape)

    def _limits(self, ndim: int) -> tuple[Array, Array]:
        low, high = self.thresholds
        shape = (1,) * (ndim - 2) + low.shape
        return low.reshape(shape), high.reshape(shape)

    def _stream(self, number: int) -> Key:
        require_exact(floats=True)
        return jax.random.fold_in(random.key(self.seed), number)

    def _units(self, returns: Array) -> Int32[Array, "E"]:
        return jnp.round(returns / jnp.float32(self.resolution)).astype(jnp.int32)

    def _returns(self, keys: Key, network: Network, genome: Genome) -> Array:
        """The return of each episode, float32 [E]; it stops when all have ended, which changes no result."""
        start, step = _episodes(self, keys, *_policy(self, network, genome, keys.shape[0]))

        def going(carry: tuple[Array, Any, Array]) -> Array:
            time, (_, _, _, alive), _ = carry
            return (time < self.steps) & jnp.any(alive)

        def advance(carry: tuple[Array, Any, Array]) -> tuple[Array, Any, Array]:
            time, now, total = carry
            now, reward = step(now, time)
            return time + 1, now, total + reward

        zero = jnp.zeros(keys.shape, jnp.float32)
        return lax.while_loop(going, advance, (jnp.int32(0), start, zero))[2]


@TASKS.register("control")
@exact()
def control(
    environment: Any = "CartPole-v1",
    episodes: Positive = 8,
    trits: Annotated[int, Between(1, 1024)] = 4,
    steps: Positive | None = None,
    resolution: Annotated[float, Between(0, above=True)] = 1.0,
    action_trits: Annotated[int, Between(1, 1024)] = 3,
    episode_seed: Seed = 0,
    eval_episodes: Positive = 100,
    params: Derived[Any] = None,
    thresholds: Recorded[Any] = None,
) -> Control:
    """Acting in an environment of gymnax or of MuJoCo Playground.

    Args:
        environment: a name that gymnax knows (CartPole-v1, Acrobot-v1, Pendulum-v1, Breakout-MinAtar ...), playground/
            and a name of MuJoCo Playground's control suite (playground/CartpoleSwingup ...), or an object with gymnax's
            reset, step, action_space and default_params (`Playground` makes one of an MjxEnv).
        episodes: of a generation, the same for all individuals.
        trits: of each number observed; their thresholds are quantiles of what episodes of random actions meet, or stand
            midway between the two values of a number that has no more.
        steps: where an episode is cut off; None: where the environment says.
        resolution: what the return of an episode is rounded to.
        action_trits: of each continuous action.
        episode_seed: of the random episodes that set the thresholds, of validation and of fresh episodes.
        eval_episodes: episodes of validation, and fresh ones.
        params: the environment's, if not its defaults.
        thresholds: float32 [2, trits, N] of an earlier task; None: they are recorded.

    Raises:
        InputError: for an unknown name, a size that is not positive, thresholds that do not fit, and where gymnax or
            MuJoCo Playground is missing.
    """
    made = named(environment) if isinstance(environment, str) else environment
    params = jax.tree.map(jnp.asarray, made.default_params if params is None else params)
    limit = int(getattr(params, "max_steps_in_episode", 1000)) if steps is None else steps
    numbers = jax.eval_shape(lambda: _relaxed(made.reset, random.key(0), params))[0].size
    blank = jnp.zeros((2, trits, numbers), jnp.float32)
    start = jnp.asarray(episode_seed, jnp.uint32)
    task = Control(params, blank, start, made, episodes, limit, resolution, action_trits, eval_episodes)
    limits = _thresholds(_record(task), trits) if thresholds is None else np.asarray(thresholds, np.float32)
    require(limits.shape == blank.shape, f"of shape {blank.shape}", thresholds=f"an array of shape {limits.shape}")
    require(bool(np.isfinite(limits).all()), "finite", thresholds="an array with infinities or NaN")
    return dataclasses.replace(task, thresholds=jnp.asarray(limits))


def _discrete(space: Any) -> bool:
    return hasattr(space, "n")


# An episode's carry: the environment's state, its observation [E, N], the policy's memory, alive [E].
Policy = Callable[[Any, Array, Array], tuple[Any, Array]]  # (memory, observation, time) -> memory, actions


def _episodes(task: Control, keys: Key, memory: Any, policy: Policy) -> tuple[Any, Callable[[Any, Array], Any]]:
    """E episodes at their first step, and the function that takes all of them one step on: its rewards are 0 after
    an episode's end, whatever an environment that begins again by itself then does.
    """
    begin, onward = jax.vmap(lambda key: tuple(jax.random.split(key)))(keys)
    observation, state = _relaxed(jax.vmap(task.environment.reset, in_axes=(0, None)), begin, task.params)

    def step(now: Any, time: Array) -> tuple[Any, Array]:
        state, observation, memory, alive = now
        memory, action = policy(memory, observation, time)
        step_keys = jax.vmap(jax.random.fold_in, in_axes=(0, None))(onward, time)
        stepped = jax.vmap(task.environment.step, in_axes=(0, 0, 0, None))
        observation, state, reward, *ends, _ = _relaxed(stepped, step_keys, state, action, task.params)
        ended = functools.reduce(jnp.logical_or, ends)  # one flag, or: terminated, truncated
        reward = jnp.where(alive, reward.astype(jnp.float32), jnp.float32(0))
        return (state, _flat(observation), memory, alive & ~ended), reward

    return (state, _flat(observation), memory, jnp.ones(keys.shape, bool)), step


def _relaxed(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call other people's code under JAX's usual rules, however strict ours are."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"), jax.debug_key_reuse(False):
        return function(*arguments)


def _flat(observation: Array) -> Array:
    return observation.reshape(observation.shape[0], -1).astype(jnp.float32)


def _policy(task: Control, network: Network, genome: Genome, episodes: int) -> tuple[Any, Policy]:
    """The memory that E episodes begin with, and the policy that one individual is."""
    if isinstance(network, Recurrent):
        fresh = network.init_state()
        memory = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (episodes, *leaf.shape)), fresh)

        def remember(memory: Any, observation: Array, time: Array) -> tuple[Any, Array]:
            memory, outputs = network.step(genome, memory, task.encode(observation))
            return memory, task.act(outputs)

        return memory, remember
    return None, lambda memory, observation, time: (memory, task.act(network.apply(genome, task.encode(observation))))


@partial(jax.jit, static_argnames="network")
def _validate(task: Control, network: Network, genome: Genome) -> Array:
    return task.validate(network, genome)


@partial(jax.jit, static_argnames="network")
def _fresh(task: Control, keys: Key, network: Network, genome: Genome) -> Array:
    return task._returns(keys, network, genome)


@partial(jax.jit, static_argnames="network")
def _trajectory(task: Control, keys: Key, network: Network, genome: Genome) -> Trajectory:
    start, step = _episodes(task, keys, *_policy(task, network, genome, keys.shape[0]))

    def advance(now: Any, time: Array) -> tuple[Any, Trajectory]:
        after, reward = step(now, time)
        return after, Trajectory(now[0], now[1], reward, now[3])

    return lax.scan(advance, start, lax.iota(jnp.int32, task.steps))[1]


@jax.jit
def _record(task: Control) -> tuple[Array, Array]:
    """The observations [T, E, N] of episodes of random actions, each held on for a while, and which of them count."""
    space = task.environment.action_space(task.params)
    run_key, action_key = jax.random.split(task._stream(RECORD))

    def draw(held: Array, observation: Array, time: Array) -> tuple[Array, Array]:
        drawing, holding = jax.random.split(jax.random.fold_in(action_key, time))
        drawn = _relaxed(jax.vmap(space.sample), jax.random.split(drawing, RECORDED))
        hold = (jax.random.uniform(holding, (RECORDED,)) < STICKY) & (time > 0)
        held = jnp.where(hold.reshape(-1, *(1,) * (drawn.ndim - 1)), held, drawn)
        return held, held

    first = jax.eval_shape(jax.vmap(space.sample), jax.eval_shape(lambda: jax.random.split(action_key, RECORDED)))
    held = jnp.zeros(first.shape, first.dtype)
    start, step = _episodes(task, jax.random.split(run_key, RECORDED), held, draw)

    def advance(now: Any, time: Array) -> tuple[Any, tuple[Array, Array]]:
        return step(now, time)[0], (now[1], now[3])

    return lax.scan(advance, start, lax.iota(jnp.int32, task.steps))[1]


def _thresholds(recorded: tuple[Array, Array], trits: int) -> np.ndarray:
    """Float32 [2, L, N]: quantiles of every number, the lower half paired with the upper half; or else the middle."""
    observations, alive = recorded
    met = np.asarray(observations)[np.asarray(alive)]
    least, greatest = met.min(axis=0), met.max(axis=0)
    shares = np.arange(1, 2 * trits + 1) / (2 * trits + 1)
    quantiles = np.quantile(met, shares, axis=0).astype(np.float32)
    two = ((met == least) | (met == greatest)).all(axis=0)
    middle = ((least + greatest) / 2).astype(np.float32)
    return np.where(two, middle, quantiles).reshape(2, trits, -1)
