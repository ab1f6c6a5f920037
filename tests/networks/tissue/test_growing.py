"""The ring, its ticks and its mutations: the specification's worked examples, and the oracle on random rings."""

import dataclasses
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tejax
from tejax import networks, strategies, tasks, trits
from tejax.core import pytrees
from tejax.core.words64 import split_words
from tejax.errors import InputError
from tejax.networks.tissue import Synapses, mutation, ring
from tejax.networks.tissue.ring import EVOLUTION, INPUT, OUTPUT, Ring
from tests.helpers import first_quick
from tests.oracles import tissue as oracle

CAPACITY = 11


def make(rows, kinds, capacity=CAPACITY):
    """A ring of the given rows with room for `capacity`."""
    rows, room = np.array(rows, np.int8), capacity - len(kinds)
    return Ring(jnp.asarray(np.pad(rows, [(0, room), (0, 0)])), jnp.asarray(np.pad(kinds, (0, room)), jnp.int8))


def rows(changed):
    """The rows of the neurons that there are."""
    return np.asarray(changed.synapses)[np.asarray(changed.kinds) != 0].tolist()


def word(number):
    return jnp.asarray(split_words(np.uint64(number)))


def random_ring(rng, population, neighbors, capped):
    """A ring for the oracle; one that is not capped keeps more inputs and outputs than slots, as it must."""
    kinds = rng.choice([INPUT, OUTPUT, EVOLUTION], population, p=[0.1, 0.1, 0.8])
    if not capped:
        kinds[rng.permutation(population)[: neighbors + 1]] = OUTPUT
    weights = rng.integers(-1, 2, (population, neighbors)) * (rng.random((population, neighbors)) < 0.6)
    return oracle.make(weights, kinds, rng.integers(-1, 2, population), capped)


def same(change, wanted, values):
    """A Change against the oracle's ring."""
    assert rows(change.ring) == wanted.weights
    assert np.asarray(change.ring.kinds)[: wanted.population].tolist() == wanted.kinds
    assert int(ring.size(change.ring.kinds)) == wanted.population
    carried = np.asarray(change.carry(jnp.asarray(values)))
    assert carried.tolist() == wanted.values + [0] * (len(carried) - wanted.population)
    assert not np.asarray(change.ring.synapses)[wanted.population :].any()


# --- the worked examples of the specification, section 10 ---

TICK = [[1, 0], [0, 1], [-1, -1], [0, 0]]


@pytest.mark.parametrize(("hold", "wanted"), [(False, [0, -1, -1, 0]), (True, [1, -1, -1, 0])])
def test_a_tick_scatters_along_outgoing_synapses(hold, wanted):
    network = networks.Tissue(1, 1, capacity=4, neighbors=2, hold=hold)
    genome = make(TICK, [INPUT, OUTPUT, EVOLUTION, EVOLUTION], 4)
    assert jax.jit(network.tick)(genome, jnp.array([1, -1, 1, 0], jnp.int8)).tolist() == wanted


MUTATE, INSERT = (jax.jit(partial(change, capped=False)) for change in (mutation.mutate, mutation.insert))
GROWING = [[1, 0, -1, 0], [0, 1, 1, -1], [-1, 0, 1, 1], [1, 1, -1, 0], [0, -1, 0, 1], [1, 0, 0, -1]]
KINDS = [INPUT, OUTPUT, INPUT, OUTPUT, INPUT, OUTPUT]
VALUES = jnp.array([1, -1, 0, 1, -1, 1, 0, 0, 0, 0, 0], jnp.int8)


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        (
            21,
            [[1, 0, -1, 0], [0, 1, 1, 1], [-1, 0, 0, 1], [0, 0, 1, 0], [1, 1, -1, 0], [0, -1, 0, 1], [1, 0, 0, -1]],
        ),
        (16, [[1, 0, -1, 0], [0, 1, 1, 0], [-1, 0, 1, 0], [0, 1, -1, 0], [0, -1, 0, 1], [1, 0, 0, -1]]),
        # the last neuron has lost its slot 3 to the insertion, so it does not end as it began
        (46, [[0, 0, -1, 0], [0, 1, 1, -1], [-1, 0, 1, 1], [1, 1, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]]),
    ],
)
def test_growing_by_a_word(number, wanted):
    assert rows(MUTATE(make(GROWING, KINDS), word(number)).ring) == wanted


