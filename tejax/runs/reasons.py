"""Why a checkpoint could not be read or written, in a few words; and whether it was damaged or only not seen."""

import os
from pathlib import Path

from tejax.errors import one_line, refuse

__all__ = ["check_readable", "reason"]

DISK = (
    *("No space left on device", "Disk quota exceeded", "Read-only file system", "File too large"),
    *("Permission denied", "Too many open files", "Cannot allocate memory"),
)  # what TensorStore's long messages come to
UNSEEN = (*DISK[4:], "PERMISSION_DENIED", "RESOURCE_EXHAUSTED")


def reason(error: BaseException) -> str:
    """The first words of an error; of one that a disk has caused, or a damaged note, the words for that."""
    if isinstance(error, KeyError | TypeError | AttributeError | RecursionError):
        return "what it says of itself is damaged"
    known = next((words for words in DISK if words in str(error)), None)
    return known or one_line(error, 200) or type(error).__name__


def check_readable(folder: Path, error: Exception) -> None:
    """Raise InputError where a checkpoint was not seen, for want of rights, of memory or of a disk: it may be sound.

    Args:
        folder: of the checkpoint.
        error: what reading it raised.
    """
    gone = isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError)
    unseen = isinstance(error, MemoryError | OSError) and not gone
    why = reason(error) if unseen else next((words for words in UNSEEN if words in str(error)), "")
    try:
        for place, _, names in os.walk(folder, onerror=_raise):
            for name in names:
                with (Path(place) / name).open("rb") as file:
                    file.read(1)
    except OSError as denied:
        why = why or reason(denied)
    if why:
        advice = "it stays as it is: make it readable, or move it away to go on from an older one"
        refuse(f"{folder}: cannot be read ({why}); {advice}", error)


def _raise(error: OSError) -> None:
    raise error
