"""Scores of activity: the specification's worked examples, and against Python's own integers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import InputError, networks, tasks
from tejax.networks.lookup import Tables, ant
from tejax.tasks import _activity as activity
from tests.oracles import activity as oracle


def test_the_worked_example():
    outputs = np.array([[1, -1, 0, 0], [1, 1, 0, 1], [0, 0, 1, 0], [1, -1, 0, 0]])
    phase = np.array([1, 1, 2, 3], np.int8)
    values = activity.metrics(jnp.asarray(outputs.astype(np.int32)), jnp.asarray(phase))
    assert oracle.metrics(outputs.tolist(), phase.tolist())[:2] == [800_000, 625_000]
    wanted = [800_000, 625_000, 1_500_000, 250_000, 800_000, 500_000]
    assert list(map(int, values)) == wanted == oracle.metrics(outputs.tolist(), phase.tolist())
    sheet = activity.Metrics(*(jnp.int32(value) for value in [800_000, 625_000, 1_500_000, 250_000, 800_000, 250_000]))
    assert int(activity.score(sheet, False)) == 48750
    assert int(activity.score(sheet, True)) == 73050


def test_random_activity_like_the_oracle():
    rng = np.random.default_rng(0)
    run = jax.jit(lambda outputs, phase: (values := activity.metrics(outputs, phase), activity.score(values, True)))
    for share in (0.0, 0.01, 0.2, 0.9):
        for _ in range(5):
            outputs = rng.choice([-1, 0, 1], (60, 30), p=[share / 2, 1 - share, share / 2])
            phase = rng.integers(0, 4, 60).astype(np.int8)
            values, total = run(jnp.asarray(outputs.astype(np.int32)), jnp.asarray(phase))
            wanted = oracle.metrics(outputs.tolist(), phase.tolist())
            assert list(map(int, values)) == [min(value, 2**31 - 1) for value in wanted]
            assert int(total) == oracle.score(wanted, True)


def test_the_blank_network_has_its_known_score():
    rng = np.random.default_rng(1)
    network = networks.Ant(rng.integers(0, 12, (12, 3)).tolist(), tuple(range(4)), tuple(range(4, 12)))
    task = tasks.activity(*activity.drive(64, 4), neurons=8, margins=False)
    blank = Tables(jnp.zeros((12, 27), jnp.int8))
    assert int(task.validate(network, blank)) == 16570
    assert task.report(network, blank)["saturation"] == 1


def test_one_line_is_advanced_and_never_an_input_s():
    network = networks.Ant(((0, 1, 2),) * 6, (0, 3), (1, 2, 4, 5))
    genome = Tables(jnp.zeros((6, 27), jnp.int8))
    keys = jax.random.split(jax.random.key(0), 500)
    mutants = jax.jit(jax.vmap(lambda key: ant.single_advance(key, genome, rate=1.0, others=network.others).lines))(
        keys
    )
    changed = np.asarray(mutants) != 0
    assert (changed.sum(axis=(1, 2)) == 1).all()
    assert not changed[:, [0, 3]].any()
    assert 150 < (np.asarray(mutants) == 1).sum() < 350


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"drive": [[2]]}, "drive"),
        ({"drive": [1]}, "drive"),
        ({"phase": [0, 1]}, "phase"),
        ({"phase": [4]}, "phase"),
        ({"neurons": 0}, "neurons"),
        ({"neurons": 10**7}, "neurons"),
    ],
)
def test_bad_input_is_refused(options, named):
    with pytest.raises(InputError, match=f"^{named} must be"):
        tasks.activity(**{"drive": [[1]], "phase": [1], "neurons": 3, **options})
