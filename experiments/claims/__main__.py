"""All claims, one command: measures, records, figures, and the page experiments/claims/README.md.

    python -m experiments.claims                    # within half an hour on two cores
    python -m experiments.claims --full             # all seeds, and marks at their full time: hours
    python -m experiments.claims --only size        # one of them; the page keeps what the others found before
    python -m experiments.claims --quick

What has been measured is in the records; `--fresh` begins again.
"""

import importlib
import math
from pathlib import Path

from experiments import record, study
from experiments.claims import page
from experiments.claims.common import Plan

HERE = Path(__file__).parent
NAMES = ("size", "inference", "uncertainty", "adaptivity", "training_cost")
QUICK = Plan(seeds=1, minutes=0.1, effort=0.002, pace=0.005, quick=True)


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and write the page."""
    parser = study.parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--full", action="store_true", help="all seeds, however long they take, at a pace of 1")
    parser.add_argument("--seeds", type=int, default=Plan.seeds)
    parser.add_argument("--time", type=float, default=1.0, help="a factor on the minutes that each claim may take")
    parser.add_argument("--pace", type=float, help="a factor on adaptivity's marks of 1, 5 and 30 s, else 0.1")
    parser.add_argument("--slow", type=int, help="seeds of what takes long, else 1, with --full 3")
    chosen = parser.parse_args(arguments)
    with study.where(chosen) as results:
        folder = HERE if results == record.RESULTS else results
        for name in chosen.only:
            claim = importlib.import_module(f"experiments.claims.{name}")
            minutes = math.inf if chosen.full else claim.MINUTES * chosen.time
            pace = chosen.pace or (1.0 if chosen.full else 0.1)
            slow = (3 if chosen.full else 1) if chosen.slow is None else chosen.slow
            plan = QUICK if chosen.quick else Plan(chosen.seeds, minutes, pace=pace, slow=slow)
            known = record.read(f"claims_{name}").rows if chosen.draw else None
            rows = known or record.collect(f"claims_{name}", plan.settings(), claim.jobs(plan), chosen.fresh)
            claim.figure(rows).savefig(folder / f"{name}.png", dpi=110, facecolor="white")
        print(page.write(folder, NAMES))


if __name__ == "__main__":
    main()
