import pytest

from experiments import search_space
from experiments.search_space import Range
from tejax.config import Categorical, Experiment, Genetic, Mlp, Parity, Schedule
from tejax.errors import InputError


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("strategy.mutation_rate=0.0003..0.03:log", ("strategy.mutation_rate", Range(0.0003, 0.03, True))),
        ("strategy.population=64..512", ("strategy.population", Range(64, 512, False))),
        ("categorical.step=1e-3..1", ("categorical.step", Range(0.001, 1, False))),
        ("network.hidden=[32],[64,32]", ("network.hidden", [[32], [64, 32]])),
        ("strategy.adaptive=true,false", ("strategy.adaptive", [True, False])),
        ("strategy=genetic,categorical", ("strategy", ["genetic", "categorical"])),
        ("schedule.seed=0,1", ("schedule.seed", [0, 1])),
    ],
)
def test_paths_and_values_are_read(text, wanted):
    assert search_space.parse(text) == wanted
    assert all(type(a) is type(b) for a, b in zip(search_space.parse(text)[1], wanted[1], strict=True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("strategy.population", "search must be PATH=VALUES"),
        ("strategy.speed=1,2", "search must be of a field among"),
        ("weather.rain=1,2", "search must be of a path that begins with one of"),
        ("genetic=1,2", "search must be one of"),
        ("strategy.population=512..64", "LOW below HIGH"),
        ("strategy.mutation_rate=0..1:log", "above 0 for :log"),
        ("strategy.mutation_rate=a..b", "LOW..HIGH of two numbers"),
    ],
)
def test_other_text_is_refused_in_one_line(text, words):
    with pytest.raises(InputError, match=words) as caught:
        search_space.parse(text)
    assert "\n" not in str(caught.value)


def test_a_path_counts_where_the_chosen_alternative_has_the_field():
    search = dict(
        search_space.parse(text)
        for text in ("strategy=genetic,categorical", "strategy.mutation_rate=0.1..0.2", "categorical.step=0.1..0.2")
    )
    first = search_space.suggest(search, lambda path, values: values[0], {})
    last = search_space.suggest(search, lambda path, values: values[1], {})
    assert first == {"strategy": "genetic", "strategy.mutation_rate": 0.1}
    assert last == {"strategy": "categorical", "categorical.step": 0.2}


def test_an_experiment_is_composed():
    fixed = {"task": "parity", "task.n": 4, "schedule.generations": 7}
    values = {"strategy": "categorical", "categorical.step": 0.2, "strategy.population": 64, "genetic.elites": 3}
    wanted = Experiment(Parity(4), Mlp((8, 4)), Categorical(64, step=0.2), Schedule(generations=7))
    assert search_space.compose(fixed, values | {"network.hidden": [8, 4]}) == wanted
    assert search_space.compose(fixed, {"genetic.elites": 3}).strategy == Genetic(elites=3)
    with pytest.raises(InputError, match=r"experiment.task.n must be int: got 'four'"):
        search_space.compose({"task": "parity", "task.n": "four"}, {})
    with pytest.raises(InputError, match="task must be one of"):
        search_space.compose({"task": "chess"}, {})


def test_a_grid_has_every_combination_once():
    search = dict(
        search_space.parse(text)
        for text in ("strategy=genetic,categorical", "genetic.elites=1,2", "network.hidden=[4]")
    )
    assert search_space.combinations(search, {}) == [
        {"strategy": "genetic", "genetic.elites": "1", "network.hidden": "[4]"},
        {"strategy": "genetic", "genetic.elites": "2", "network.hidden": "[4]"},
        {"strategy": "categorical", "network.hidden": "[4]"},
    ]
    with pytest.raises(InputError, match=r"a list of choices for strategy.population in a grid"):
        search_space.combinations({"strategy.population": Range(1, 2, False)}, {})
