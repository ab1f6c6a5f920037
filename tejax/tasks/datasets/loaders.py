"""Real data: what scikit-learn ships, a series that tejax ships, and a user's files."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np

from tejax.errors import require
from tejax.options import AtLeast, Between, Length, Probability, Samples, Text, Width
from tejax.registry import TASKS
from tejax.tasks._classification import Classification
from tejax.tasks._emission import Emission, emission
from tejax.tasks._labelled import Options, classification
from tejax.tasks.datasets import files
from tejax.tasks.datasets.columns import load_column
from tejax.tasks.datasets.encoding import Placement
from tejax.tasks.datasets.moves import quantile_thresholds, to_trits

__all__ = ["CO2", "breast_cancer", "digits", "emission_from_file", "from_files", "wine"]

CO2 = Path(__file__).with_name("co2.csv")


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


@TASKS.register("emission", network="autonomous")
def emission_from_file(
    path: Path | None = None,
    column: Text = "",
    changes: bool = True,
    thresholds: Annotated[tuple[Annotated[float, Between(-1e300, 1e300)], ...], Length(2, 2)] = (0.0, 0.0),
    quantiles: Annotated[tuple[Probability, ...], Length(2, 2)] | None = None,
    held_out: Annotated[float, Between(0, 0.9)] = 0.25,
    window: Width | None = None,
    shift_cap: Annotated[int, AtLeast(0, 2**20)] | None = None,
    max_ticks: Annotated[int, AtLeast(1, 2**30)] = 100_000,
) -> Emission:
    """A series from a CSV file, as ups and downs, said by a network that nobody feeds; its end is held out.

    Where no file is named: 2,225 weekly means of CO2 in the air at Mauna Loa, 1958 to 2001 (Keeling & Whorf 2004; in
    the public domain, as statsmodels ships them, weeks without a mean left out).

    Args:
        path: the file; None: the series that tejax ships.
        column: of the numbers, its title or its number from 0; empty: the last one.
        changes: what becomes trits is by how much a number differs from the one before it, else the number itself.
        thresholds: below the first it is -1, above the second +1, between them 0.
        quantiles: shares of the graded part that give the thresholds, instead.
        held_out: the share of the series, at its end, that nobody is graded on, but in the report.
        window: targets of a frame; None: four fifths of the graded ones.
        shift_cap: the last shift of the frame; None: what is left of the graded ones.
        max_ticks: how long a network may take, for a frame to be finished in fewer.

    Raises:
        InputError: as `load_column` does; for a series that is too short, or of which the graded part is one trit only.
    """
    name = CO2.name if path is None else path
    numbers = load_column(CO2 if path is None else path, column)
    require(len(numbers) >= 8, f"of 8 numbers or more, in {name}", column=f"{column!r}, of {len(numbers)}")
    require(bool((numbers != numbers[0]).any()), f"of numbers that are not all the same, in {name}", column=column)
    values = np.diff(numbers) if changes else numbers
    hidden = int(held_out * len(values))
    graded = len(values) - hidden
    chosen = thresholds if quantiles is None else quantile_thresholds(values[:graded], quantiles)
    trits = to_trits(values, chosen)
    several = len(np.unique(trits[:graded])) > 1
    require(several, f"such that not all of {name} that is graded becomes one trit", thresholds=chosen)
    frame = max(1, 4 * graded // 5) if window is None else window
    return emission(trits, frame, max(0, graded - frame) if shift_cap is None else shift_cap, max_ticks, 0, hidden)
