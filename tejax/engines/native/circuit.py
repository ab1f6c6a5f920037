"""An autonomous network, run and graded in one call of the library."""

import jax
import jax.numpy as jnp
import numpy as np

from tejax.core.frames import Rating
from tejax.types import Array, Frames, Int8, Int32, Trits

__all__ = ["rate_circuit"]


def rate_circuit(
    start: Int8[Array, "N"],
    wiring: Array,
    lines: Trits,
    roles: tuple[int, int],
    frames: Frames,
    shift: Int32[Array, ""],
) -> Rating:
    """What `frames.rate` gives for such a network.

    Args:
        start: trits [N].
        wiring: int16 [N, 3].
        lines: trits [N, 27].
        roles: the control neuron and the output neuron.
        frames: what is to be said.
        shift: of the first frame.
    """
    call = jax.ffi.ffi_call("tejax_rate_circuit", jax.ShapeDtypeStruct((4,), jnp.int32), vmap_method="expand_dims")
    numbers = {"window": frames.window, "cap": frames.shift_cap, "max_ticks": frames.max_ticks}
    attributes = {name: np.int64(value) for name, value in numbers.items()}
    control, output = map(np.int64, roles)
    found = call(start, wiring, lines, frames.targets, shift, control=control, output=output, **attributes)
    return Rating(*found)
