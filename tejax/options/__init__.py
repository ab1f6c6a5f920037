"""Options, said once: a parameter's name, type, default, range and help line are read from where it is declared.

A function's or dataclass's signature declares its options. Types carry what Python's own do not: `Between` is a range,
`Length` that of a list or a text, `Traced` an option that is an array inside a compiled program, `Derived` a field that
is no option because the house fills it in, `Recorded` one that config.json keeps and nobody types, `OneOf` a name in a
registry or a function. The help line is the parameter's line under `Args:` in the docstring.

    def parity(n: Annotated[int, Between(1, 16)] = 6, samples: Samples | None = None) -> TruthTable: ...

Every number has a finite range, and every list and text a greatest length; a test walks all of them.
"""

from tejax.options._declared import Option, check_options, checked, fitting, options_of, traced_options
from tejax.options._notes import (
    AtLeast,
    Batch,
    Between,
    Bias,
    Chunk,
    Count,
    Derived,
    Features,
    Generations,
    Layers,
    Length,
    Levels,
    OneOf,
    Positive,
    Probability,
    Recorded,
    Samples,
    Seed,
    Sum,
    Target,
    Text,
    Ticks,
    Traced,
    Width,
)
from tejax.options._values import normalise, notes, strip

__all__ = [
    "AtLeast",
    "Batch",
    "Between",
    "Bias",
    "Chunk",
    "Count",
    "Derived",
    "Features",
    "Generations",
    "Layers",
    "Length",
    "Levels",
    "OneOf",
    "Option",
    "Positive",
    "Probability",
    "Recorded",
    "Samples",
    "Seed",
    "Sum",
    "Target",
    "Text",
    "Ticks",
    "Traced",
    "Width",
    "check_options",
    "checked",
    "fitting",
    "normalise",
    "notes",
    "options_of",
    "strip",
    "traced_options",
]
