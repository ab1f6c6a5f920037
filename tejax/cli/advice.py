"""What a run is told before it begins where a choice usually costs more than it brings."""

from tejax.registry import STRATEGIES
from tejax.runs import Experiment, Parts

__all__ = ["advice"]

TIMES = 16  # populations of the default size that a CPU is not warned of


def advice(experiment: Experiment, parts: Parts, platform: str) -> list[str]:
    """Lines of warning: of a population that is meant for an accelerator, on a CPU.

    Args:
        experiment: as it was asked for.
        parts: what was made of it.
        platform: cpu, gpu or tpu, as JAX says it.
    """
    option = STRATEGIES.options(experiment.strategy.name).get("population")
    usual, population = option.default if option else None, parts.strategy.population
    if platform != "cpu" or not isinstance(usual, int) or population <= TIMES * usual:
        return []
    return [
        f"warning: {population:,} individuals on a CPU: a generation costs {population // usual:,} times one of the "
        f"default, {usual:,}; so many are for a GPU"
    ]
