"""A run that cannot fit is refused in one line, before anything is compiled or allocated."""

import re
import subprocess
import sys

import jax
import pytest

import tejax
from tejax import InputError, Islands, Portfolio, evolution, networks, strategies, tasks
from tejax.evolution import _memory
from tejax.parallel import make_mesh

GIB = 2**30
NETWORK, TASK = networks.MLP((3, 4, 1)), tasks.parity(3)
WIDE = networks.MLP((3, 2**20, 2**20, 1))
GENETIC = strategies.Genetic


@pytest.fixture
def memory(monkeypatch):
    """Pretend that there are so many bytes, and let nothing compile."""

    def there_are(count):
        monkeypatch.setattr(_memory, "device_memory", lambda mesh: count)

    there_are(4 * GIB)
    return there_are


def evolve(strategy, network=NETWORK, task=TASK, **options):
    return tejax.evolve(jax.random.key(0), strategy, network, task, **{"generations": 0, **options})


def sweep(strategy, **options):
    options = {"rates": {"mutation_rate": [0.1, 0.2]}, "seeds": 8, **options}
    return tejax.sweep(strategy, NETWORK, TASK, generations=1, **options)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (lambda: evolve(GENETIC(population=2**28)), "population must be small .*: got population=268435456 "),
        (lambda: evolve(GENETIC(population=2**28, packed=True)), "population must be small .* population=268435456 "),
        (lambda: evolve(strategies.HillClimb(population=2**28)), "population must .* population=268435456 "),
        (lambda: evolve(strategies.MapElites(population=2**28)), "population must .* population=268435456 "),
        (
            lambda: evolve(strategies.MapElites(2**29, cells=2**20), task=TASK),
            "population must .* population=536870912 ",
        ),
        (
            lambda: evolve(GENETIC(population=16, elites=2), WIDE),
            "network must be small .* got network=1,099,",
        ),
        (lambda: evolve(strategies.LowRank(population=16), WIDE), "network must be small .* got network=1,099,"),
        (lambda: evolve(strategies.Categorical(population=2), WIDE), "network must be small .* got network=1,099,"),
        (
            lambda: evolve(GENETIC(2**18, selection="lexicase"), networks.MLP((12, 4, 12)), tasks.multiplication(6)),
            "population must be small .* population=262144 ",
        ),
        (
            lambda: evolve(GENETIC(2**20), networks.MLP((6, 64, 1), engine="int8"), tasks.parity(6), batch=2**20),
            "batch must be small .* got batch=1048576 ",
        ),
        (
            lambda: evolve(GENETIC(2**20), networks.MLP((6, 64, 1), engine="int8"), tasks.parity(6), batch=None),
            "batch must be small .* got batch=1048576 ",
        ),
        (lambda: evolve(GENETIC(population=2**28), mesh=make_mesh(2)), "population must be small .*"),
    ],
)
def test_what_cannot_fit_is_one_line(memory, run, words):
    with pytest.raises(InputError, match=f"^{words}") as refusal:
        run()
    line = str(refusal.value)
    assert "\n" not in line
    assert re.search(r"small enough for 4\.0 GiB of memory: got .*, which takes [\d,.]+ GiB at least$", line)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "at_once must be small .* got at_once=16 "),
        ({"at_once": 12}, "at_once must be small .* got at_once=12 "),
        ({"population": 2**14, "at_once": 2}, "population must be small .* population=16384 "),
    ],
)
def test_runs_side_by_side_take_as_much_each(memory, options, words):
    options = {"population": 512, "at_once": None, **options}
    memory(2 * 512 * 29 * 11)
    with pytest.raises(InputError, match=f"^{words}"):
        sweep(GENETIC(population=options["population"]), at_once=options["at_once"])


def test_many_large_genomes_are_too_many_although_one_fits(memory):
    memory(2 * GIB)
    with pytest.raises(InputError, match=r"^population must be small enough for 2\.0 GiB of memory: got population="):
        evolve(GENETIC(population=2**20), networks.MLP((3, 2**10, 2**10, 1)))


def test_islands_and_arms_count_together(memory):
    memory(2 * 512 * 29 * 3)
    with pytest.raises(InputError, match=r"^population must be small .* population=2048 "):
        evolve(Islands(GENETIC(population=512), 4))
    with pytest.raises(InputError, match=r"^population must be small .* population=2048 "):
        evolve(Portfolio([GENETIC(population=2048)] * 2))


def test_what_fits_is_not_refused(memory):
    """What is counted is less than what a run takes: it is not refused where there is just so much."""
    sizes = _memory.footprint(NETWORK, TASK)
    genome = sum(leaf.size for leaf in jax.tree.leaves(sizes.genome))
    memory(2 * 64 * genome + 8 * 64 + 1000)  # parents and children, fitness and rates, the task
    evolve(GENETIC(population=64, elites=2))
    memory(2 * 64 * genome - 1)
    with pytest.raises(InputError, match=r"^population must be small enough for 0\.0 MiB of memory"):
        evolve(GENETIC(population=64, elites=2))


def test_counting_traces_nothing_twice(memory):
    """The network is traced for its sizes and for the first state; the count itself traces nothing."""
    traced = []

    class Counted(networks.MLP):
        def init(self, key):
            traced.append("init")
            return super().init(key)

    network = Counted((3, 5, 1))
    memory(1)
    with pytest.raises(InputError):
        evolve(GENETIC(population=8, elites=2), network)
    before = len(traced)  # validated; the sizes of a genome; those of the state, where the strategy asks for them too
    assert before == 4
    memory(4 * GIB)
    evolve(GENETIC(population=8, elites=2), network)
    assert traced[before:].count("init") <= 2, "the first state was traced when it was counted"


def test_sizes_are_those_that_auto_batch_goes_by():
    sizes = _memory.footprint(networks.MLP((6, 64, 1), engine="int8"), tasks.parity(6))
    assert sizes.largest >= sizes.written == 64 * 64 * 4
    assert evolution.auto_batch(networks.MLP((6, 64, 1)), tasks.parity(6), 4) is None


@pytest.mark.long
@pytest.mark.parametrize("selection", ["lexicase", "sharing"])
def test_choosing_parents_of_a_large_population_takes_bounded_memory(selection):
    """65,536 in 2 GiB: a table of all children by all individuals would take 16."""
    program = (
        "import resource, jax, numpy as np\n"
        "from tejax import networks, strategies\n"
        f"strategy = strategies.Genetic(population=65536, selection={selection!r})\n"
        "state = strategy.init(jax.random.key(0), networks.MLP((1, 1)).init, strategy.rates)\n"
        "fitness = jax.numpy.asarray(np.random.default_rng(0).integers(0, 9, (65536, 2)), np.int32)\n"
        "asked = jax.jit(strategy.ask)(jax.random.key(1), state._replace(fitness=fitness))\n"
        "jax.block_until_ready(asked)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 2 * GIB
