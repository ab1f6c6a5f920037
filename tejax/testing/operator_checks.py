"""The contracts of mutations, crossovers and selections, checked."""

import jax
import numpy as np

from tejax.core import pytrees, random
from tejax.core.settings import exact
from tejax.testing.holding import (
    COUNT,
    agree,
    attempt,
    equal_bits,
    examples,
    hold,
    hold_alike,
    hold_int32,
    hold_ranges,
    hold_trits,
    on_host,
    several_keys,
)
from tejax.types import Crossover, Mutation, Network, Selection

__all__ = ["check_crossover", "check_mutation", "check_selection"]

DRAWS = 256  # selections that show whether the fitter are preferred


@exact()
def check_mutation(op: Mutation, network: Network | None = None) -> None:
    """A mutation: nothing at rate 0, something at rate 1, trits always, on any int8 pytree.

    Args:
        op: the mutation.
        network: check it on this one's genomes instead.

    Raises:
        AssertionError: with one sentence that says what does not hold.
    """
    own = network and [jax.jit(jax.vmap(network.init))(several_keys(2))]
    for number, genomes in enumerate(on_host(own or examples(random.key(2)))):
        keys = jax.random.split(random.key(3 + number), COUNT)
        rates = np.array([0, 0.25, 0.5, 1], np.float32)
        mutants = agree(lambda key, genome, rate: op(key, genome, rate=rate), (keys, genomes, rates), "the mutation")
        hold_ranges(mutants, network, "a mutant")
        hold_alike(mutants, genomes, "a mutant")
        same = [equal_bits(pytrees.take(mutants, index), pytrees.take(genomes, index)) for index in range(COUNT)]
        hold(same[0], "a mutation of rate 0 must leave the genome as it is")
        hold(not same[-1], "a mutation of rate 1 must change something")


@exact()
def check_crossover(op: Crossover) -> None:
    """A crossover: every trit is a parent's in the same position; at rate 0 the child is the first parent.

    Args:
        op: the crossover.

    Raises:
        AssertionError: with one sentence that says what does not hold.
    """
    parents = (on_host(examples(random.key(seed))) for seed in (4, 5))
    for number, (a, b) in enumerate(zip(*parents, strict=True)):
        keys = jax.random.split(random.key(6 + number), COUNT)
        rates = np.array([0, 0.5, 1, 1], np.float32)
        crossed = agree(lambda key, a, b, rate: op(key, a, b, rate=rate), (keys, a, b, rates), "the crossover")
        hold_trits(crossed, "a child")
        hold_alike(crossed, a, "a child")
        from_a = jax.tree.map(lambda child, a: child == a, crossed, a)
        from_b = jax.tree.map(lambda child, b: child == b, crossed, b)
        inherited = jax.tree.all(jax.tree.map(lambda a, b: bool((a | b).all()), from_a, from_b))
        hold(inherited, "every trit of a child must be that of one of its parents in the same position")
        first = jax.tree.all(jax.tree.map(lambda a: bool(a[0].all()), from_a))
        hold(first, "a crossover of rate 0 must give the first parent")
        mixed = jax.tree.all(jax.tree.map(lambda a: bool(a[2:].all()), from_a))
        hold(not mixed, "a crossover of rate 1 must take something from the second parent")


@exact()
def check_selection(op: Selection, per_case: bool = False) -> None:
    """A selection: an int32 index of the population, the fitter not less often than the others.

    Args:
        op: the selection.
        per_case: it wants the fitness of every case, [P, C], instead of the sum, [P].

    Raises:
        AssertionError: with one sentence that says what does not hold.
    """
    extremes = np.array([np.iinfo(np.int32).min, -1, 0, 0, 7, 7, 7, np.iinfo(np.int32).max], np.int32)
    for fitness in (extremes, np.arange(33, dtype=np.int32), np.zeros(5, np.int32)):
        table = np.stack([fitness, np.roll(fitness, 1)], axis=1) if per_case else fitness
        keys = jax.random.split(random.key(len(fitness)), COUNT)
        agree(op, (keys, np.broadcast_to(table, (COUNT, *table.shape))), "the selection")
        many = jax.random.split(random.key(len(fitness) + 1), DRAWS)
        chosen = attempt("the selection", jax.jit(jax.vmap(op, in_axes=(0, None))), many, table)
        hold_int32(chosen, "the index of a selection")
        hold(chosen.shape == (DRAWS,), f"a selection must give one index, not shape {chosen.shape[1:]}")
        index = np.asarray(chosen)
        inside = bool(((index >= 0) & (index < len(fitness))).all())
        hold(inside, f"a selection from {len(fitness)} must give 0 to {len(fitness) - 1}, not {index.min()} and below")
        ranks = np.argsort(np.argsort(fitness, kind="stable"), kind="stable")
        slack = 5 * ranks.std() / DRAWS**0.5
        fair = bool(ranks[index].mean() >= ranks.mean() - slack) or bool((fitness == fitness[0]).all())
        hold(fair, "a selection must prefer the fitter: higher fitness is better")
