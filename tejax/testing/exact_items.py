"""What `exactness` compares: small fixed computations, everything registered among them."""

import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from tejax import engines, evolution, networks, strategies, tasks, trits, types
from tejax.core import fixedpoint, packing, random
from tejax.engines import selftest
from tejax.networks import circle, lookup, tissue
from tejax.networks.layer import Layer
from tejax.registry import CROSSOVERS, LOSSES, MUTATIONS, SELECTIONS, STRATEGIES

__all__ = ["EXPERIMENTS", "Item", "collect", "numbers"]

SEED = np.uint32(7)
FITNESS = 33  # individuals that selections choose among


class Item(NamedTuple):
    """One computation.

    Attributes:
        name: under which it is recorded.
        what: a few words.
        function: of the arguments, a tree of arrays.
        arguments: NumPy arrays, so that nothing is computed while a program is compiled.
        spelled: the same function in plain words, for the CPU.
        oracle: the same in NumPy.
        whole: a run of many programs, which cannot be compiled as one; it is held against the record alone.
        engine: an engine or check by name, which is held against NumPy in place of all this.
        quick: for a short try too.
    """

    name: str
    what: str
    function: Callable[..., Any] = lambda: None
    arguments: tuple[Any, ...] = ()
    spelled: Callable[..., Any] | None = None
    oracle: Callable[..., Any] | None = None
    whole: bool = False
    engine: str = ""
    quick: bool = True


def collect() -> Iterator[Item]:
    """Everything there is to compare, engines first, each made when it is asked for."""
    for some in (_engines, _primitives, _random, _operators, _losses, _networks, _strategies, _runs):
        yield from some()


def numbers(name: str, shape: tuple[int, ...], low: int, high: int) -> np.ndarray:
    """Fixed numbers from low to high, int64; of a hash written out here, which no version of NumPy changes."""
    with np.errstate(over="ignore"):
        x = np.arange(np.prod(shape, dtype=np.int64), dtype=np.uint64) + np.uint64(zlib.crc32(name.encode()) << 20)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
        x ^= x >> np.uint64(31)
    return (low + (x % np.uint64(high - low + 1)).astype(np.int64)).reshape(shape)


def _trits(name: str, *shape: int) -> np.ndarray:
    return numbers(name, shape, -1, 1).astype(np.int8)


def _engines() -> Iterator[Item]:
    least, most = selftest.FAN_INS[0], max(n for n in selftest.FAN_INS if n <= 70)
    for name in engines.ENGINES:
        yield Item(f"engine {name}", f"sums of length {least} to {most} and odd ones, hidden layers", engine=name)
    for name in selftest.CHECKS:
        yield Item(name, "whole losses, or ratings, in one kernel", engine=name)


