"""A checkpoint goes on with the run that it is of, and with no other; what changes no result is never asked about."""

import dataclasses
import functools
import json
import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tejax
from tejax.core.code import name_of_code
from tejax.errors import InputError
from tejax.evolution import identify
from tejax.operators import mutation
from tejax.strategies import Genetic, HillClimb, Islands, MapElites
from tests.helpers import fingerprints, tiny

EXPERIMENT = tiny(generations=4, chunk=4)
PARTS = EXPERIMENT.build()
GIVEN = {"key": jax.random.key(0), "strategy": PARTS.strategy, "network": PARTS.network, "task": PARTS.task}


def run(path, generations=4, options=None, config=None, **parts):
    """Evolve in a directory with other parts than those given."""
    keeper = tejax.Run(path, config)
    try:
        return alone(generations, run=keeper, **{"chunk": 4, **(options or {})}, **parts)
    finally:
        keeper.close()


def alone(generations, key=None, strategy=None, network=None, task=None, **options):
    """Evolve with these parts in place of those given, and a key that was not used before."""
    key = jax.random.clone(GIVEN["key"] if key is None else key)
    parts = [
        GIVEN[name] if given is None else given
        for name, given in zip(list(GIVEN)[1:], (strategy, network, task), strict=True)
    ]
    return tejax.evolve(key, *parts, generations=generations, **options)


def other(part, **fields):
    return {part: dataclasses.replace(GIVEN[part], **fields)}


def halves(key, genome, *, rate):
    return genome


def wholes(key, genome, *, rate):
    return mutation.flip(key, genome, rate=rate)


DIFFERENT = {
    "seed": ({"key": jax.random.key(1)}, "key was 'that of seed 0 .*is 'that of seed 1"),
    "large seed": ({"key": jax.random.key(2**32 - 1)}, "key was"),
    "split key": ({"key": jax.random.split(jax.random.key(0))[0]}, "key was"),
    "rate": (other("strategy", mutation_rate=0.25), "strategy.mutation_rate was None, is 0.25"),
    "other rate": (other("strategy", crossover_rate=0.5), "strategy.crossover_rate was 1.0, is 0.5"),
    "selection": (other("strategy", selection="rank"), "strategy.selection was 'tournament', is 'rank'"),
    "elites": (other("strategy", elites=3), "strategy.elites was 2, is 3"),
    "tournament": (other("strategy", tournament=3), "strategy.tournament was"),
    "mutation": (other("strategy", mutation=wholes), "strategy.mutation was 'flip', is '.*wholes"),
    "dead zone": (other("network", dead_zone=1.0), "network.dead_zone was 0.0, is 1.0"),
    "density": (other("network", density=0.25), "network.density was"),
    "task": ({"task": tejax.tasks.parity(3, samples=4)}, "task.samples was None, is 4"),
    "labels": (other("task", y=1 - jnp.asarray(PARTS.task.y)), "task.y was .*int.*is .*int"),
    "state": ({"strategy": Islands(Genetic(population=8, elites=2), 2)}, "strategy was"),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("identity") / "run"
    return path, fingerprints(run(path))


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_run_of_something_else_is_refused_in_one_line_that_names_it(finished, name):
    path, _ = finished
    parts, words = DIFFERENT[name]
    before = {each: each.read_bytes() for each in path.rglob("*") if each.is_file()}
    with pytest.raises(InputError, match=rf"is of another experiment \({words}") as refusal:
        run(path, generations=8, **parts)
    assert str(path) in str(refusal.value)
    assert str(refusal.value).isprintable()
    assert {each: each.read_bytes() for each in path.rglob("*") if each.is_file()} == before


def test_a_state_to_start_from_is_part_of_it(finished):
    path, _ = finished
    first = alone(1).state
    with pytest.raises(InputError, match=r"start was None, is '\w{16}'"):
        run(path, options={"start": first})


def test_settings_that_decide_bits_are_part_of_it_and_others_are_not(finished):
    path, _ = finished
    before = identify(**GIVEN)
    with jax.threefry_partitionable(False):
        assert identify(**GIVEN) != before
    with jax.numpy_dtype_promotion("standard"), jax.default_matmul_precision("highest"):
        assert identify(**GIVEN) == before
    assert "jax_threefry_partitionable" in tejax.runs.read_config(path)["settings"]


SAME = {
    "nothing": {},
    "engine": other("network", engine="int8"),
    "another object": {"task": tejax.tasks.parity(3), "key": jax.random.key(np.uint32(0))},
    "a default said": other("strategy", crossover_rate=np.float32(1)),
    "a function by its name": other("strategy", mutation=mutation.flip),
}


@pytest.mark.parametrize("name", SAME)
def test_what_changes_no_result_goes_on(finished, name, caplog):
    path, bits = finished
    caplog.set_level(logging.WARNING, logger="tejax")
    assert fingerprints(run(path, **SAME[name])) == bits
    (record,) = [record for record in caplog.records if record.name == "tejax"]
    assert "the run is finished, with 4 generations; give more generations to go on" in record.getMessage()


@pytest.mark.parametrize("options", [{"chunk": 3, "batch": 5, "target": 10**6}])
def test_other_chunks_and_batches_and_more_generations_go_on(tmp_path, options):
    run(tmp_path)
    assert fingerprints(run(tmp_path, 7, options)) == fingerprints(alone(7))


def test_a_mesh_changes_nothing(finished):
    path, bits = finished
    assert fingerprints(run(path, options={"mesh": tejax.parallel.make_mesh(2)})) == bits


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("schedule", "seed"), 5),
        (("strategy", "elites"), 3),
        (("strategy", "mutation_rate"), 0.25),
        (("network", "dead_zone"), 1.0),
        (("task", "samples"), 4),
        (("islands", "islands"), 2),
    ],
)
def test_an_edit_of_config_json_is_found_by_the_checkpoint(command, tmp_path, place, value):
    run(tmp_path, config=EXPERIMENT.to_json())
    file = tmp_path / "config.json"
    config = json.loads(file.read_text())
    part, name = place
    before, config["experiment"][part][name] = config["experiment"][part][name], value
    file.write_text(json.dumps(config))
    code, _, err = command("resume", tmp_path, "--generations", 8)
    assert (code, err.count("\n")) == (2, 1)
    assert f"another experiment (experiment.{part}.{name} was {before}, is {value})" in err
    assert json.loads(file.read_text())["experiment"]["schedule"]["generations"] == 4


