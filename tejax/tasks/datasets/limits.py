"""How large an array of a file may be: small files can claim, and unpack to, more than any machine holds."""

from typing import IO, cast

from tejax.errors import refuse

__all__ = ["LARGEST", "RATIO", "check_size", "read_up_to"]

LARGEST = 2**30  # bytes of one array: 20 times MNIST
RATIO = (
    200  # to so many times its bytes a compressed array may unpack, beyond FREE: MNIST does to 5 times, zeros to 1,000
)
FREE = 2**26


def check_size(what: str, size: int, packed: int) -> None:
    """Refuse an array that claims too much.

    Args:
        what: names the file and the array, in the message.
        size: in bytes, as its header claims.
        packed: the bytes that it takes in the file.

    Raises:
        InputError: for more than LARGEST bytes, and for more than FREE from less than a RATIO-th.
    """
    if size > LARGEST:
        refuse(f"{what}: claims {size:,} bytes; an array may have {LARGEST:,} at most")
    if size > FREE and size > RATIO * packed:
        refuse(f"{what}: claims {size:,} bytes, packed in {packed:,}; more than {RATIO} times as many is not unpacked")


def read_up_to(stream: IO[bytes], size: int) -> bytearray:
    """So many bytes of a stream, or what there is; no more than that is unpacked, and none held twice."""
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        count = cast(int, stream.readinto(view[done : done + 2**20]))  # type: ignore[attr-defined]
        if not count:
            break
        done += count
    view.release()
    del data[done:]
    return data
