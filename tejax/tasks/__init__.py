"""Tasks: the behaviour of one individual -> its int32 fitness, higher is better."""

from tejax.tasks._activity import Activity, activity
from tejax.tasks._classification import Classification
from tejax.tasks._control import Control, control
from tejax.tasks._emission import Emission, emission
from tejax.tasks._generation import generate
from tejax.tasks._labelled import classification
from tejax.tasks._language import Language
from tejax.tasks._serial import Serial, product, serial
from tejax.tasks.datasets.columns import load_column
from tejax.tasks.datasets.encoding import Encoding
from tejax.tasks.datasets.files import load_arrays, load_idx, load_table
from tejax.tasks.datasets.loaders import breast_cancer, digits, fashion_mnist, from_files, mnist, wine
from tejax.tasks.datasets.series_files import emission_from_file
from tejax.tasks.datasets.texts import language, language_from_bytes
from tejax.tasks.environments import Playground
from tejax.tasks.series import Series, windowed_series
from tejax.tasks.truth_tables import TruthTable, addition, hyperidentity, multiplication, parity, xor

__all__ = [
    "Activity",
    "Classification",
    "Control",
    "Emission",
    "Encoding",
    "Language",
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
    "fashion_mnist",
    "from_files",
    "generate",
    "hyperidentity",
    "language",
    "language_from_bytes",
    "load_arrays",
    "load_column",
    "load_idx",
    "load_table",
    "mnist",
    "multiplication",
    "parity",
    "product",
    "serial",
    "windowed_series",
    "wine",
    "xor",
]
