"""Networks of bytes: grading against a plain loop, what is learned, and a generation of EGG against NumPy."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tejax import networks
from tejax.baselines import language
from tejax.baselines.language import egg, egg_network
from tejax.baselines.language._methods import Streams
from tejax.baselines.language.recurrent import GRU
from tejax.baselines.language.straight_through import Shadow
from tejax.baselines.language.through_time import Recipe
from tejax.errors import InputError
from tejax.tasks._language import to_trits
from tejax.tasks.datasets.corpora import Corpus

PERIODIC = np.frombuffer(b"hello, world. " * 100, np.uint8)
CORPUS = Corpus("made", PERIODIC, PERIODIC, PERIODIC)


def test_streams_go_round():
    text = np.arange(10, dtype=np.uint8)
    inputs, targets = Streams(text, 2, 3).window(1)
    assert inputs.tolist() == [[3, 4, 5], [8, 9, 0]]
    assert targets.tolist() == [[4, 5, 6], [9, 0, 1]]


def test_grading_is_a_loop_over_bytes():
    model, text = GRU(4), PERIODIC[:30]
    params = model.init(jax.random.key(0))
    step = jax.jit(model.step)
    memory, before, bits = model.memory(), 0, 0.0
    for byte in text:
        memory, logits = step(params, memory, jnp.uint8(before))
        bits -= float(jax.nn.log_softmax(logits)[byte]) / math.log(2)
        before = byte
    assert language.bits_per_byte(model, params, text) == pytest.approx(bits / 30, rel=1e-5)


def test_places_are_graded_once_each():
    model, text = GRU(4), np.random.default_rng(0).integers(0, 256, 3001).astype(np.uint8)
    params = model.init(jax.random.key(0))
    whole, parts = (language.bits_per_byte(model, params, text, streams) for streams in (1, 3))
    assert whole == pytest.approx(parts, rel=0.01)


def test_a_gru_learns_a_period(optimized):
    seen = []
    method = language.gru(width=16, recipe=Recipe(learning_rate=0.02, streams=8, window=14))
    budget = language.Budget(None, samples=8 * 14 * 80)
    outcome = method.fit(jax.random.key(0), CORPUS, budget, callback=seen.append)
    assert len(seen) == 80
    assert outcome.samples == seen[-1].samples == 8 * 14 * 80
    assert outcome.bits_per_byte < 1
    assert outcome.operations == 3 * outcome.samples * (6 * 16**2 + 256 * 16)


def test_a_callback_ends_it():
    method = language.gru(width=4, recipe=Recipe(streams=2, window=4))
    outcome = method.fit(jax.random.key(0), CORPUS, language.Budget(60), callback=lambda progress: True)
    assert outcome.samples == 8


@pytest.mark.parametrize(("budget", "message"), [((None, None), "seconds must be given"), ((0.0, None), "above 0")])
def test_a_budget_ends(budget, message):
    with pytest.raises(InputError, match=message):
        language.Budget(*budget).share(0.0, 0)


# EGG, in whole numbers, an individual at a time


def cut(x):
    return np.clip(x, -127, 127).astype(np.int64)


def slow_product(matrix, noise, sign, x):
    total = matrix @ x
    if noise is not None:
        total = total + ((noise.columns @ x) * noise.rows * sign >> 8)
    return cut(total // (16 * math.isqrt(len(x))))


def slow_vector(vector, noise, sign):
    return vector if noise is None else cut(vector + (noise * sign >> 8))


def slow_norm(gains, noise, sign, x):
    return cut(x * slow_vector(gains, noise, sign) // max(1, np.abs(x).sum() // len(x)))


def slow_read(params, noise, sign, memory, byte):
    """The memory after a byte, and outputs."""

    def part(of, name):
        return None if of is None else getattr(of, name)

    x = params.embedding[byte]
    if noise is not None:
        x = cut(x + (noise.embedding.columns * noise.embedding.rows[byte] * sign >> 8))
    after = []
    for index, block in enumerate(params.blocks):
        moved = None if noise is None else noise.blocks[index]

        def product(name, x, block=block, moved=moved):
            return slow_product(getattr(block, name), part(moved, name), sign, x)

        def vector(name, block=block, moved=moved):
            return slow_vector(getattr(block, name), part(moved, name), sign)

        state = memory[index]
        read = slow_norm(block.norm, part(moved, "norm"), sign, x)
        gate = cut(product("forget_input", read) + product("forget_state", state) + vector("forget_bias"))
        past = (gate + 127) * state >> 8
        hidden = cut(product("hidden_input", read) + product("hidden_state", past) + vector("hidden_bias"))
        state = cut(state + ((gate + 127) * (hidden - state) >> 8))
        after.append(state)
        x = cut(x + state)
        read = slow_norm(block.norm_inner, part(moved, "norm_inner"), sign, x)
        x = cut(x + product("narrow", np.maximum(product("widen", read), 0)))
    x = slow_norm(params.norm, part(noise, "norm"), sign, x)
    return np.stack(after), slow_product(params.output, part(noise, "output"), sign, x)


def slow_log_likelihood(outputs, byte):
    total = int(np.exp2((outputs + 128) / 16 + 4).astype(np.int64).sum())
    return int(outputs[byte]) + 128 - math.floor(16 * math.log2(total / 16))


def wide(tree):
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.int64), tree)


@pytest.mark.parametrize(("width", "layers"), [(4, 2), (7, 1)])
def test_a_generation_is_that_of_numpy(width, layers):
    model, pairs, length, alpha = egg_network.EGG(width, layers), 6, 5, 0.7
    init_key, key = jax.random.split(jax.random.key(1))
    params = model.init(init_key)
    rng = np.random.default_rng(0)
    inputs, targets = rng.integers(0, 256, (2, pairs, length)).astype(np.uint8)
    memory = rng.integers(-90, 90, (pairs, 2, layers, width)).astype(np.int8)
    moved, after = egg.generation(model, jax.random.clone(key), params, memory, inputs, targets, jnp.float32(alpha))

    noise = wide(jax.jit(jax.vmap(model.perturbation))(jax.random.split(key, pairs)))
    base, votes = wide(params), []
    for pair in range(pairs):
        own = jax.tree.map(lambda leaf, pair=pair: leaf[pair], noise)
        fitness = []
        for place, sign in enumerate((1, -1)):
            state, total = memory[pair, place].astype(np.int64), 0
            for byte, target in zip(inputs[pair], targets[pair], strict=True):
                state, outputs = slow_read(base, own, sign, state, byte)
                total += slow_log_likelihood(outputs, target)
            assert np.array_equal(after[pair, place], state)
            fitness.append(total)
        votes.append(np.sign(fitness[0] - fitness[1]))
    threshold = float(jax.scipy.stats.norm.ppf(1 - alpha / 2)) * 256 * math.sqrt(pairs)

    def stepped(values, noise):
        if isinstance(noise, egg_network.Factors):
            tally = sum(vote * np.outer(a, b) for vote, a, b in zip(votes, noise.rows, noise.columns, strict=True))
        else:
            tally = sum(vote * each for vote, each in zip(votes, noise, strict=True))
        return np.clip(values + np.where(np.abs(tally) >= threshold, np.sign(tally), 0), -127, 127)

    wanted = jax.tree.map(stepped, base, noise)
    assert any(vote != 0 for vote in votes)
    assert all(jax.tree.leaves(jax.tree.map(lambda a, b: np.array_equal(np.asarray(a), b), moved, wanted)))
    assert not np.array_equal(moved.output, params.output)


def test_whole_numbers_divide_as_integers_do():
    numerator, denominator = np.meshgrid(np.arange(-16129, 16130), np.arange(1, 128))
    assert np.array_equal(egg_network._over(jnp.asarray(numerator), jnp.asarray(denominator)), numerator // denominator)


def test_log_likelihoods_are_those_of_powers_of_two():
    outputs = np.random.default_rng(0).integers(-127, 128, (50, 256)).astype(np.int8)
    found = jax.jit(jax.vmap(egg_network.log_likelihood))(outputs, jnp.arange(50, dtype=jnp.uint8))
    assert found.tolist() == [slow_log_likelihood(row.astype(np.int64), byte) for byte, row in enumerate(outputs)]
    assert int(egg_network.log_likelihood(jnp.zeros(256, jnp.int8), jnp.uint8(7))) == -8 * 16


@pytest.mark.long
def test_egg_learns(optimized):
    method = language.eggroll(width=16, population=64, window=14)
    seen = []
    budget = language.Budget(None, samples=64 * 14 * 60)
    outcome = method.fit(jax.random.key(0), CORPUS, budget, callback=lambda progress: seen.append(progress) and False)
    assert outcome.parameters == egg_network.EGG(16).parameters == 2 * 256 * 16 + 12 * 16**2 + 5 * 16
    assert len(seen) == 60
    assert outcome.bits_per_byte < 7


@pytest.mark.parametrize("population", [0, 3])
def test_individuals_come_in_pairs(population):
    with pytest.raises(InputError, match="population must be even and positive"):
        language.eggroll(population=population)


def test_the_shadow_of_a_ternary_network_predicts_what_its_trits_predict():
    network = networks.ByteRecurrent((8, 6, 256), context=3, fade=2)
    shadow = Shadow(network)
    params = jax.tree.map(lambda leaf: 1.5 * leaf, shadow.init(jax.random.key(0)))  # so that synapses are trits, too
    text = np.random.default_rng(0).integers(0, 256, (2, 9)).astype(np.uint8)
    genome = shadow.genome(params)
    assert {-1, 0, 1} == {int(trit) for trit in np.unique(genome.memory.weights)}
    wanted = jax.jit(network.apply)(genome, to_trits(jnp.asarray(text)))
    for row, outputs in zip(text, np.asarray(wanted), strict=True):
        memory = shadow.memory()
        for byte, each in zip(row, outputs, strict=True):
            memory, logits = jax.jit(shadow.step)(params, memory, jnp.asarray(byte))
            assert np.allclose(logits, each * np.log(2) / 8, rtol=1e-6)


@pytest.mark.long
def test_gradients_teach_the_ternary_network_a_text_that_repeats_itself(optimized):
    corpus = CORPUS
    method = language.straight_through_reader(neurons=64, recipe=Recipe(0.01, 8, 16))
    outcome = method.fit(jax.random.key(0), corpus, language.Budget(None, 30_000))
    assert outcome.bits_per_byte < 2
    assert outcome.parameters == 256 * 128 + 64 * 64 + 64 * 8 + 256 * 64 + 256 * 8
