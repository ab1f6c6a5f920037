"""Colours that all pictures share: Okabe and Ito's (the red a little darker), which the colour-blind can tell apart."""

from matplotlib.colors import ListedColormap

__all__ = ["BLUE", "GREEN", "GREY", "ORANGE", "RED", "TRITS"]

BLUE = "#0072B2"  # the best of a generation; -1
ORANGE = "#E69F00"  # the median
GREEN = "#009E73"  # data and episodes that evolution never sees
RED = "#C7322F"  # +1
GREY = "#8C8C8C"  # the worst, and what stands in the background
TRITS = ListedColormap([BLUE, "white", RED])  # -1, 0, +1
