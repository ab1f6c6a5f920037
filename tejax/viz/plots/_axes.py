"""What pictures share: panels without a box, names as they are drawn, and how wide a figure may become."""

from matplotlib.axes import Axes

from tejax.errors import one_line

__all__ = ["WIDEST", "label", "tidy", "words"]

WIDEST = 60.0  # inches of a figure


def words(name: str) -> str:
    """A name as it is drawn: short, and no formula."""
    return one_line(name.replace("_", " "), 60).replace("$", r"\$")


def label(value: object) -> str:
    """A value beside an axis."""
    return f"{value:.3g}" if isinstance(value, float) else words(str(value))


def tidy(panel: Axes) -> None:
    """Leave out the box around a panel, and draw a faint grid."""
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(alpha=0.25, linewidth=0.6)
    panel.margins(x=0.01)
