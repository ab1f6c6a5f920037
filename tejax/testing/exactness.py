"""Does this device compute the same bits as the CPU, and as those on record? All that exactness rests on, tried.

    python -m tejax.testing.exactness
    python -m tejax.testing.exactness --quick --json exactness.json

Small fixed computations, from JAX's primitives to whole runs (`exact_items`). Each is computed on the default device
and on the CPU, compiled there without optimizations, so that on a CPU two programs are compared; where a function has
two spellings (a loss in one kernel, and one from the outputs), the CPU is given the plain one. What comes out is also
held against a fingerprint on record. Needs no network. `tejax doctor --exact` shows the same table.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tejax import engines
from tejax.core import pytrees
from tejax.engines import selftest
from tejax.testing.exact_items import Item, collect
from tejax.testing.exact_record import RECORD

__all__ = ["EQUAL", "Finding", "compare", "first_difference", "line", "main", "reference"]

EQUAL, LEFT_OUT = "equal", "left out"
PLAIN: dict[str, Any] = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
WORKERS = 12  # programs that are compiled at once, where there are as many cores


class Finding(NamedTuple):
    """What came of one item."""

    name: str
    what: str
    outcome: str  # equal, or left out and why, or where it differs
    fingerprint: str | None = None  # of what this device computed

    @property
    def differs(self) -> bool:
        """Whether something is not as it must be."""
        return self.outcome != EQUAL and not self.outcome.startswith(LEFT_OUT)


def reference() -> str:
    """What the device is compared with, in words."""
    if _cpu() is None:
        return "NumPy and the record alone (JAX_PLATFORMS leaves no CPU to compare with)"
    return "the CPU, compiled without optimizations; NumPy where that is short; fingerprints on record"


def compare(items: Iterable[Item] | None = None, quick: bool = False) -> Iterator[Finding]:
    """Compute items on the default device and compare them, several at once.

    Args:
        items: what to compare; None: everything.
        quick: of everything, a part that takes much less time.

    Yields:
        A finding an item, as soon as it is known, so in no certain order.
    """
    chosen = (item for item in collect() if item.quick or not quick) if items is None else items
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    pool = ThreadPoolExecutor(max(1, min(WORKERS, cores)))
    try:
        proved = pool.submit(_prove)
        found = []
        for item in chosen:
            if not item.engine:
                proved.result()  # once, before several programs ask for it at the same time
            found.append(pool.submit(find, item))
        yield from (each.result() for each in as_completed(found))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _prove() -> None:
    """Let what may be used here by itself prove itself."""
    engines.choose(64)
    for name in selftest.CHECKS:
        if selftest.status(name) == "ready":
            selftest.outcome(name)


def find(item: Item) -> Finding:
    """What comes of one item; what cannot be run at all differs too."""
    try:
        outcome, fingerprint = _engine(item.engine) if item.engine else _bits(item)
    except Exception as error:  # whatever a compiler or a driver raises
        words = " ".join(str(error).split()) or type(error).__name__
        outcome, fingerprint = f"cannot be run here: {words:.160}", None
    return Finding(item.name, item.what, outcome, fingerprint)


def _engine(name: str) -> tuple[str, None]:
    """An engine, or another check, against NumPy; asked again whatever is known of it."""
    check, status = selftest.CHECKS.get(name), selftest.status(name)
    if status != "ready":
        return f"{LEFT_OUT}: {status}", None
    found = check.run() if check else selftest.check_engine(engines.ENGINES[name])
    return EQUAL if found == "ready" else f"differs: {found}", None


def _bits(item: Item) -> tuple[str, str]:
    """A computation against its other spellings and the record."""
    if item.whole:
        found = jax.tree.map(np.asarray, item.function(*item.arguments))
    else:
        found = _computed(item.function, item.arguments)
    # of the leaves, so that a part may get another name; a run as `tejax` itself reports it
    fingerprint = pytrees.fingerprint(found if item.whole else jax.tree.leaves(found))
    if item.oracle is not None:
        outcome = first_difference(found, item.oracle(*item.arguments))
        if outcome != EQUAL:
            return f"{outcome} (NumPy)", fingerprint
    cpu = _cpu()
    if cpu is not None and not item.whole:
        outcome = first_difference(found, _computed(item.spelled or item.function, item.arguments, cpu, PLAIN))
        if outcome != EQUAL:
            return f"{outcome} (CPU)", fingerprint
    recorded = RECORD.get(item.name)
    if recorded is not None and recorded != fingerprint:
        return f"differs from the record: {fingerprint}, not {recorded}", fingerprint
    return EQUAL, fingerprint


def _computed(function: Any, arguments: tuple, device: Any = None, options: dict[str, Any] | None = None) -> Any:
    """What a compiled function gives, as NumPy arrays; compiled for a device, None: the default one."""
    with jax.default_device(device):
        given = jax.tree.map(jnp.asarray, arguments)
        # a function that JAX has not seen, so that no trace for another device is taken
        compiled = jax.jit(lambda *given: function(*given)).lower(*given).compile(compiler_options=options)
        return jax.tree.map(np.asarray, compiled(*given))


@cache
def _cpu() -> Any:
    """The first CPU device, or None where JAX may not use it."""
    try:
        return jax.devices("cpu")[0]
    except RuntimeError:
        return None


def first_difference(found: Any, wanted: Any) -> str:
    """`equal`, or where two trees of arrays first differ."""
    leaves = jax.tree_util.tree_leaves_with_path(found)
    for (path, a), b in zip(leaves, jax.tree.leaves(wanted), strict=True):
        a, b, where = np.asarray(a), np.asarray(b), jax.tree_util.keystr(path) or "the result"
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"differs: {where} is {a.dtype}{list(a.shape)}, not {b.dtype}{list(b.shape)}"
        odd = np.argwhere(a != b)
        if len(odd):
            index = tuple(map(int, odd[0]))
            values = f"{a[index]}, not {b[index]}"
            return f"differs in {len(odd)} of {a.size} values of {where}, first at {list(index)}: {values}"
    return EQUAL


def line(finding: Finding) -> str:
    """A finding as a line of the table."""
    return f"{finding.name:<28} {finding.what:<61} {finding.outcome}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare everything, print the table as it grows; 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a part that takes much less time")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="items whose names contain one of these")
    parser.add_argument("--json", type=Path, help="a file for the findings, written after each")
    parser.add_argument("--record", action="store_true", help="write exact_record.py again, where the source lies")
    chosen = parser.parse_args(arguments)
    only = chosen.only or [""]
    items = (item for item in collect() if any(word in item.name for word in only) and (item.quick or not chosen.quick))
    device, start, findings = jax.devices()[0], time.perf_counter(), []
    say = sys.stdout.write
    say(f"{device.device_kind} ({device.platform}) against {reference()}\n")
    for finding in compare(items):
        findings.append(finding)
        say(f"{line(finding)}\n")
        sys.stdout.flush()
        if chosen.json:
            rows = ",\n ".join(json.dumps(each._asdict()) for each in findings)
            chosen.json.write_text(f'{{"device": {json.dumps(device.device_kind)}, "findings": [\n {rows}\n]}}\n')
    if chosen.record:
        _write_record(findings)
    wrong = sum(finding.differs for finding in findings)
    say(f"{len(findings)} compared, {wrong} differ, {time.perf_counter() - start:.0f} s\n")
    return int(wrong > 0)


def _write_record(findings: Sequence[Finding]) -> None:
    """The fingerprints of these findings as exact_record.py, beside this file; those of other items stay."""
    path = Path(__file__).with_name("exact_record.py")
    known = RECORD | {each.name: each.fingerprint for each in findings if each.fingerprint}
    rows = "".join(f'    "{item.name}": "{known[item.name]}",\n' for item in collect() if item.name in known)
    head = path.read_text(encoding="utf-8").partition(" = {")[0]
    path.write_text(f"{head} = {{\n{rows}}}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
