"""Many devices, many processes, one population: a mesh, processes that act as one, the map over individuals."""

from tejax.parallel.mesh import fetch, make_mesh, replicate
from tejax.parallel.population import Broadcast, map_population, population_size
from tejax.types import Placement

__all__ = ["Broadcast", "Placement", "fetch", "make_mesh", "map_population", "population_size", "replicate"]
