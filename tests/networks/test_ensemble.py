"""Votes against counting by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks, tasks, testing
from tejax.core import pytrees
from tejax.networks import UNKNOWN, Ensemble, decide


def _said(outputs, reading):
    """What one member adds to the votes for one row."""
    values = [int(value) for value in outputs]
    if reading == "sign":
        return [(value > 0) - (value < 0) for value in values]
    alone = values.count(max(values)) == 1
    return [int(alone and value == max(values)) for value in values]


@pytest.mark.parametrize("reading", ["class", "sign"])
def test_votes_are_counted(reading):
    member = networks.MLP((5, 4, 3))
    ensemble = Ensemble(member, 7, reading)
    genomes = jax.jit(ensemble.init)(jax.random.key(0))
    x = jnp.asarray(np.random.default_rng(0).integers(-1, 2, (6, 5), np.int8))
    outputs = np.stack([jax.jit(member.apply)(pytrees.take(genomes, index), x) for index in range(7)])
    wanted = [
        [sum(col) for col in zip(*(_said(out[row], reading) for out in outputs), strict=True)] for row in range(6)
    ]
    votes = jax.jit(ensemble.apply)(genomes, x)
    assert votes.dtype == jnp.int32
    assert votes.tolist() == wanted


@pytest.mark.parametrize("reading", ["class", "sign"])
def test_an_ensemble_keeps_the_contract_of_a_network(reading):
    testing.check_network(Ensemble(networks.MLP((5, 3)), 3, reading), 5, jax.random.key(0))


@pytest.mark.parametrize("network", [5, None, (), networks.MLP, "mlp"])
def test_what_is_no_network_is_refused(network):
    with pytest.raises(InputError, match=r"^network must be a network: got network="):
        Ensemble(network)


def test_ties_are_unknown():
    votes = jnp.array([[3, 2, 0], [2, 2, 0], [0, 0, 0], [0, 0, 1]], jnp.int32)
    assert decide(votes).tolist() == [0, UNKNOWN, UNKNOWN, 2]
    assert decide(votes[0]).tolist() == 0


def test_an_ensemble_of_opposites_knows_nothing():
    task, member = tasks.parity(3), networks.MLP((3, 1), bias=1)
    genome = jax.jit(member.init)(jax.random.key(1))
    both = jax.tree.map(lambda leaf: jnp.stack([leaf, -leaf]), genome)
    assert task.accuracy(Ensemble(member, 2, "sign"), both) == 0.0


def test_one_member_is_itself():
    member = networks.MLP((4, 3, 3))
    genome, x = (
        jax.jit(member.init)(jax.random.key(2)),
        jnp.asarray(np.random.default_rng(1).integers(-1, 2, (30, 4)), jnp.int8),
    )
    outputs = np.asarray(jax.jit(member.apply)(genome, x))
    winners = [row.argmax() if (row == row.max()).sum() == 1 else UNKNOWN for row in outputs]
    assert UNKNOWN in winners
    alone = jax.tree.map(lambda leaf: leaf[None], genome)
    assert decide(jax.jit(Ensemble(member, 1).apply)(alone, x)).tolist() == winners


@pytest.mark.parametrize(
    ("wrong", "words"), [({"members": 0}, "at least 1"), ({"reading": "loud"}, "one of \\['sign', 'class'\\]")]
)
def test_bad_options_are_refused(wrong, words):
    with pytest.raises(InputError, match=words):
        Ensemble(networks.MLP((3, 2)), **wrong)
