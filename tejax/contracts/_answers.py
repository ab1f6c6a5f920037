"""What methods give: int32 of the shape that they declare; else one line says what it is instead."""

from collections.abc import Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tejax.contracts._values import describe, is_array, sizes_of
from tejax.errors import refuse, require

__all__ = ["as_credited", "as_int32", "as_outputs"]


def as_int32(who: Any, name: str, answer: Any, shape: Iterable[int | None]) -> Any:
    """An answer of a method as an int32 array of this shape, None being any length; Python's own int is one too."""
    wanted = ["C" if length is None else length for length in shape]
    if type(answer) is int and abs(answer) < 2**31:
        answer = np.int32(answer)
    fits = is_array(answer) and answer.dtype == np.int32 and len(answer.shape) == len(wanted)
    if not fits or any(want not in ("C", has) for want, has in zip(wanted, answer.shape, strict=True)):
        refuse(f"{who}.{name} must give int32 {_plain(wanted)}, got {_shape_of(answer)}")
    return jnp.asarray(answer, jnp.int32)  # no longer weakly typed


def as_credited(who: str, answer: Any, genome: Any) -> tuple[Any, Any]:
    """An answer of `credit`: an int32 scalar, and a tree like the genome of int32."""
    paired = isinstance(answer, tuple) and len(answer) == 2
    trees: list[Any] = [jax.tree.structure(tree) for tree in (answer[1] if paired else None, genome)]
    fits = paired and trees[0] == trees[1]
    if not fits:
        refuse(f"{who}.credit must give an int32 scalar and a tree like the genome, got {type(answer).__name__}")
    credit = jax.tree.map(lambda leaf, like: as_int32(who, "credit", leaf, like.shape), answer[1], genome)
    return as_int32(who, "credit", answer[0], ()), credit


def _plain(shape: Iterable[Any]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _shape_of(value: Any) -> str:
    return f"{value.dtype} {_plain(value.shape)}" if is_array(value) else type(value).__name__


def as_outputs(network: Any, name: str, outputs: Any, batch: tuple[int, ...]) -> Any:
    """The outputs of a network, int32 [..., O], as many as it declares."""
    who, last = f"{type(network).__name__}.{name}", sizes_of("network", network)[1]
    require(is_array(outputs), f"an array, of {who}", outputs=describe(outputs))
    dtype, shape = outputs.dtype, tuple(outputs.shape)
    if dtype != np.int32:
        refuse(f"the outputs of {who} must be int32, not {dtype}")
    if shape[:-1] != batch or not shape:
        refuse(f"{who} must map [..., F] to [..., O]: {(*batch, network.features[0])} became {shape}")
    if shape[-1] != last:
        refuse(f"{who} must give {last} outputs, the last of features, not {shape[-1]}")
    return jnp.asarray(outputs, jnp.int32)
