"""Bits do not depend on JAX's settings, or those that would change them are refused in one line."""

import json
import os
import subprocess
import sys

import jax
import pytest

import tejax
from tejax import InputError, networks, random, strategies, tasks
from tejax.core import pytrees
from tejax.core.settings import SETTINGS, settings

PROGRAM = """
import jax, json, numpy as np, tejax
from tejax import networks, strategies, tasks
from tejax.core.settings import settings
network, task, strategy = networks.MLP((3, 4, 1)), tasks.parity(3), strategies.Genetic(population=8, elites=1)
result = tejax.evolve(jax.random.key(7), strategy, network, task, generations=2, batch=None)
swept = tejax.sweep(strategy, network, task, rates={}, seeds=[7], generations=2, batch=None)
try:
    refused = str(network.init(jax.random.key(0)))
except tejax.InputError as error:
    refused = str(error)
pattern = tejax.pytrees.fingerprint(tasks.hyperidentity(4))
print(json.dumps([tejax.pytrees.fingerprint(result.best), swept.rows[0]["best"], pattern, refused, settings()]))
"""


def in_a_process(**variables):
    """What the program prints under these settings."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def here():
    network, task, strategy = networks.MLP((3, 4, 1)), tasks.parity(3), strategies.Genetic(population=8, elites=1)
    result = tejax.evolve(jax.random.key(7), strategy, network, task, generations=2, batch=None)
    best = pytrees.fingerprint(result.best)
    return [best, best, pytrees.fingerprint(tasks.hyperidentity(4))]


def test_bits_are_the_same_under_other_generators():
    *bits, refused, found = in_a_process(JAX_THREEFRY_PARTITIONABLE="false", JAX_DEFAULT_PRNG_IMPL="rbg")
    assert bits == here()
    assert refused.startswith("jax_threefry_partitionable must be True, or bits would depend on it")
    assert (found["jax_threefry_partitionable"], found["jax_default_prng_impl"]) == (False, "rbg")


@pytest.mark.long
@pytest.mark.parametrize(
    "variables",
    [
        {"JAX_ENABLE_X64": "1"},
        {"JAX_DEFAULT_PRNG_IMPL": "unsafe_rbg"},
        {"JAX_DEFAULT_MATMUL_PRECISION": "bfloat16", "JAX_NUMPY_DTYPE_PROMOTION": "strict"},
    ],
    ids=str,
)
def test_bits_are_the_same_under_other_settings(variables):
    assert in_a_process(**variables)[:3] == here()


def test_settings_are_plain_and_known():
    found = settings()
    assert set(found) == {*SETTINGS, "XLA_FLAGS"}
    assert json.loads(json.dumps(found)) == found
    assert found["jax_threefry_partitionable"] is True
    with jax.threefry_partitionable(False):
        assert settings()["jax_threefry_partitionable"] is False


def test_inside_another_setting_a_run_keeps_its_bits_and_all_else_is_refused():
    wanted = here()
    with jax.threefry_partitionable(False), jax.default_prng_impl("rbg"):
        assert here() == wanted
        for call in (lambda: random.key(0), lambda: random.bits(jax.random.key(0), (2,))):
            with pytest.raises(InputError, match=r"^jax_threefry_partitionable must be True"):
                call()


def test_a_seed_is_the_key_of_jax():
    for seed in (0, 1, 2**31, 2**32 - 1):
        assert (jax.random.key_data(random.key(seed)) == jax.random.key_data(jax.random.key(seed))).all()
    for seed in (None, -1, 2**32, 1.5, "1", True):
        with pytest.raises(InputError, match=r"^seed must be "):
            random.key(seed)


def test_keys_become_keys_of_one_generator():
    wanted = jax.random.key_data(jax.random.fold_in(jax.random.key(3), 5))
    for key in (jax.random.key(3, impl="rbg"), jax.random.PRNGKey(3)):
        assert (jax.random.key_data(random.as_key(jax.random.fold_in(key, 5))) == wanted).all()
    raw = random.as_key(jax.random.PRNGKey(3, impl="rbg"))
    assert (jax.random.key_data(raw) == jax.random.key_data(jax.random.key(3))).all()
    one, other = (random.as_key(key) for key in jax.random.split(jax.random.key(3, impl="unsafe_rbg")))
    assert str(jax.random.key_impl(one)) == str(jax.random.key_impl(other)) == "threefry2x32"
    assert (jax.random.key_data(one) != jax.random.key_data(other)).any()
    for key in (0, None, "key", jax.random.split(jax.random.key(0))):
        for draw in (lambda key=key: tejax.trits.sample(key, (3,)), lambda key=key: networks.MLP((3, 1)).init(key)):
            with pytest.raises(InputError, match=r"^key must be one key"):
                draw()