def test_a_newborn_has_its_parents_value():
    change = MUTATE(make(GROWING, KINDS), word(21))
    assert change.carry(VALUES)[:7].tolist() == [1, -1, 0, 0, 1, -1, 1]
    assert change.ring.kinds[:7].tolist() == [*KINDS[:3], EVOLUTION, *KINDS[3:]]


def test_insertion_after_the_last_neuron():
    change = INSERT(make(GROWING, KINDS), jnp.int32(5), jnp.int32(3))
    assert rows(change.ring)[6] == [0, 0, 0, -1]
    assert change.carry(VALUES)[6] == 1


def test_growing_with_stale_slots_and_shrinking_again():
    stale = [
        [1, -1, 0, 1, -1, 0, 1, 0],
        [0, 0, 1, 0, 1, 1, -1, 1],
        [1, 0, -1, 1, 0, -1, 0, -1],
        [-1, 1, 1, 0, 0, 1, 1, 0],
    ]
    grown = jax.jit(partial(mutation.insert, capped=True))(make(stale, KINDS[:4]), jnp.int32(1), jnp.int32(4))
    assert rows(grown.ring) == [
        [1, -1, 0, 1, -1, -1, 1, 0],
        [0, 0, 1, 0, 0, 1, -1, 1],
        [0, 0, 0, 0, 1, 0, 0, 0],
        [1, 0, 1, 1, 0, -1, 0, -1],
        [-1, 1, 1, 0, 0, 1, 1, 0],
    ]
    assert rows(jax.jit(partial(mutation.remove, capped=True))(grown.ring, jnp.int32(2)).ring) == [
        [1, -1, 0, 1, -1, 0, 1, 0],
        [0, 0, 1, 0, 1, 0, -1, 1],
        [1, 0, 0, 1, 0, -1, 0, -1],
        [-1, 1, 0, 0, 0, 1, 1, 0],
    ]


WINDOW = jax.jit(ring.window, static_argnames=("neighbors", "capped"))


@pytest.mark.parametrize(
    ("population", "neighbors", "wanted"),
    [(3, 8, (1, 1)), (4, 8, (2, 1)), (5, 8, (2, 2)), (8, 8, (4, 3)), (9, 8, (4, 4)), (99, 8, (4, 4)), (17, 18, (8, 8))],
)
def test_windows(population, neighbors, wanted):
    assert tuple(int(side) for side in WINDOW(jnp.int32(population), neighbors, capped=True)) == wanted


@pytest.mark.parametrize(("before", "after"), [(0, 2), (1, 3), (2, 0), (3, 1)])
def test_a_flip_of_a_code(before, after):
    codes = jnp.full((16, 16), before, jnp.int8)
    flipped = mutation.flip_code(codes, word(169))
    assert np.argwhere(flipped != codes).tolist() == [[5, 9]]
    assert int(flipped[5, 9]) == after


@pytest.mark.parametrize(
    ("row", "x", "y"),
    [
        (0, [-1, 1, -1, 1], [-1, -1, 1]),
        (7, [1, 1, 1, -1], [-1, -1, -1]),
        (15, [1, -1, 1, -1], [-1, 1, -1]),
    ],
)
def test_the_addition_task_has_the_references_rows(row, x, y):
    task = tasks.addition(2)
    assert (task.x[row].tolist(), task.y[row].tolist()) == (x, y)


# --- against the oracle ---


@partial(jax.jit, static_argnames="capped")
def every_operator(genome, neuron, slot, up, number, *, capped):
    return (
        mutation.redundant(genome, capped),
        mutation.remove(genome, neuron, capped),
        mutation.change_synapse(genome, neuron, slot, up, capped),
        mutation.clean(genome, capped),
        mutation.mutate(genome, number, capped),
    )


def draw(seed, population, neighbors, capped):
    """A ring for the oracle, the same as a genome, values, and arguments for every operator."""
    rng = np.random.default_rng(seed)
    known = random_ring(rng, population, neighbors, capped)
    genome, values = make(known.weights, known.kinds), np.pad(known.values, (0, CAPACITY - population)).astype(np.int8)
    neuron, slot = int(rng.integers(population)), int(rng.integers(*known.bounds()))
    return known, genome, values, (neuron, slot, bool(rng.integers(2)), int(rng.integers(2**64, dtype=np.uint64)))


