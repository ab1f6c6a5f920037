"""The kernel of a perceptron's loss: interpreted, against NumPy; and lowered to Triton for a GPU that is not here."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

from tejax import InputError, fixedpoint
from tejax.engines import fused
from tejax.engines.gpu import Tiles, choose_tiles, perceptron, perceptron_loss, perceptron_matches
from tejax.engines.low_rank import LowRankMatrix
from tests.helpers import first_quick

CROSS_ENTROPY = [("cross_entropy", temperature) for temperature in [(1, 1), (4, 1), (3, 2), (1, 64), (4096, 1)]]
LOSSES = [*CROSS_ENTROPY, ("margin", (3, 1)), ("wrong", (1, 1))]


@pytest.fixture(autouse=True)
def interpreted(monkeypatch):
    monkeypatch.setenv("TEJAX_FUSED", "interpret")


def _problem(features, samples, population=3, seed=0, levels=1):
    random = np.random.default_rng(seed)
    x = random.integers(-levels, levels + 1, (samples, features[0])).astype(np.int8)
    y = random.integers(0, features[-1], samples).astype(np.int32)
    layers = [
        (
            random.integers(-1, 2, (population, outputs, fan_in)).astype(np.int8),
            random.integers(-3, 4, (population, outputs)).astype(np.int32),
        )
        for fan_in, outputs in itertools.pairwise(features)
    ]
    return jax.tree.map(jnp.asarray, (x, y, layers))


def _outputs(x, layers, zones):
    """The outputs [P, B, O] in NumPy's 64-bit integers."""
    rows = []
    for network in range(layers[0][0].shape[0]):
        values = np.asarray(x).astype(np.int64)
        for (weights, biases), zone in zip(layers, [*zones, None], strict=True):
            sums = values @ np.asarray(weights[network]).astype(np.int64).T + np.asarray(biases[network])
            values = sums if zone is None else np.sign(sums) * (np.abs(sums) > zone)
        rows.append(values.astype(np.int32))
    return np.stack(rows)


def _losses(outputs, y, loss, temperature):
    each = fixedpoint.make_loss(loss, temperature)
    return [int(fixedpoint.total(each.sample(jnp.asarray(rows), y), each.limit)) for rows in outputs]


def _of_population(x, y, zones, loss, temperature, tiles=None):
    return jax.jit(jax.vmap(lambda layers: perceptron_loss(x, y, layers, zones, loss, temperature, tiles)))


def _assert_exact(features, samples, zones, loss="cross_entropy", temperature=(4, 1), tiles=None, population=3):
    x, y, layers = _problem(features, samples, population)
    got = _of_population(x, y, zones, loss, temperature, tiles)(layers)
    assert got.dtype == jnp.int32
    assert got.tolist() == _losses(_outputs(x, layers, zones), y, loss, temperature)


@pytest.mark.parametrize(("loss", "temperature"), LOSSES, ids=str)
@pytest.mark.parametrize("outputs", first_quick([10, 100, 1, 2, 16, 17]))
def test_every_loss(outputs, loss, temperature):
    _assert_exact((9, 20, outputs), 70, (1,), loss, temperature)


@pytest.mark.parametrize("fan_in", first_quick([3, 33, *(size for size in range(1, 71) if size not in (3, 33))], 2))
def test_every_fan_in(fan_in):
    _assert_exact((fan_in, fan_in, 4), 5, (0,))


@pytest.mark.parametrize(
    "features",
    first_quick([(70, 3), (17, 100, 40, 66, 5), (300, 130, 10), (6, 300, 20, 4), (6, 270, 30, 300, 7, 3)], 4),
    ids=str,
)
def test_depths_and_widths(features):
    _assert_exact(features, 150, tuple(range(len(features) - 2)))


@pytest.mark.parametrize("levels", first_quick([8, 127]))
@pytest.mark.parametrize("features", first_quick([(21, 9, 5), (33, 4)]))
def test_whole_numbers_as_inputs(levels, features):
    x, y, layers = _problem(features, 70, levels=levels)
    zones = (3,) * (len(features) - 2)
    loss = fixedpoint.make_loss("cross_entropy", (4, 1))
    found = jax.jit(jax.vmap(lambda layers: fused.fused_loss(x, y, layers, zones, loss, levels)))(layers)
    assert found.tolist() == _losses(_outputs(x, layers, zones), y, "cross_entropy", (4, 1))


