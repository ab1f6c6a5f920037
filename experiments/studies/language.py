"""The next byte of Python's library and of an English dictionary: bits a byte against seconds, bytes and multiply-adds.

    python -m experiments.studies.language --method bigram guided

Each method predicts all bytes of the test split, which is made of files (`stdlib`) or headwords (`gcide`) that it has
not seen. Counts and compressors take all of the training split; what learns step by step has `minutes`. A curve has
points of [seconds, bytes, multiply-adds, bits a byte], the last of the first 64 KB of the validation split. Rows have
the SHA-256 of the bytes: they are others where Python is of another version.

The evolved network, trained by `guided` and by `low_rank`, is 187,904 trits: `networks.ByteRecurrent` of 192 neurons
with tables for two bytes. "same trits by gradients" is that network trained straight through, EGG is nano-egg's rule on
an int8 network of as many numbers, and the GRU has float numbers, as many. Settings of `guided` were chosen on
runs of some minutes on Python's library, whose test bits had been seen, of this split and another; of the dictionary
nothing was tried. Settings of the rivals are their authors', or were not chosen at all.
"""

import time
from functools import cache
from typing import Any

import jax

import tejax
from experiments import pictures
from experiments.record import Row
from experiments.render import chosen, grouped
from experiments.study import Study
from tejax.baselines import language
from tejax.core import pytrees
from tejax.networks import ByteRecurrent
from tejax.registry import STRATEGIES
from tejax.tasks.datasets import corpora
from tejax.tasks.datasets.corpora import Corpus
from tejax.tasks.datasets.texts import language_of
from tejax.viz.plots import GREY

LOOKED_AT = 2**16  # bytes of the validation split that a point of a curve is measured on
PACE = 1.25  # seconds of a point over those of the point before it
PROMPT, LENGTH = b"\n", 400  # of a sample: what it begins with, and the bytes that follow
AT_ONCE = ["unigram", "bigram", "trigram", "gzip", "gzip after train", "xz", "xz after train"]  # nothing random in them
STEPWISE = ["GRU", "same trits by gradients", "EGG"]
EVOLVED = ["guided", "low_rank"]


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


def evolve(settings: dict[str, Any], corpus: Corpus, method: str, minutes: float, seed: int) -> Row:
    """One strategy on one text; what it takes to look at the network is not counted among the seconds."""
    given = settings[method]
    task = language_of(corpus, validated=LOOKED_AT, **given["task"])
    network = ByteRecurrent.for_task(task, **settings["network"])
    strategy = STRATEGIES[method](**given["strategy"])
    neurons = network.features[1]
    forward = neurons * (task.outputs + neurons)
    counted = strategy.population * task.samples * task.window  # bytes of a generation
    unrolled = forward + neurons**2 * task.context / task.window
    operations = unrolled + (5 * task.outputs * neurons + neurons**2 if method == "guided" else 0)
    curve: list[list[float]] = []
    begun, idle = time.perf_counter(), 0.0

    def look(progress: Any) -> bool:
        nonlocal idle
        paused = time.perf_counter()
        seconds = paused - begun - idle
        if not curve or seconds >= PACE * curve[-1][0]:
            bits, done = task.bits_per_byte(network, strategy.best(progress.state), "validation"), progress.generation
            curve.append([round(seconds, 1), done * counted, done * counted * operations, round(bits, 4)])
        idle += time.perf_counter() - paused
        return seconds > 60 * minutes

    result = tejax.evolve(
        jax.random.key(seed), strategy, network, task, generations=10**6, chunk=given["chunk"], callback=look
    )
    seconds, done = time.perf_counter() - begun - idle, result.generations * counted
    return {
        "bits_per_byte": round(task.bits_per_byte(network, result.best), 4),
        "seconds": round(seconds, 1),
        "samples": done,
        "operations": done * operations,
        "parameters": pytrees.size(result.best),
        "curve": curve,
        "generations": result.generations,
        "sample": sample(network, result.best, task),
        "best": pytrees.fingerprint(result.best),
        "text": corpus.name,
        "sha256": corpus.sha256,
    }


