"""A curve in a terminal: two by four dots a character."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from rich.text import Text

__all__ = ["curve"]

BLANK = 0x2800  # the Braille character without dots
DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # of a character, [4, 2]


def curve(
    generations: Sequence[float], best: Sequence[float], median: Sequence[float], width: int = 60, height: int = 8
) -> Text:
    """Best (blue) and median (yellow) over the generations, in `height` lines of `width` characters."""
    low, high = min(median), max(best)
    margin = max(len(f"{value:.3f}") for value in (low, high))
    wide = max(2, width - margin - 2)
    masks = [_dots(generations, values, low, high, wide, height) for values in (best, median)]
    text = Text(no_wrap=True)
    for row in range(height):
        label = f"{high:.3f}" if row == 0 else f"{low:.3f}" if row == height - 1 else ""
        text.append(f"{label:>{margin}} ")
        cells = [
            (chr(BLANK + int(one | other)), "blue" if one else "yellow" if other else "")
            for one, other in zip(masks[0][row], masks[1][row], strict=True)
        ]
        for style, alike in groupby(cells, key=lambda cell: cell[1]):
            text.append("".join(character for character, _ in alike), style)
        text.append("\n")
    text.append(f"{'':>{margin}} ")
    text.append("best", "blue")
    text.append("  ")
    text.append("median", "yellow")
    return text


def _dots(
    generations: Sequence[float], values: Sequence[float], low: float, high: float, wide: int, height: int
) -> np.ndarray:
    """The dots of one line, as numbers [height, wide] to add to BLANK."""
    across, down = 2 * wide, 4 * height
    at = np.linspace(generations[0], generations[-1], across)
    level = (np.interp(at, generations, values) - low) / ((high - low) or 1)
    rows = np.clip(np.rint((1 - level) * (down - 1)), 0, down - 1).astype(int)
    masks = np.zeros((height, wide), int)
    before = rows[0]
    for column, row in enumerate(rows):  # a step is joined up, from the row before to this one
        start, end = sorted((row, before + np.sign(row - before)))
        for place in range(start, end + 1):
            masks[place // 4, column // 2] |= DOTS[place % 4, column % 2]
        before = row
    return masks