def test_an_edit_of_what_changes_no_result_goes_on(command, tmp_path):
    run(tmp_path, config=EXPERIMENT.to_json())
    file = tmp_path / "config.json"
    config = json.loads(file.read_text())
    config["experiment"]["schedule"] |= {"generations": 8, "chunk": 2, "evaluation_batch": 3, "keep": 5}
    config["experiment"]["network"]["engine"] = "int8"
    file.write_text(json.dumps(config))
    code, out, err = command("resume", tmp_path, "--json")
    assert code == 0, err
    wanted = fingerprints(alone(8))
    assert (json.loads(out)["state"], json.loads(out)["best"]) == wanted


def test_a_library_run_with_more_generations_says_so_in_its_config(tmp_path):
    run(tmp_path, config=EXPERIMENT.to_json())
    more = tiny(generations=8, chunk=2).to_json()
    run(tmp_path, 8, config=more)
    assert tejax.runs.read_config(tmp_path)["experiment"] == more


def names(value):
    return identify(**{**GIVEN, "strategy": dataclasses.replace(GIVEN["strategy"], mutation=value)})


def scaled(factor):
    def inner(key, genome, *, rate):
        return mutation.flip(key, genome, rate=rate * factor)

    return inner


def test_functions_are_known_by_their_code_and_what_they_hold():
    different = [
        mutation.flip,
        mutation.step,
        halves,
        wholes,
        functools.partial(wholes, a=1),
        functools.partial(wholes, a=2),
        scaled(0.5),
        scaled(0.25),
        lambda key, genome, *, rate: genome,
        lambda key, genome, *, rate: genome * 1,
    ]
    found = [json.dumps(names(each)) for each in different]
    assert len(set(found)) == len(found)
    assert names(scaled(0.5)) == names(scaled(0.5))
    assert names(jax.jit(halves)) == names(halves)
    assert "0x" not in "".join(found), "an address is another one in the next process"


def test_code_is_compared_without_comments_and_layout():
    spaces = {"x": 1}
    texts = ("def f(a):\n    return a + x\n", "def f(a):\n    return a + x + 1\n")
    made = []
    for text in texts:
        exec(text, scope := dict(spaces))
        made.append(name_of_code(scope["f"]))
    assert made[0] != made[1]


class Held:
    """No dataclass: what it holds counts."""

    def __init__(self, size):
        self._size = size


@pytest.mark.parametrize("value", [Held(1), {"a": np.arange(3)}, (1, (2.5, "x")), np.float64(2), {1, 2}, None, len])
def test_every_kind_of_field_is_named_without_an_address(value):
    task = dataclasses.make_dataclass("Task", ["field"])
    first, again = (json.dumps(identify(**{**GIVEN, "task": task(value)})) for _ in range(2))
    assert first == again
    assert "0x" not in first
    assert json.dumps(identify(**{**GIVEN, "task": task(Held(2))})) != first


def test_every_strategy_says_who_it_is():
    found = [
        identify(**{**GIVEN, "strategy": each}) for each in (HillClimb(), MapElites(), Genetic(), Islands(Genetic(), 2))
    ]
    assert len({json.dumps(each, sort_keys=True) for each in found}) == 4
    assert all(len(json.dumps(value)) <= 200 for each in found for value in each.values())


def test_a_damaged_identity_is_a_damaged_checkpoint(tmp_path, caplog):
    keeper = tejax.Run(tmp_path, checkpoint_every=0)
    alone(8, chunk=4, run=keeper)
    keeper.close()
    note = tmp_path / "checkpoints" / "8" / "note" / "metadata"
    note.write_text(note.read_text().replace("seed 0", "seed 7"))
    assert fingerprints(run(tmp_path, 8)) == fingerprints(alone(8))
    assert "going on from generation 4" in caplog.text


def test_the_float_methods_of_the_baselines_are_held_to_it_as_well(tmp_path):
    nnx = pytest.importorskip("flax.nnx")
    assert nnx
    from tejax.baselines import backprop, models, training

    x, y = jnp.ones((8, 3), jnp.float32), jnp.zeros(8, jnp.int32)
    learner = backprop.Adam(models.Spec((3, 2, 2)))
    training.train(jax.random.key(0), learner, x, y, epochs=1, folder=tmp_path / "run")
    with pytest.raises(InputError, match="is of another experiment"):
        training.train(jax.random.key(1), learner, x, y, epochs=2, folder=tmp_path / "run")
    training.train(jax.random.key(0), learner, x, y, epochs=2, folder=tmp_path / "run")
