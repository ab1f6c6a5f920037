"""Series: how much of one can be counted."""

import numpy as np
import pytest

from tejax import tasks
from tejax.errors import InputError


def test_more_trits_than_an_int32_counts_are_refused():
    """Of a view, which takes no memory."""
    x, y = np.ones((2**20, 1), np.int8), np.broadcast_to(np.int8(1), (2**20, 2**11))
    with pytest.raises(InputError, match="y must be of at most 2147483647 trits to foretell"):
        tasks.windowed_series(x, 3, y)
    with pytest.raises(InputError, match="y must be of at most"):
        tasks.windowed_series(y, 3)
