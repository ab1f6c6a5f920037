import numpy as np
import pytest

from tejax import InputError
from tejax.export import planes


@pytest.mark.parametrize("shape", [(0,), (1,), (7,), (8,), (9,), (3, 0), (3, 5, 2), (64,)])
def test_trits_come_back(shape):
    trits = np.random.default_rng(0).integers(-1, 2, shape).astype(np.int8)
    packed = planes.pack(trits)
    assert packed.shape == planes.packed_shape(shape)
    planes.check("x", packed, trits.size)
    np.testing.assert_array_equal(planes.unpack(packed, shape), trits)


@pytest.mark.parametrize("size", range(1, 18))
def test_every_bit_that_no_trits_make_is_refused(size):
    trits = np.random.default_rng(size).integers(-1, 2, size).astype(np.int8)
    whole = planes.pack(trits)
    for place in range(whole.shape[1] * 8):
        for plane in (0, 1):
            packed = whole.copy()
            packed[plane, place // 8] |= 1 << (place % 8)
            if place < size and trits[place] in (0, 1 - 2 * plane):
                planes.check("x", packed, size)  # another trit, or the same
                continue
            with pytest.raises(InputError, match="past its last trit" if place >= size else "both"):
                planes.check("x", packed, size)
