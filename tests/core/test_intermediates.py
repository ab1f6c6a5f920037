"""The sizes of what a traced function computes on its way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from tejax.core import intermediates

X, SHARED = np.zeros((4, 8), np.int8), np.zeros((8, 64), np.int8)
VECTOR = np.zeros(1000, np.int32)


def product(x, shared):
    return jnp.sum(lax.dot(x, shared, preferred_element_type=jnp.int32), dtype=jnp.int32)


def looped(x, shared):
    return lax.fori_loop(0, 3, lambda _, total: total + product(x, shared), jnp.int32(0))


def branched(x, shared):
    return lax.cond(jnp.sum(x, dtype=jnp.int32) > 0, product, lambda x, shared: jnp.int32(0), x, shared)


@pytest.mark.parametrize(
    "function", [product, jax.jit(product), jax.jit(jax.jit(product)), looped, branched, jax.remat(product)]
)
def test_what_depends_on_the_arguments_is_found_at_any_depth(function):
    traced = intermediates.trace(function, X, SHARED)
    assert intermediates.largest(traced) == 4 * 64 * 4
    assert intermediates.largest(traced, 1) == 4 * 64 * 4
    assert intermediates.largest(traced, primitives=("dot_general",)) == 4 * 64 * 4
    assert intermediates.largest(traced, primitives=("sort",)) == 1
    shallow = intermediates.largest(traced, deep=False)
    assert (shallow == 4 * 64 * 4) == (function is product)


def test_what_all_have_in_common_does_not_count():
    def function(x, vector):
        return x + jnp.sum(jnp.sort(vector), dtype=jnp.int32)

    traced = intermediates.trace(function, np.int32(1), VECTOR)
    assert intermediates.largest(traced, 1) == 4
    assert intermediates.largest(traced) == 4000


def test_shapes_suffice_and_nothing_is_computed():
    huge = jax.ShapeDtypeStruct((2**20, 2**20), jnp.int8)
    assert intermediates.largest(intermediates.trace(lambda x: x + jnp.int8(1), huge)) == 2**40
    assert intermediates.largest(intermediates.trace(lambda x: x, huge)) == 1
