import numpy as np
import pytest

from tejax.tasks.datasets import encoding


def _oracle(x, thresholds, kind):
    """Trit l of all features, then trit l + 1, one number at a time."""
    rows = []
    for row in x:
        coded = []
        if kind == "thermometer":
            for level in thresholds:
                coded += [1 if value > limit else -1 for value, limit in zip(row, level, strict=True)]
        else:
            half = len(thresholds) // 2
            for low, high in zip(thresholds[:half], thresholds[half:], strict=True):
                for value, below, above in zip(row, low, high, strict=True):
                    coded.append(1 if value > above else (0 if value > below else -1))
        rows.append(coded)
    return np.array(rows, np.int8)


@pytest.mark.parametrize("kind", ["trits", "thermometer"])
@pytest.mark.parametrize("placement", ["range", "quantile"])
@pytest.mark.parametrize("trits", [1, 2, 5])
def test_encoding_equals_the_oracle(kind, placement, trits):
    x = np.random.default_rng(trits).normal(size=(50, 4))
    encode = encoding.fit(x, trits, kind, placement)
    coded = encode(x)
    assert coded.dtype == np.int8
    assert coded.shape == (50, 4 * trits)
    assert set(np.unique(coded)) <= {-1, 0, 1}
    assert np.array_equal(coded, _oracle(x, encode.thresholds, kind))
    assert (np.diff(encode.thresholds, axis=0) >= 0).all()


def test_range_spaces_thresholds_evenly_over_all_data():
    x = np.array([[0.0, 4.0], [8.0, 2.0]])
    assert encoding.fit(x, 1, "trits", "range").thresholds.tolist() == pytest.approx(
        np.array([[8 / 3] * 2, [16 / 3] * 2])
    )
    assert encoding.fit(x, 3, "thermometer", "range").thresholds[:, 0].tolist() == [2, 4, 6]


def test_quantile_gives_each_trit_value_a_third_of_each_feature():
    x = np.random.default_rng(0).normal(size=(3000, 2)) * [1, 100]
    coded = encoding.fit(x, 1, "trits", "quantile")(x)
    for value in (-1, 0, 1):
        assert np.abs((coded == value).mean(axis=0) - 1 / 3).max() < 0.01


def test_constant_data_and_unseen_data_stay_trits():
    flat = encoding.fit(np.ones((4, 3)), 2)
    assert set(np.unique(flat(np.array([[1.0, -1e9, 1e9]])))) <= {-1, 0, 1}
    assert np.array_equal(flat(np.ones((1, 3))), -np.ones((1, 6), np.int8))
