import subprocess
import sys

import numpy as np
import pytest

from tejax.core.fitness import LEAST, LEAST_FIGURE
from tejax.errors import InputError
from tejax.viz import plots

METRICS = [
    {"generation": g, "best": -100 + g, "median": -120 + g, "worst": -200, "accuracy": g / 100, "train_accuracy": 0.5}
    for g in (16, 32, 48)
]


def test_curves_show_fitness_and_accuracy():
    figure = plots.curves(METRICS, scale=10, unit="bits")
    fitness, accuracy = figure.axes
    best, median, worst = (line.get_ydata() for line in fitness.lines)
    np.testing.assert_allclose(best, [-8.4, -6.8, -5.2])
    np.testing.assert_allclose(median, [-10.4, -8.8, -7.2])
    np.testing.assert_allclose(worst, -20.0)
    assert fitness.get_ylabel() == "bits"
    np.testing.assert_allclose(accuracy.lines[1].get_ydata(), [0.16, 0.32, 0.48])
    assert accuracy.get_xlabel() == "generation"


def test_curves_without_accuracy_have_one_panel():
    bare = [{name: line[name] for name in ("generation", "best", "median", "worst")} for line in METRICS]
    assert len(plots.curves(bare).axes) == 1
    assert len(plots.curves(bare[:1]).axes) == 1
    with pytest.raises(InputError, match="metrics must be of one line or more"):
        plots.curves([])


def test_a_population_of_one_is_one_line_and_one_generation_a_dot():
    lines = [{"generation": g, **dict.fromkeys(("best", "median", "worst"), -g)} for g in (4, 2)]
    (panel,) = plots.curves(lines).axes
    assert [line.get_label() for line in panel.lines] == ["fitness: \N{MINUS SIGN}2.000"]
    fitness, accuracy = plots.curves([{**METRICS[0], "train_accuracy": None}]).axes
    assert {line.get_marker() for line in (*fitness.lines, *accuracy.lines)} == {"o"}
    assert [line.get_label() for line in accuracy.lines] == ["test: 16.0%"]


def test_bits_a_byte_have_a_panel():
    lines = [{**METRICS[0], "bits_per_byte": 2.5, "validation_bits_per_byte": 2.4}]
    del lines[0]["accuracy"]
    held = plots.curves(lines).axes[1]
    assert [line.get_label() for line in held.lines] == ["validation: 2.400", "test: 2.500"]
    assert held.get_ylabel() == "bits a byte"
    runs = {"a": [{**lines[0], "evaluations": 4}], "b": [{**lines[0], "evaluations": 8}]}
    assert plots.comparison(runs).axes[0].get_ylabel() == "bits a byte of the test text"


def test_a_confusion_matrix_has_its_numbers_in_its_cells():
    figure = plots.confusion(np.array([[5, 0], [2, 3]]), ["no", "yes"])
    (panel,) = figure.axes
    cells = {text.get_position(): text.get_text() for text in panel.texts}
    assert cells == {(0, 0): "5", (0, 1): "2", (1, 1): "3"}
    assert panel.get_title(loc="left") == "8 of 10 test samples right (80.0%)"
    with pytest.raises(InputError, match="matrix must be square"):
        plots.confusion(np.zeros((2, 3)))


def test_weights_are_drawn_where_inputs_are_square():
    rows = np.random.default_rng(0).integers(-1, 2, (5, 18)).astype(np.int8)
    figure = plots.weights(rows, planes=2)
    images = [panel.images[0].get_array() for panel in figure.axes if panel.images]
    assert len(images) == 5
    np.testing.assert_array_equal(images[3], np.concatenate([rows[3, :9].reshape(3, 3), rows[3, 9:].reshape(3, 3)], 1))
    assert len([panel for panel in plots.weights(rows[:, :9], most=2).axes if panel.images]) == 2
    assert plots.weights(rows) is None
    assert plots.weights(rows[:, :1]) is None


def test_a_matrix_is_one_image():
    rows = np.random.default_rng(0).integers(-1, 2, (80, 5)).astype(np.int8)
    (panel,) = plots.matrix(rows, "synapses").axes
    np.testing.assert_array_equal(panel.images[0].get_array(), rows[:64])
    assert panel.get_title(loc="left").startswith("synapses, 64 x 5 of 80 x 5: red +1")
    with pytest.raises(InputError, match="rows must be a matrix with a trit or more"):
        plots.matrix(rows[0])


def test_pictures_need_no_pyplot():
    """In another process: gymnax, which other tests load, brings pyplot along."""
    program = "import sys; from tejax import viz; viz.plots.curves(%r); sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-c", program % METRICS], check=True)


def test_trials_of_a_search_and_bars():
    rows = [
        {"trial": 2, "state": "complete", "value": 0.7},
        {"trial": 0, "state": "complete", "value": 0.5},
        {"trial": 1, "state": "pruned", "value": 0.9},
        {"trial": 3, "state": "running", "value": None},
    ]
    (panel,) = plots.trials(rows).axes
    np.testing.assert_array_equal(panel.lines[0].get_ydata(), [0.5, 0.7])
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["complete: 2", "pruned: 1", "best: 0.7"]
    with pytest.raises(InputError, match="rows must be of a finished trial or more"):
        plots.trials(rows[3:])
    (panel,) = plots.bars({"a_b": 1.0, "c": 2.0}, "share").axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ["a b", "c"]
    with pytest.raises(InputError, match="values must be of one number or more"):
        plots.bars({}, "share")


def test_a_figure_is_saved(tmp_path):
    path = plots.save(plots.curves(METRICS), tmp_path / "curve.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match=r"nowhere.*cannot be written"):
        plots.save(plots.curves(METRICS), tmp_path / "nowhere" / "curve.png")


def test_curves_leave_out_what_has_no_fitness():
    """An individual that diverges has the least int32, and its axis would hide all others."""
    rows = [
        {"generation": 1, "best": -8, "median": LEAST, "worst": LEAST, "return": LEAST_FIGURE},
        {"generation": 2, "best": -4, "median": -6, "worst": LEAST, "return": -3.0},
    ]
    panel = plots.curves(rows).axes[0]
    low, high = panel.get_ylim()
    assert -9 < low < -8 < -3 < high < -2
    np.testing.assert_array_equal(panel.lines[1].get_ydata(), [np.nan, -6])
    assert plots.curves(rows[:1] * 2).axes[0].get_ylim()[0] < -8
    nothing = dict.fromkeys(("best", "median", "worst"), LEAST)
    assert plots.curves([{"generation": 1, **nothing}]).axes[0].get_ylim()[1] < 2
