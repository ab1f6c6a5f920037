"""What all tables share."""

import statistics
from typing import Any


def table(head: list[str], rows: list[list[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def where(machine: dict[str, Any]) -> str:
    """The machine and the versions behind a table, in words."""
    return f"{machine['processor']}, {machine['cores']} cores; JAX {machine['jax']}, Python {machine['python']}"


def spread_of(values: list[float], form: str = ".1f") -> str:
    """`mean (least to greatest)`, or a dash for none."""
    if not values:
        return "-"
    return f"{statistics.mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"
