"""The product of int32 by int8, as CPUs and as other devices are given it, against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tejax.engines import products

ENDS = np.iinfo(np.int32)


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
@settings(max_examples=8)
@given(
    length=st.sampled_from([1, 100, 700]),
    rows=st.sampled_from([1, 40]),
    columns=st.sampled_from([1, 33]),
    seed=st.integers(0, 2**32 - 1),
)
def test_int32_by_int8_wraps(backend, length, rows, columns, seed):
    random = np.random.default_rng(seed)
    a = random.integers(ENDS.min, ENDS.max, (length, rows), endpoint=True).astype(np.int32)
    a[random.random(a.shape) < 0.2] = random.choice([ENDS.min, ENDS.max, -1, 127, 128])
    b = random.integers(-128, 127, (length, columns), endpoint=True).astype(np.int8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jax, "default_backend", lambda: backend)
        found = products.contract_int32(jnp.asarray(a), jnp.asarray(b))
    wanted = a.astype(np.int64).T @ b.astype(np.int64)  # modulo 2^64, which keeps the lower half
    assert np.array_equal(found, wanted.astype(np.int32))
