"""The bytes that a compiled program sends between devices, read from its HLO text.

`collectives` finds every operation that moves data from device to device, what it moves, and where it stands: outside
the loop over generations, inside it, or inside a branch of it that not every generation takes.
"""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Collective", "collectives"]

BITS = {"pred": 8, "bf16": 16, "f16": 16}  # of the types whose name does not end in their bits
KINDS = ("all-gather", "all-reduce", "all-to-all", "collective-permute", "reduce-scatter")
SHAPE = re.compile(r"\b([a-z]+\d*)\[([\d,]*)\]")
HEADER = re.compile(r"^(ENTRY )?%?([\w.-]+) .*\{$")
OPERATION = re.compile(r"^(?:ROOT )?%?[\w.-]+ = (.*?) ([a-z][\w-]*)\(")
CALLS = re.compile(r"(body|condition|calls|to_apply|true_computation|false_computation)=%?([\w.-]+)")
BRANCHES = re.compile(r"branch_computations=\{([^}]*)\}")
INSIDE = {"body": ("loop",), "condition": ("loop",), "calls": (), "to_apply": ()}  # what a call stands in; else: branch


class Collective(NamedTuple):
    """One operation of a compiled program that talks to other devices."""

    kind: str
    received: float  # bytes that come to a device, or that it adds up, in a ring of its group
    where: tuple[str, ...]  # the loops and branches around it, from the outermost inwards


def collectives(text: str) -> Iterator[Collective]:
    """All collectives of the HLO text `lowered.compile().as_text()`, in the order of the program."""
    entry, name, bodies = "", "", {}
    for line in text.splitlines():
        header = HEADER.match(line)
        if header and " = " not in line.split("(")[0]:
            name = header[2]
            bodies[name], entry = [], name if header[1] else entry
        elif name:
            bodies[name].append(line.strip())
    devices = int(found[1]) if (found := re.search(r"num_partitions=(\d+)", text)) else 1
    return _within(entry, bodies, devices, ())


def _within(name: str, bodies: dict[str, list[str]], devices: int, where: tuple[str, ...]) -> Iterator[Collective]:
    for line in bodies[name]:
        if not (operation := OPERATION.match(line)):
            continue
        result, kind = operation.groups()
        plain = kind.removesuffix("-start")
        if plain in KINDS:
            yield Collective(plain, _received(plain, _bytes(result), line, devices, plain != kind), where)
        called = CALLS.findall(line)
        called += [("branch", each.strip().lstrip("%")) for some in BRANCHES.findall(line) for each in some.split(",")]
        for how, callee in called:
            yield from _within(callee, bodies, devices, (*where, *INSIDE.get(how, ("branch",))))


def _received(kind: str, size: int, line: str, devices: int, started: bool) -> float:
    """Bytes that come to a device for a result of a size; the result of a start is both, what goes and what comes."""
    if kind == "collective-permute":
        return size // 2 if started else size
    group = _group(line, devices)
    if kind == "all-gather" and started:
        size = size * group // (group + 1)
    share = (group - 1) / group
    return size * {"all-reduce": 2 * share, "reduce-scatter": group - 1}.get(kind, share)


def _group(line: str, devices: int) -> int:
    """How many devices are in a group: from axes of a mesh, from [groups, size]<=[...], or from a list of groups."""
    if found := re.search(r"replica_groups=mesh\[([^]]*)\] \{([^}]*)\}", line):
        sizes = dict(re.findall(r"'([\w.]+)'=(\d+)", found[1]))
        return math.prod(int(sizes[axis]) for axis in re.findall(r"'([\w.]+)'", found[2]))
    if found := re.search(r"replica_groups=\[\d+,(\d+)\]", line):
        return int(found[1])
    found = re.search(r"replica_groups=\{\{([\d,]+)\}", line)
    return len(found[1].split(",")) if found else devices


def _bytes(shapes: str) -> int:
    """The bytes of a type, a tuple say."""
    pairs = ((BITS.get(kind) or int(re.sub(r"\D", "", kind) or 0), sizes) for kind, sizes in SHAPE.findall(shapes))
    return sum(math.prod(int(size) for size in sizes.split(",") if size) * bits // 8 for bits, sizes in pairs)
