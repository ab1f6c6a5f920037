"""Tasks: the behaviour of one individual -> its int32 fitness, higher is better."""

from tejax.tasks.bits import Bits, addition, parity, xor
from tejax.tasks.classification import Classification, classification
from tejax.tasks.datasets import breast_cancer, digits, from_files, wine
from tejax.tasks.files import load_arrays, load_idx

__all__ = [
    "REGISTRY",
    "Bits",
    "Classification",
    "addition",
    "breast_cancer",
    "classification",
    "digits",
    "from_files",
    "load_arrays",
    "load_idx",
    "parity",
    "wine",
    "xor",
]

REGISTRY = {
    "digits": digits,
    "breast_cancer": breast_cancer,
    "wine": wine,
    "parity": parity,
    "xor": xor,
    "addition": addition,
    "files": from_files,
}
