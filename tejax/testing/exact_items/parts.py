"""One of each network, and five generations of each strategy."""

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tejax import evolution, networks, strategies, tasks, types
from tejax.core import fixedpoint, random
from tejax.registry import STRATEGIES
from tejax.testing.exact_items.item import SEED, Item, some_trits

__all__ = ["credit_items", "network_examples", "network_items", "strategy_items"]

STRATEGY_EXAMPLES = ("genetic", "hill_climb", "categorical", "map_elites", "low_rank", "colony", "guided", "portfolio")


@cache
def network_examples() -> dict[str, types.Network]:
    """One of each network that tejax registers."""
    tiles = tuple((n // 3, n % 3) for n in range(9))
    return {
        "mlp": networks.MLP((13, 9, 33, 3), dead_zone=0.5),
        "conv": networks.Conv((1, 8, 8), (5, 3), pool=2, outputs=4),
        "recurrent": networks.Recurrent((5, 7, 2), gated=True, dead_zone=1),
        "byte_recurrent": networks.ByteRecurrent((8, 5, 7), fade=1),
        "cellular": networks.Cellular(1, 5, 6, neurons=3, ticks=3, gated=True),
        "systolic": networks.Systolic(1, 2, 2, neurons=3, hidden=(2,), neighbours=(1,)),
        "circle": networks.Circle(5, 3, neurons=11, synapses=9, max_ticks=60),
        "lookup": networks.Lookup.random(0, neurons=9, inputs=5, window=2, max_ticks=60),
        "autonomous": networks.Autonomous(9, control=2, output=5),
        "ant": networks.Ant(tuple((n, 5 - n, 2 * n % 6) for n in range(6)), (4, 1), (0, 5, 2, 3)),
        "tissue": networks.Tissue(5, 2, capacity=12, neighbors=6, ticks=7, evolution=3),
        "fixed_tissue": networks.FixedTissue(5, 2, capacity=11, neighbors=8, ticks=5, coded=True),
        "tiled_tissue": networks.TiledTissue(5, 2, 9, neighbors=10, ticks=5, layout=tiles),
    }


def network_items() -> Iterator[Item]:
    """Genomes and outputs."""
    for name, network in network_examples().items():
        steps = (6,) if network.reads == "sequence" else ()
        x = some_trits("x" + name, 40, *steps, network.features[0])

        def outputs(seed: Any, x: Any, network: Any = network) -> Any:
            genomes = jax.vmap(network.init)(jax.random.split(random.key(seed), 5))
            return genomes, jax.vmap(network.apply, in_axes=(0, None))(genomes, x)

        words = "genomes and outputs of 5, " + "-".join(map(str, network.features))
        yield Item(f"network {name}", words, outputs, (SEED, x), quick=name in ("mlp", "conv", "recurrent", "lookup"))


def credit_items() -> Iterator[Item]:
    """Credit among as many outputs as there are bytes."""
    network = networks.ByteRecurrent((8, 9, 256), context=3, fade=1)
    x = some_trits("bytes", 6, 7, 8)
    y = np.arange(42, dtype=np.int32).reshape(6, 7) * 6
    loss = fixedpoint.make_loss("cross_entropy", (8, 1))

    def credit(seed: Any, x: Any, y: Any) -> Any:
        return network.credit(random.key(seed), network.init(random.key(seed)), x, y, loss, types.Noise())

    yield Item("credit byte_recurrent", "of 42 bytes, for 9 neurons and 256 outputs", credit, (SEED, x, y))


def strategy_items() -> Iterator[Item]:
    """Five generations on parity."""
    options: dict[str, dict[str, Any]] = {
        "genetic": {"elites": 2, "adaptive": True},
        "map_elites": {"cells": 5},
        "colony": {"ants": 4, "steps": 2, "explore": 1},
    }
    made = {name: STRATEGIES.get(name)(24, **options.get(name, {})) for name in STRATEGY_EXAMPLES}
    made["islands"] = strategies.Islands(strategies.Genetic(6, elites=1), 4, every=2, migrants=1)
    network, plain = networks.MLP((4, 6, 1)), networks.MLP((4, 6, 1), engine="int8")  # which has no kernel of its own
    for name, strategy in made.items():

        def run(network: Any, seed: Any, task: Any, strategy: Any = strategy) -> Any:
            init, rest = jax.random.split(random.key(seed))
            state = evolution.first_state(strategy, network, task, init, strategy.rates)
            state, _, history = evolution.advance(
                strategy, network, task, rest, state, jnp.int32(0), jnp.int32(5), chunk=5, batch=None
            )
            return strategy.best(state), history

        task = jax.tree.map(np.asarray, tasks.parity(4))
        yield Item(
            f"strategy {name}",
            "five generations on parity",
            partial(run, network),
            (SEED, task),
            spelled=partial(run, plain),
            quick=name == "low_rank",
        )
