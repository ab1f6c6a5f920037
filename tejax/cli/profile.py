"""`tejax bench`: where a generation's time goes, and which engine is fastest at which fan-in."""

import dataclasses
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from tejax import engines, evolution, runs, trits
from tejax.core import random
from tejax.runs import Experiment

__all__ = ["measure"]

REPEATS = 7
FAN_INS = (16, 32, 64, 128, 256, 512, 1024, 2048)


def measure(experiment: Experiment, calibrate: bool) -> tuple[dict[str, Any], str, int]:
    """The figures, the same in words, and the exit status."""
    result: dict[str, Any] = {**runs.environment_info()}
    lines = [f"{result['device']} ({result['platform']}), jax {result['jax']}; medians of {REPEATS}, milliseconds"]
    if calibrate:
        measured, path = _calibrate()
        result["calibrated"] = measured
        lines += ["", "fan-in  " + "".join(f"{name:>10}" for name in engines.names())]
        lines += [
            f"{fan_in:<8}" + "".join(f"{row.get(name, float('nan')):>10.2f}" for name in engines.names())
            for fan_in, row in measured.items()
        ]
        lines += [f"written to {path}; `auto` follows it from now on"]
    result["generation"] = _generation(experiment)
    lines += ["", f"one generation: {experiment.name}, population {experiment.strategy.options['population']}"]
    lines += [f"{name:<42}{value:>10.2f}" for name, value in result["generation"].items()]
    return result, "\n".join(lines), 0


def _generation(experiment: Experiment) -> dict[str, float]:
    """Milliseconds of the parts of a generation, each compiled by itself, and of the whole compiled as one."""
    task, network, strategy = experiment.build()
    seed = jnp.uint32(0)  # a key may be used once only, and a repeated call uses it again
    batch = evolution.auto_batch(network, task, strategy.population)
    state = jax.jit(evolution.first_state, static_argnums=(0, 1))(
        strategy.static(), network, task, random.key(seed), strategy.rates
    )

    def ask(seed: jax.Array, state: Any) -> Any:
        return strategy.ask(random.key(seed), state)

    def whole(task: Any, seed: jax.Array, state: Any) -> Any:
        return evolution.generation(strategy, network, task, random.key(seed), state, batch)

    start = time.perf_counter()
    jax.block_until_ready(jax.jit(whole)(task, seed, state))
    compiling = 1e3 * (time.perf_counter() - start)
    parts = {"ask: selection, crossover, mutation": _median(ask, seed, state)}
    population = jax.jit(ask)(seed, state)[0]
    others: dict[str, Any] = {"evaluation": network}
    if network.engine in engines.ENGINES or network.engine == "auto":
        others = {f"evaluation, engine {name}": _with_engine(network, name) for name in engines.names()}
    for name, other in others.items():

        def evaluate(task: Any, seed: jax.Array, population: Any, other: Any = other) -> Any:
            return evolution.evaluate(strategy, other, task, random.key(seed), population, batch)

        parts[name] = _median(evaluate, task, seed, population)
    fitness = jnp.zeros(strategy.population, jnp.int32)
    parts["summary of the fitness"] = _median(evolution.summary, fitness)
    parts["whole generation"] = _median(whole, task, seed, state)
    parts["whole generation, first call (compiling)"] = compiling
    return {name: round(value, 3) for name, value in parts.items()}


def _with_engine(network: Any, name: str) -> Any:
    return dataclasses.replace(network, engine=name)


def _calibrate() -> tuple[dict[int, dict[str, float]], Path]:
    """Milliseconds of an engine's layer of F neurons with F inputs each; the file of the table of the fastest."""
    measured, rows = {}, []
    for fan_in in FAN_INS:
        count = max(4, min(256, 2**24 // fan_in**2))
        x = trits.sample(random.key(0), (512, fan_in))
        w = trits.sample(random.key(1), (count, fan_in, fan_in))
        measured[fan_in] = {name: _layer(name, x, w) for name in engines.names()}
        rows.append((fan_in, min(measured[fan_in], key=measured[fan_in].__getitem__)))
    return measured, engines.write_table(jax.default_backend(), rows)


def _layer(name: str, x: jax.Array, w: jax.Array) -> float:
    """Milliseconds of two layers, one after the other, for every individual of w [P, F, F]."""
    engine = engines.ENGINES[name]

    def one(w: jax.Array, x: jax.Array) -> jax.Array:
        bias = jnp.zeros(w.shape[0], jnp.int32)
        hidden = engine.hidden(engine.encode(x), w, bias, 0)
        return jnp.sum(engine.output(hidden, w[:8], bias[:8]), dtype=jnp.int32)

    return round(_median(lambda w, x: jax.lax.map(lambda w: one(w, x), w, batch_size=16), w, x), 3)


def _median(function: Callable[..., Any], *arguments: Any) -> float:
    """Milliseconds of a compiled call."""
    compiled = jax.jit(function)
    jax.block_until_ready(compiled(*arguments))
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)
