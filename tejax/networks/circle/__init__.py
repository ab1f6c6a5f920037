"""The circle unit of Aigarth: a ring with incoming synapses that ticks until it settles, and its mutations."""

from tejax.networks.circle import mutation
from tejax.networks.circle.geometry import RingState
from tejax.networks.circle.settling import ANSWERED, CAPPED, STILL, Circle, Settled

__all__ = ["ANSWERED", "CAPPED", "STILL", "Circle", "RingState", "Settled", "mutation"]