def _primitives() -> Iterator[Item]:
    tied = numbers("tied", (6, 50), -3, 3).astype(np.int32)
    wide = numbers("wide", (40, 33), -(2**31), 2**31 - 1).astype(np.int32)
    small = (numbers("divisors", (40, 33), 1, 97) * (1 - 2 * numbers("signs", (40, 33), 0, 1))).astype(np.int32)
    shift = numbers("shifts", (40, 33), 0, 31).astype(np.int32)

    def argsort(x: np.ndarray) -> np.ndarray:
        return np.argsort(-x.astype(np.int64), axis=-1, kind="stable").astype(np.int32)

    yield Item(
        "top_k",
        "the first of equals, in order",
        lambda x: [lax.top_k(x, k)[1] for k in (1, 2, 8, 31, 50)],
        (tied,),
        oracle=lambda x: [argsort(x)[:, :k] for k in (1, 2, 8, 31, 50)],
    )
    yield Item(
        "argmax, argmin",
        "the first of equals",
        lambda x: [f(x, axis=axis).astype(jnp.int32) for f in (jnp.argmax, jnp.argmin) for axis in (0, 1)],
        (tied,),
        oracle=lambda x: [f(x, axis=axis).astype(np.int32) for f in (np.argmax, np.argmin) for axis in (0, 1)],
    )
    yield Item(
        "argsort, sort",
        "stable, ascending and descending, int32 and uint32",
        lambda x: [
            jnp.argsort(x, axis=-1, descending=True, stable=True).astype(jnp.int32),
            jnp.argsort(x, axis=-1, stable=True).astype(jnp.int32),
            jnp.sort(x, axis=-1),
            jnp.sort(x.astype(jnp.uint32), axis=-1),
        ],
        (tied,),
        oracle=lambda x: [
            argsort(x),
            np.argsort(x, axis=-1, kind="stable").astype(np.int32),
            np.sort(x, axis=-1),
            np.sort(x.astype(np.uint32), axis=-1),
        ],
    )
    yield Item(
        "int32 sums",
        "that leave int32 and wrap, along each axis, and running ones",
        lambda x: [jnp.sum(x, axis=axis, dtype=jnp.int32) for axis in (None, 0, 1)] + [jnp.cumsum(x, axis=1)],
        (wide,),
        oracle=lambda x: (
            [np.sum(x, axis=axis, dtype=np.int32) for axis in (None, 0, 1)] + [np.cumsum(x, axis=1, dtype=np.int32)]
        ),
    )
    yield Item(
        "division",
        "// and % of either sign, of a uint32 too",
        lambda a, b: [a // b, a % b, a.astype(jnp.uint32) // jnp.abs(b).astype(jnp.uint32)],
        (wide, small),
        oracle=lambda a, b: [a // b, a % b, a.astype(np.uint32) // np.abs(b).astype(np.uint32)],
    )
    yield Item(
        "shifts",
        "left, right with and without sign, leading zeros, bits set",
        lambda a, s: [
            a << s,
            a >> s,
            a.astype(jnp.uint32) >> s.astype(jnp.uint32),
            lax.clz(a.astype(jnp.uint32) >> s.astype(jnp.uint32)).astype(jnp.int32),
            lax.population_count(a),
        ],
        (wide, shift),
        oracle=lambda a, s: [
            a << s,
            a >> s,
            a.astype(np.uint32) >> s.astype(np.uint32),
            np.array([[32 - int(v).bit_length() for v in row] for row in a.astype(np.uint32) >> s.astype(np.uint32)])
            .astype(np.int32),
            np.array([[int(v).bit_count() for v in row] for row in a.astype(np.uint32)]).astype(np.int32),
        ],
    )  # fmt: skip
    yield Item(
        "rates",
        "float32 times a power of two, and whole numbers of it",
        lambda r: [(r * jnp.float32(2.0**31)).astype(jnp.uint32), (r * jnp.float32(2 / 3)).astype(jnp.float32)],
        ((np.arange(1000) / 999.0).astype(np.float32),),
        oracle=lambda r: [(r * np.float32(2.0**31)).astype(np.uint32), r * np.float32(2 / 3)],
    )
    yield Item(
        "int8 sums and choices",
        "int8 summed as int32, where, sign, clip, compared",
        lambda x: [
            jnp.sum(x, axis=1, dtype=jnp.int32),
            jnp.where(x < 0, -x, x),
            jnp.sign(x),
            jnp.clip(x, jnp.int8(-3), jnp.int8(5)),
        ],
        (numbers("bytes", (7, 4001), -127, 127).astype(np.int8),),
        oracle=lambda x: [np.sum(x, axis=1, dtype=np.int32), np.abs(x), np.sign(x), np.clip(x, -3, 5)],
    )
    yield Item(
        "packing",
        "bit planes along each axis, base 3, whole genomes; and back",
        _packed,
        (_trits("packing", 3, 70),),
    )


def _packed(x: Any) -> Any:
    planes = packing.pack(x)
    genome = packing.pack_genome((x, x[:1]))
    base3 = packing.to_base3(x)
    return [
        *(planes, packing.pack(x, 0), base3, genome.planes),
        *(packing.unpack(planes, x.shape[-1]), packing.from_base3(base3, x.shape), *packing.unpack_genome(genome)),
    ]


def _random() -> Iterator[Item]:
    shapes = ((), (1,), (33,), (5, 64), (3, 7, 31))

    def drawn(draw: Callable[..., Any], seed: Any) -> Any:
        keys = jax.random.split(random.key(seed), len(shapes))
        return [draw(key, shape) for key, shape in zip(keys, shapes, strict=True)]

    draws: dict[str, Callable[..., Any]] = {
        "bits": random.bits,
        "bits16": random.bits16,
        "coin": random.coin,
        "events": lambda key, shape: random.events(key, shape, jnp.float32(0.1)),
        "randint": lambda key, shape: [
            random.randint(each, shape, bound)
            for each, bound in zip(jax.random.split(key, 3), (3, 70_001, 2**31 - 1), strict=True)
        ],
        "trits": lambda key, shape: trits.sample(key, shape, 0.4),
    }
    for name, draw in draws.items():
        yield Item(f"random {name}", f"of shapes {', '.join(map(str, shapes))}", partial(drawn, draw), (SEED,))


def _genomes(name: str) -> tuple[Any, Any]:
    """Two hundred genomes of two layers."""

    def layer(part: str, rows: int, columns: int) -> Any:
        biases: Any = _trits(name + part + "b", 200, rows, 2)
        weights: Any = _trits(name + part, 200, rows, columns)
        return Layer(weights, biases)

    return layer("first", 9, 33), layer("second", 3, 9)


def _mutants(mutation: Callable[..., Any], seed: Any, rate: Any, genomes: Any) -> Any:
    keys = jax.random.split(random.key(seed), _rows_of(genomes))
    return jax.vmap(lambda key, genome: mutation(key, genome, rate=rate))(keys, genomes)


def _children(crossover: Callable[..., Any], seed: Any, rate: Any, a: Any, b: Any) -> Any:
    keys = jax.random.split(random.key(seed), _rows_of(a))
    return jax.vmap(lambda key, a, b: crossover(key, a, b, rate=rate))(keys, a, b)


def _parents(select: Callable[..., Any], seed: Any, fitness: list) -> Any:
    keys = jax.random.split(random.key(seed), (len(fitness), 100))
    chosen = jax.vmap(select, in_axes=(0, None))
    return [chosen(some, values) for some, values in zip(keys, fitness, strict=True)]


def _rows_of(tree: Any) -> int:
    """The length of the leading axis."""
    return int(jax.tree.leaves(tree)[0].shape[0])


def _operators() -> Iterator[Item]:
    rate = np.float32(0.3)
    for name in MUTATIONS:
        if MUTATIONS.trait(name, "network") is None:
            mutants = partial(_mutants, MUTATIONS.get(name))
            yield Item(f"mutation {name}", "of 200 genomes", mutants, (SEED, rate, _genomes("a")))
    wired = networks.Lookup.random(0, neurons=9, inputs=5, window=1, max_ticks=30)
    fitted: dict[str, tuple[Callable[..., Any], types.Network]] = {
        "tissue.grow": (tissue.mutation.grow(True), _examples()["tissue"]),
        "tissue.flip_codes": (tissue.mutation.flip_codes(), _examples()["fixed_tissue"]),
        "circle.mutate": (circle.mutation.mutate, _examples()["circle"]),
        "single_changes": (lookup.changes.single_changes, _examples()["autonomous"]),
        "lookup.single_lines": (partial(lookup.mutation.single_lines, neurons=wired.updated), wired),
    }
    for name, (mutation, network) in fitted.items():

        def changed(seed: Any, rate: Any, mutation: Any = mutation, network: Any = network) -> Any:
            init, change = jax.random.split(random.key(seed))
            genomes = jax.vmap(network.init)(jax.random.split(init, 20))
            mutate = jax.vmap(lambda key, genome: mutation(key, genome, rate=rate))
            return mutate(jax.random.split(change, 20), genomes)

        yield Item(f"mutation {name}", "of 20 genomes of its network", changed, (SEED, np.float32(0.9)), quick=False)
    for name in CROSSOVERS:
        given = (SEED, np.float32(0.8), _genomes("a"), _genomes("b"))
        yield Item(f"crossover {name}", "of 200 pairs", partial(_children, CROSSOVERS.get(name)), given)
    for name in SELECTIONS:
        shape = (FITNESS, 11) if SELECTIONS.trait(name, "per_case", False) else (FITNESS,)
        fitness = [
            numbers(name + "ties", shape, 0, 3).astype(np.int32),
            np.full(shape, -7, np.int32),
            numbers(name + "wide", shape, -(2**31), 2**31 - 1).astype(np.int32),
        ]

        words = "100 parents: many ties, all equal, the widest range"
        yield Item(f"selection {name}", words, partial(_parents, SELECTIONS.get(name)), (SEED, fitness))


def _losses() -> Iterator[Item]:
    outputs = [
        numbers("outputs", (500, 10), -40, 40).astype(np.int32),
        numbers("ties", (100, 4), -2, 2).astype(np.int32),
        numbers("extremes", (100, 3), -(2**31), 2**31 - 1).astype(np.int32),
    ]
    labels = [numbers("labels", x.shape[:1], 0, x.shape[1] - 1).astype(np.int32) for x in outputs]
    temperatures = ((1, 1), (4, 1), (8, 1), (3, 2), (7, 3), (4096, 1), (1, 64))
    for name in LOSSES:
        made = [fixedpoint.make_loss(name, temperature) for temperature in temperatures]

        def losses(outputs: list, labels: list, made: Any = made) -> Any:
            pairs = [*zip(outputs, labels, strict=True)]
            return [[(each.sample(x, y), each.total(x, y)) for x, y in pairs] for each in made]

        words = f"at {len(temperatures)} temperatures; ties, the widest range, sums"
        yield Item(f"loss {name}", words, losses, (outputs, labels))
    signs = [_trits("wanted", *x.shape) for x in outputs]

    def wrong(outputs: list, signs: list) -> Any:
        return [fixedpoint.sign_loss(x.shape[1]).total(x, y) for x, y in zip(outputs, signs, strict=True)]

    yield Item("loss of signs", "outputs of another sign than is wanted", wrong, (outputs, signs))
    shapes: dict[str, tuple[networks.MLP, int]] = {
        "5-3": (networks.MLP((5, 3)), 97),
        "3-8-1": (networks.MLP((3, 8, 1), dead_zone=0.5, bias=2), 8),
        "64-64-10": (networks.MLP((64, 64, 10)), 300),
        "70-40-20-17": (networks.MLP((70, 40, 20, 17), dead_zone=0.3), 129),
        "784-256-10": (networks.MLP((784, 256, 10)), 130),
        "levels, 8-33-10": (networks.MLP((8, 33, 10), levels=8), 130),
    }
    for place, (name, (network, samples)) in enumerate(shapes.items()):
        last = network.features[-1]
        x = numbers("x" + name, (samples, network.features[0]), *network.input_range).astype(np.int8)
        y = numbers("y" + name, (samples,), 0, last - 1).astype(np.int32)
        wanted = _trits("signs" + name, samples, last)

        def total(plain: bool, seed: Any, x: Any, y: Any, wanted: Any, network: Any = network) -> Any:
            genomes = jax.vmap(network.init)(jax.random.split(random.key(seed), 3))
            losses = [(fixedpoint.make_loss("cross_entropy", (4, 1)), y), (fixedpoint.make_loss("margin", (3, 1)), y)]
            losses += [(fixedpoint.make_loss("wrong"), y), (fixedpoint.sign_loss(wanted.shape[1]), wanted)]

            def one(genome: Any) -> Any:
                if plain:
                    return [loss.total(network.apply(genome, x), y) for loss, y in losses]
                return [network.loss(genome, x, y, loss) for loss, y in losses]

            return jax.vmap(one)(genomes)

        yield Item(
            f"network loss {name}",
            f"every loss of 3 networks, {samples} samples",
            partial(total, False),
            (SEED, x, y, wanted),
            spelled=partial(total, True),
            quick=place in (1, 2, 5),
        )


@cache
def _examples() -> dict[str, types.Network]:
    """One of each network that tejax registers."""
    tiles = tuple((n // 3, n % 3) for n in range(9))
    return {
        "mlp": networks.MLP((13, 9, 33, 3), dead_zone=0.5),
        "conv": networks.Conv((1, 8, 8), (5, 3), pool=2, outputs=4),
        "recurrent": networks.Recurrent((5, 7, 2), gated=True, dead_zone=1),
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


def _networks() -> Iterator[Item]:
    for name, network in _examples().items():
        steps = (6,) if network.reads == "sequence" else ()
        x = _trits("x" + name, 40, *steps, network.features[0])

        def outputs(seed: Any, x: Any, network: Any = network) -> Any:
            genomes = jax.vmap(network.init)(jax.random.split(random.key(seed), 5))
            return genomes, jax.vmap(network.apply, in_axes=(0, None))(genomes, x)

        words = "genomes and outputs of 5, " + "-".join(map(str, network.features))
        yield Item(f"network {name}", words, outputs, (SEED, x), quick=name in ("mlp", "conv", "recurrent", "lookup"))


def _strategies() -> Iterator[Item]:
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


STRATEGY_EXAMPLES = ("genetic", "hill_climb", "categorical", "map_elites", "low_rank", "colony", "guided", "portfolio")


def _runs() -> Iterator[Item]:
    for name, experiment in EXPERIMENTS.items():
        for seed in range(3):
            words = "a whole run by `tejax.evolve`; its seed is a promise"
            yield Item(f"evolve {name}, seed {seed}", words, _ended, (experiment, seed), whole=True, quick=seed == 0)


def _ended(experiment: Callable[[Any], Any], seed: int) -> Any:
    result = experiment(random.key(seed))
    return result.best


def _parity(key: Any) -> Any:
    strategy = strategies.Genetic(
        population=16, elites=2, selection="tournament", tournament=3, crossover="by_neuron", mutation="flip",
        mutation_rate=0.05, crossover_rate=0.9,
    )  # fmt: skip
    network = networks.MLP((3, 8, 1), dead_zone=0.5, bias=2, density=0.5)
    return evolution.evolve(key, strategy, network, tasks.parity(3), generations=12)


def _digits(key: Any) -> Any:
    strategy = strategies.Genetic(
        population=16, elites=2, selection="rank", crossover="uniform", mutation="step", adaptive=True,
        mutation_rate=0.01, crossover_rate=1.0,
    )  # fmt: skip
    network = networks.MLP((64, 8, 10), dead_zone=0.5, bias=4, density=0.5)
    task = tasks.digits(samples=16, trits=1, kind="trits", placement="range", loss="cross_entropy", temperature=(8, 1))
    return evolution.evolve(key, strategy, network, task, generations=6)


# the fingerprints of what they end in are on record in tests/regression
EXPERIMENTS: dict[str, Callable[[Any], Any]] = {"parity": _parity, "digits": _digits}
