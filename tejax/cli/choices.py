"""What can be named on the command line: the tasks, networks and strategies that config.json knows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

from tyro.conf import subcommand

from tejax.config import NETWORKS, STRATEGIES, TASKS

__all__ = ["Network", "Strategy", "Task"]


def _one_of(registry: Mapping[str, type]) -> Any:
    """The type of a choice, under names as the command line writes them: hill-climb."""
    return Union[tuple(Annotated[kind, subcommand(name.replace("_", "-"))] for name, kind in registry.items())]  # noqa: UP007


if TYPE_CHECKING:
    Task: TypeAlias = Any
    Network: TypeAlias = Any
    Strategy: TypeAlias = Any
else:
    Task, Network, Strategy = map(_one_of, (TASKS, NETWORKS, STRATEGIES))