def test_a_dead_zone_beyond_every_sum():
    _assert_exact((5, 7, 9, 3), 20, (2**30, 0))


def _low_rank(features, rank, population=3):
    """Matrices of low rank, and what they stand for."""
    random = np.random.default_rng(1)
    low, high = [], []
    for fan_in, neurons in itertools.pairwise(features):
        sizes = (neurons, fan_in), (population, neurons, rank), (population, rank, fan_in)
        base, rows, columns = (random.integers(-1, 2, size).astype(np.int8) for size in sizes)
        biases = random.integers(-3, 4, (population, neurons)).astype(np.int32)
        low.append((LowRankMatrix(base, rows, columns), biases))
        high.append((base + rows @ columns, biases))
    return jax.tree.map(jnp.asarray, (low, high))


LOW = [((70, 33, 5), 3), ((20, 270, 40, 6), 1), ((70, 33, 5), 1), ((20, 270, 40, 6), 3), ((9, 4), 1), ((9, 4), 3)]


@pytest.mark.parametrize("sizes", first_quick(LOW, 2), ids=str)
def test_matrices_of_low_rank(sizes):
    features, rank = sizes
    zones = tuple(range(len(features) - 2))
    x, y, _ = _problem(features, 90)
    low, high = _low_rank(features, rank)
    axes = [(LowRankMatrix(None, 0, 0), 0) for _ in low]
    each = functools.partial(perceptron_loss, x, y, zones=zones, temperature=(4, 1))
    got = jax.jit(jax.vmap(each, in_axes=(axes,)))(low)
    assert got.tolist() == _losses(_outputs(x, high, zones), y, "cross_entropy", (4, 1))
    islands = jax.tree.map(lambda leaf: jnp.stack([leaf, -leaf]), low)  # two of them, a base for each
    apart = jax.vmap(jax.vmap(each, in_axes=(axes,)))(islands)
    assert apart[0].tolist() == got.tolist()
    assert apart[1].tolist() == jax.vmap(each, in_axes=(axes,))(jax.tree.map(lambda leaf: leaf[1], islands)).tolist()


@pytest.mark.parametrize(("features", "bytes_"), [((9, 20, 4), 400), ((6, 300, 20, 4), 40_000)], ids=str)
def test_a_population_too_large_for_offsets_is_taken_in_parts(monkeypatch, features, bytes_):
    monkeypatch.setattr(perceptron, "ADDRESSED", bytes_)
    _assert_exact(features, 70, (1,) * (len(features) - 2), population=5)


@pytest.mark.parametrize("samples", first_quick([0, 129, 1, 64], 2))
def test_any_number_of_samples(samples):
    _assert_exact((5, 6, 3), samples, (0,))


def test_a_sum_of_many_losses_is_halved():
    _assert_exact((2, 3), 2**17, (), "cross_entropy", (1, 1), Tiles(1024, 32, 32, 4, 1))


@pytest.mark.parametrize(
    "tiles",
    first_quick([Tiles(16, 32, 32, 1, 2, 3, 3), Tiles(64, 32, 128, 4, 3, 2), Tiles(32, 128, 64, 8, 1, 1, 2)], 2),
)
@pytest.mark.parametrize("features", [(70, 50, 6), (40, 300, 40, 6)], ids=str)
def test_tiles_change_no_result(features, tiles):
    _assert_exact(features, 100, (1,) * (len(features) - 2), tiles=tiles)


@pytest.mark.parametrize(("loss", "temperature"), LOSSES[::3], ids=str)
def test_outputs_and_biases_as_large_as_int32(loss, temperature):
    x, y, layers = _problem((5, 8, 4), 40)
    large = np.random.default_rng(1).choice([-(2**31) + 100, 2**31 - 100, 0], (2, 3, 8)).astype(np.int32)
    layers = [(layers[0][0], jnp.asarray(large[0])), (layers[1][0], jnp.asarray(large[1, :, :4]))]
    got = _of_population(x, y, (2,), loss, temperature)(layers)
    assert got.tolist() == _losses(_outputs(x, layers, (2,)), y, loss, temperature)


