import csv
import dataclasses
import json
from functools import partial

import jax
import numpy as np
import pytest

import tejax
from tejax.core import pytrees
from tejax.errors import InputError
from tejax.evolution import grid
from tejax.strategies.genetic import CHANGES
from tejax.tasks.truth_tables import TruthTable
from tejax.viz import plots

NETWORK = tejax.networks.MLP((3, 4, 1))
STRATEGY = tejax.strategies.Genetic(population=16, elites=2)
RATES = {"mutation_rate": [0.02, 0.2], "crossover_rate": [0.0, 0.5]}


def sweep(**options):
    """Four configurations from two seeds, six generations."""
    options = {"rates": RATES, "seeds": [0, 2**32 - 1], "generations": 6, "target": 6, "chunk": 4, **options}
    return tejax.sweep(options.pop("strategy", STRATEGY), NETWORK, tejax.tasks.parity(3), **options)


@pytest.fixture(scope="module")
def swept():
    return sweep()


def alone(row, strategy=STRATEGY):
    """The run of a row by itself."""
    task, rates = tejax.tasks.parity(3), {name: row[name] for name in strategy.rates if name in vars(strategy)}
    same = dataclasses.replace(strategy, **rates)
    return tejax.evolve(jax.random.key(row["seed"]), same, NETWORK, task, generations=6)


def test_every_run_has_the_bits_of_a_single_run(swept):
    assert [(row["mutation_rate"], row["crossover_rate"], row["seed"]) for row in swept.rows] == [
        (mutation, crossover, seed) for mutation in (0.02, 0.2) for crossover in (0, 0.5) for seed in (0, 2**32 - 1)
    ]
    for place, row in [(place, row) for place, row in enumerate(swept.rows) if row["configuration"] in (1, 2)]:
        result = alone(row)
        assert (row["best"], row["fitness"]) == (pytrees.fingerprint(result.best), result.fitness)
        for rows, single in zip(swept.history, result.history, strict=True):
            np.testing.assert_array_equal(rows[place], single)
        assert row["accuracy"] == tejax.tasks.parity(3).accuracy(NETWORK, result.best)
        reached = np.flatnonzero(result.history.best >= 6)
        assert row["generations_to_target"] == (reached[0] + 1 if len(reached) else None)
    assert len({row["best"] for row in swept.rows}) > 2
    assert {row["generations_to_target"] for row in swept.rows} > {None}, "some reach the target, some do not"


@pytest.mark.long
@pytest.mark.parametrize(
    "strategy",
    [
        tejax.strategies.Genetic(8, elites=1, selection="lexicase"),
        tejax.Islands(tejax.strategies.Categorical(4), 2, every=2, migrants=1),
    ],
    ids=["lexicase", "islands"],
)
def test_any_strategy_can_be_swept(strategy):
    table = sweep(strategy=strategy, rates=[strategy.rates], seeds=[3])
    assert table.rows[0]["best"] == pytrees.fingerprint(alone(table.rows[0], strategy).best)


def test_a_rate_that_is_not_given_follows_the_size_of_the_genome():
    size = pytrees.size(jax.eval_shape(NETWORK.init, jax.random.key(0)))
    values = (None, CHANGES / size, 0.2, None)  # as many as in `swept`
    table = sweep(rates=[{**STRATEGY.rates, "mutation_rate": rate} for rate in values])
    assert [row["mutation_rate"] for row in table.rows[::2]] == [None, CHANGES / size, 0.2, None]
    bests = [[row["best"] for row in table.rows[place : place + 2]] for place in (0, 2, 4, 6)]
    assert bests[0] == bests[1] == bests[3] != bests[2]
    assert bests[0][0] == pytrees.fingerprint(alone(table.rows[0]).best)


def test_batches_and_chunks_change_no_result(swept):
    seen = []
    assert sweep(at_once=3, chunk=5, callback=lambda done, wanted: seen.append((done, wanted))).rows == swept.rows
    assert seen == [(15, 48), (18, 48), (33, 48), (36, 48), (46, 48), (48, 48)]


@pytest.mark.long
def test_devices_change_no_result(swept):
    assert sweep(batch=4, mesh=tejax.parallel.make_mesh(4)).rows == swept.rows


@partial(
    jax.tree_util.register_dataclass, data_fields=["x", "y"], meta_fields=["samples", "mirrored", "partial_credit"]
)
@dataclasses.dataclass(frozen=True)
class Counted(TruthTable):
    """Parity that counts how often it is traced: Python runs `evaluate` for a program, never for a call of it."""

    def evaluate(self, key, network, genome):
        TRACED.append(genome)
        return super().evaluate(key, network, genome)


TRACED: list = []


