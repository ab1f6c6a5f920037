"""The autonomous network and its changes against loops over digits, and the specification's worked examples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks
from tejax.core import pytrees
from tejax.networks.lookup import Circuit, changes, from_digits, to_digits
from tejax.types import UNANSWERED
from tests.oracles import autonomous as oracle

NEURONS = 16


def digits(seed, neurons=NEURONS):
    """A genome in digits: start, wiring, tables."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 3, neurons), rng.integers(0, neurons, (neurons, 3)), rng.integers(0, 3, (neurons, 27))


def circuit(start, wiring, lines):
    return Circuit(
        jnp.asarray(from_digits(np.asarray(start)).astype(np.int8)),
        jnp.asarray(np.asarray(wiring).astype(np.int16)),
        jnp.asarray(from_digits(np.asarray(lines)).astype(np.int8)),
    )


def in_digits(genome):
    return to_digits(np.asarray(genome.start)), np.asarray(genome.wiring), to_digits(np.asarray(genome.lines))


def test_the_worked_example_ticks_and_speaks():
    line = np.arange(27)
    lines = np.stack([line % 3, (line % 3 + line // 3 % 3) % 3, line // 9])
    genome = circuit([1, 0, 2], [[2, 0, 1], [0, 1, 2], [1, 2, 0]], lines)
    network = networks.Autonomous(3, control=0, output=1)
    state = network.init_state()
    for values, said in (([2, 1, 1], UNANSWERED), ([1, 0, 2], -1), ([2, 1, 1], UNANSWERED), ([1, 0, 2], -1)):
        state, output = network.step(genome, state, jnp.zeros(0, jnp.int8))
        assert to_digits(np.asarray(state.values)).tolist() == values
        assert output.tolist() == [said]


@pytest.mark.parametrize("seed", range(3))
def test_ticks_like_the_oracle(seed):
    start, wiring, lines = digits(seed)
    network = networks.Autonomous(NEURONS, control=seed, output=7)
    said = np.asarray(jax.jit(network.apply)(circuit(start, wiring, lines), jnp.zeros((2, 30, 0), jnp.int8)))
    values = start
    for tick in range(30):
        values = oracle.tick(lines, wiring, values)
        wanted = UNANSWERED if values[seed] == oracle.UNKNOWN else int(from_digits(values[7]))
        assert said[:, tick, 0].tolist() == [wanted, wanted]


@pytest.mark.parametrize("part", changes.PARTS)
def test_words_change_what_the_oracle_changes(part):
    genome, mode = digits(4), 1 + changes.PARTS.index(part)
    words = np.random.default_rng(5).integers(2**64, size=60, dtype=np.uint64, endpoint=False)
    words[:4] = [0, 1, 2**64 - 1, 2**63]
    drawn = changes.by_word(words, part, NEURONS)

    @jax.jit
    def run(genome, drawn):
        return jax.lax.scan(lambda genome, each: (changes.apply(genome, each, part), None), genome, drawn)[0]

    after = run(circuit(*genome), drawn)
    places = [oracle.change(genome, mode, word)[0] for word in words]
    assert drawn.place.tolist() == places
    for found, wanted in zip(in_digits(after), genome, strict=True):
        assert np.array_equal(found, wanted)


@pytest.mark.parametrize(
    ("part", "word", "place", "before", "after"),
    [
        ("start", 1_000_003, 1, 2, 1),
        ("wiring", 12_345, 9, 1, 2),
        ("wiring", 12_345, 9, 5, 1),
        ("wiring", 9 + 48 * 15, 9, 15, 0),
        ("lines", 98_765, 134, 1, 0),
    ],
)
def test_the_worked_examples_of_changes(part, word, place, before, after):
    leaves = dict(zip(changes.PARTS, digits(6), strict=True))
    leaves[part].reshape(-1)[place] = before
    changed = changes.apply(circuit(*leaves.values()), changes.by_word(np.uint64(word), part, NEURONS), part)
    found = dict(zip(changes.PARTS, in_digits(changed), strict=True))[part].reshape(-1)
    assert found[place] == after
    assert (found != leaves[part].reshape(-1)).sum() == 1


def test_drawn_changes_touch_one_part_and_stay_in_range():
    network = networks.Autonomous(NEURONS)
    genome = jax.jit(network.init)(jax.random.key(0))
    keys = jax.random.split(jax.random.key(1), 300)
    mutants = jax.jit(jax.vmap(lambda key: changes.single_changes(key, genome, rate=0.5)))(keys)
    touched = np.stack(
        [
            (np.asarray(after) != np.asarray(before)[None]).reshape(300, -1).sum(axis=1)
            for before, after in zip(genome, mutants, strict=True)
        ]
    )
    assert set(touched.sum(axis=0).tolist()) == {0, 1}
    assert 100 < touched.sum() < 200
    assert (touched.sum(axis=1) > 25).all()  # each part is as likely
    for leaf, (least, greatest) in zip(mutants, network.ranges, strict=True):
        assert least <= int(leaf.min()) <= int(leaf.max()) <= greatest
    same = changes.single_changes(jax.random.key(2), genome, rate=0.0, count=3)
    assert pytrees.fingerprint(same) == pytrees.fingerprint(genome)


@pytest.mark.parametrize(
    ("options", "named"),
    [({"neurons": 1}, "neurons"), ({"control": 16}, "control"), ({"output": 16}, "output"), ({"output": 0}, "output")],
)
def test_roles_that_clash_are_refused(options, named):
    with pytest.raises(InputError, match=f"^{named} must be"):
        networks.Autonomous(**{"neurons": 16, "control": 0, "output": 1, **options})
