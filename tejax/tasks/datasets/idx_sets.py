"""Sets of pictures in four IDX files, as MNIST is: found on this machine, or downloaded once.

A set is looked for in a folder that is named, in TEJAX_DATA, where a package of the system has put it, and in the
user's cache folder; then it is downloaded into that.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tejax.core.caches import private_folder
from tejax.core.paths import expanded
from tejax.core.variables import path_variable
from tejax.errors import refuse, require
from tejax.tasks.datasets.downloads import DownloadError, download
from tejax.tasks.datasets.files import load_idx

__all__ = ["FASHION_MNIST", "MNIST", "IdxSet", "Pictures", "load"]


class Pictures(NamedTuple):
    """Pictures and labels in their official split."""

    x_train: np.ndarray  # uint8 [N, H, W]
    y_train: np.ndarray  # uint8 [N]
    x_test: np.ndarray  # uint8 [M, H, W]
    y_test: np.ndarray  # uint8 [M]


FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@dataclasses.dataclass(frozen=True)
class IdxSet:
    """A set of pictures.

    Attributes:
        name: of the set, its task and its folders.
        files: bytes and SHA-256 of each of FILES, gzipped as it is distributed.
        sources: addresses of folders that have them.
        package: of the system, that puts them into `folder`; empty where there is none.
        folder: of that package.
    """

    name: str
    files: tuple[tuple[int, str], ...]
    sources: tuple[str, ...]
    package: str = ""
    folder: Path | None = None


MNIST = IdxSet(
    "mnist",
    (
        (9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        (28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        (1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        (4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
    ("https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"),
)
FASHION_MNIST = IdxSet(
    "fashion_mnist",
    (
        (26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        (29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        (4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        (5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    (
        "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    "dataset-fashion-mnist",
    Path("/usr/share/datasets/fashion-mnist"),
)


def load(known: IdxSet, path: Path | None = None) -> Pictures:
    """The pictures of a set.

    Args:
        known: the set.
        path: a folder with its four files, gzipped or not; None: it is looked for, and downloaded where it is missing.

    Raises:
        InputError: in one line, where a file is missing from a folder that is named, damaged, or no pictures; where
            TEJAX_DATA is no folder; and where there is no copy and no network, with what can be done.
    """
    pictures = Pictures(*map(load_idx, _found(known, path)))
    for x, y, which in ((*pictures[:2], "train"), (*pictures[2:], "t10k")):
        require(x.ndim == 3 and x.size > 0, f"pictures [N, H, W], of {which}", x=f"array of shape {x.shape}")
        require(y.shape == x.shape[:1], f"one label for each of the {len(x)} pictures of {which}", y=f"shape {y.shape}")
    same = pictures.x_train.shape[1:] == pictures.x_test.shape[1:]
    require(same, f"of {pictures.x_train.shape[1:]} pixels, as the training pictures", x_test=pictures.x_test.shape)
    return pictures


def _found(known: IdxSet, path: Path | None) -> list[Path]:
    """The four files."""
    if path is not None:
        folder = expanded(path)
        files = _files_in(folder)
        missing = ", ".join(name for name in FILES if _file(folder, name) is None)
        require(not missing, f"a folder with the four files of {known.name}; it lacks {missing}", path=str(path))
        return files or []
    folders = list(_folders(known))
    files = next((each for each in map(_files_in, folders) if each is not None), None)
    return _downloaded(known, folders) if files is None else files


def _folders(known: IdxSet) -> Iterator[Path]:
    """Where the set may lie."""
    given = path_variable("TEJAX_DATA")
    if given is not None:
        require(given.is_dir(), "a folder", TEJAX_DATA=str(given))
        for name in sorted({known.name, known.name.replace("_", "-")}, reverse=True):
            yield given / name
    if known.folder is not None:
        yield known.folder


def _files_in(folder: Path) -> list[Path] | None:
    """The four files of a folder, gzipped or not, if all are there."""
    found = [_file(folder, name) for name in FILES]
    return None if None in found else [each for each in found if each is not None]


def _file(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)


def _downloaded(known: IdxSet, folders: list[Path]) -> list[Path]:
    """The four files in the user's cache folder, those that are missing downloaded."""
    package = f"install the system's package {known.package}, or " if known.package else ""
    advice = f"{package}put {FILES[0]}.gz and the other three into a folder and name it as path, or into TEJAX_DATA"
    try:
        folder = private_folder("data", known.name)
        for name, (size, sha256) in zip(FILES, known.files, strict=True):
            if _file(folder, name) is None:
                sources = [f"{source}{name}.gz" for source in known.sources]
                download(f"{known.name} {name}.gz", sources, sha256, size, folder / f"{name}.gz")
    except (OSError, DownloadError) as error:
        looked = f", nor in {', '.join(map(str, folders))}" if folders else ""
        refuse(f"{known.name} is not in the cache folder{looked}: {advice}/{known.name}; {error}", error)
    return _files_in(folder) or []
