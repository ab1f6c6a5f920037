"""Measures of confidence: a temperature, calibration error, risk against coverage, and the ranking of two groups."""

import numpy as np

__all__ = ["auroc", "ece", "fit_temperature", "heated", "risk_at"]

BINS = 15


def heated(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """The probabilities with their logits divided by a temperature; none is below a millionth before that."""
    powers = np.maximum(probabilities, 1e-6) ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def fit_temperature(probabilities: np.ndarray, y: np.ndarray) -> float:
    """The temperature of highest likelihood, of 97 from 1/16 to 16 (Guo et al. 2017, arXiv 1706.04599)."""
    grid = 2.0 ** np.linspace(-4, 4, 97)
    losses = [-np.log(heated(probabilities, t)[np.arange(len(y)), y]).mean() for t in grid]
    return float(grid[int(np.argmin(losses))])


def ece(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error with 15 bins of equal width (Guo et al. 2017, equation 5)."""
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = (abs((confidence - right)[place == one].sum()) for one in range(BINS))
    return float(sum(gaps) / len(right))


def risk_at(confidence: np.ndarray, right: np.ndarray, coverages: np.ndarray) -> np.ndarray:
    """The share of errors among the most confident answers, at each coverage; among equals errors come evenly."""
    order = np.argsort(-confidence, kind="stable")
    wrong, sorted_confidence = (~right[order]).astype(float), confidence[order]
    _, place = np.unique(-sorted_confidence, return_inverse=True)
    even = (np.bincount(place, wrong) / np.bincount(place))[place]
    counts = np.maximum(1, np.round(coverages * len(right)).astype(int))
    return np.cumsum(even)[counts - 1] / counts


def auroc(familiar: np.ndarray, strange: np.ndarray) -> float:
    """The chance that a familiar input is the more confident one of a pair; ties count half."""
    both = np.concatenate([familiar, strange])
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    n, m = len(familiar), len(strange)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
