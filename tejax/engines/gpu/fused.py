"""The fused engine: a whole network as one GPU kernel, written in Pallas and compiled by Triton.

One program of the kernel takes one individual and BLOCK samples through all layers. The first two layers are walked
together, CHUNK neurons at a time: their sums, the trits of those, and what these add to the sums of the next layer live
in registers; so do the trits of every later layer. Device memory sees inputs, weights and the network's answers, never
an activation (the idea of FlashAttention: Dao et al. 2022, arXiv 2205.14135).

Between layers this engine holds what is still to be done; `output` does it all. `vmap` over individuals becomes a
further axis of the kernel's grid.

No GPU was at hand when this was written: the tests run the kernel in Pallas's interpreter and lower it to Triton's
language, nobody has timed it, and so `auto` does not take it unless `tejax bench --calibrate` finds it the fastest.
"""

import os
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tejax.engines.base import ENGINES, Engine, ternarize
from tejax.errors import require
from tejax.types import Array, Int8, Int32, Trits

__all__ = ["Deferred", "available", "encode", "hidden", "output", "status"]

BLOCK = 64  # samples of a program: the rows of a matrix unit's product
CHUNK = 64  # neurons and inputs that are taken at once; the product of int8 wants 32 at the least
HELD = 2**16  # weights of a layer from the third on, which are loaded at once
WARPS = 4


class Step(NamedTuple):
    """A hidden layer that has been asked for."""

    weights: Int8[Array, "O F"]
    bias: Int32[Array, "O"]
    activate: Callable[[Array], Trits]  # sums -> trits, element by element, the sum 0 to the trit 0


class Deferred(NamedTuple):
    """Activations as what they will be made of."""

    x: Int8[Array, "B F"]
    steps: tuple[Step, ...]


def status() -> str:
    """`ready`, or why the fused engine cannot be used; TEJAX_FUSED=interpret runs it anywhere, slowly, as tests do."""
    ready = _interpreted() or jax.default_backend() == "gpu"
    return "ready" if ready else f"for GPUs only, not for a {jax.default_backend()}"


def available() -> bool:
    """Can the fused engine be used?"""
    return status() == "ready"


def _interpreted() -> bool:
    return os.environ.get("TEJAX_FUSED") == "interpret"


def encode(x: Trits) -> Deferred:
    """Inputs [B, F], to which nothing has been done yet."""
    return Deferred(x, ())


def hidden(x: Deferred, w: Trits, bias: Int32[Array, "O"], dead_zone: int) -> Deferred:
    """The trits of a layer's sums, later."""
    return Deferred(x.x, (*x.steps, Step(w, bias, partial(ternarize, dead_zone=dead_zone))))


def output(x: Deferred, w: Trits, bias: Int32[Array, "O"]) -> Int32[Array, "B O"]:
    """The sums of the last layer: the kernel runs here.

    Raises InputError where there is neither a GPU nor the interpreter, and for more than HELD weights, once padded, in
    a layer from the third on.
    """
    require(available(), f"another one here: the fused engine is {status()}", engine="fused")
    layers = [*((step.weights, step.bias) for step in x.steps), (w, bias)]
    (samples, fan_in), outputs = x.x.shape, w.shape[0]
    rows, width = max(1, -(-samples // BLOCK)) * BLOCK, _whole(fan_in)
    operands = [_padded(x.x, (rows, width))]
    for number, (weights, bias) in enumerate(layers):
        # the first layer is read in chunks and any whole number of them will do; Triton's values are powers of two
        neurons = _whole(weights.shape[0]) if number == 0 else _power(weights.shape[0])
        small = number < 2 or neurons * width <= HELD
        require(small, f"of at most {HELD} weights each from the third on, padded", layers=(neurons, width))
        operands += [_padded(weights, (neurons, width)), _padded(bias, (neurons,))]
        width = neurons
    return _call([step.activate for step in x.steps], operands)[:samples, :outputs]


def _whole(size: int) -> int:
    return max(1, -(-size // CHUNK)) * CHUNK


def _power(size: int) -> int:
    """The smallest power of two, CHUNK at the least, that is no smaller."""
    return max(CHUNK, 1 << (size - 1).bit_length())


def _padded(array: Array, shape: tuple[int, ...]) -> Array:
    """Zeros beyond the array: inputs, synapses and neurons of 0, which change no sum."""
    return jnp.pad(array, [(0, wanted - found) for wanted, found in zip(shape, array.shape, strict=True)])


def _call(activations: list[Callable[[Array], Trits]], operands: list[Array]) -> Int32[Array, "B O"]:
    """The kernel over all blocks of samples. Pallas is imported here: who never asks for it does not need it."""
    from jax.experimental import pallas as pl
    from jax.experimental.pallas import triton

    x, *parameters = operands
    outputs = parameters[-1].shape[0]

    def whole(array: Array) -> Any:
        return pl.BlockSpec(array.shape, lambda block: (0,) * array.ndim)

    return pl.pallas_call(
        partial(_kernel, activations),
        grid=(x.shape[0] // BLOCK,),
        in_specs=[pl.BlockSpec((BLOCK, x.shape[1]), lambda block: (block, 0)), *map(whole, parameters)],
        out_specs=pl.BlockSpec((BLOCK, outputs), lambda block: (block, 0)),
        out_shape=jax.ShapeDtypeStruct((x.shape[0], outputs), jnp.int32),
        compiler_params=triton.CompilerParams(num_warps=WARPS),
        interpret=_interpreted(),
        name="tejax_fused",
    )(x, *parameters)


def _kernel(activations: list[Callable[[Array], Trits]], x: Any, *references: Any) -> None:
    """One block of samples through one network: x [BLOCK, F], then weights [O, F] and bias [O] of each layer, answers.

    A reference is read where it is indexed, and no sooner.
    """
    from jax.experimental import pallas as pl

    *parameters, answers = references
    weights, biases = parameters[::2], parameters[1::2]
    neurons, fan_in = weights[0].shape

    def first(rows: Any) -> Int32[Array, "B C"]:
        """The sums of CHUNK neurons of the first layer."""

        def add(step: Array, sums: Array) -> Array:
            inputs = pl.ds(step * CHUNK, CHUNK)
            return sums + _product(x[:, inputs], weights[0][rows, inputs])

        return lax.fori_loop(0, fan_in // CHUNK, add, _rows_of(biases[0][rows]))

    def store(step: Array, nothing: None) -> None:
        rows = pl.ds(step * CHUNK, CHUNK)
        answers[:, rows] = first(rows)

    def feed(step: Array, sums: Array) -> Array:
        rows = pl.ds(step * CHUNK, CHUNK)
        return sums + _product(activations[0](first(rows)), weights[1][:, rows])

    if not activations:
        lax.fori_loop(0, neurons // CHUNK, store, None)
        return
    sums = lax.fori_loop(0, neurons // CHUNK, feed, _rows_of(biases[1][...]))
    for activate, synapses, bias in zip(activations[1:], weights[2:], biases[2:], strict=True):
        sums = _product(activate(sums), synapses[...]) + _rows_of(bias[...])
    answers[...] = sums


def _product(x: Trits, w: Trits) -> Int32[Array, "B O"]:
    return lax.dot_general(x, w, (((1,), (1,)), ((), ())), preferred_element_type=jnp.int32)


def _rows_of(bias: Int32[Array, "O"]) -> Int32[Array, "B O"]:
    return jnp.broadcast_to(bias[None], (BLOCK, bias.shape[0]))


ENGINES["fused"] = Engine(encode, hidden, output, status)
