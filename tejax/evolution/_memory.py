"""What a run must have in memory at once, told from shapes alone, before anything is compiled or allocated."""

import functools
import math
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh

from tejax.core import intermediates, pytrees, random
from tejax.errors import refuse
from tejax.parallel.memory import device_memory
from tejax.types import Genome, Network, Strategy, Task

__all__ = ["Footprint", "footprint", "require_memory"]

PACKED = 4  # trits to a byte, where a strategy holds genomes at two bits each
FUSED = 4  # int32 sums that a GPU's kernel makes int8 trits of before it writes them
WRITTEN = ("conv_general_dilated", "dot_general", "ffi_call", "sort")  # what these compute, they write to memory


class Footprint(NamedTuple):
    """The sizes of one individual and of its evaluation."""

    genome: Genome  # shapes and dtypes
    largest: int  # bytes of the largest array of an evaluation
    written: int  # of the largest that is in memory, however the rest is fused


def footprint(network: Network, task: Task, individuals: int | None = None) -> Footprint:
    """The sizes of one individual of a network and of its evaluation by a task; nothing is computed.

    Args:
        network: what is evaluated.
        task: what evaluates.
        individuals: how many at once, where that is settled. Of so few that memory holds every product of data and
            genome, nothing is traced: their evaluation counts as 1 byte.
    """
    genome = _genome(network)
    products = pytrees.nbytes(task) * pytrees.nbytes(genome) * np.dtype(np.int32).itemsize
    if individuals is not None and individuals * products <= device_memory(None):
        return Footprint(genome, 1, 1)
    traced = intermediates.trace(lambda genome: task.evaluate(random.key(0), network, genome), genome)
    largest = intermediates.largest(traced, deep=False)
    return Footprint(genome, largest, intermediates.largest(traced, primitives=WRITTEN))


@functools.lru_cache(maxsize=64)
def _genome(network: Network) -> Genome:
    """The shapes of one individual, once for equal networks."""
    return jax.eval_shape(network.init, random.key(0))


def require_memory(
    strategy: Strategy,
    task: Task,
    sizes: Footprint,
    state: Any,
    batch: int | None,
    runs: int = 1,
    mesh: Mesh | None = None,
) -> None:
    """Raise InputError, in one line that names what to lower, where a run cannot fit.

    Counted is what surely must be there at once: the states and the task's data, and beside them the populations that
    are asked, or the sums of those that are evaluated at once.

    Args:
        strategy: of each run.
        task: whose data are there.
        sizes: of an individual.
        state: of all runs, shapes and dtypes.
        batch: individuals of a run evaluated at once, None for all.
        runs: side by side.
        mesh: the devices; None: one.
    """
    population = strategy.population
    together = min(batch or population, population)
    rows = runs * population * _individual_bytes(strategy, sizes.genome, state)
    sums = runs * together * sizes.written // (1 if jax.default_backend() == "cpu" else FUSED)
    needed, held = pytrees.nbytes((state, task)) + max(rows, sums), device_memory(mesh)
    if needed <= held:
        return
    trits = pytrees.size(sizes.genome)
    if runs > 1 and needed / runs <= held:
        got, note = f"at_once={runs}", f"of {population} individuals each"
    elif sums > rows and together > 1:
        got, note = f"batch={together}", f"of {sizes.written:,} bytes each"
    elif 2 * pytrees.nbytes(sizes.genome) > held or sums > rows:
        got, note = f"network={trits:,} trits", "of one genome"
    else:
        got, note = f"population={population}", f"genomes of {trits:,} trits"
    small = f"{got.partition('=')[0]} must be small enough for {_words(held)} of memory"
    refuse(f"{small}: got {got} ({note}), which takes {_words(needed)} at least")


def _individual_bytes(strategy: Strategy, genome: Genome, state: Any) -> int:
    """The bytes of one of those that a strategy asks: a genome, or a packed one; 0 for a mere perturbation."""
    form = jax.tree.leaves(genome)[0]
    plain = any(
        leaf.dtype == form.dtype and leaf.shape[max(0, leaf.ndim - form.ndim) :] == form.shape
        for leaf in jax.tree.leaves(state)
    )
    return 0 if strategy.perturbs else math.ceil(pytrees.nbytes(genome) / (1 if plain else PACKED))


def _words(count: float) -> str:
    return f"{count / 2**30:,.1f} GiB" if count >= 2**30 else f"{count / 2**20:,.1f} MiB"
