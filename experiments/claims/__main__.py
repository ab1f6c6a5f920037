"""All claims, one command: measures, JSON, figures, and the page experiments/claims/README.md.

    python -m experiments.claims                    # within half an hour on two cores
    python -m experiments.claims --only size        # one of them; the page keeps what the others found before
    python -m experiments.claims --quick --out token

What has been measured stands in a ledger, so that an interrupted run goes on; --fresh begins anew.
"""

import argparse
import importlib
import json
import time
from pathlib import Path

from experiments import record
from experiments.claims import page
from experiments.claims.common import Ledger, Plan

HERE = Path(__file__).parent
NAMES = ("size", "inference", "uncertainty", "adaptivity", "training_cost")
QUICK = Plan(seeds=1, minutes=0.1, effort=0.002, pace=0.005, quick=True)


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--quick", action="store_true", help="a token of everything, to see that it runs")
    parser.add_argument("--fresh", action="store_true", help="forget what has been measured")
    parser.add_argument("--out", type=Path, help="a folder for everything, instead of experiments/")
    parser.add_argument("--seeds", type=int, default=Plan.seeds)
    parser.add_argument("--time", type=float, default=1.0, help="a factor on the minutes that each claim may take")
    parser.add_argument("--pace", type=float, default=0.1, help="a factor on adaptivity's marks of 1, 5 and 30 s")
    chosen = parser.parse_args(arguments)
    folder, results = chosen.out or HERE, chosen.out or record.RESULTS
    ledgers = chosen.out or HERE.parents[1] / "runs" / "claims"
    for each in (folder, results):
        each.mkdir(parents=True, exist_ok=True)
    for name in chosen.only:
        claim = importlib.import_module(f"experiments.claims.{name}")
        plan = Plan(seeds=chosen.seeds, minutes=claim.MINUTES * chosen.time, pace=chosen.pace)
        ledger = ledgers / f"{name}.jsonl"
        if chosen.fresh:
            ledger.unlink(missing_ok=True)
        start = time.perf_counter()
        rows = claim.measure(QUICK if chosen.quick else plan, Ledger(ledger))
        print(f"{name}: {len(rows)} rows in {time.perf_counter() - start:.0f} s", flush=True)
        written = {"machine": record.machine(), "results": {"seeds": chosen.seeds, "rows": rows}}
        (results / f"claims_{name}.json").write_text(json.dumps(written) + "\n")
        claim.figure(rows).savefig(folder / f"{name}.png", dpi=80, facecolor="white")
    print(page.write(folder, results, NAMES))


if __name__ == "__main__":
    main()
