"""The next byte of Python's library and of an English dictionary: bits a byte against seconds, bytes and multiply-adds.

    python -m experiments.studies.language --method bigram GRU

Each method predicts all bytes of the test split, which is made of files (`stdlib`) or headwords (`gcide`) that it has
not seen. Counts and compressors take all of the training split; what learns step by step has `seconds`. A curve has
points of [seconds, bytes, multiply-adds, bits a byte], the last of the first 64 KB of the validation split. Rows have
the SHA-256 of the bytes: they are others where Python is of another version.
"""

from functools import cache
from typing import Any

import jax

from experiments.record import Row
from experiments.study import Study
from tejax.baselines import language
from tejax.tasks.datasets import corpora
from tejax.tasks.datasets.corpora import Corpus

LOOKED_AT = 2**16  # bytes of the validation split that a point of a curve is measured on
PACE = 1.25  # seconds of a point over those of the point before it
AT_ONCE = ["unigram", "bigram", "trigram", "gzip", "gzip after train", "xz", "xz after train"]  # nothing random in them
STEPWISE = ["GRU", "EGG"]


@cache
def corpus_of(data: str) -> Corpus:
    """The bytes of a row."""
    return {"stdlib": corpora.standard_library, "gcide": corpora.gcide}[data]()


def keeps(curve: list[list[float]], corpus: Corpus) -> language.Callback:
    """A callback that adds a point to a curve whenever the seconds have grown by PACE."""

    def look(progress: language.Progress) -> None:
        if not curve or progress.seconds >= PACE * curve[-1][0]:
            bits = round(progress.bits(corpus.validation[:LOOKED_AT]), 4)
            curve.append([round(progress.seconds, 1), progress.samples, progress.operations, bits])

    return look


def measure(settings: dict[str, Any], data: str, method: str, seed: int) -> Row:
    """One method on one text."""
    corpus, options = corpus_of(data), settings["options"]
    curve: list[list[float]] = []
    fit, budget = language.methods(**options)[method].fit, language.Budget(settings["seconds"])
    outcome = fit(jax.random.key(seed), corpus, budget, callback=keeps(curve, corpus))
    return {
        "bits_per_byte": round(outcome.bits_per_byte, 4),
        "seconds": round(outcome.seconds, 1),
        "samples": outcome.samples,
        "operations": outcome.operations,
        "parameters": outcome.parameters,
        "curve": curve,
        "text": corpus.name,
        "sha256": corpus.sha256,
    }


STUDY = Study(
    "language",
    measure,
    {"seconds": 300.0, "options": {"width": 144, "egg_width": 109, "layers": 1, "population": 1024}},
    {"data": ["stdlib", "gcide"], "method": [*AT_ONCE, *STEPWISE], "seed": [0, 1, 2]},
    left_out=lambda data, method, seed: method in AT_ONCE and seed != 0,
    quick={"seconds": 10.0, "data": ["stdlib"], "method": ["unigram", "bigram", "gzip", "GRU"], "seed": [0]},
    compiles=True,
)

if __name__ == "__main__":
    STUDY.main()
