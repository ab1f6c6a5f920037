"""What is made again in every pass of a loop compiles nothing, and leaves nothing behind."""

import logging
from functools import partial

import jax
import numpy as np
import pytest

import tejax
from tejax import Islands, Portfolio, networks, strategies, tasks
from tejax.core import fixedpoint
from tejax.networks.tissue import mutation as tissue_mutation
from tejax.operators import mutation, selection
from tejax.parallel import make_mesh
from tests.helpers import first_quick

PAGE = 4096


def cell(genome):
    """Which cell of an archive: a descriptor with a name."""
    return (genome[0].weights[0, 0] + 1).astype(np.int32)


def genetic(**options):
    return strategies.Genetic(population=8, elites=2, **options)


TISSUE = partial(networks.Tissue, 3, 1, capacity=8, neighbors=4, ticks=3)
MAKERS = {
    "genetic": genetic,
    "at another rate": lambda number: genetic(mutation_rate=0.1 + 0.001 * number),
    "of NumPy's numbers": lambda: strategies.Genetic(
        population=np.int64(8), elites=np.int32(2), tournament=np.uint8(4)
    ),
    "partial": lambda: genetic(mutation=partial(mutation.step), selection=partial(selection.truncation, keep=0.5)),
    "islands": lambda: Islands(genetic(), 2, every=2, migrants=1),
    "portfolio": lambda: Portfolio([genetic(selection="sharing"), strategies.HillClimb(population=8, climbers=2)], 1),
    "islands of a portfolio": lambda: Islands(Portfolio([genetic(), genetic(tournament=2)], 1), 2, every=2),
    "own functions": lambda: strategies.MapElites(population=8, cells=3, descriptor=cell),
    "density": lambda: strategies.MapElites(population=8, cells=3, descriptor=strategies.map_elites.density(3)),
    "categorical": lambda: strategies.Categorical(population=8),
    "low_rank": lambda: strategies.LowRank(population=8),
    "tissue": lambda: genetic(mutation=tissue_mutation.grow()),
}
QUICK = ("partial", "at another rate")


def evolve(make, number):
    """One pass: everything is made in it, the task's arrays too."""
    tissue = make is MAKERS["tissue"]
    strategy = make(number) if make is MAKERS["at another rate"] else make()
    network = TISSUE() if tissue else networks.MLP(tuple(np.array([3, 2, 1])))
    return tejax.evolve(
        jax.random.key(number),
        strategy,
        network,
        tasks.parity(np.int64(3)),
        generations=2,
        chunk=np.int64(2),
        batch=np.int32(8),
        callback=lambda progress: None,
    )


def compiled(caplog, run):
    """How many programs are compiled while `run` is called."""
    caplog.clear()
    with jax.log_compiles(), caplog.at_level(logging.WARNING, "jax"):
        run()
    return sum("Compiling" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in MAKERS]
)
def test_equal_parts_compile_once(name, caplog):
    first = compiled(caplog, partial(evolve, MAKERS[name], 1))
    assert first > 0 or name != QUICK[0], "it counts"
    assert compiled(caplog, lambda: [evolve(MAKERS[name], number) for number in range(3, 7)]) == 0


def test_tasks_losses_meshes_and_sweeps_made_again_compile_once(caplog):
    data = np.random.default_rng(0).normal(size=(40, 4))

    def run(loss):
        task = tasks.classification(data, np.arange(40) % 2, loss=loss, temperature=[np.int64(4), 1])
        network = networks.MLP((task.features, 2))
        tejax.evolve(jax.random.key(0), genetic(), network, task, generations=1, mesh=make_mesh(np.int64(1)))
        measure = lambda genome: {"size": 1.0}  # noqa: E731
        rates = {"mutation_rate": np.array([0.1, 0.2])}
        tejax.sweep(genetic(), network, task, rates=rates, seeds=np.int64(2), generations=1, measure=measure)

    run("margin")
    assert compiled(caplog, lambda: [run("margin") for _ in range(3)]) == 0
    assert fixedpoint.make_loss("margin", (4, 1)) == fixedpoint.make_loss("margin", (4, 1))


def resident():
    """The bytes of this process that are in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE


@pytest.mark.parametrize(
    "name", first_quick(["islands", "islands of a portfolio", "genetic", "own functions", "partial", "islands"])
)
def test_a_hundred_passes_neither_compile_nor_grow(name, caplog):
    make = MAKERS[name]
    for number in range(20):
        evolve(make, number)
    before = resident()
    assert compiled(caplog, lambda: [evolve(make, number) for number in range(100)]) == 0
    assert resident() - before < 8 * 2**20
