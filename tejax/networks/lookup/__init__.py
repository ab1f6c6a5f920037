"""Recurrent networks of ternary look-up tables, and their mutations."""

from tejax.networks.lookup import changes, mutation
from tejax.networks.lookup.ant import Ant
from tejax.networks.lookup.autonomous import Autonomous, Circuit, Clock
from tejax.networks.lookup.tables import Answer, Lookup, State, Tables, from_digits, to_digits

__all__ = [
    "Answer",
    "Ant",
    "Autonomous",
    "Circuit",
    "Clock",
    "Lookup",
    "State",
    "Tables",
    "changes",
    "from_digits",
    "mutation",
    "to_digits",
]
