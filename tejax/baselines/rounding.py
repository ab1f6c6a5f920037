"""How float weights become few values: the equations of the papers, one pure function each.

TWN: Li, Zhang & Liu 2016, "Ternary weight networks", arXiv 1605.04711.
BitNet b1.58: Ma et al. 2024, "The era of 1-bit LLMs", arXiv 2402.17764, on BitNet: Wang et al. 2023, arXiv 2310.11453.
"""

import jax
import jax.numpy as jnp

from tejax.types import Array

__all__ = ["absmax8", "absmean", "int8", "kept_mean", "optimal", "straight_through", "ternary", "twn"]

EPSILON = 1e-5  # keeps a division from dividing by zero, as in BitNet's equations


def ternary(weights: Array, threshold: Array) -> Array:
    """The sign of every weight, and 0 where its magnitude is at most the threshold: TWN, equation 3."""
    return jnp.sign(weights) * (jnp.abs(weights) > threshold).astype(weights.dtype)


def kept_mean(weights: Array, trits: Array) -> Array:
    """The scale: the mean magnitude of the weights whose trit is not 0. TWN, equation 5."""
    kept = jnp.abs(trits)
    return jnp.sum(jnp.abs(weights) * kept) / jnp.maximum(jnp.sum(kept), 1)


def twn(weights: Array) -> tuple[Array, Array]:
    """Trits and scale with the threshold 0.7 E|W|: TWN, equations 3, 5 and 6."""
    trits = ternary(weights, 0.7 * jnp.mean(jnp.abs(weights)))
    return trits, kept_mean(weights, trits)


def optimal(weights: Array) -> tuple[Array, Array]:
    """Trits T and scale a that make |W - a T|^2 least: TWN, equation 5 without the approximation of equation 6.

    With the k largest magnitudes kept the error is |W|^2 - S_k^2 / k, S_k their sum: the best k is found by trying all.
    """
    ordered = jnp.sort(jnp.abs(weights).reshape(-1), descending=True)
    gains = jnp.cumsum(ordered) ** 2 / (1 + jnp.arange(ordered.size, dtype=jnp.float32))
    least = ordered[jnp.argmax(gains)]
    trits = jnp.sign(weights) * (jnp.abs(weights) >= least).astype(weights.dtype)
    return trits, kept_mean(weights, trits)


def absmean(weights: Array) -> tuple[Array, Array]:
    """Trits RoundClip(W / (g + epsilon), -1, 1) and the scale g, the mean of |W|: BitNet b1.58, equations 1 to 3."""
    scale = jnp.mean(jnp.abs(weights))
    return jnp.clip(jnp.round(weights / (scale + EPSILON)), -1, 1), scale


def absmax8(x: Array) -> tuple[Array, Array]:
    """Activations as whole numbers from -127 to 127, and the scale of every row [..., 1]: BitNet, equations 4 and 5."""
    scale = jnp.maximum(jnp.max(jnp.abs(x), axis=-1, keepdims=True), EPSILON) / 127
    return jnp.round(x / scale), scale


def int8(weights: Array) -> tuple[Array, Array]:
    """Weights as whole numbers from -127 to 127, and their one scale: symmetric quantisation by the largest."""
    scale = jnp.maximum(jnp.max(jnp.abs(weights)), EPSILON) / 127
    return jnp.round(weights / scale), scale


def straight_through(exact: Array, rounded: Array) -> Array:
    """`rounded` on the way forward, the gradient of `exact` on the way back (Bengio et al. 2013)."""
    return exact + jax.lax.stop_gradient(rounded - exact)