CASES = st.one_of(
    st.tuples(st.integers(3, CAPACITY - 1), st.sampled_from([4, 14]), st.just(True)),
    st.tuples(st.integers(5, CAPACITY - 1), st.just(4), st.just(False)),
)


@given(st.integers(0, 10**6), CASES)
def test_operators_match_the_oracle(seed, case):
    known, genome, values, (neuron, slot, up, number) = draw(seed, *case)
    marks, removed, changed, cleaned, mutated = every_operator(
        genome, jnp.int32(neuron), jnp.int32(slot), up, word(number), capped=case[2]
    )
    population = known.population
    assert marks.tolist() == [place < population and oracle.redundant(known, place) for place in range(CAPACITY)]
    same(removed, oracle.remove(known, neuron), values)
    same(changed, oracle.change(known, neuron, slot, up), values)
    same(cleaned, oracle.clean(known), values)
    same(mutated, oracle.mutate(known, number), values)


@pytest.mark.parametrize("case", first_quick([(4, False), (4, True), (14, True)]), ids=str)
def test_operators_are_the_same_under_vmap(case):
    neighbors, capped = case
    drawn = [draw(seed, 5 + seed % 6, neighbors, capped) for seed in range(9)]
    one = [
        every_operator(genome, jnp.int32(neuron), jnp.int32(slot), up, word(number), capped=capped)
        for _, genome, _, (neuron, slot, up, number) in drawn
    ]
    rings = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(genome for _, genome, _, _ in drawn))
    neuron, slot, up, number = zip(*(arguments for _, _, _, arguments in drawn), strict=True)
    together = jax.jit(jax.vmap(partial(every_operator, capped=capped)))(
        rings, jnp.array(neuron), jnp.array(slot), jnp.array(up), jnp.stack([word(each) for each in number])
    )
    for index, alone in enumerate(one):
        assert pytrees.fingerprint(pytrees.take(together, index)) == pytrees.fingerprint(alone)


def test_a_full_ring_does_not_grow():
    genome = make(GROWING, KINDS, capacity=6)
    change = INSERT(genome, jnp.int32(2), jnp.int32(2))
    assert pytrees.fingerprint(change.ring) == pytrees.fingerprint(genome)
    assert change.origin.tolist() == list(range(6))


@given(st.integers(0, 10**6), CASES, st.booleans())
def test_ticks_match_the_oracle(seed, case, hold):
    population, neighbors, capped = case
    rng = np.random.default_rng(seed)
    known = random_ring(rng, population, neighbors, capped)
    if OUTPUT not in known.kinds:
        known.kinds[0] = OUTPUT
    network = networks.Tissue(1, 1, CAPACITY, neighbors, ticks=6, hold=hold)
    values = rng.integers(-1, 2, (5, population)).astype(np.int8)
    padded = np.pad(values, [(0, 0), (0, CAPACITY - population)])
    settled, traced = settle_and_trace(network, capped)(make(known.weights, known.kinds), padded)
    for index, start in enumerate(values):
        steps, reason = oracle.settle(known, start.tolist(), hold, 6)
        assert (int(settled.ticks[index]), int(settled.reason[index])) == (len(steps) - 1, reason)
        assert settled.values[index, :population].tolist() == steps[-1]
        assert traced[: len(steps), index, :population].tolist() == steps


@cache
def settle_and_trace(network, capped):
    if not capped:  # the oracle's rings have as many outputs as they like; the spec wants to know that they suffice
        network = dataclasses.replace(network, inputs=1, outputs=network.neighbors, capped=False)
    return jax.jit(lambda genome, values: (network.settle(genome, values), network.trace(genome, values, 6)))


# --- what a user meets ---

FIXED = networks.FixedTissue(4, 3, capacity=14, neighbors=6, ticks=9)


