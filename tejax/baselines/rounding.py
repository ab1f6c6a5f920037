"""How float weights become few values: the equations of the papers, one pure function each.

TWN: Li, Zhang & Liu 2016, "Ternary weight networks", arXiv 1605.04711.
BitNet b1.58: Ma et al. 2024, "The era of 1-bit LLMs", arXiv 2402.17764, on BitNet: Wang et al. 2023, arXiv 2310.11453.

Weights are float32 [...], usually a matrix. Trits and whole numbers are float32 as well, since what follows is a float
product; a scale is float32 [], and rounded weights are values times scale.
"""

import jax
import jax.numpy as jnp

from tejax.types import Array, Key

__all__ = ["absmax8", "absmean", "int8", "optimal", "stochastic", "straight_through", "ternary", "trit_scale", "twn"]

EPSILON = 1e-5  # keeps a division from dividing by zero, as in BitNet's equations


def ternary(weights: Array, threshold: Array) -> Array:
    """The sign of every weight, and 0 where its magnitude is at most the threshold: TWN, equation 3.

    Args:
        weights: float32 [...].
        threshold: float32 [], at least 0.

    Returns:
        Trits as float32 [...].
    """
    return jnp.sign(weights) * (jnp.abs(weights) > threshold).astype(weights.dtype)


def trit_scale(weights: Array, trits: Array) -> Array:
    """The mean magnitude of the weights whose trit is not 0, float32 []; 0 if there are none. TWN, equation 5."""
    nonzero = jnp.abs(trits)
    return jnp.sum(jnp.abs(weights) * nonzero) / jnp.maximum(jnp.sum(nonzero), 1)


def twn(weights: Array) -> tuple[Array, Array]:
    """Trits [...] and scale [] of weights [...] with the threshold 0.7 E|W|: TWN, equations 3, 5 and 6."""
    trits = ternary(weights, 0.7 * jnp.mean(jnp.abs(weights)))
    return trits, trit_scale(weights, trits)


def optimal(weights: Array) -> tuple[Array, Array]:
    """Trits T and scale a that make |W - a T|^2 least: TWN, equation 5 without the approximation of equation 6.

    With the k largest magnitudes kept the error is |W|^2 - S_k^2 / k, S_k their sum: the best k is found by trying all.
    """
    ordered = jnp.sort(jnp.abs(weights).reshape(-1), descending=True)
    gains = jnp.cumsum(ordered) ** 2 / (1 + jnp.arange(ordered.size, dtype=jnp.float32))
    least = ordered[jnp.argmax(gains)]
    trits = jnp.sign(weights) * (jnp.abs(weights) >= least).astype(weights.dtype)
    return trits, trit_scale(weights, trits)


def absmean(weights: Array) -> tuple[Array, Array]:
    """Trits RoundClip(W / (g + epsilon), -1, 1) and the scale g, the mean of |W|: BitNet b1.58, equations 1 to 3."""
    scale = jnp.mean(jnp.abs(weights))
    return jnp.clip(jnp.round(weights / (scale + EPSILON)), -1, 1), scale


def absmax8(x: Array) -> tuple[Array, Array]:
    """Activations in 8 bits, row by row: BitNet, equations 4 and 5.

    Args:
        x: float32 [..., F].

    Returns:
        Whole numbers from -127 to 127 as float32 [..., F], and the scale of every row, [..., 1].
    """
    scale = jnp.maximum(jnp.max(jnp.abs(x), axis=-1, keepdims=True), EPSILON) / 127
    return jnp.round(x / scale), scale


def int8(weights: Array) -> tuple[Array, Array]:
    """Whole numbers from -127 to 127, and their one scale: symmetric quantisation by the largest weight."""
    scale = jnp.maximum(jnp.max(jnp.abs(weights)), EPSILON) / 127
    return jnp.round(weights / scale), scale


def stochastic(key: Key, x: Array) -> Array:
    """One of the two whole numbers beside each value, as float32 [...]; the nearer, the likelier.

    The expectation is x, and whole numbers stay: Gupta et al. 2015, "Deep learning with limited numerical precision",
    arXiv 1502.02551, section 3.

    Args:
        key: of the choice.
        x: float32 [...].
    """
    below = jnp.floor(x)
    return below + (jax.random.uniform(key, x.shape) < x - below).astype(x.dtype)


def straight_through(exact: Array, rounded: Array) -> Array:
    """`rounded` on the forward pass, the gradient of `exact` on the backward pass (Bengio et al. 2013)."""
    return exact + jax.lax.stop_gradient(rounded - exact)
