"""Emission: frames graded in one run as if each had been run by itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks, tasks
from tejax.core.frames import ENDLESS
from tejax.engines import native, selftest
from tejax.networks.lookup import from_digits
from tests.networks.lookup.test_autonomous import NEURONS, circuit, digits
from tests.oracles import autonomous as oracle

WINDOW, CAP, MOST = 6, 5, 40


def trits(values):
    return from_digits(np.asarray(values))


@pytest.mark.parametrize(
    ("cap", "most", "rating"), [(5, 1000, (3, 2, 12)), (5, 12, (3, ENDLESS, 11)), (2, 1000, (2, 1, 10))]
)
def test_the_worked_example_is_rated(cap, most, rating):
    line = np.arange(27)
    lines = np.stack([line % 3, (line % 3 + line // 3 % 3) % 3, line // 9])
    genome = circuit([1, 0, 2], [[2, 0, 1], [0, 1, 2], [1, 2, 0]], lines)
    task = tasks.emission(trits([0, 1, 0, 0, 1, 1, 0, 0]), 3, cap, most)
    found = task.rate(networks.Autonomous(3, control=0, output=1), genome, jnp.int32(0))
    assert (int(found.shift), int(found.error), int(found.ticks)) == rating


def test_one_run_rates_like_a_run_for_every_frame():
    network = networks.Autonomous(NEURONS, control=3, output=7)
    targets = np.random.default_rng(0).integers(0, 3, WINDOW + CAP)
    task = tasks.emission(trits(targets), WINDOW, CAP, MOST)
    rate = jax.jit(lambda task, genome, shift: task.rate(network, genome, shift))
    seen, ordered = set(), []
    for seed in range(60):
        genome, shift = digits(100 + seed), seed % 3
        # what it says by itself is hardly ever right: the targets of every other one are made of it
        goal = targets.copy()
        said = oracle.rollout(genome, (3, 7), np.zeros(99), 1, MOST, WINDOW + CAP - 1)[2]
        if seed % 2 and said:
            goal[: len(said)] = said[: len(goal)]
            goal[seed % len(goal)] = 1
        rating = rate(tasks.emission(trits(goal), WINDOW, CAP, MOST), circuit(*genome), jnp.int32(shift))
        frames = oracle.rate(genome, (3, 7), goal, WINDOW, MOST, CAP, shift)
        error = oracle.INFINITE if int(rating.error) == ENDLESS else int(rating.error)
        assert (int(rating.shift), error, int(rating.ticks), int(rating.said)) == frames[-1]
        seen.add((len(frames) > 1, error == oracle.INFINITE))
        ordered.append(((-frames[-1][0], error), -int(task.frames.fitness(rating))))
    assert len(seen) >= 3, seen
    assert sorted(ordered) == sorted(ordered, key=lambda pair: pair[1]), "fitness is in the order of ratings"


def test_what_is_held_out_is_graded_by_the_report_alone():
    targets, network = np.random.default_rng(1).integers(0, 3, 24), networks.Autonomous(NEURONS, control=3, output=7)
    task = tasks.emission(trits(targets), 12, 4, 400, held_out=8)
    seen = 0
    for seed in range(12):
        genome = digits(300 + seed)
        report = task.report(network, circuit(*genome))
        alone = tasks.emission(trits(targets[:16]), 12, 4, 400)
        assert int(task.validate(network, circuit(*genome))) == int(alone.validate(network, circuit(*genome)))
        short = alone.report(network, circuit(*genome))
        assert {name: report[name] for name in ("shift", "ticks")} == {name: short[name] for name in ("shift", "ticks")}
        assert report["train_accuracy"] == short["accuracy"]
        said = oracle.rollout(genome, (3, 7), targets, 8, 400, 16)[2]
        if len(said) >= 24:
            assert report["accuracy"] == np.mean(said[16:24] == targets[16:])
            seen += 1
        else:
            assert report["accuracy"] == 0
    assert seen > 3
    counts = np.bincount(targets[:16])
    assert report["majority_guess"] == np.mean(targets[16:] == counts.argmax())
    assert report["copy_of_last"] == np.mean(targets[16:] == targets[15:23])


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"targets": [0, 2, 1]}, "targets"),
        ({"targets": [[0, 1]]}, "targets"),
        ({"window": 0}, "window"),
        ({"window": 9}, "window"),
        ({"shift_cap": 5}, "shift_cap"),
        ({"shift_cap": -1}, "shift_cap"),
        ({"start": 3}, "start"),
        ({"max_ticks": 0}, "max_ticks"),
        ({"held_out": -1}, "held_out"),
        ({"held_out": 8}, "held_out"),
        ({"held_out": 5}, "window"),
        ({"held_out": 3}, "shift_cap"),
    ],
)
def test_bad_sequences_are_refused(options, named):
    sound = {"targets": [0, 1, -1, 0, 1, 1, 0, -1], "window": 4, "shift_cap": 2}
    tasks.emission(**sound)
    with pytest.raises(InputError, match=f"^{named} must be"):
        tasks.emission(**{**sound, **options})


def test_a_library_that_is_wrong_is_passed_over_with_one_warning(monkeypatch, caplog):
    genome, network = circuit(*digits(7)), networks.Autonomous(NEURONS, control=3, output=7)
    task = tasks.emission(trits([0, 1, 2, 1, 0, 2, 1]), 4, 2, MOST)
    plain = task.rate(networks.Autonomous(NEURONS, control=3, output=7, engine="plain"), genome, jnp.int32(0))
    monkeypatch.setattr(native, "status", lambda: "ready")
    monkeypatch.setattr(selftest, "_warned", set())
    monkeypatch.setattr(selftest, "outcome", lambda name: "wrong here for 40 neurons")
    for _ in range(2):
        assert list(map(int, task.rate(network, genome, jnp.int32(0)))) == list(map(int, plain))
    said = "the native circuit kernel is wrong here for 40 neurons, and is passed over"
    assert [record.getMessage() for record in caplog.records] == [said]


@pytest.mark.parametrize("neuron", [-1, NEURONS])
def test_wiring_out_of_range_is_refused(neuron):
    network, genome = networks.Autonomous(NEURONS), circuit(*digits(3))
    genome = genome._replace(wiring=genome.wiring.at[2, 1].set(neuron))
    task = tasks.emission([1, -1, 1, 1], 2)
    for run in (
        lambda: task.report(network, genome),
        lambda: task.rate(network, genome, jnp.int32(0)),
        lambda: network.apply(genome, jnp.zeros((3, 0), jnp.int8)),
    ):
        with pytest.raises(InputError, match=f"^genome must be from 0 to {NEURONS - 1}: got genome="):
            run()
