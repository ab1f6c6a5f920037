"""Predictions from counts of the last few bytes: unigrams, bigrams, trigrams."""

import time

import numpy as np

from tejax.baselines.language._methods import Job, Method, Outcome
from tejax.errors import require

__all__ = ["ngram", "ngram_probs"]

NAMES = {1: "unigram", 2: "bigram", 3: "trigram"}
WEIGHTS = (0.01, 0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)  # of the shorter context, in counts, that are tried


def ngram(order: int) -> Method:
    """The method that predicts a byte from the `order` - 1 before it.

    Args:
        order: 1 to 3.
    """
    require(order in NAMES, "1, 2 or 3", order=order)

    def run(job: Job) -> Outcome:
        begun = time.perf_counter()
        counts = [_counts(job.corpus.train, length) for length in range(1, order + 1)]
        weights: list[float] = []
        for length in range(1, order + 1):
            needed = {
                weight: _bits(ngram_probs(counts[:length], [*weights, weight], job.corpus.validation))
                for weight in WEIGHTS
            }
            weights.append(min(needed, key=lambda weight: needed[weight]))
        seconds = time.perf_counter() - begun
        graded = _bits(ngram_probs(counts, weights, job.corpus.test))
        return Outcome(graded, seconds, len(job.corpus.train), 0.0, sum(256**length for length in range(1, order + 1)))

    return Method(NAMES[order], run)


def ngram_probs(counts: list[np.ndarray], weights: list[float], text: np.ndarray) -> np.ndarray:
    """The probability that each byte of a text is given, float64 [N].

    That of a context is (count + weight * p) / (total + weight), where p is that of the context without its first byte,
    and 1/256 for no context (MacKay & Peto 1995, "A hierarchical Dirichlet language model", equation 11).

    Args:
        counts: of unigrams, bigrams ... in a training text, int [256 ** length] each.
        weights: of the shorter context, one for each length.
        text: uint8 [N]; zeros stand before it.
    """
    probs = np.full(len(text), 1 / 256)
    for length, (count, weight) in enumerate(zip(counts, weights, strict=True), 1):
        places = _codes(text, length)
        totals = count.reshape(-1, 256).sum(axis=1)
        probs = (count[places] + weight * probs) / (totals[places // 256] + weight)
    return probs


def _counts(text: np.ndarray, length: int) -> np.ndarray:
    return np.bincount(_codes(text, length), minlength=256**length)


def _codes(text: np.ndarray, length: int) -> np.ndarray:
    """Each byte and the `length` - 1 before it as one number, int32 [N], the byte itself lowest."""
    padded = np.concatenate([np.zeros(length - 1, np.uint8), text]).astype(np.int32)
    codes = np.zeros(len(text), np.int32)
    for place in range(length):
        codes = codes * 256 + padded[place : place + len(text)]
    return codes


def _bits(probs: np.ndarray) -> float:
    return float(-np.log2(probs).mean())
