"""The same bits on any number of devices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tejax
from tejax import devices, engines, evolution, networks, strategies, tasks, trees
from tejax.errors import InputError

NETWORK, TASK = networks.MLP((3, 4, 1)), tasks.parity(3)
STRATEGIES = {
    "genetic": strategies.genetic(population=16, elites=2),
    "packed": strategies.genetic(population=16, elites=3, packed=True, adaptive=True),
    "lexicase": strategies.genetic(population=16, elites=2, selection="lexicase"),
    "categorical": strategies.categorical(population=16),
    "hill_climb": strategies.hill_climb(population=16, climbers=8),
    "map_elites": strategies.map_elites(population=16, cells=3),
    "low_rank": strategies.low_rank(population=16),
    "islands": tejax.islands(strategies.genetic(population=8, elites=2), 8, every=2),
    "tour": tejax.islands(strategies.categorical(population=4), 8, every=1, topology="tour"),
}


def bits(strategy, mesh, **options):
    options = {"generations": 5, "chunk": 2, **options}
    result = tejax.evolve(jax.random.key(0), strategy, NETWORK, TASK, mesh=mesh, **options)
    return trees.fingerprint((result.best, result.state, result.history)), result.fitness


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_number_of_devices_changes_nothing(name):
    alone = bits(STRATEGIES[name], None)
    assert {bits(STRATEGIES[name], devices.mesh(count)) for count in (2, 8)} == {alone}


def test_a_mesh_of_one_device_and_the_batch_change_nothing():
    alone = bits(STRATEGIES["genetic"], None)
    assert bits(STRATEGIES["genetic"], devices.mesh(1)) == alone
    assert bits(STRATEGIES["genetic"], devices.mesh(4), batch=3) == alone


@pytest.mark.parametrize("engine", engines.names())
def test_every_engine_runs_on_many_devices(engine):
    result = [
        tejax.evolve(
            jax.random.key(0),
            STRATEGIES["genetic"],
            networks.MLP((3, 4, 1), engine=engine),
            TASK,
            generations=2,
            mesh=mesh,
        )
        for mesh in (None, devices.mesh(2))
    ]
    assert trees.fingerprint(result[0].state) == trees.fingerprint(result[1].state)


def test_the_population_lies_spread_and_the_second_chunk_compiles_nothing_anew():
    mesh, seen = devices.mesh(8), []
    strategy = strategies.genetic(population=32, elites=2)

    def look(progress):
        leaf = progress.state.population[0].weights
        seen.append(({shard.data.shape[0] for shard in leaf.addressable_shards}, evolution._run_chunk._cache_size()))

    tejax.evolve(jax.random.key(0), strategy, NETWORK, TASK, generations=6, chunk=2, mesh=mesh, callback=look)
    assert [shares for shares, _ in seen] == [{4}] * 3
    assert seen[0][1] == seen[1][1] == seen[2][1]


def test_rows_that_the_devices_do_not_divide_are_all_computed():
    rows = jnp.arange(11, dtype=jnp.int32)

    def double():
        with devices.spread(devices.mesh(8)):
            return trees.over_rows(lambda row: 2 * row, rows, 2)

    np.testing.assert_array_equal(jax.jit(double)(), 2 * np.arange(11))


def test_wrong_numbers_are_refused_in_one_line():
    with pytest.raises(InputError, match="devices must be from 1 to 8, the devices that are here: got devices=9"):
        devices.mesh(9)
    with pytest.raises(InputError, match="population must be a multiple of devices: got population=16, devices=3"):
        bits(STRATEGIES["genetic"], devices.mesh(3))
    with pytest.raises(InputError, match="islands must be a multiple of devices: got islands=8, devices=5"):
        bits(STRATEGIES["islands"], devices.mesh(5))


def test_a_generation_runs_under_pmap_over_islands():
    """What pmap maps here are whole islands, one a device."""
    strategy = STRATEGIES["genetic"]

    def keys():
        return jax.random.split(jax.random.key(1), 4)

    states = jax.jit(jax.vmap(lambda key: strategy.init(key, NETWORK.init)))(jax.random.split(jax.random.key(0), 4))

    def step(key, state):
        return evolution.generation(strategy, NETWORK, TASK, key, state)

    mapped = jax.pmap(step)(keys(), states)
    assert trees.fingerprint(mapped) == trees.fingerprint(jax.jit(jax.vmap(step))(keys(), states))
