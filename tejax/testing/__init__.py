"""Contract checks for networks, tasks, operators and strategies: a user's, and those that tejax ships.

A check returns None, or raises an AssertionError whose message is one sentence that says what does not hold. All
checks want: trits stay trits and int8 stays int8; a result depends on its arguments alone, not on its neighbours in a
batch; a Python loop gives what `lax.scan` gives; a second call of the same shapes is not traced again.
"""

from tejax.testing.network_checks import check_network
from tejax.testing.operator_checks import check_crossover, check_mutation, check_selection
from tejax.testing.strategy_checks import check_strategy
from tejax.testing.task_checks import check_task

__all__ = ["check_crossover", "check_mutation", "check_network", "check_selection", "check_strategy", "check_task"]
