import inspect

import pytest

from tejax.core import records
from tejax.errors import InputError
from tejax.registry import NETWORKS, STRATEGIES, TASKS
from tejax.runs import Experiment, Schedule
from tejax.search import space
from tejax.search.space import Range


def parsed(*texts):
    return dict(space.parse(text) for text in texts)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("strategy.mutation_rate=0.0003..0.03:log", ("strategy.mutation_rate", Range(0.0003, 0.03, True))),
        ("strategy.population=64..512", ("strategy.population", Range(64, 512, False))),
        ("categorical.learning_rate=1e-3..1", ("categorical.learning_rate", Range(0.001, 1.0, False))),
        ("schedule.evaluation_batch=8..64", ("schedule.evaluation_batch", Range(8, 64, False))),
        ("network.hidden=[32],[64,32]", ("network.hidden", [[32], [64, 32]])),
        ("strategy.adaptive=true,false", ("strategy.adaptive", [True, False])),
        ("strategy.mutation=flip", ("strategy.mutation", ["flip"])),
        ("schedule.evaluation_batch=auto,8,null", ("schedule.evaluation_batch", ["auto", 8, None])),
        ("strategy=genetic,categorical", ("strategy", ["genetic", "categorical"])),
        ("islands.islands=1,2", ("islands.islands", [1, 2])),
        ("schedule.seed=0,1", ("schedule.seed", [0, 1])),
    ],
)
def test_paths_and_values_are_read(text, wanted):
    assert space.parse(text) == wanted
    assert all(type(a) is type(b) for a, b in zip(space.parse(text)[1], wanted[1], strict=True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("strategy.population", "search must be PATH=VALUES"),
        ("strategy.speed=1,2", "search must be of an option among"),
        ("weather.rain=1,2", "search must be of a path that begins with one of"),
        ("genetic=1,2", "search must be one of"),
        ("strategy.population=512..64", "LOW below HIGH"),
        ("strategy.mutation_rate=0..1:log", "above 0 for :log"),
        ("strategy.mutation_rate=a..b", "LOW..HIGH of two numbers"),
        ("strategy.mutation_rate=0.5..2", "strategy.mutation_rate must be from 0 to 1: got strategy.mutation_rate=2"),
        ("strategy.population=64,1.5", "strategy.population must be a whole number"),
        ("network.hidden=[32],x", "network.hidden must be a list"),
        ("strategy.mutation=magic", "strategy.mutation must be a function or one of"),
        ("network=mlp,lookup", "network must be one of"),
        ("lookup.window=1,2", "search must be of a path that begins with"),
        ("control.thresholds=1,2", "search must be of an option among"),
    ],
)
def test_other_text_is_refused_in_one_line(text, words):
    with pytest.raises(InputError, match=words) as caught:
        space.parse(text)
    assert "\n" not in str(caught.value)


def test_a_path_counts_where_the_chosen_alternative_has_the_option():
    search = parsed(
        "strategy=genetic,categorical", "strategy.mutation_rate=0.1..0.2", "categorical.learning_rate=0.1..0.2"
    )
    first = space.suggest(search, lambda path, values: values[0], {})
    last = space.suggest(search, lambda path, values: values[1], {})
    assert first == {"strategy": "genetic", "strategy.mutation_rate": 0.1}
    assert last == {"strategy": "categorical", "categorical.learning_rate": 0.2}


def test_an_experiment_is_composed():
    fixed = {"task": "parity", "task.n": 4, "schedule.generations": 7}
    values = {
        "strategy": "categorical",
        "categorical.learning_rate": 0.2,
        "strategy.population": 64,
        "genetic.elites": 3,
        "network.hidden": [8, 4],
    }
    assert space.compose(fixed, values) == Experiment(
        TASKS.choose("parity", n=4),
        NETWORKS.choose("mlp", hidden=(8, 4)),
        STRATEGIES.choose("categorical", population=64, learning_rate=0.2),
        Schedule(generations=7),
    )
    assert space.compose(fixed, {"genetic.elites": 3}).strategy == STRATEGIES.choose("genetic", elites=3)
    assert space.compose(fixed, {"islands.islands": 2}).islands.islands == 2
    with pytest.raises(InputError, match=r"task.n must be a whole number: got task.n='four'"):
        space.compose({"task": "parity", "task.n": "four"}, {})
    with pytest.raises(InputError, match="task must be one of"):
        space.compose({"task": "chess"}, {})
    with pytest.raises(InputError, match="name it again, as in --task mine:Chess"):
        space.compose({"task": "mine:Chess"}, {})


def test_every_option_of_every_part_can_be_searched():
    for kind, registry in space.REGISTRIES.items():
        for name in space._alternatives(kind):
            for option in registry.options(name).values():
                if option.recorded or option.default in (None, inspect.Parameter.empty):
                    continue
                path, plain = f"{name}.{option.name}", records.to_plain(option.default)
                (label,) = space.labels([plain])
                values = parsed(f"{path}={label}")[path]
                chosen = space.compose({}, {kind: name, path: space.value_of(values, label)})
                assert getattr(chosen, kind) == registry.choose(name)


def test_a_grid_has_every_combination_once():
    search = parsed("strategy=genetic,categorical", "genetic.elites=1,2", "network.hidden=[4]")
    assert space.combinations(search, {}) == [
        {"strategy": "genetic", "genetic.elites": "1", "network.hidden": "[4]"},
        {"strategy": "genetic", "genetic.elites": "2", "network.hidden": "[4]"},
        {"strategy": "categorical", "network.hidden": "[4]"},
    ]
    with pytest.raises(InputError, match=r"a list of values for strategy.population in a grid"):
        space.combinations({"strategy.population": Range(1, 2, False)}, {})
