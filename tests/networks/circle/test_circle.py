"""The circle network and its mutation against loops over single synapses, and against aigarth-it itself."""

import itertools
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks, operators
from tejax.core import pytrees
from tejax.networks.circle import ANSWERED, CAPPED, STILL, geometry, mutation
from tests.oracles import circle as oracle
from tests.oracles.circle import Neuron
from tests.oracles.rings import LIMIT, SEED, balanced, draw, from_arrays, from_live, library, rings, to_arrays, to_live

NEURONS, SYNAPSES = 64, 200


class Oracle:
    """The ring in loops."""

    def __init__(self, ring):
        self.ring = ring

    def settle(self, x):
        return oracle.settle(self.ring, x, LIMIT)[1:]

    def choices(self):
        return len(oracle.choices(self.ring))

    def change(self, pick, way):
        self.ring = oracle.change(self.ring, pick, way)


class Live:
    """A unit of aigarth-it."""

    def __init__(self, ring):
        self.unit, self.mutations = to_live(ring), itertools.count(1)

    @property
    def ring(self):
        return from_live(self.unit)

    def settle(self, x):
        outputs, stats = self.unit.feedforward(tuple(x))
        reasons = library().FFCYCLE_END_REASON
        codes = {reasons.TICK_CAP: CAPPED, reasons.NO_OUTPUT_ZEROES: ANSWERED, reasons.NO_NSTATE_CHANGES: STILL}
        return list(outputs), stats.tick_count, codes[stats.end_reason]

    def change(self, pick, way):
        forced = iter((pick, way))

        def choice(options):
            wanted = next(forced)
            return wanted if wanted in options else options[wanted]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(library().secrets, "choice", choice)
            self.unit.mutate(next(self.mutations), "season")


@cache
def settled(inputs, outputs, neurons=NEURONS, max_ticks=LIMIT):
    """One compiled program for all rings of these widths."""
    return jax.jit(networks.Circle(inputs, outputs, neurons, SYNAPSES, max_ticks=max_ticks).settle)


def feeds(number, count, inputs):
    return np.random.default_rng([SEED, number, 1]).integers(-1, 2, (count, inputs)).astype(np.int8)


def agree(system, units, inputs):
    """How often each stop reason came up when `units` random rings settled on `inputs` random inputs each."""
    reasons = []
    for widths, group in rings(units).items():
        for number, ring in enumerate(group):
            x = feeds(number, inputs, widths[0])
            found = settled(*widths)(to_arrays(ring, NEURONS, SYNAPSES), x)
            other = system(ring)
            for place, row in enumerate(x.tolist()):
                wanted = other.settle(row)
                got = found.outputs[place].tolist(), int(found.ticks[place]), int(found.reason[place])
                assert got == wanted, f"ring {number} of {widths}, input {place}"
            reasons += found.reason.tolist()
    return {reason: reasons.count(reason) for reason in (CAPPED, ANSWERED, STILL)}


@pytest.mark.parametrize("system", [Oracle, Live])
def test_rings_settle_alike(system):
    counts = agree(system, units=30, inputs=10)
    assert min(counts.values()) >= 10, counts


@pytest.mark.long
@pytest.mark.parametrize("system", [Oracle, Live])
def test_two_hundred_rings_settle_alike(system):
    counts = agree(system, units=200, inputs=50)
    assert sum(counts.values()) == 200 * 50
    assert min(counts.values()) >= 100, counts


def _changes(ring, picks, ways):
    """The ring after each of the changes, and how many choices there were."""

    def one(ring, forced):
        pick, way = forced
        count = mutation.choices(ring)
        after = mutation.change(ring, pick % count, way)
        return after, (after, count)

    return jax.lax.scan(one, ring, (picks, ways))[1]


changes = jax.jit(_changes)