@pytest.mark.parametrize(
    "case",
    first_quick(
        [
            *((2, False), (9, True), (1, True), (3, False), (8, True), (9, False)),
            *((1, False), (2, True), (3, True), (8, False)),
        ],
        quick=2,
    ),
)
def test_outputs_are_those_of_settling_whatever_the_engine(case):
    """For more samples than a block holds, under vmap, at caps that end samples in the middle of an alternation."""
    ticks, hold = case
    options = {"neighbors": 6, "ticks": ticks, "hold": hold, "density": 0.35, "capped": hold}
    network = networks.FixedTissue(7, 2, 40, **options)
    x = trits.sample(jax.random.key(0), (300, 7))
    genomes = jax.jit(jax.vmap(network.init))(jax.random.split(jax.random.key(1), 3))

    def settled(genome):
        return network.read(genome, network.settle(genome, network.start(genome, x)).values)

    wanted = jax.jit(jax.vmap(settled))(genomes)
    for engine in ("packed", "int8"):
        apply = dataclasses.replace(network, engine=engine).apply
        got = jax.jit(jax.vmap(apply, in_axes=(0, None)))(genomes, x)
        assert pytrees.fingerprint(got) == pytrees.fingerprint(wanted), engine


def test_some_samples_alternate_until_the_cap():
    """What the test above is about does happen: its networks do not all come to rest."""
    network = networks.FixedTissue(7, 2, 40, neighbors=6, ticks=9, density=0.35)
    x = trits.sample(jax.random.key(0), (300, 7))
    genome = jax.jit(network.init)(jax.random.key(1))
    settled = jax.jit(network.settle)(genome, network.start(genome, x))
    assert (settled.reason == 0).any()
    assert len(set(np.asarray(settled.ticks).tolist())) > 3


def test_settling_does_not_depend_on_the_batch():
    genome = jax.jit(dataclasses.replace(FIXED, density=0.3).init)(jax.random.key(1))
    values = FIXED.start(genome, tasks.addition(2).x)
    together = jax.jit(FIXED.settle)(genome, values)
    assert len(set(np.asarray(together.ticks).tolist())) > 1, "the samples should settle at different times"
    for index in range(len(values)):
        alone = jax.jit(FIXED.settle)(genome, values[index])
        assert pytrees.fingerprint(alone) == pytrees.fingerprint(pytrees.take(together, index))
    shaped = jax.jit(FIXED.settle)(genome, values.reshape(2, 8, -1))
    assert pytrees.fingerprint(shaped.ticks) == pytrees.fingerprint(together.ticks.reshape(2, 8))


@pytest.mark.parametrize("constant", [0, 2])
def test_inputs_come_in_the_order_of_the_ring_and_constants_after_them(constant):
    network = networks.Tissue(3, 2, capacity=12, neighbors=4, evolution=2, constant=constant)
    genome = jax.jit(network.init)(jax.random.key(1))
    assert [int((genome.kinds == kind).sum()) for kind in (INPUT, OUTPUT, EVOLUTION)] == [3 + constant, 2, 2]
    x = jnp.array([-1, 0, 1], jnp.int8)
    fed = np.asarray(network.start(genome, x))
    assert fed[np.asarray(genome.kinds) == INPUT].tolist() == [-1, 0, 1] + [1] * constant
    assert not fed[np.asarray(genome.kinds) != INPUT].any()


def test_codes_stand_for_their_trits():
    coded = dataclasses.replace(FIXED, coded=True)
    genome = jax.jit(coded.init)(jax.random.key(2))
    weights = oracle.decode(genome.codes.tolist())
    assert coded.ring(genome).synapses.tolist() == weights
    plain = Synapses(jnp.array(weights, jnp.int8))
    x = tasks.addition(2).x
    assert pytrees.fingerprint(jax.jit(coded.apply)(genome, x)) == pytrees.fingerprint(jax.jit(FIXED.apply)(plain, x))


def test_a_climb_by_the_references_mutation_grows():
    network = networks.Tissue(4, 3, capacity=12, neighbors=6, ticks=5)
    task, mutate = tasks.addition(2), jax.jit(mutation.grow())
    genome = start = jax.jit(network.init)(jax.random.key(3))
    score = jax.jit(partial(task.validate, network))
    best = first = int(score(genome))
    for key in jax.random.split(jax.random.key(4), 120):
        child = mutate(key, genome, rate=1.0)
        reached = int(score(child))
        if reached >= best:
            genome, best = child, reached
    assert best > first
    assert int(ring.size(genome.kinds)) > int(ring.size(start.kinds))
    assert int(ring.size(genome.kinds)) < 12  # the mutant that would fill the ring is not born


# --- odd functions ---


