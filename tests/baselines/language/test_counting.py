"""N-grams against counts by hand, compressors against the standard library's."""

import gzip
import lzma
import zlib
from collections import Counter

import jax
import numpy as np
import pytest

from tejax.baselines import language
from tejax.baselines.language import compressors, ngrams
from tejax.baselines.language.table import methods
from tejax.errors import InputError
from tejax.tasks.datasets.corpora import Corpus


def as_bytes(text):
    return np.frombuffer(text.encode(), np.uint8)


CORPUS = Corpus(
    "made", as_bytes("abracadabra " * 30), as_bytes("abraham, a cadaver. " * 5), as_bytes("a bar, a card " * 4)
)


def slow_prob(train, context, byte, weights):
    """Of a byte after a context, from counts of the training text with zeros before it."""
    if not weights:
        return 1 / 256
    size = len(weights) - 1
    padded = b"\0" * size + train
    seen = Counter(padded[i : i + size + 1] for i in range(len(train)))
    context = context[len(context) - size :]
    total = sum(count for gram, count in seen.items() if gram[:size] == context)
    shorter = slow_prob(train, context[1:], byte, weights[:-1])
    return (seen[context + bytes([byte])] + weights[-1] * shorter) / (total + weights[-1])


@pytest.mark.parametrize("order", [1, 2, 3])
def test_ngrams_are_counted(order):
    weights = [0.5, 2.0, 0.25][:order]
    train, text = b"abracadabra", b"abcar"
    counts = [ngrams._counts(np.frombuffer(train, np.uint8), length) for length in range(1, order + 1)]
    probs = ngrams.ngram_probs(counts, weights, np.frombuffer(text, np.uint8))
    padded = b"\0\0" + text
    wanted = [slow_prob(train, padded[i : i + 2], byte, weights) for i, byte in enumerate(text)]
    np.testing.assert_allclose(probs, wanted, rtol=1e-12)


def test_probabilities_add_up_to_one():
    counts = [ngrams._counts(CORPUS.train, length) for length in (1, 2, 3)]
    ends = [np.array([*b"ab", byte], np.uint8) for byte in range(256)]
    assert sum(ngrams.ngram_probs(counts, [1.0, 3.0, 0.1], text)[-1] for text in ends) == pytest.approx(1)


def test_the_weight_is_chosen_on_the_validation_split():
    outcome = language.ngram(1).fit(jax.random.key(0), CORPUS, language.Budget())
    counts = [ngrams._counts(CORPUS.train, 1)]

    def bits(weight, text):
        return -np.log2(ngrams.ngram_probs(counts, [weight], text)).mean()

    best = min(ngrams.WEIGHTS, key=lambda weight: bits(weight, CORPUS.validation))
    assert outcome.bits_per_byte == pytest.approx(bits(best, CORPUS.test))
    assert (outcome.samples, outcome.parameters) == (len(CORPUS.train), 256)


def test_only_short_contexts_are_counted():
    with pytest.raises(InputError, match="order must be 1, 2 or 3"):
        language.ngram(4)


def test_compressors_are_those_of_the_standard_library():
    text = CORPUS.test.tobytes()
    assert abs(compressors.gzip_size(text) - len(gzip.compress(text, 9, mtime=0))) <= 2  # another memory level
    assert compressors.xz_size(text) == len(lzma.compress(text, preset=9 | lzma.PRESET_EXTREME))
    before = CORPUS.train.tobytes()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, before)
    packed = packer.compress(text) + packer.flush()
    assert zlib.decompressobj(-15, before).decompress(packed) == text
    assert compressors.gzip_size(text, before) == len(packed) + 18


@pytest.mark.parametrize(("name", "learned"), [("gzip", 0), ("gzip after train", 360), ("xz after train", 360)])
def test_compressors_are_graded_on_the_test_split(name, learned):
    outcome = methods()[name].fit(jax.random.key(0), CORPUS, language.Budget())
    assert outcome.samples == learned
    assert 0 < outcome.bits_per_byte < 24
    before = lzma.compress(CORPUS.train.tobytes(), preset=9 | lzma.PRESET_EXTREME)
    both = lzma.compress(CORPUS.train.tobytes() + CORPUS.test.tobytes(), preset=9 | lzma.PRESET_EXTREME)
    if name == "xz after train":
        assert outcome.bits_per_byte == 8 * (len(both) - len(before)) / len(CORPUS.test)
