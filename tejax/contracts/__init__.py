"""What holds at every call of a network or a task: types, shapes and ranges of what goes in and of what comes out.

`Network` and `Task` put these checks around the methods of every subclass. Most are of types and shapes, which are
known while a program is traced, so that they cost nothing when it runs. Values are held to their range where they are
known; where they are not, inside a program, what goes into a network is clipped to its range once, before any engine
sees it, so that all engines make the same of it.
"""

from tejax.contracts._methods import NETWORK_CHECKS, RECURRENT_CHECKS, TASK_CHECKS, guard, unchecked
from tejax.contracts._values import (
    GENERATOR,
    TRITS,
    as_inputs,
    as_key,
    check_genome,
    check_labels,
    check_shown,
    describe,
    is_array,
    is_known,
    require_fit,
)

__all__ = [
    "GENERATOR",
    "NETWORK_CHECKS",
    "RECURRENT_CHECKS",
    "TASK_CHECKS",
    "TRITS",
    "as_inputs",
    "as_key",
    "check_genome",
    "check_labels",
    "check_shown",
    "describe",
    "guard",
    "is_array",
    "is_known",
    "require_fit",
    "unchecked",
]
