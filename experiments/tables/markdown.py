"""What all tables share."""

from typing import Any


def table(head: list[str], rows: list[list[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def where(machine: dict[str, Any]) -> str:
    """The machine and the versions behind a table, in words."""
    return f"{machine['processor']}, {machine['cores']} cores; JAX {machine['jax']}, Python {machine['python']}"