def test_a_sweep_of_256_runs_is_compiled_once():
    task = Counted(**vars(tejax.tasks.parity(3)))
    network, strategy = tejax.networks.MLP((3, 1)), tejax.strategies.Genetic(population=4, elites=1)
    rates = {"mutation_rate": np.geomspace(0.001, 0.3, 8), "crossover_rate": [0, 0.3, 0.6, 1]}
    run = partial(tejax.sweep, strategy, network, task, generations=3, chunk=2, batch=None, measure=lambda genome: {})
    TRACED.clear()
    table = run(rates=rates, seeds=8)
    assert len(table.rows) == 32 * 8
    assert len(TRACED) == 1
    run(rates={"mutation_rate": np.linspace(0, 1, 32)}, seeds=range(8, 16))
    assert len(TRACED) == 1, "other rates and seeds are the same program"


def test_a_table_is_saved(swept, tmp_path):
    table, plain = swept.save(tmp_path / "sweep")
    assert json.loads(plain.read_text()) == swept.rows
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["best"] for row in rows] == [row["best"] for row in swept.rows]
    assert {row["generations_to_target"] for row in rows} > {""}
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: cannot be written"):
        swept.save(tmp_path / "file")


def test_a_heat_map_shows_means(swept):
    figure = plots.heat_map(swept.rows, "fitness", "mutation_rate", "crossover_rate")
    panel = figure.axes[0]
    cells = {text.get_position(): text.get_text() for text in panel.texts}
    mean = np.mean([row["fitness"] for row in swept.rows if (row["mutation_rate"], row["crossover_rate"]) == (0.2, 0)])
    assert len(cells) == 4
    assert cells[1, 0] == f"{mean:.4g}"
    assert [label.get_text() for label in panel.get_xticklabels()] == ["0.02", "0.2"]
    with pytest.raises(InputError, match="value must be one of"):
        plots.heat_map(swept.rows, "beauty", "mutation_rate", "crossover_rate")
    empty = [{**row, "generations_to_target": None} for row in swept.rows]
    assert plots.heat_map(empty, "generations_to_target", "mutation_rate", "seed").axes[0].texts[0].get_text() == "-"


def test_bad_input_is_refused():
    for message, options in [
        ("rate must be one of", {"rates": {"speed": [1.0]}}),
        ("mutation_rate must be given one value or more", {"rates": {"mutation_rate": []}}),
        ("mutation_rate must be from 0 to 1: got mutation_rate=-1", {"rates": {"mutation_rate": [-1]}}),
        ("mutation_rate must be a finite number", {"rates": {"mutation_rate": [float("nan")]}}),
        ("crossover_rate must be a finite number: got crossover_rate=None", {"rates": {"crossover_rate": [None]}}),
        ("seeds must be of one seed or more", {"seeds": 0}),
        ("generations must be at least 1", {"generations": 0}),
        ("at_once must be at least 1", {"at_once": 0}),
        ("at_once must be a whole number", {"at_once": 2.0}),
        *(("seeds must be ", {"seeds": each}) for each in (None, True, 2.0, "12", -1, 2**40, [1.0], [True], [-1], 5j)),
        *(
            ("mutation_rate must be ", {"rates": {"mutation_rate": each}})
            for each in ([2.0], [-0.1], [True], ["0.1"], [float("nan")], 0.1, "0.1", None, {0.1})
        ),
        *(("rates must be ", {"rates": each}) for each in (5, "x", [5], [{"mutation_rate": 0.1}])),
        ("mutation_rate must be from 0 to 1", {"rates": [{"mutation_rate": 2.0, "crossover_rate": 1.0}]}),
    ]:
        with pytest.raises(InputError, match=message):
            sweep(**options)
    assert len(grid(STRATEGY, RATES)) == 4


ARMS = [tejax.strategies.Genetic(population=16), tejax.strategies.LowRank(), tejax.strategies.Categorical()]
STRATEGIES = [*ARMS, tejax.strategies.HillClimb(), tejax.strategies.MapElites(), tejax.Islands(ARMS[0], 2)]


@pytest.mark.parametrize(
    "strategy", [*STRATEGIES, tejax.Portfolio([ARMS[0]] * 2)], ids=lambda each: type(each).__name__
)
def test_a_grid_takes_no_rate_that_the_strategy_refuses(strategy):
    assert strategy.rates
    for name in strategy.rates:
        for value in (-1.0, 1e7, float("inf"), float("nan"), True, "0.1", 10**400, 1j):
            with pytest.raises(InputError, match=f"^{name} must be "):
                grid(strategy, {name: [value]})
        assert grid(strategy, {name: np.array([0.0625])})[0][name] == 0.0625


def test_seeds_are_so_many_or_those_listed():
    def seeds(given):
        return [row["seed"] for row in sweep(rates={"mutation_rate": [0.1]}, seeds=given, generations=1).rows]

    for two in (2, np.int64(2), np.array(2), range(2), np.arange(2), {0: "a", 1: "b"}):
        assert seeds(two) == [0, 1]
