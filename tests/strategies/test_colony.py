"""The colony: its rule against the one on the host, and what asks and tells do to its ants."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import evolve, networks, strategies, tasks
from tejax.core.fitness import LEAST
from tejax.errors import InputError
from tejax.interop import colony as host
from tejax.strategies import _trees
from tests.strategies.test_hill_climb import flat

NETWORK, WORST = networks.MLP((3, 2, 1), bias=1), 1000  # errors, of fitness 0


def rating(fitness):
    """A fitness as a rating of the host's rule."""
    return host.Rating(0, WORST - fitness)


@pytest.mark.parametrize(("room", "limit", "floor"), [(40, 0, 0), (6, 0, 3), (40, 2, 0), (9, 1, 5)])
def test_children_are_judged_like_on_the_host(room, limit, floor):
    trees, harvest, many = 3, 4, 5
    rng = np.random.default_rng(room + limit)
    limits = host.Limits(max_nodes=room, max_children=limit, harvest=harvest, floor=WORST - floor)
    wanted, brought, names = host.Colony(limits), [], {}
    nodes, harvested = _trees.planted(trees, trees + room), jnp.full(harvest, LEAST, jnp.int32)
    fruits = np.full(harvest, -1)
    judge = jax.jit(partial(_trees.admit, _trees.Limits(limit, floor)))
    for tick in range(1, 16):
        parents = rng.integers(int((nodes.tree >= 0).sum()), size=many).astype(np.int32)
        fitness = rng.integers(0, 20 + tick, size=many).astype(np.int32)
        before, rivals = len(wanted.records), np.asarray(nodes.fitness)[parents]
        for place, (parent, each) in enumerate(zip(parents.tolist(), fitness.tolist(), strict=True)):
            reference, tree = host.Reference(tick, place), int(nodes.tree[parent])
            inherited = host.ROOT if parent < trees else names[parent]
            child = host.Submission(tree, len(brought), inherited, reference, tick, rating(each))
            verdict = wanted.submit(child)
            if verdict.record is not None:
                names[trees + verdict.record] = reference
            brought.append(child)
        verdicts = judge(nodes, harvested, _trees.Child(*map(jnp.asarray, (parents, fitness, rivals))))
        nodes, harvested = verdicts.nodes, verdicts.harvest.fitness
        places = [int(place) for place in verdicts.place if place < trees + room]
        assert places == list(range(trees + before, trees + len(wanted.records)))
        sources = np.asarray(verdicts.harvest.source)
        new = np.arange(len(brought) - many, len(brought))
        fruits = np.concatenate([fruits, new])[sources]
        assert [brought[fruit] for fruit in fruits if fruit >= 0] == [entry.submission for entry in wanted.harvest]
        for number, record in enumerate(wanted.records, trees):
            assert int(nodes.depth[number]) == record.depth
            assert int(nodes.tree[number]) == record.submission.identity
            assert int(nodes.fitness[number]) == WORST - record.submission.rating.error
            if limit:
                assert int(nodes.children[number]) == wanted.children(int(nodes.tree[number]), names[number])
    assert len(wanted.records) > 4


def test_a_parent_is_a_fit_node_of_the_tree_with_room_for_a_child():
    fitness = np.array([LEAST, LEAST, 5, 9, 9, 7, 0], np.int32)
    tree, children = np.array([0, 1, 0, 1, 0, 0, -1], np.int32), np.array([2, 1, 0, 0, 2, 1, 0], np.int32)
    nodes = _trees.Nodes(*map(jnp.asarray, (fitness, tree, tree, tree, children)))
    draw = jax.vmap(_trees.choose_parent, in_axes=(0, None, None, None, None))

    def keys():
        return jax.random.split(jax.random.key(0), 300)

    chosen = {limit: np.bincount(draw(keys(), nodes, jnp.int32(0), limit, 2), minlength=7) for limit in (0, 2, 1)}
    assert (chosen[0] > 0).tolist() == [True, False, True, False, True, True, False]
    assert chosen[0][4] > 100, "the fitter of two"
    assert (chosen[2] > 0).tolist() == [False, False, True, False, False, True, False]
    assert chosen[1].tolist() == [0, 0, 300, 0, 0, 0, 0]
    full = nodes._replace(children=jnp.full(7, 9, jnp.int32))
    assert set(np.asarray(draw(keys(), full, jnp.int32(1), 1, 1)).tolist()) == {1, 3}, "where none has room, any"


def started(strategy):
    return jax.jit(lambda key: strategy.init(key, NETWORK.init, strategy.rates))(jax.random.key(0))


def test_a_search_begins_from_its_node_and_meets_it_again_at_its_end():
    strategy = strategies.Colony(population=16, ants=4, trees=2, steps=3, nodes=6, harvest=3, explore=1)
    state, rng = started(strategy), np.random.default_rng(0)
    ask, tell = jax.jit(strategy.ask), jax.jit(strategy.tell)
    for number in range(18):
        population, state = ask(jax.random.key(number), state)
        origins, families = flat(state.genomes)[np.asarray(state.parent)], flat(population).reshape(4, 4, -1)
        assert np.asarray(state.nodes.tree)[np.asarray(state.parent)].tolist() == [0, 1, 0, 1]
        if number % 3 == 0:
            assert np.array_equal(families[:, 0], origins)
            assert state.ants.stagnation.tolist() == [-1] * 4
        if number % 3 == 2:
            assert np.array_equal(families[:, 1], origins)
        fitness = jnp.asarray(rng.integers(0, 9, 16), jnp.int32)
        before = int((state.nodes.tree >= 0).sum())
        state = tell(state, population, fitness)
        after = int((state.nodes.tree >= 0).sum())
        assert after == before or number % 3 == 2
        places = [*range(before, after)]
        for place in places:
            assert flat(state.genomes)[place].tolist() in flat(state.ants.climbers).tolist()
    assert after == 8, "as many as there is room for"
    depth, parent = np.asarray(state.nodes.depth), np.asarray(state.nodes.parent)
    assert (depth[2:] == 1 + depth[parent[2:]]).all()
    assert flat(strategy.candidates(state)).shape[0] == 3 + 4 + 1
    assert (np.diff(np.asarray(state.harvested)) <= 0).all()


def test_a_branch_rises():
    strategy = strategies.Colony(population=48, ants=8, trees=2, steps=4, nodes=64, mutation="single")
    result = evolve(jax.random.key(0), strategy, networks.MLP((4, 8, 1)), tasks.parity(4), generations=160)
    nodes = jax.tree.map(np.asarray, result.state.nodes)
    children = np.flatnonzero(nodes.parent >= 0)
    assert len(children) > 10
    assert nodes.depth.max() > 2
    assert (nodes.fitness[children] > nodes.fitness[nodes.parent[children]]).all()
    assert result.fitness >= nodes.fitness.max()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"population": 32, "ants": 16}, "population must be a multiple of ants, three times as many at least"),
        ({"trees": 17}, "trees must be at most one for each ant: got trees=17, ants=16"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"nodes": 0}, "nodes must be at least 1"),
        ({"children": -1}, "children must be at least 0"),
        ({"floor": 2**31}, "floor must be"),
        ({"accept": "worse"}, "accept must be a function or one of"),
    ],
)
def test_bad_options_are_refused(options, words):
    with pytest.raises(InputError) as refusal:
        strategies.Colony(**options)
    assert words in str(refusal.value)
