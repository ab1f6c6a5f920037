"""Contract checks for one's own networks, tasks, operators and strategies."""

from tejax.testing.checks import (
    check_crossover,
    check_mutation,
    check_network,
    check_selection,
    check_strategy,
    check_task,
)

__all__ = ["check_crossover", "check_mutation", "check_network", "check_selection", "check_strategy", "check_task"]
