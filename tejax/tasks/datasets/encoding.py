"""Numbers into trits: every feature is compared with a few thresholds that the training data set."""

import dataclasses
from typing import Literal

import numpy as np

from tejax.errors import require

__all__ = ["Encoding", "fit"]

Kind = Literal["trits", "thermometer"]
Placement = Literal["range", "quantile"]


@dataclasses.dataclass(frozen=True)
class Encoding:
    """Thresholds [L, F] and how they are read.

    `thermometer`: L trits a feature; trit l is +1 where the feature is above threshold l, else -1.
    `trits`: L / 2 trits a feature; each is -1 up to its lower threshold, +1 above its upper one, 0 between.
    """

    thresholds: np.ndarray  # float32 [L, F], ascending along L
    kind: Kind = "trits"

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Trits int8 [N, F * trits a feature] of numbers [N, F]; trit l of all features, then trit l + 1."""
        above = (x.astype(np.float32)[:, None, :] > self.thresholds).astype(np.int8)
        if self.kind == "thermometer":
            coded = 2 * above - 1
        else:  # pair a low threshold with a high one, so that each trit sees the middle as 0
            half = self.thresholds.shape[0] // 2
            coded = above[:, :half] + above[:, half:] - 1
        return coded.reshape(len(x), -1).astype(np.int8)


def fit(x: np.ndarray, trits: int = 1, kind: Kind = "trits", placement: Placement = "range") -> Encoding:
    """An encoding of `trits` trits a feature, from training data x [N, F].

    Measured on digits (experiments/quality/thresholds.py): two or three trits a pixel evolve better than one, and
    better than a thermometer of as many inputs; the placement makes no difference beyond the noise.

    `range` spaces the thresholds evenly between the least and the greatest number in all of x; `quantile` puts
    them, feature by feature, where the training data divide into equal shares.
    """
    require(trits >= 1, "at least 1", trits=trits)
    require(kind in ("trits", "thermometer"), "trits or thermometer", kind=kind)
    require(placement in ("range", "quantile"), "range or quantile", placement=placement)
    levels = trits if kind == "thermometer" else 2 * trits
    shares = np.arange(1, levels + 1) / (levels + 1)
    if placement == "quantile":
        thresholds = np.quantile(x, shares, axis=0)
    else:
        low, high = float(x.min()), float(x.max())
        thresholds = np.repeat((low + (high - low) * shares)[:, None], x.shape[1], axis=1)
    return Encoding(thresholds.astype(np.float32), kind)
