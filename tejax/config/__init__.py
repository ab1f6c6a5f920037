"""What an experiment is: task, network, strategy and schedule, for the command line and for config.json.

A further task, network or strategy is a dataclass with `build` and a line in its table.
"""

from tejax.config.experiment import Experiment, Parts, Schedule
from tejax.config.networks import Cellular, Conv, Mlp, NETWORKS, Recurrent, Systolic, Tied
from tejax.config.portfolio import Portfolio
from tejax.config.strategies import Categorical, Genetic, HillClimb, Islands, LowRank, MapElites, STRATEGIES
from tejax.config.tasks import Addition, BreastCancer, Control, Digits, Files, Multiplication, Parity, Product, Serial, TASKS, Wine, Xor

__all__ = [
    "NETWORKS",
    "STRATEGIES",
    "TASKS",
    "Addition",
    "BreastCancer",
    "Categorical",
    "Cellular",
    "Control",
    "Conv",
    "Digits",
    "Experiment",
    "Files",
    "Genetic",
    "HillClimb",
    "Islands",
    "LowRank",
    "MapElites",
    "Mlp",
    "Multiplication",
    "Parity",
    "Parts",
    "Portfolio",
    "Product",
    "Recurrent",
    "Schedule",
    "Serial",
    "Systolic",
    "Tied",
    "Wine",
    "Xor",
]