@pytest.mark.parametrize("features", first_quick([(8, 20, 5), (3, 1), (9, 300, 12, 33)], 2), ids=str)
def test_matches_of_a_truth_table(features):
    x, _, layers = _problem(features, 100)
    zones = (0,) * (len(features) - 2)
    y = jnp.asarray(np.random.default_rng(1).integers(-1, 2, (100, features[-1])), jnp.int8)
    got = jax.jit(jax.vmap(lambda layers: perceptron_matches(x, y, layers, zones)))(layers)
    signs = np.sign(_outputs(x, layers, zones))
    assert got.tolist() == np.sum(signs == np.asarray(y), axis=(1, 2)).tolist()


def test_one_network_and_a_population_of_populations():
    x, y, layers = _problem((9, 12, 4), 30, population=6)
    loss = functools.partial(perceptron_loss, zones=(0,))
    wanted = _losses(_outputs(x, layers, (0,)), y, "cross_entropy", (1, 1))
    assert int(jax.jit(loss)(x, y, jax.tree.map(lambda leaf: leaf[2], layers))) == wanted[2]
    islands = jax.tree.map(lambda leaf: leaf.reshape(2, 3, *leaf.shape[1:]), layers)
    each = jax.vmap(jax.vmap(loss, in_axes=(None, None, 0)), in_axes=(None, None, 0))
    assert jax.jit(each)(x, y, islands).reshape(-1).tolist() == wanted
    traced = jax.make_jaxpr(each)(x, y, islands)
    assert str(traced).count("pallas_call") == 1


def test_each_run_may_have_samples_and_a_layer_may_be_shared():
    x, y, layers = _problem((9, 12, 4), 30, population=4)
    xs = jnp.stack([x, -x])
    islands = jax.tree.map(lambda leaf: leaf.reshape(2, 2, *leaf.shape[1:]), layers)
    loss = functools.partial(perceptron_loss, zones=(0,))
    each = jax.vmap(jax.vmap(loss, in_axes=(None, None, 0)), in_axes=(0, None, 0))
    halves = [jax.tree.map(lambda leaf, run=run: leaf[run], islands) for run in range(2)]
    wanted = [_losses(_outputs(*row, (0,)), y, "cross_entropy", (1, 1)) for row in zip(xs, halves, strict=True)]
    assert jax.jit(each)(xs, y, islands).tolist() == wanted
    last = jax.tree.map(lambda leaf: leaf[0], layers[1])
    shared = jax.jit(jax.vmap(lambda first: loss(x, y, [first, last])))(layers[0])
    copies = [layers[0], jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (4, *leaf.shape)), last)]
    assert shared.tolist() == _losses(_outputs(x, copies, (0,)), y, "cross_entropy", (1, 1))


