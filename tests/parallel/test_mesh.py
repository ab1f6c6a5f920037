"""The same bits on any number of devices."""

import dataclasses
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tejax
from experiments.benchmarks.scaling_model import Size, received
from experiments.benchmarks.traffic import collectives
from tejax import engines, evolution, networks, strategies, tasks
from tejax.core import pytrees
from tejax.errors import InputError
from tejax.evolution import _evolve
from tejax.networks.tissue.mutation import flip_codes
from tejax.parallel.mesh import fetch, make_mesh, replicate
from tejax.parallel.population import map_population
from tejax.types import Placement

NETWORK, TASK = networks.MLP((3, 1)), tasks.parity(3)  # of few leaves: a chunk on eight devices compiles long
STRATEGIES = {
    "genetic": strategies.Genetic(population=16, elites=2),
    "packed": strategies.Genetic(population=16, elites=3, packed=True, adaptive=True),
    "lexicase": strategies.Genetic(population=16, elites=2, selection="lexicase"),
    "categorical": strategies.Categorical(population=16),
    "hill_climb": strategies.HillClimb(population=16, climbers=8),
    "map_elites": strategies.MapElites(population=16, cells=3),
    "colony": strategies.Colony(population=24, ants=8, steps=2, nodes=5, explore=1),
    "low_rank": strategies.LowRank(population=16),
    "islands": tejax.Islands(strategies.Genetic(population=8, elites=2), 8, every=2),
    "tour": tejax.Islands(strategies.Categorical(population=4), 8, every=1, topology="tour"),
    "portfolio": tejax.Portfolio(
        (strategies.Genetic(16, elites=2, selection="sharing"), strategies.Categorical(16)), every=1
    ),
}


@dataclasses.dataclass(frozen=True)
class Recording(strategies.Genetic):
    """Notes how it is placed when it begins."""

    def init(self, key, sample, rates):
        self.seen.append(self.placement)
        return super().init(key, sample, rates)


QUICK = ("genetic", "categorical", "hill_climb", "islands")


@cache
def beginning(strategy):
    """The state that evolution begins with, NumPy."""
    first = jax.jit(partial(evolution.first_state, strategy, NETWORK))
    return fetch(first(TASK, jax.random.key(0), _evolve.as_arrays(strategy.rates)))


def chunk(strategy, mesh):
    """What a chunk of five generations is called with."""
    bounds = tuple(map(np.int32, (0, 5, _evolve.UNREACHABLE)))
    state, task, key, bounds = replicate(
        jax.tree.map(jnp.asarray, (beginning(strategy), TASK, jax.random.key(1), bounds)), mesh
    )
    placed = strategy.static().placed(Placement(mesh, trits=True))
    return placed, NETWORK, task, key, _evolve._copied(placed, state), *bounds


def bits(strategy, mesh, batch=None):
    """Fingerprint of what these generations lead to."""
    return pytrees.fingerprint(_evolve._advance(*chunk(strategy, mesh), chunk=8, batch=batch))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.long) for name in STRATEGIES]
)
def test_the_number_of_devices_changes_nothing(name):
    assert bits(STRATEGIES[name], make_mesh(8)) == bits(STRATEGIES[name], None)


@pytest.mark.long
@pytest.mark.parametrize("name", STRATEGIES)
def test_two_devices_change_nothing(name):
    assert bits(STRATEGIES[name], make_mesh(2)) == bits(STRATEGIES[name], None)


SIZE = partial(Size, 16, pytrees.size(jax.eval_shape(NETWORK.init, jax.random.key(0))), 8)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("genetic", SIZE()),
        ("categorical", SIZE()),
        ("hill_climb", SIZE(climbers=8)),
        ("islands", SIZE(islands=8, migrants=2)._replace(population=64)),
    ],
)
def test_devices_are_sent_as_many_bytes_as_the_model_says(name, size):
    """The fittest genomes and migrants go, at 2 bits a trit where whole populations do, and nothing else."""
    strategy, mesh = STRATEGIES[name], make_mesh(8)
    program = _evolve._advance.lower(*chunk(strategy, mesh), chunk=8, batch=None).compile()
    sent = {("loop",): 0.0, ("loop", "branch"): 0.0}
    for each in collectives(program.as_text()):
        if each.where:
            sent[each.where] += each.received
    assert tuple(sent.values()) == tuple(received(name, size).values())