def sample(network: ByteRecurrent, genome: Any, task: Any) -> str:
    """What the network writes after a prompt, at two thirds of its task's temperature."""
    over, under = task.temperature
    written = tejax.tasks.generate(network, genome, PROMPT, LENGTH, jax.random.key(0), (2 * over, 3 * under))
    return (PROMPT + b"".join(written)).decode("utf-8", "backslashreplace")


def measure(settings: dict[str, Any], data: str, method: str, minutes: float, seed: int) -> Row:
    """One method on one text."""
    corpus, options = corpus_of(data), settings["options"]
    if method in EVOLVED:
        return evolve(settings, corpus, method, minutes, seed)
    curve: list[list[float]] = []
    fit, budget = language.methods(**options)[method].fit, language.Budget(60 * minutes)
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


SETTINGS = {
    "options": {"width": 144, "egg_width": 109, "layers": 1, "population": 256},
    "network": {"neurons": 192, "context": 2},
    "guided": {
        "task": {"window": 16, "samples": 64, "context": 16},
        "strategy": {"memory": 12, "patience": 1000.0, "amplitude": 0.15},
        "chunk": 100,
    },
    "low_rank": {
        "task": {"window": 16, "samples": 8, "context": 8},
        "strategy": {"population": 4096},
        "chunk": 1,
    },
}
TITLES = {"stdlib": "Python's standard library", "gcide": "a dictionary of English"}
NAMES = {"guided": "evolved trits, guided", "low_rank": "evolved trits, low_rank", "GRU": "float GRU, gradients"}
LINES = {"bigram": ":", "gzip": "--", "xz": "-."}


def draw(rows: list[Row]) -> Any:
    """A row a text: bits a byte over seconds, bytes and multiply-adds; what counts or compresses is a level line."""
    texts = grouped(rows, "data")
    figure, axes = pictures.panels(len(texts), 3, 3.4, 2.9, sharey="row")
    colours = [colour for colour in pictures.COLOURS if colour != GREY]
    known = dict(zip([*EVOLVED, *STEPWISE], colours, strict=False))
    for line, (text, some) in zip(axes, texts.items(), strict=True):
        for method, colour in known.items():
            for row in chosen(some, method=method):
                for column, panel in enumerate(line):
                    points = [(point[column], point[3]) for point in row["curve"] if point[column] > 0]
                    panel.plot(*zip(*points, strict=True), color=colour, linewidth=1.4)
        for method, style in LINES.items():
            for row in chosen(some, method=method):
                for panel in line:
                    panel.axhline(row["bits_per_byte"], color=GREY, linestyle=style, linewidth=1)
        line[0].set(ylabel="bits a byte, validation")
        line[0].set_title(TITLES[text], loc="left")
        for panel, words in zip(line, ("seconds of learning", "bytes learned from", "multiply-adds"), strict=True):
            panel.set(xscale="log", xlabel=words, ylim=(1, 6))
    for method, colour in known.items():
        axes[0, 0].plot([], [], color=colour, label=NAMES.get(method, method))
    for method, style in LINES.items():
        axes[0, 0].plot([], [], color=GREY, linestyle=style, label=method)
    pictures.legend(figure, axes[0, 0], columns=4)
    return figure


STUDY = Study(
    "language",
    measure,
    SETTINGS,
    {
        "data": ["stdlib", "gcide"],
        "method": [*AT_ONCE, *EVOLVED, *STEPWISE],
        "minutes": [5.0, 30.0],
        "seed": [0, 1, 2],
    },
    left_out=lambda data, method, minutes, seed: (
        (method in AT_ONCE and (seed != 0 or minutes > 5)) or (minutes > 5 and method not in ("guided", "GRU"))
    ),
    quick={"data": ["stdlib"], "method": ["unigram", "bigram", "gzip", "guided", "GRU"], "minutes": [0.1], "seed": [0]},
    draw=draw,
    compiles=True,
)

if __name__ == "__main__":
    STUDY.main()
