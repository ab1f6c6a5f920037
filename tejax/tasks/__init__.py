"""Tasks: the behaviour of one individual -> its int32 fitness, higher is better."""

from tejax.tasks._activity import Activity, activity
from tejax.tasks._classification import Classification
from tejax.tasks._control import Control, control
from tejax.tasks._emission import Emission, emission
from tejax.tasks._labelled import classification
from tejax.tasks._serial import Serial, product, serial
from tejax.tasks.datasets.columns import load_column
from tejax.tasks.datasets.encoding import Encoding
from tejax.tasks.datasets.files import load_arrays, load_idx
from tejax.tasks.datasets.loaders import breast_cancer, digits, emission_from_file, from_files, wine
from tejax.tasks.environments import Playground
from tejax.tasks.series import Series, windowed_series
from tejax.tasks.truth_tables import TruthTable, addition, hyperidentity, multiplication, parity, xor

__all__ = [
    "Activity",
    "Classification",
    "Control",
    "Emission",
    "Encoding",
    "Playground",
    "Serial",
    "Series",
    "TruthTable",
    "activity",
    "addition",
    "breast_cancer",
    "classification",
    "control",
    "digits",
    "emission",
    "emission_from_file",
    "from_files",
    "hyperidentity",
    "load_arrays",
    "load_column",
    "load_idx",
    "multiplication",
    "parity",
    "product",
    "serial",
    "windowed_series",
    "wine",
    "xor",
]