def test_collectives_are_read_from_any_form_of_the_text():
    text = """HloModule m, num_partitions=8
%body.1 (p: s32[4]) -> s32[4] {
  %a = s8[64,32,6]{2,1,0} all-gather(%p), replica_groups=mesh['x'=4,'y'=2] {'x'}, dimensions={0}
  %b = (s32[3]{0}, pred[5]{0}) all-reduce(%p, %p), replica_groups={{0,1},{2,3}}, to_apply=%add
  %c = (u32[2]{0}, u32[16]{0}) all-gather-start(%p), replica_groups=[1,8]<=[8], dimensions={0}
}
ENTRY %main (p: s32[4]) -> s32[4] {
  %d = bf16[10]{0} collective-permute(%p), source_target_pairs={{0,1},{1,0}}, metadata={op_name="{1,2}"}
  ROOT %w = s32[4] while(%d), condition=%cond, body=%body.1
}
%add (a: s32[], b: s32[]) -> s32[] {
  %s = s32[] add(%a, %b)
}
%cond (p: s32[4]) -> pred[] {
  %t = pred[] constant(true)
}"""
    permute, gather, reduce, started = collectives(text)
    assert permute == ("collective-permute", 20, ())
    assert gather == ("all-gather", 64 * 32 * 6 * 3 / 4, ("loop",))
    assert reduce == ("all-reduce", 17, ("loop",))
    assert started == ("all-gather", 56, ("loop",))


@pytest.mark.long
def test_a_mesh_of_one_device_and_the_batch_change_nothing():
    alone = bits(STRATEGIES["genetic"], None)
    assert bits(STRATEGIES["genetic"], make_mesh(1)) == alone
    assert bits(STRATEGIES["genetic"], make_mesh(4), batch=3) == alone


@pytest.mark.parametrize("name", ["genetic", pytest.param("islands", marks=pytest.mark.long)])
def test_whole_runs_begin_and_end_alike(name):
    ends = [
        tejax.evolve(jax.random.key(0), STRATEGIES[name], NETWORK, TASK, generations=5, chunk=2, mesh=mesh)
        for mesh in (None, make_mesh(8))
    ]
    assert pytrees.fingerprint(ends[0]) == pytrees.fingerprint(ends[1])


@pytest.mark.parametrize("engine", engines.names())
def test_every_engine_runs_on_many_devices(engine):
    network = networks.MLP((3, 4, 1), engine=engine)
    population = jax.jit(jax.vmap(network.init))(jax.random.split(jax.random.key(0), 8))

    def fitness(mesh):
        strategy = STRATEGIES["genetic"].placed(Placement(mesh))
        return jax.jit(partial(evolution.evaluate, strategy, network, batch=2))(TASK, jax.random.key(1), population)

    np.testing.assert_array_equal(fitness(None), fitness(make_mesh(2)))


def test_only_genomes_that_are_all_trits_travel_packed():
    """Two bits hold a trit, but not the codes of a coded tissue, 0 to 3."""
    seen, strategy = [], Recording(population=8, elites=1, mutation=flip_codes())
    Recording.seen = seen
    coded = networks.FixedTissue(3, 1, capacity=6, neighbors=4, ticks=2, coded=True)
    for network, mesh, packs in ((NETWORK, make_mesh(2), True), (coded, make_mesh(2), False), (NETWORK, None, False)):
        seen.clear()
        tejax.evolve(jax.random.key(0), strategy, network, TASK, generations=0, mesh=mesh)
        assert {placement.packs for placement in seen} == {packs}  # without another device, none


def test_the_population_lies_spread_and_the_second_chunk_compiles_nothing():
    mesh, seen = make_mesh(8), []
    strategy = strategies.Genetic(population=32, elites=2)

    def look(progress):
        leaf = progress.state.population[0].weights
        seen.append(({shard.data.shape[0] for shard in leaf.addressable_shards}, _evolve._advance._cache_size()))

    tejax.evolve(jax.random.key(0), strategy, NETWORK, TASK, generations=6, chunk=2, mesh=mesh, callback=look)
    assert [shares for shares, _ in seen] == [{4}] * 3
    assert seen[0][1] == seen[1][1] == seen[2][1]


def test_rows_that_the_devices_do_not_divide_are_all_computed():
    rows = jnp.arange(11, dtype=jnp.int32)

    def double(rows):
        return map_population(lambda row: 2 * row, rows, 2, Placement(make_mesh(8)))

    np.testing.assert_array_equal(jax.jit(double)(rows), 2 * np.arange(11))


def test_wrong_numbers_are_refused_in_one_line():
    with pytest.raises(InputError, match="devices must be from 1 to 8, the devices that are here: got devices=9"):
        make_mesh(9)
    for name, count, words in (("genetic", 3, "population=16, devices=3"), ("islands", 5, "islands=8, devices=5")):
        with pytest.raises(InputError, match=f"must be a multiple of devices: got {words}"):
            tejax.evolve(jax.random.key(0), STRATEGIES[name], NETWORK, TASK, generations=1, mesh=make_mesh(count))


def test_a_generation_runs_under_pmap_over_islands():
    """What pmap maps here are whole islands, one a device."""
    strategy = STRATEGIES["genetic"]

    def keys():
        return jax.random.split(jax.random.key(1), 4)

    init = jax.vmap(lambda key: strategy.init(key, NETWORK.init, strategy.rates))
    states = jax.jit(init)(jax.random.split(jax.random.key(0), 4))

    def step(key, state):
        return evolution.generation(strategy, NETWORK, TASK, key, state)

    mapped = jax.pmap(step)(keys(), states)
    assert pytrees.fingerprint(mapped) == pytrees.fingerprint(jax.jit(jax.vmap(step))(keys(), states))
