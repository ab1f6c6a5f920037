"""Credit among many outputs: what forcing every trit would give, computed from two sums of the softmax's terms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tejax.core import fixedpoint
from tejax.errors import InputError
from tejax.networks import softmax_credit
from tests.helpers import first_quick
from tests.oracles import credit as oracle

CLOSE = 8  # thousandths of a bit


def drawn(seed, batch, neurons, outputs):
    rng = np.random.default_rng(seed)
    hidden, readout = (rng.integers(-1, 2, shape).astype(np.int8) for shape in ((batch, neurons), (outputs, neurons)))
    y = rng.integers(0, outputs, batch).astype(np.int32)
    bias = rng.integers(-4, 5, outputs)
    return hidden, readout, y, bias, (hidden.astype(np.int64) @ readout.T + bias).astype(np.int32)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**16), st.sampled_from([(3, 4, 5), (2, 9, 300)]), st.sampled_from([(1, 1), (3, 2), (8, 1)]))
def test_hidden_trits_have_the_credit_of_losses_that_are_computed_again(seed, sizes, temperature):
    hidden, readout, y, bias, outputs = drawn(seed, *sizes)
    loss = fixedpoint.make_loss("cross_entropy", temperature)
    found = softmax_credit.of_hidden(*map(jnp.asarray, (hidden, readout, outputs, y)), loss)
    wanted = oracle.exact(hidden, readout, bias, y, lambda o, label: int(loss.sample(jnp.int32(o), jnp.int32(label))))
    assert np.abs(np.asarray(found) - wanted).max() <= CLOSE
    assert np.any(wanted)


@pytest.mark.parametrize("temperature", first_quick([(8, 1), (1, 1), (5, 3)]))
def test_outputs_have_what_their_probabilities_lack(temperature):
    _, _, y, _, outputs = drawn(1, 40, 30, 256)
    loss, over = fixedpoint.make_loss("cross_entropy", temperature), temperature[0] / temperature[1]
    powers = np.exp2((outputs - outputs.max(axis=1, keepdims=True)) / over)
    exact = np.eye(256)[y] - powers / powers.sum(axis=1, keepdims=True)
    of = jax.jit(lambda key: softmax_credit.of_outputs(key, jnp.asarray(outputs), jnp.asarray(y), loss))
    many = np.stack([of(jax.random.key(seed)) for seed in range(64)]) / 2**14
    assert np.abs(many - exact).max() < 2**-10
    assert abs(many.mean() - exact.mean()) < 2**-14
    assert np.abs(many.mean(axis=0) - exact).max() < 2**-11


def test_what_has_no_such_credit_is_refused():
    hidden, readout, y, _, outputs = map(jnp.asarray, drawn(2, 3, 4, 5))
    for loss in (fixedpoint.make_loss("margin"), fixedpoint.make_loss("cross_entropy", (1, 2))):
        with pytest.raises(InputError):
            softmax_credit.of_hidden(hidden, readout, outputs, y, loss)
