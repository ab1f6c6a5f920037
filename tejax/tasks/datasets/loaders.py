"""Real data: what scikit-learn ships, and a user's files."""

from pathlib import Path
from typing import Any

from tejax.options import Samples
from tejax.registry import TASKS
from tejax.tasks._classification import Classification
from tejax.tasks._labelled import Options, classification
from tejax.tasks.datasets import files
from tejax.tasks.datasets.encoding import Placement

__all__ = ["breast_cancer", "digits", "from_files", "wine"]


@TASKS.register("digits", extends=Options)
def digits(samples: Samples | None = 128, **options: Any) -> Classification:
    """1,797 handwritten digits of 8 x 8 pixels, ten classes (Alpaydin & Kaynak 1998, as scikit-learn ships them).

    Args:
        samples: training samples a generation, or None for all.
        **options: those of `classification`.
    """
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return classification(x, y, samples=samples, **options)


@TASKS.register("breast_cancer", extends=Options)
def breast_cancer(placement: Placement = "quantile", **options: Any) -> Classification:
    """569 tumours, benign or malignant, by 30 measurements (Wolberg et al. 1995, as scikit-learn ships them).

    Args:
        placement: where thresholds stand: evenly over the range, or at the data's quantiles, since every measurement
            has its own unit.
        **options: those of `classification`.
    """
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    return classification(x, y, placement=placement, **options)


@TASKS.register("wine", extends=Options)
def wine(placement: Placement = "quantile", **options: Any) -> Classification:
    """178 wines of three growers by 13 measurements (Forina et al. 1988, as scikit-learn ships them).

    Args:
        placement: where thresholds stand: evenly over the range, or at the data's quantiles, since every measurement
            has its own unit.
        **options: those of `classification`.
    """
    from sklearn.datasets import load_wine

    x, y = load_wine(return_X_y=True)
    return classification(x, y, placement=placement, **options)


@TASKS.register("files", extends=Options)
def from_files(path: Path = Path("data.npz"), labels: Path | None = None, **options: Any) -> Classification:
    """Labelled data from disk: an .npz file with arrays x and y, or two IDX files (as MNIST has).

    Args:
        path: the .npz file, or the IDX file of inputs.
        labels: the IDX file of labels.
        **options: those of `classification`.

    Raises:
        InputError: for a missing, damaged or foreign file, naming it.
    """
    x, y = files.load_arrays(path) if labels is None else (files.load_idx(path), files.load_idx(labels))
    return classification(x, y, **options)
