"""The rating of an autonomous network in one call, where this machine has a library that has proved itself for it."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core.frames import ENDLESS, Frames, Rating
from tejax.engines import cuda, native, selftest
from tejax.types import Array, Int8, Int32, Trits
from tejax.types import Frames as AnyFrames

__all__ = ["CUDA", "NATIVE", "check_circuit", "fused_rate", "rate_in"]

NATIVE, CUDA = "native circuit", "cuda circuit"  # among the outcomes of self-tests
TARGETS = {NATIVE: "tejax_rate_circuit", CUDA: "tejax_cuda_rate_circuit"}  # the handlers
SIZES = (2, 40, 130, 700, 2100)  # the last is more than planes of bits hold


def fused_rate(
    start: Int8[Array, "N"],
    wiring: Array,
    lines: Trits,
    roles: tuple[int, int],
    frames: AnyFrames,
    shift: Int32[Array, ""],
    stepwise: Callable[[], Rating],
) -> Rating:
    """The rating of one network, by a library that is here and right, or else step by step.

    Args:
        start: of the network; for this and the others see `rate_in`.
        stepwise: gives the same rating.
    """

    def by(name: str) -> Rating:
        return rate_in(name, start, wiring, lines, roles, frames, shift)

    if native.status() == "ready":
        return by(NATIVE) if selftest.proved(NATIVE, "kernel") else stepwise()
    if cuda.circuit_fits(len(start), frames) and cuda.status("circuit") == "ready" and selftest.proved(CUDA, "kernel"):
        return cuda.on_gpu(lambda: by(CUDA), stepwise)
    return stepwise()


def rate_in(
    name: str,
    start: Int8[Array, "N"],
    wiring: Array,
    lines: Trits,
    roles: tuple[int, int],
    frames: AnyFrames,
    shift: Int32[Array, ""],
) -> Rating:
    """What `frames.rate` gives for an autonomous network, run and graded in one call.

    Args:
        name: of a library in TARGETS.
        start: trits [N].
        wiring: int16 [N, 3].
        lines: trits [N, 27].
        roles: the control neuron and the output neuron.
        frames: what is to be said.
        shift: of the first frame.
    """
    call = jax.ffi.ffi_call(TARGETS[name], jax.ShapeDtypeStruct((4,), jnp.int32), vmap_method="expand_dims")
    numbers = {"window": frames.window, "cap": frames.shift_cap, "max_ticks": frames.max_ticks}
    attributes = {name: np.int64(value) for name, value in numbers.items()}
    control, output = map(np.int64, roles)
    found = call(start, wiring, lines, frames.targets, shift, control=control, output=output, **attributes)
    return Rating(*found)


def check_circuit(name: str) -> str:
    """`ready`, or where a library differs from a loop in NumPy."""
    rng, wrong = np.random.default_rng(0), []
    for neurons in SIZES:
        frames = Frames(jnp.asarray(rng.integers(-1, 2, 9).astype(np.int8)), 6, 3, 30)
        start, lines = (rng.integers(-1, 2, (3, *shape)).astype(np.int8) for shape in ((neurons,), (neurons, 27)))
        wiring = rng.integers(0, neurons, (3, neurons, 3)).astype(np.int16)
        roles = (neurons - 1, 0)
        every = jax.jit(jax.vmap(partial(_rate, name=name, roles=roles, frames=frames)))
        found = np.stack(jax.tree.map(np.asarray, every(*map(jnp.asarray, (start, wiring, lines)))), axis=1)
        wanted = [_expected(*genome, roles, frames) for genome in zip(start, wiring, lines, strict=True)]
        if not np.array_equal(found, wanted):
            wrong.append(str(neurons))
    return f"{selftest.WRONG}{', '.join(wrong)} neurons" if wrong else selftest.READY


def _rate(start: Array, wiring: Array, lines: Array, *, name: str, roles: tuple[int, int], frames: Frames) -> Rating:
    return rate_in(name, start, wiring, lines, roles, frames, jnp.int32(1))


def _expected(
    start: np.ndarray, wiring: np.ndarray, lines: np.ndarray, roles: tuple[int, int], frames: Frames
) -> list[int]:
    """(shift, errors, ticks, said) from the second frame on, every frame run by itself."""
    targets, shift, numbers = np.asarray(frames.targets), 1, np.arange(len(start))
    while True:
        values, said, error, ticks = start, 0, 0, 0
        while said < shift + frames.window:
            if ticks == frames.max_ticks - 1:
                return [shift, ENDLESS, ticks, said]
            ticks += 1
            digits = ((2 - values) % 3)[wiring]
            values = lines[numbers, digits @ np.array([1, 3, 9])]
            if values[roles[0]] != 0:
                error += int(said >= shift and values[roles[1]] != targets[said])
                said += 1
        if error > frames.window // 3 or shift == frames.shift_cap:
            return [shift, error, ticks, said]
        shift += 1


selftest.CHECKS[NATIVE] = selftest.Check(partial(check_circuit, NATIVE), native.status, native.identity)
selftest.CHECKS[CUDA] = selftest.Check(
    partial(check_circuit, CUDA), partial(cuda.status, "circuit"), partial(cuda.identity, "circuit")
)