def mutate_alike(system, units, mutations, longest, sizes):
    """(births, deaths) in `units` random rings of which each is changed `mutations` times."""
    born = died = 0
    for number, ring in enumerate(ring for group in rings(units, sizes, longest).values() for ring in group):
        rng = np.random.default_rng([SEED, number, 2])
        picks, ways = rng.integers(2**30, size=mutations), rng.choice([-1, 1], mutations)
        start = to_arrays(ring, NEURONS, SYNAPSES)
        found, counts = jax.tree.map(np.asarray, changes(start, jnp.int32(picks), jnp.int8(ways)))
        other = system(ring)
        for step, (pick, way) in enumerate(zip(picks.tolist(), ways.tolist(), strict=True)):
            before = len(other.ring)
            assert len(oracle.choices(other.ring)) == counts[step]
            other.change(pick % int(counts[step]), way)
            assert from_arrays(pytrees.take(found, step)) == other.ring, f"ring {number} after change {step}"
            born, died = born + (len(other.ring) > before), died + (len(other.ring) < before)
    return born, died


@pytest.mark.parametrize("system", [Oracle, Live])
@pytest.mark.parametrize(("longest", "sizes"), [(200, (2, 40)), (2, (4, 20))], ids=["long", "short"])
def test_five_hundred_forced_mutations_give_equal_rings(system, longest, sizes):
    born, died = mutate_alike(system, units=10, mutations=25, longest=longest, sizes=sizes)
    assert born >= 20
    assert died >= 5 or longest > 2


@pytest.mark.long
@pytest.mark.parametrize("system", [Oracle, Live])
def test_many_forced_mutations_give_equal_rings(system):
    assert min(mutate_alike(system, units=60, mutations=25, longest=3, sizes=(2, 39))) >= 50


def test_a_full_ring_does_not_grow():
    ring = [Neuron([1, 1], kind=-1), Neuron([1], kind=1), Neuron([-1, 1])]
    full = to_arrays(ring, 3, 2)
    change = jax.jit(mutation.change)
    for pick in range(len(oracle.choices(ring))):
        seat, slot = oracle.choices(ring)[pick]
        grows = ring[seat].weights[slot]
        after = change(full, jnp.int32(pick), jnp.int8(grows))
        assert pytrees.fingerprint(after) == pytrees.fingerprint(full)
        assert int(geometry.size(change(to_arrays(ring, 4, 2), jnp.int32(pick), jnp.int8(grows)))) == 4


def test_cycles_are_skipped_without_a_trace():
    """Rings that never settle end with the values that as many ticks give, whatever the limit."""
    rng = np.random.default_rng(SEED)
    skipped = 0
    for _ in range(12):
        # one output that nothing enters: it stays 0, so only a still ring would stop
        ring = [Neuron([0], kind=1), *draw(rng, 7, 2, 0, longest=6)]
        arrays, x = to_arrays(ring, 8, SYNAPSES), feeds(0, 4, 2)
        for limit in (1, 20, 53):
            found = settled(2, 1, 8, limit)(arrays, x)
            for place, row in enumerate(x.tolist()):
                values, _, ticks, reason = oracle.settle(ring, row, limit)
                assert (found.values[place].tolist(), int(found.ticks[place]), int(found.reason[place])) == (
                    values,
                    ticks,
                    reason,
                )
                skipped += reason == CAPPED and limit == 53
    assert skipped >= 3


def test_a_cycle_of_a_thousand_million_ticks_takes_no_time():
    # the first takes what the third has, the third the opposite of the first: a cycle of 4
    ring = [Neuron([1], skew=-1, kind=-1), Neuron([0], kind=1), Neuron([-1])]
    limit = 2**30 - 1
    end = settled(1, 1, 8, limit)(to_arrays(ring, 8, SYNAPSES), np.ones((1, 1), np.int8))
    assert (end.ticks.tolist(), end.reason.tolist()) == ([limit], [CAPPED])
    values, *_, reason = oracle.settle(ring, [1], 4 + limit % 4)
    assert reason == CAPPED
    assert end.values[0, :3].tolist() == values == [0, 0, 1]


