import jax
import numpy as np
import pytest

from tejax import networks
from tejax.errors import InputError
from tejax.types import UNANSWERED
from tejax.viz import circuit, plots

NETWORK = networks.Autonomous(12, control=3, output=7)


@pytest.fixture(scope="module")
def traced():
    return NETWORK.trace(NETWORK.init(jax.random.key(1)), 30)


def test_every_tick_and_every_emission_is_drawn(traced, tmp_path):
    values, said = map(np.asarray, traced)
    spoken = said[said != UNANSWERED]
    targets = np.where(np.arange(40) % 4 == 0, 0, 1)
    figure = circuit.draw(values, said, targets, 3, 7)
    above, below = figure.axes
    assert np.array_equal(above.images[0].get_array(), values.T)
    assert np.array_equal(below.images[0].get_array(), np.stack([spoken, targets[: len(spoken)]]))
    right = int((spoken == targets[: len(spoken)]).sum())
    assert below.get_title(loc="left") == f"{right} of {len(spoken)} right"
    assert len(below.lines[0].get_xdata()) == len(spoken) - right
    assert above.get_title(loc="left") == f"12 neurons, 30 ticks, of which {len(spoken)} speak"
    assert plots.save(figure, tmp_path / "ticks.png", dpi=60).stat().st_size > 5_000
    assert len(circuit.draw(values, said).axes[1].images[0].get_array()) == 1


def test_one_that_never_speaks_is_drawn_too():
    circuit.draw(np.zeros((4, 3), np.int8), np.full(3, UNANSWERED), np.ones(5, np.int8))


def test_what_does_not_fit_is_refused(traced):
    values, said = map(np.asarray, traced)
    with pytest.raises(InputError, match=r"values must be trits \[T \+ 1, N\]"):
        circuit.draw(values[:-1], said)
    with pytest.raises(InputError, match="targets must be"):
        circuit.draw(values, said, np.ones(1, np.int8))
