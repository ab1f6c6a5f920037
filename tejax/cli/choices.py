"""What can be named on the command line: tasks, networks, strategies."""

from typing import Annotated

from tyro.conf import subcommand

from tejax.config import (
    Addition,
    BreastCancer,
    Categorical,
    Cellular,
    Control,
    Conv,
    Digits,
    Files,
    Genetic,
    HillClimb,
    LowRank,
    MapElites,
    Mlp,
    Parity,
    Recurrent,
    Serial,
    Wine,
    Xor,
)

__all__ = ["Network", "Strategy", "Task"]

Task = (
    Annotated[Digits, subcommand("digits")]
    | Annotated[BreastCancer, subcommand("breast-cancer")]
    | Annotated[Wine, subcommand("wine")]
    | Annotated[Files, subcommand("files")]
    | Annotated[Parity, subcommand("parity")]
    | Annotated[Xor, subcommand("xor")]
    | Annotated[Addition, subcommand("addition")]
    | Annotated[Serial, subcommand("serial")]
    | Annotated[Control, subcommand("control")]
)
Network = (
    Annotated[Mlp, subcommand("mlp")]
    | Annotated[Recurrent, subcommand("recurrent")]
    | Annotated[Conv, subcommand("conv")]
    | Annotated[Cellular, subcommand("cellular")]
)
Strategy = (
    Annotated[Genetic, subcommand("genetic")]
    | Annotated[HillClimb, subcommand("hill-climb")]
    | Annotated[Categorical, subcommand("categorical")]
    | Annotated[MapElites, subcommand("map-elites")]
    | Annotated[LowRank, subcommand("low-rank")]
)
