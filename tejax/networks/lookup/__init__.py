"""Recurrent networks of ternary look-up tables, and their mutations."""

from tejax.networks.lookup import mutation
from tejax.networks.lookup.tables import Answer, Lookup, State, Tables, from_digits, to_digits

__all__ = ["Answer", "Lookup", "State", "Tables", "from_digits", "mutation", "to_digits"]
