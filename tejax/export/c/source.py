"""The two files: what a network and an encoding need, put together under the network's name."""

import os
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from tejax.core.drafts import write_file
from tejax.core.paths import expanded
from tejax.errors import refuse, require
from tejax.export.c.classes import names
from tejax.export.c.conv import conv
from tejax.export.c.encoder import encoder
from tejax.export.c.form import Form, Table
from tejax.export.c.names import check_header, check_name
from tejax.export.c.perceptron import perceptron
from tejax.export.c.reader import reader
from tejax.export.c.recurrent import recurrent
from tejax.networks import MLP, ByteRecurrent, Conv, Recurrent
from tejax.tasks.datasets.encoding import Encoding
from tejax.types import Genome, Network

__all__ = ["Source", "save_c", "to_c"]

FORMS: dict[type, Callable[[Any, Any], Form]] = {
    MLP: perceptron,
    Recurrent: recurrent,
    Conv: conv,
    ByteRecurrent: reader,
}
NEAR = 2**16  # bytes of an AVR's program memory that its short instructions reach


class Source(NamedTuple):
    """The text of two files.

    Attributes:
        header: of the .h file.
        code: of the .c file.
    """

    header: str
    code: str


def to_c(
    network: Network,
    genome: Genome,
    name: str = "network",
    header: str = "network.h",
    encoding: Encoding | None = None,
    classes: Sequence[str] | None = None,
) -> Source:
    """C99 source that is C++ as well: `void name(const int8_t *x, int32_t *y)`, or for a network with a memory
    `void name_reset(name_state *state)` and `void name_step(name_state *state, const int8_t *x, int32_t *y)`, where x
    is `uint8_t latest` for one that reads bytes.

    Any number of networks of different names may be in one program, or in one unit. On an AVR the constants stay in
    program memory.

    Args:
        network: an `MLP`, a `Recurrent`, a `Conv` or a `ByteRecurrent`.
        genome: of the network.
        name: of the network in C. Names of two networks in one unit differ in more than their case.
        header: the file name that the code includes.
        encoding: of numbers as the inputs of a network that reads no bytes; it adds
            `void name_encode(const double *values, int8_t *x)`.
        classes: what the classes are called; they add `const char *name_class(unsigned number)`.

    Raises:
        InputError: for a network of another kind, a genome of another network, values that are not trits, a name
            that C, C++, POSIX or Arduino does not leave free, sums that int32_t might not hold, and an encoding that
            does not make the network's inputs or that bytes do not need.
    """
    form = FORMS.get(type(network))
    if form is None:
        known = "an MLP, Recurrent, Conv or ByteRecurrent"
        refuse(f"network must be {known}, which have a C form: got {type(network).__name__}")
    check_name(name)
    check_header(header)
    parts = [form(network, genome)]
    inputs, *_, outputs = network.features
    shown = "bytes" if parts[0].reads_bytes else inputs
    sizes = {"OUTPUTS": outputs} if parts[0].reads_bytes else {"INPUTS": inputs, "OUTPUTS": outputs}
    if encoding is not None:
        require(not parts[0].reads_bytes, "left out for a network that reads bytes", encoding=type(encoding).__name__)
        parts.append(encoder(encoding, inputs))
        sizes["VALUES"] = encoding.features
    if classes is not None:
        parts.append(names(classes, outputs))
    words = {
        "about": f"{'-'.join(map(str, (shown, *network.features[1:])))}: a ternary network, evolved by tejax.",
        "header": header,
        "inputs": inputs,
        "outputs": outputs,
        "sizes": "".join(f"#define ${{NAME}}_{what} {size}\n" for what, size in sizes.items()),
        "declarations": "".join(part.declarations for part in parts),
        **_constants([table for part in parts for table in part.tables]),
    }
    for part in parts:
        words |= part.words
    files = ["rows.c", *(file for part in parts for file in part.templates)]
    return Source(_filled(["header.h"], words, name), _filled(files, words, name))


def save_c(
    path: str | Path,
    network: Network,
    genome: Genome,
    name: str = "network",
    encoding: Encoding | None = None,
    classes: Sequence[str] | None = None,
) -> tuple[Path, Path]:
    """Write `to_c` to a .c file and to the .h file of the same name.

    Args:
        path: of the .c file; `~` is the home directory.
        network: as `to_c` takes it.
        genome: of the network.
        name: of the network in C.
        encoding: of numbers as the network's inputs, if the source should have it.
        classes: what the classes are called, if the source should say it.

    Returns:
        The paths of the .c and the .h file.

    Raises:
        InputError: as `to_c` does, for another ending than .c, and where the files cannot be written.
    """
    path = expanded(path)
    require(path.suffix == ".c", "a file that ends in .c", path=str(path))
    header = path.with_suffix(".h")
    source = to_c(network, genome, name, header.name, encoding, classes)
    texts = {header: source.header, path: source.code}
    blocked = [file for file in texts if os.path.islink(file) or os.path.isdir(file)]
    for file in (*blocked, *texts):  # refused before anything is written
        write_file(file, texts[file])
    return path, header


def _constants(tables: Iterable[Table]) -> dict[str, str]:
    """The tables, and what an AVR's compiler should say to them."""
    texts, sizes = zip(*tables, strict=True)
    far = f'#error "of {sum(sizes)} bytes of constants, an AVR\'s short instructions reach {NEAR} at most"\n'
    return {"tables": "\n".join(texts), "limit": far if sum(sizes) > NEAR else ""}


def _filled(files: Iterable[str], words: dict[str, Any], name: str) -> str:
    """Templates, filled twice: the words for what stands in them hold the name as well."""
    folder = resources.files(__package__)
    text = "".join(folder.joinpath(file).read_text(encoding="ascii") for file in files)
    return Template(Template(text).safe_substitute(words)).substitute(name=name, NAME=name.upper(), **words)
