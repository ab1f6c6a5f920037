"""Tasks: the behaviour of one individual -> its int32 fitness, higher is better."""

from tejax.tasks.bits import Bits, addition, parity, xor
from tejax.tasks.classification import Classification, classification
from tejax.tasks.datasets import digits, from_files
from tejax.tasks.files import load_arrays, load_idx
from tejax.tasks.serial import Serial, serial

__all__ = [
    "REGISTRY",
    "Bits",
    "Classification",
    "Serial",
    "addition",
    "classification",
    "digits",
    "from_files",
    "load_arrays",
    "load_idx",
    "parity",
    "serial",
    "xor",
]

REGISTRY = {
    "digits": digits,
    "parity": parity,
    "xor": xor,
    "addition": addition,
    "serial": serial,
    "files": from_files,
}