def test_a_population_may_be_spread_over_devices():
    x, y, layers = _problem((9, 12, 4), 30, population=16)
    mesh = Mesh(np.array(jax.devices()), ("devices",))
    rows, whole = PartitionSpec("devices"), PartitionSpec()
    each = jax.vmap(functools.partial(perceptron_loss, zones=(0,)), in_axes=(None, None, 0))
    spread = jax.shard_map(each, mesh=mesh, in_specs=(whole, whole, rows), out_specs=rows, check_vma=False)
    wanted = _losses(_outputs(x, layers, (0,)), y, "cross_entropy", (1, 1))
    assert jax.jit(spread)(x, y, layers).tolist() == wanted


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": "hinge"}, r"^loss must be one of \["),
        ({"temperature": (0, 1)}, r"^temperature must be a ratio"),
        ({"zones": ()}, r"^zones must be 1, one for each hidden layer: got zones=\(\)$"),
        ({"zones": (-1,)}, r"^zones must be at least 0"),
        ({"x": jnp.zeros((4, 6), jnp.int8)}, r"^layers must be of shapes \[\(\(3, 6\), \(3,\)\), .* for 6 inputs"),
        ({"y": jnp.zeros(3, jnp.int32)}, r"^y must be one label for each of 4 samples: got y=\(3,\)$"),
        ({"layers": []}, r"^layers must be of shapes"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(change, message):
    x, y, layers = _problem((5, 3, 2), 4)
    given = {"x": x, "y": y, "layers": jax.tree.map(lambda leaf: leaf[0], layers), "zones": (0,)} | change
    with pytest.raises(InputError, match=message):
        perceptron_loss(**given)


@pytest.mark.parametrize("features", [(2**15 + 1, 2, 2), (4, 257)], ids=str)
def test_what_the_kernel_cannot_hold_is_refused(features):
    layers = [
        (jax.ShapeDtypeStruct((o, f), jnp.int8), jax.ShapeDtypeStruct((o,), jnp.int32))
        for f, o in itertools.pairwise(features)
    ]
    x, y = jax.ShapeDtypeStruct((4, features[0]), jnp.int8), jax.ShapeDtypeStruct((4,), jnp.int32)
    with pytest.raises(InputError, match=r"^features must be of at most 32768 inputs a layer and 256 outputs: got"):
        jax.eval_shape(functools.partial(perceptron_loss, zones=(0,) * (len(features) - 2)), x, y, layers)


def test_without_a_gpu_it_says_so(monkeypatch):
    monkeypatch.delenv("TEJAX_FUSED")
    x, y, layers = _problem((5, 3, 2), 4, population=1)
    with pytest.raises(InputError, match=r"^engine must be another one here: the gpu engine is for GPUs only, not for"):
        perceptron_loss(x, y, jax.tree.map(lambda leaf: leaf[0], layers), (0,))


@pytest.mark.parametrize("population", [1, 128, 512, 65536])
def test_few_networks_share_a_gpu(population):
    tiles = choose_tiles((64, 64, 10), 1437, population)
    assert tiles.splits * population >= 500 or tiles.splits == -(-1437 // tiles.block)


@pytest.mark.parametrize("loss", first_quick(["cross_entropy", "margin", "wrong", "matches"], 2))
@pytest.mark.parametrize(
    "features",
    first_quick([(64, 64, 10), (784, 256, 10), (20, 33, 200, 100, 3), (784, 1024, 1024, 10), (64, 100), (3, 1)], 3),
    ids=str,
)
def test_triton_takes_the_kernel(monkeypatch, features, loss):
    """Lowering needs no GPU; of what Triton itself would say, this checks types, shapes and operations."""
    monkeypatch.delenv("TEJAX_FUSED")
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    _, _, layers = jax.eval_shape(functools.partial(_problem, features, 100))
    zones = tuple(range(len(features) - 2))
    x, y = jax.ShapeDtypeStruct((100, features[0]), jnp.int8), jax.ShapeDtypeStruct((100,), jnp.int32)
    each = functools.partial(perceptron_loss, zones=zones, loss=loss)
    if loss == "matches":
        y = jax.ShapeDtypeStruct((100, features[-1]), jnp.int8)
        each = functools.partial(perceptron_matches, zones=zones)
    traced = jax.jit(jax.vmap(each, in_axes=(None, None, 0))).trace(x, y, layers)
    text = traced.lower(lowering_platforms=("cuda",)).as_text()
    assert "triton" in text
    assert "tejax_perceptron" in text


@pytest.mark.parametrize("features", first_quick([(128, 64, 10), (784, 256, 10), (20, 270, 30, 3)]), ids=str)
def test_triton_takes_matrices_of_low_rank(monkeypatch, features):
    monkeypatch.delenv("TEJAX_FUSED")
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    low, _ = jax.eval_shape(functools.partial(_low_rank, features, 2))
    x, y = jax.ShapeDtypeStruct((100, features[0]), jnp.int8), jax.ShapeDtypeStruct((100,), jnp.int32)
    axes = (None, None, [(LowRankMatrix(None, 0, 0), 0) for _ in low])
    each = functools.partial(perceptron_loss, zones=(0,) * (len(features) - 2))
    text = jax.jit(jax.vmap(each, in_axes=axes)).trace(x, y, low).lower(lowering_platforms=("cuda",)).as_text()
    assert "tejax_perceptron" in text
