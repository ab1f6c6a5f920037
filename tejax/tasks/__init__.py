"""Tasks: the behaviour of one individual -> its int32 fitness, higher is better."""

from tejax.tasks.bits import Bits, addition, hyperidentity, multiplication, parity, xor
from tejax.tasks.classification import Classification, classification
from tejax.tasks.control import Control, control
from tejax.tasks.datasets import breast_cancer, digits, from_files, wine
from tejax.tasks.environments import Playground
from tejax.tasks.files import load_arrays, load_idx
from tejax.tasks.serial import Serial, product, serial
from tejax.tasks.series import Series, windowed_series

__all__ = [
    "REGISTRY",
    "Bits",
    "Classification",
    "Control",
    "Playground",
    "Serial",
    "Series",
    "addition",
    "breast_cancer",
    "classification",
    "control",
    "digits",
    "from_files",
    "hyperidentity",
    "load_arrays",
    "load_idx",
    "multiplication",
    "parity",
    "product",
    "serial",
    "windowed_series",
    "wine",
    "xor",
]

REGISTRY = {
    "digits": digits,
    "parity": parity,
    "xor": xor,
    "addition": addition,
    "multiplication": multiplication,
    "windowed_series": windowed_series,
    "hyperidentity": hyperidentity,
    "serial": serial,
    "product": product,
    "breast_cancer": breast_cancer,
    "wine": wine,
    "files": from_files,
    "control": control,
}
