"""Texts as tasks of language: what every machine has, a user's file, or bytes in memory."""

from pathlib import Path
from typing import Annotated, Any

import jax.numpy as jnp

from tejax.core import fixedpoint
from tejax.errors import require
from tejax.options import AtLeast, OneOf, Positive, checked
from tejax.registry import TASKS
from tejax.tasks._language import Context, Language, Window, Windows
from tejax.tasks.datasets.corpora import Corpus, TestShare, file_bytes, gcide, split_bytes, standard_library

__all__ = ["TEXTS", "language", "language_from_bytes", "language_of"]

TEXTS = {"standard_library": standard_library, "gcide": gcide}
USUAL = "standard_library"
SHARE = 0.1  # of a text of a user's that is held out for the test
VALIDATED = 2**16  # bytes of the validation text, at most
Validated = Annotated[int, AtLeast(2, 2**30)]


@TASKS.register("language", network="byte_recurrent")
def language(
    path: Path | None = None,
    text: Annotated[str, OneOf(TEXTS, function=False)] = USUAL,
    test_share: TestShare = SHARE,
    window: Window = Language.window,
    samples: Windows = Language.samples,
    context: Context = Language.context,
    temperature: tuple[Positive, Positive] = Language.temperature,
    validated: Validated = VALIDATED,
) -> Language:
    """A text, byte by byte: from the bytes so far, how likely each byte is next.

    Args:
        path: of a file, whose bytes are taken as they are, whatever is in it; None: the text named.
        text: standard_library, the sources that come with Python, or gcide, an English dictionary (Debian's package
            dict-gcide).
        test_share: of a file, the share of its bytes at the end for the test, and as many before them for validation.
        window: T, bytes that are foretold in a row.
        samples: B, windows a generation, anywhere in the training text.
        context: bytes before a window that a network is shown.
        temperature: T of the cross-entropy, as a ratio: outputs that are T apart are twice as likely.
        validated: bytes of the validation text that the choice of the answer looks at, at most.

    Raises:
        InputError: for a file that is not there or too short for a window, a text that is not installed, a text named
            beside a path, and a share of a text that is split already.
    """
    if path is None:
        require(test_share == SHARE, "left out without a path, for the text is split already", test_share=test_share)
        corpus = TEXTS[text]()
    else:
        require(text == USUAL, "left out beside a path", text=text, path=str(path))
        corpus = file_bytes(path, test_share)
    return language_of(corpus, validated, window=window, samples=samples, context=context, temperature=temperature)


def language_from_bytes(data: Any, test_share: float = SHARE, name: str | None = None, **options: Any) -> Language:
    """A text in memory, byte by byte, split as a file is.

    Args:
        data: bytes, a bytearray, a memoryview or an array of uint8 [N]; a str is encoded first: `text.encode()`.
        test_share: the share of its bytes at the end for the test, and as many before them for validation.
        name: of the text, for a network's file; None: not known.
        options: window, samples, context, temperature and validated, as for `language`.

    Raises:
        InputError: for what is not bytes, for too few or too many of them, and as for a file.
    """
    return language_of(split_bytes(data, test_share, name), **options)


@checked
def language_of(corpus: Corpus, validated: Validated = VALIDATED, **options: Any) -> Language:
    """The task of a text in three splits; the options are those of `language`.

    Raises:
        InputError: for a text that is too short for a window, and a temperature that no cross-entropy takes.
    """
    task = checked(Language)(
        train=jnp.asarray(corpus.train),
        validation=jnp.asarray(corpus.validation[:validated]),
        test=jnp.asarray(corpus.test),
        name=corpus.name,
        digests=corpus.sha256,
        **options,
    )
    fixedpoint.make_loss("cross_entropy", task.temperature)
    task.check_splits()
    return task
