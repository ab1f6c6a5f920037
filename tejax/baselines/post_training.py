"""What becomes of a trained float network when its weights are rounded afterwards."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from tejax.baselines import rounding
from tejax.baselines.gradient import Fitted, beside, model_of, packed_sizes
from tejax.baselines.methods import Data, Method, Model, post_training
from tejax.baselines.models import Spec
from tejax.baselines.training import Trained, loose, loss
from tejax.types import Array, Key

__all__ = ["bfloat16", "eight_bits", "rescaled", "ternarised"]

STEPS, RATE = 300, 0.02  # of Adam on the scales alone, over the whole training split

_adam = optax.scale_by_adam()


def bfloat16(base: Method, name: str = "bfloat16") -> Method:
    """Every parameter rounded to bfloat16."""

    def derive(key: Key, data: Data, model: Model) -> Model:
        params = jax.tree.map(lambda p: p.astype(jnp.bfloat16).astype(jnp.float32), model.state.trained.params)
        return _with(model, params, {"bfloat16": model.sizes["float32"] // 2})

    return post_training(name, base, derive)


def eight_bits(base: Method, name: str = "int8") -> Method:
    """Every matrix rounded to 8 bits and one scale."""

    def derive(key: Key, data: Data, model: Model) -> Model:
        params = _matrices(lambda w: jnp.multiply(*rounding.int8(w)), model.state.trained.params)
        weights = sum(fan_in * neurons for fan_in, neurons in model.state.spec.matrices)
        return _with(model, params, {"int8": weights + beside(model.state.spec)})

    return post_training(name, base, derive)


def ternarised(base: Method, name: str = "ternarised", scale: bool = True) -> Method:
    """Every matrix rounded to trits by its own threshold (the one of least squared error), with its scale or bare."""

    def derive(key: Key, data: Data, model: Model) -> Model:
        def rounded(weights: Array) -> Array:
            trits, kept = rounding.optimal(weights)
            return trits * kept if scale else trits

        return _with(model, _matrices(rounded, model.state.trained.params), packed_sizes(model.state.spec))

    return post_training(name, base, derive)


def rescaled(base: Method, name: str = "ternarised, scales retrained") -> Method:
    """Trits as in `ternarised`, then the one scale of every matrix trained on the training split, and nothing else."""

    def derive(key: Key, data: Data, model: Model) -> Model:
        spec, trained, encode = model.state
        pairs = [rounding.optimal(leaf) for leaf in jax.tree.leaves(trained.params) if leaf.ndim == 2]
        trits, scales = [pair[0] for pair in pairs], jnp.stack([pair[1] for pair in pairs])
        x, y = jnp.asarray(encode(data.x_train)), jnp.asarray(data.y_train)
        return _with(model, _fit_scales(spec, trained.params, trits, scales, x, y), packed_sizes(spec))

    return post_training(name, base, derive)


@partial(jax.jit, static_argnums=0)
def _fit_scales(spec: Spec, params: Any, trits: list[Array], scales: Array, x: Array, y: Array) -> Any:
    def with_scales(scales: Array) -> Any:
        places = iter(range(len(trits)))
        return _matrices(lambda _: trits[place := next(places)] * scales[place], params)

    def step(carry: tuple[Array, Any], _: None) -> tuple[tuple[Array, Any], None]:
        scales, moments = carry
        slope = jax.grad(lambda scales: loss(spec, with_scales(scales), x, y))(scales)
        with loose():
            slope, moments = _adam.update(slope, moments)
        return (scales - RATE * slope * scales, moments), None  # steps in proportion, so that no scale changes its sign

    (scales, _), _ = jax.lax.scan(step, (scales, _adam.init(scales)), None, length=STEPS)
    return with_scales(scales)


def _matrices(function: Callable[[Array], Array], params: Any) -> Any:
    """The parameters with `function` applied to the matrices, one post_training the other; biases stay."""
    return jax.tree.map(lambda leaf: function(leaf) if leaf.ndim == 2 else leaf, params)


def _with(model: Model, params: Any, sizes: dict[str, int]) -> Model:
    fitted = Fitted(model.state.spec, Trained(params, None), model.state.encode)
    rounded = model_of(fitted, model.samples, model.seconds)
    return dataclasses.replace(rounded, sizes=sizes, operations=model.operations)
