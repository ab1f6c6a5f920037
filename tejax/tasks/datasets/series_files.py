"""Series of numbers from text tables, as tasks: one that tejax ships, or a user's."""

from pathlib import Path
from typing import Annotated

import numpy as np

from tejax.errors import require
from tejax.options import AtLeast, Between, Probability, Text, Width
from tejax.registry import TASKS
from tejax.tasks._emission import Emission, emission
from tejax.tasks.datasets.columns import load_column
from tejax.tasks.datasets.moves import quantile_thresholds, to_trits

__all__ = ["CO2", "emission_from_file"]

Threshold = Annotated[float, Between(-(2.0**53), 2.0**53)]
CO2 = Path(__file__).with_name("co2.csv")


@TASKS.register("emission", network="autonomous")
def emission_from_file(
    path: Path | None = None,
    column: Text | None = None,
    changes: bool = True,
    thresholds: tuple[Threshold, Threshold] = (0.0, 0.0),
    quantiles: tuple[Probability, Probability] | None = None,
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
        column: of the numbers, its title or its number from 0; None: the last one.
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
