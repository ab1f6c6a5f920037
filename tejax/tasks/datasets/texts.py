"""Texts as tasks of language: what every machine has, or a user's file."""

from pathlib import Path
from typing import Annotated

import jax.numpy as jnp

from tejax.core import fixedpoint
from tejax.errors import require
from tejax.options import AtLeast, Between, OneOf, Positive
from tejax.registry import TASKS
from tejax.tasks._language import Language
from tejax.tasks.datasets.corpora import Corpus, TestShare, file_bytes, gcide, standard_library

__all__ = ["TEXTS", "language", "language_of"]

TEXTS = {"standard_library": standard_library, "gcide": gcide}
Window = Annotated[int, Between(1, 2**16)]
Validated = Annotated[int, AtLeast(2, 2**30)]


@TASKS.register("language", network="byte_recurrent")
def language(
    path: Path | None = None,
    text: Annotated[str, OneOf(TEXTS, function=False)] = "standard_library",
    test_share: TestShare = 0.1,
    window: Window = 16,
    samples: Window = 64,
    context: Annotated[int, Between(0, 2**16)] = 16,
    temperature: tuple[Positive, Positive] = (8, 1),
    validated: Validated = 2**16,
) -> Language:
    """A text, byte by byte: from the bytes so far, how likely each byte is next.

    Args:
        path: of a file, whatever is in it; None: the text named.
        text: standard_library, the sources that come with Python, or gcide, an English dictionary (Debian's package
            dict-gcide).
        test_share: of a file, the share of its bytes at the end for the test, and as many before them for validation.
        window: T, bytes that are foretold in a row.
        samples: B, windows a generation, anywhere in the training text.
        context: bytes before a window that a network is shown.
        temperature: T of the cross-entropy, as a ratio: outputs that are T apart are twice as likely.
        validated: bytes of the validation text that the choice of the answer looks at, at most.

    Raises:
        InputError: for a file that is not there or too short for a window, and a text that is not installed.
    """
    corpus = TEXTS[text]() if path is None else file_bytes(path, test_share)
    return language_of(corpus, window, samples, context, temperature, validated)


def language_of(
    corpus: Corpus,
    window: int = 16,
    samples: int = 64,
    context: int = 16,
    temperature: tuple[int, int] = (8, 1),
    validated: int = 2**16,
) -> Language:
    """The task of a text in three splits; the options are those of `language`.

    Raises:
        InputError: for a text that is too short for a window, and a temperature that no cross-entropy takes.
    """
    fixedpoint.make_loss("cross_entropy", temperature)
    fits = context + window < len(corpus.train)
    require(fits, f"together less than the {len(corpus.train):,} bytes to learn from", window=window, context=context)
    for name, split in (("validation", corpus.validation), ("test", corpus.test)):
        require(len(split) >= 2, f"a text with 2 bytes or more for {name}", corpus=corpus.name)
    return Language(
        jnp.asarray(corpus.train),
        jnp.asarray(corpus.validation[:validated]),
        jnp.asarray(corpus.test),
        window,
        samples,
        context,
        temperature,
        name=corpus.name,
        digests=corpus.sha256,
    )
