"""Methods that round the weights of a trained float network."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from tejax.baselines import rounding
from tejax.baselines._data import Data
from tejax.baselines._gradient import Fitted, float_bytes, model_of, packed_sizes
from tejax.baselines._methods import Method, Model, derived
from tejax.baselines.backprop import Trained, loss, standard_promotion
from tejax.baselines.models import Spec
from tejax.types import Array, Key

__all__ = ["bfloat16", "eight_bits", "rescaled", "ternarised"]

STEPS, LEARNING_RATE = 300, 0.02  # of Adam on the scales alone, over the whole training split

_adam = optax.scale_by_adam()


def bfloat16(base: Method, name: str = "bfloat16") -> Method:
    """Every parameter of a base of `gradient` rounded to bfloat16."""

    def derive(key: Key, data: Data, model: Model) -> Model:
        params = jax.tree.map(lambda p: p.astype(jnp.bfloat16).astype(jnp.float32), model.state.trained.params)
        return _with_params(model, params, {"bfloat16": model.sizes["float32"] // 2})

    return derived(name, base, derive)


def eight_bits(base: Method, name: str = "int8") -> Method:
    """Every matrix of a base of `gradient` rounded to 8 bits and one scale."""

    def derive(key: Key, data: Data, model: Model) -> Model:
        params = _map_matrices(lambda w: jnp.multiply(*rounding.int8(w)), model.state.trained.params)
        weights = sum(fan_in * neurons for fan_in, neurons in model.state.spec.matrices)
        return _with_params(model, params, {"int8": weights + float_bytes(model.state.spec)})

    return derived(name, base, derive)


def ternarised(base: Method, name: str = "ternarised", scale: bool = True) -> Method:
    """Every matrix of a base of `gradient` rounded to trits, by the threshold of least squared error.

    Args:
        base: trains the float network.
        name: in tables.
        scale: trits times the matrix' scale; False: bare trits.
    """

    def derive(key: Key, data: Data, model: Model) -> Model:
        def rounded(weights: Array) -> Array:
            trits, fitting = rounding.optimal(weights)
            return trits * fitting if scale else trits

        params = _map_matrices(rounded, model.state.trained.params)
        return _with_params(model, params, packed_sizes(model.state.spec))

    return derived(name, base, derive)


def rescaled(base: Method, name: str = "ternarised, scales retrained") -> Method:
    """Trits as in `ternarised`, then the one scale of every matrix trained on the training split, and nothing else."""

    def derive(key: Key, data: Data, model: Model) -> Model:
        spec, trained, encode = model.state
        pairs = [rounding.optimal(leaf) for leaf in jax.tree.leaves(trained.params) if leaf.ndim == 2]
        trits, scales = [pair[0] for pair in pairs], jnp.stack([pair[1] for pair in pairs])
        x, y = jnp.asarray(encode(data.x_train)), jnp.asarray(data.y_train)
        return _with_params(model, _fit_scales(spec, trained.params, trits, scales, x, y), packed_sizes(spec))

    return derived(name, base, derive)


@partial(jax.jit, static_argnums=0)
def _fit_scales(spec: Spec, params: Any, trits: list[Array], scales: Array, x: Array, y: Array) -> Any:
    def with_scales(scales: Array) -> Any:
        indices = iter(range(len(trits)))
        return _map_matrices(lambda _: trits[index := next(indices)] * scales[index], params)

    def step(carry: tuple[Array, Any], _: None) -> tuple[tuple[Array, Any], None]:
        scales, moments = carry
        gradient = jax.grad(lambda scales: loss(spec, with_scales(scales), x, y))(scales)
        with standard_promotion():
            update, moments = _adam.update(gradient, moments)
        # steps in proportion, so that no scale changes its sign
        return (scales - LEARNING_RATE * update * scales, moments), None

    (scales, _), _ = jax.lax.scan(step, (scales, _adam.init(scales)), None, length=STEPS)
    return with_scales(scales)


def _map_matrices(function: Callable[[Array], Array], params: Any) -> Any:
    """The parameters with `function` applied to the matrices, in the order of the leaves; biases stay."""
    return jax.tree.map(lambda leaf: function(leaf) if leaf.ndim == 2 else leaf, params)


def _with_params(model: Model, params: Any, sizes: dict[str, int]) -> Model:
    """The same model with other parameters; it took no more samples or operations."""
    fitted = Fitted(model.state.spec, Trained(params, None), model.state.encode)
    rounded = model_of(fitted, model.samples, model.seconds)
    return dataclasses.replace(rounded, sizes=sizes, operations=model.operations)