def ceiling(bits):
    """The most right bits that an odd function can have on the addition of two numbers: for every pair of opposite rows
    and every bit, 2 where the wanted bits are opposite, else 1."""
    task = tasks.addition(bits)
    y = np.asarray(task.y)
    opposite = y == -y[::-1]
    assert (np.asarray(task.x) == -np.asarray(task.x)[::-1]).all(), "row p and row N - 1 - p are opposite"
    return int(np.where(opposite, 2, 1).sum()) // 2, y.size


@pytest.mark.parametrize(("bits", "most", "of"), [(1, 5, 8), (2, 34, 48), (4, 1032, 1280), (7, 114752, 131072)])
def test_no_odd_function_passes_the_ceiling(bits, most, of):
    # an odd function answers opposite rows with opposite bits, so where the wanted bits agree one of the two is wrong
    assert ceiling(bits) == (most, of)


@pytest.mark.parametrize("seed", first_quick(range(5), 2))
def test_a_tissue_without_constants_is_an_odd_function(seed):
    genome = jax.jit(FIXED.init)(jax.random.key(seed))
    x = tasks.addition(2).x
    there, back = (SETTLE(genome, FIXED.start(genome, sign * x)) for sign in (jnp.int8(1), jnp.int8(-1)))
    assert (there.values == -back.values).all()
    assert (there.ticks == back.ticks).all()
    assert int(SCORE(genome)) <= ceiling(2)[0]


@pytest.mark.parametrize("bits", first_quick([1, 2]))
def test_half_the_rows_of_addition_suffice_for_an_odd_function(bits):
    network = networks.FixedTissue(2 * bits, bits + 1, capacity=3 * bits + 4, neighbors=4, ticks=9)
    whole, half = tasks.addition(bits), tasks.addition(bits, mirrored=True)
    assert (half.outputs, half.scale) == (whole.outputs, whole.scale)
    init, *scores = map(jax.jit, (network.init, *(partial(task.validate, network) for task in (half, whole))))
    for key in jax.random.split(jax.random.key(6), 4):
        genome = init(key)
        assert len({int(score(genome)) for score in scores}) == 1


def test_hyperidentity_is_one_row():
    task, other = tasks.hyperidentity(100), tasks.hyperidentity(100, pattern_seed=1)
    assert task.x.shape == task.y.shape == (1, 100)
    assert len({pytrees.fingerprint(pattern) for pattern in (task.x, task.y, other.x, other.y)}) == 4
    assert set(np.asarray(task.x).ravel()) == {-1, 1}


def test_a_constant_input_lifts_the_ceiling():
    """NAND is not odd (NAND of opposite inputs is not the opposite), and a constant input makes it."""
    network = networks.FixedTissue(2, 1, capacity=4, neighbors=4, constant=1, kinds=(INPUT, INPUT, INPUT, OUTPUT))
    # the output stands 1 to the left of the first neuron, 2 from the second, 1 to the right of the third (the constant)
    nand = Synapses(jnp.array([[0, -1, 0, 0], [-1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]], jnp.int8))
    x = jnp.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], jnp.int8)
    assert jax.jit(network.apply)(nand, x)[:, 0].tolist() == [1, 1, 1, -1]


SETTLE = jax.jit(FIXED.settle)
SCORE = jax.jit(partial(tasks.addition(2).validate, FIXED))


# --- strategies ---


@pytest.mark.long
@pytest.mark.parametrize("crossover", ["by_neuron", "uniform"])
def test_the_genetic_strategy_evolves_a_fixed_tissue(crossover):
    strategy = strategies.Genetic(population=16, elites=2, crossover=crossover)
    result = tejax.evolve(jax.random.key(5), strategy, FIXED, tasks.addition(2), generations=15)
    assert result.history.best[-1] > result.history.best[0]
    assert jax.tree.structure(result.best) == jax.tree.structure(jax.jit(FIXED.init)(jax.random.key(0)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"neighbors": 7}, "neighbors must be even"),
        ({"capacity": 6}, "capacity must be at least 7"),
        ({"ticks": 0}, "ticks must be at least 1"),
        ({"capped": False, "neighbors": 8}, "neighbors must be below 7"),
        ({"kinds": (INPUT,) * 14}, "kinds must be 4 inputs, 3 outputs, 7 others"),
    ],
)
def test_bad_specs_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(FIXED, **changes)
