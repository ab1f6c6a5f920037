"""`tejax report`: a run as one self-contained page."""

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tejax import export, runs
from tejax.cli.evaluation import open_network
from tejax.cli.pictures import draw
from tejax.cli.stored import load_experiment
from tejax.cli.usage import network_sections
from tejax.core import pytrees
from tejax.core.drafts import write_file
from tejax.core.reading import read_regular
from tejax.errors import printable, refuse
from tejax.runs import Parts, Run
from tejax.tasks import Classification

__all__ = ["page", "report_run"]

LONG = 120  # characters of a list or a text that a table shows
LARGEST = 2**27  # bytes of a picture

CAPTIONS = {
    "curve": "Fitness of a generation, and below it what its fittest individual reaches.",
    "returns": "Mean return of the best, median and worst of a generation, and of the fittest in fresh episodes.",
    "confusion": "Test samples by true class (rows) and answer (columns); colour is the share of a row.",
    "replay": "A fresh episode of the best network.",
    "weights": "First weights of the best network: an image a neuron for pictures, else rows and columns as stored.",
}

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #222; --faint: #666; --card: #f3f6f9; --accent: #0072b2; --page: #fff; }}
@media (prefers-color-scheme: dark) {{
:root {{ --ink: #ddd; --faint: #a0a8b0; --card: #26303a; --accent: #6bb8e6; --page: #14191e; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
color: var(--ink); background: var(--page); }}
h1 {{ font-size: 1.6rem; }} h2 {{ font-size: 1.15rem; margin-top: 2rem; }} h3 {{ font-size: 1rem; }}
.numbers {{ display: flex; flex-wrap: wrap; gap: 1rem; }}
.numbers div {{ background: var(--card); border-radius: .5rem; padding: .6rem 1rem; }}
.numbers b {{ display: block; font-size: 1.4rem; color: var(--accent); }}
img {{ max-width: 100%; box-sizing: border-box; background: #fff; border-radius: .5rem; padding: .5rem; }}
figure {{ margin: 1.5rem 0; }} figcaption {{ color: var(--faint); font-size: .9rem; }}
table {{ border-collapse: collapse; font-size: .9rem; display: block; overflow-x: auto; }}
td {{ padding: .15rem 1.2rem .15rem 0; vertical-align: top; }} td:first-child {{ color: var(--faint); }}
pre {{ background: var(--card); border-radius: .5rem; padding: .6rem 1rem; overflow-x: auto; font-size: .85rem; }}
</style></head><body>
<h1>{title}</h1>
<div class="numbers">{numbers}</div>
{figures}
{sections}
<h2>Experiment</h2>
{experiment}
<h2>Where it ran</h2>
{place}
</body></html>
"""


def report_run(path: Path, operators: Sequence[str] = ()) -> tuple[dict[str, Any], str, int]:
    """Draw the pictures of a run and write its page. The files, the same in words, and the exit status.

    Raises InputError where there is no run, or one without a line of metrics yet.
    """
    experiment = load_experiment(path, operators)
    metrics = Run(path).metrics
    if not metrics:
        refuse(f"{path}: has no metrics yet; go on with `tejax resume {path}`")
    best, genome = path / "best.safetensors", None
    if best.exists():
        task, network, genome, *_ = open_network(path, operators=operators)
        if isinstance(task, Classification) and not task.rows:
            refuse(
                f"{path}: its data have changed since it was evolved; `tejax evaluate {path}` scores them as new ones"
            )
        parts = Parts(task, network, experiment.islands.build(experiment.strategy))
    else:
        parts = experiment.build()
    pictures = draw(path, parts, genome)
    if (path / "replay.gif").exists():
        pictures["replay"] = path / "replay.gif"
    last = metrics[-1]
    numbers = {"generations": f"{last['generation']:,}", "evaluations": f"{last['evaluations']:,}"}
    numbers["seconds"] = f"{last['seconds']:,.0f}"
    sections: dict[str, str] = {}
    if genome is not None:
        numbers = {
            **parts.task.words(parts.task.report(parts.network, genome)),
            "trits": f"{pytrees.size(genome):,}",
            "bytes": f"{best.stat().st_size:,}",
            **numbers,
        }
        sections = network_sections(export.read(best), str(path))
    place = {name: value for name, value in runs.read_config(path).items() if name != "experiment"}
    title = f"tejax: {experiment.name}, seed {experiment.schedule.seed}"
    titles = CAPTIONS | ({"curve": CAPTIONS["returns"]} if "return" in last else {})
    captions = {file: titles[name] for name, file in pictures.items()}
    written = page(path / "report.html", title, numbers, captions, sections, experiment.to_json(), place)
    files = {"report": str(written), **{name: str(file) for name, file in pictures.items()}}
    return files, "\n".join(f"{name:<15} {file}" for name, file in files.items()), 0


def page(
    path: Path,
    title: str,
    numbers: Mapping[str, str],
    pictures: Mapping[Path, str],
    sections: Mapping[str, str],
    experiment: Mapping[str, Any],
    place: Mapping[str, Any],
) -> Path:
    """Write one self-contained page.

    numbers: name -> what stands large above it. pictures: file -> caption. sections: heading -> HTML.
    experiment: nested; place: versions and machine. Raises InputError where it cannot be written.
    """
    text = PAGE.format(
        title=html.escape(title),
        numbers="".join(
            f"<div><b>{html.escape(value)}</b>{html.escape(name)}</div>" for name, value in numbers.items()
        ),
        figures="".join(_figure(file, caption) for file, caption in pictures.items()),
        sections="".join(f"<h2>{html.escape(heading)}</h2>{body}" for heading, body in sections.items()),
        experiment=_table(_flat(experiment)),
        place=_table(_flat(place)),
    )
    write_file(path, text.encode("utf-8", "backslashreplace"))
    return path


def _figure(file: Path, caption: str) -> str:
    data, caption = base64.b64encode(read_regular(file, LARGEST)).decode(), html.escape(caption)
    image = f'<img alt="{caption}" src="data:image/{file.suffix[1:]};base64,{data}">'
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


def _flat(plain: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Nested objects as one, with dotted names."""
    flat: dict[str, Any] = {}
    for name, value in plain.items():
        flat |= _flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {before + name: value}
    return flat


def _table(values: Mapping[str, Any]) -> str:
    cells = ((html.escape(_short(name)), html.escape(_short(value))) for name, value in values.items())
    return f"<table>{''.join(f'<tr><td>{name}</td><td>{value}</td></tr>' for name, value in cells)}</table>"


def _short(value: Any) -> str:
    """In words, long ones cut off."""
    words = printable(str(value))
    return f"{words[:LONG]} ..." if len(words) > LONG else words