@pytest.mark.parametrize("value", [-3280, -41, -1, 0, 1, 2, 5, 200, 3280])
def test_numbers_in_balanced_ternary(value):
    digits = geometry.digits(jnp.int32(value))
    assert digits.dtype == jnp.int8
    assert digits.tolist() == balanced(value)
    assert int(geometry.number(digits)) == value


def test_a_fresh_genome_is_inputs_and_outputs_in_random_order():
    network = networks.Circle(3, 2, neurons=9, synapses=4)
    init, orders = jax.jit(network.init), set()
    for key in jax.random.split(jax.random.key(SEED), 5):
        neurons = from_arrays(jax.tree.map(np.asarray, init(key)))
        roles = [(neuron.kind, neuron.label) for neuron in neurons]
        assert sorted(roles) == [(-1, 0), (-1, 1), (-1, 2), (1, 0), (1, 1)]
        assert all((len(neuron.weights), neuron.skew) == (4, 0) for neuron in neurons)
        orders.add(tuple(roles))
    assert len(orders) > 1


def test_apply_is_defined_for_any_trits():
    """Crossovers and mutations that know nothing of rings may leave any trits behind."""
    network = networks.Circle(3, 2, neurons=9, synapses=4, max_ticks=50)
    genome = jax.jit(network.init)(jax.random.key(0))
    one = jax.jit(lambda key, x: network.apply(operators.mutation.flip(key, genome, rate=0.5), x))
    for key in jax.random.split(jax.random.key(1), 5):
        outputs = one(key, jnp.ones((4, 3), jnp.int8))
        assert outputs.shape == (4, 2)
        assert set(outputs.reshape(-1).tolist()) <= {-1, 0, 1}


def test_mutate_keeps_to_its_rate_and_to_the_rules_of_change():
    network = networks.Circle(2, 2, neurons=8, synapses=3)
    genome = jax.jit(network.init)(jax.random.key(2))
    keys = jax.random.split(jax.random.key(3), 64)

    mutate = jax.jit(jax.vmap(lambda key, rate: mutation.mutate(key, genome, rate=rate), (0, None)))

    def prints(rate):
        mutants = jax.tree.map(np.asarray, mutate(jax.random.clone(keys), jnp.float32(rate)))
        return [pytrees.fingerprint(pytrees.take(mutants, place)) for place in range(64)]

    ring = from_arrays(jax.tree.map(np.asarray, genome))
    legal = {
        pytrees.fingerprint(to_arrays(oracle.change(ring, pick, way), 8, 3))
        for pick in range(len(oracle.choices(ring)))
        for way in (-1, 1)
    }
    always, never, often = prints(1.0), prints(0.0), prints(0.5)
    assert set(never) == {pytrees.fingerprint(genome)}
    assert set(always) <= legal
    assert len(set(always)) > len(legal) / 2
    assert 15 <= sum(after == pytrees.fingerprint(genome) for after in often) <= 49


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"inputs": 0}, "inputs"),
        ({"outputs": 0}, "outputs"),
        ({"neurons": 21}, "neurons"),
        ({"synapses": 0}, "synapses"),
        ({"synapses": 3281}, "synapses"),
        ({"max_ticks": 0}, "max_ticks"),
        ({"density": 1.5}, "density"),
    ],
)
def test_sizes_out_of_range_are_refused(options, named):
    with pytest.raises(InputError, match=rf"^{named} must be"):
        networks.Circle(**options)


def test_x_of_another_width_is_refused():
    network = networks.Circle(3, 2, neurons=9, synapses=4)
    with pytest.raises(InputError, match=r"^features must be 3"):
        network.apply(jax.eval_shape(network.init, jax.random.key(0)), jnp.zeros((1, 2), jnp.int8))
