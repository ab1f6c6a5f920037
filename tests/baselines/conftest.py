import jax
import numpy as np
import pytest

from tejax import baselines


@pytest.fixture(scope="package")
def data():
    """Three classes of nine numbers, easy but not trivial."""
    rng = np.random.default_rng(0)
    y = (np.arange(90) % 3).astype(np.int32)
    x = np.clip(0.15 * rng.normal(size=(90, 9)) + 0.7 * np.eye(3, 9)[y], 0, 1).astype(np.float32)
    return baselines.Data(x[:60], y[:60], x[60:], y[60:], 3)


@pytest.fixture(scope="package")
def same():
    """Whether two trees have the same arrays, bit for bit; compared by NumPy, which compiles nothing."""

    def compare(a, b):
        return all(jax.tree.leaves(jax.tree.map(lambda a, b: np.array_equal(np.asarray(a), np.asarray(b)), a, b)))

    return compare
