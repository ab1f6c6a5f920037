"""Colours that all pictures share: Okabe and Ito's (the red a little darker), which the colour-blind can tell apart."""

from matplotlib.colors import ListedColormap

__all__ = ["BLUE", "GREEN", "GREY", "ORANGE", "RED", "TRITS"]

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#C7322F", "#8C8C8C"
TRITS = ListedColormap([BLUE, "white", RED])  # -1, 0, +1
