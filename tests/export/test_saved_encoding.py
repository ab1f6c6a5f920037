"""An encoding in a network's file, and the fingerprint that holds the file to what was written."""

import json
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from experiments import without_jax
from tejax import InputError, export, networks, tasks
from tejax.core import pytrees
from tejax.tasks.datasets import encoding

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 5)) / 3, np.arange(40) % 3
TASK = tasks.classification(X, Y, trits=2, placement="quantile")
NETWORK = networks.MLP((10, 7, 3), dead_zone=0.5)


def random_genome(network, seed=0):
    """Trits of the right shapes, made by NumPy, which compiles nothing."""
    rng = np.random.default_rng(seed)
    outline = jax.eval_shape(network.init, jax.random.key(0))
    return jax.tree.map(lambda leaf: jnp.asarray(rng.integers(-1, 2, leaf.shape), jnp.int8), outline)


GENOME = random_genome(NETWORK)


@pytest.fixture
def path(tmp_path):
    """A file with an encoding."""
    file = tmp_path / "net.safetensors"
    export.save(file, NETWORK, GENOME, {"task": {"name": "xor"}}, encoding=TASK.encoding)
    return file


def test_an_encoding_comes_back_with_the_network(path):
    saved = export.read(path)
    assert saved.encoding == TASK.encoding
    assert saved.encoding.thresholds.tobytes() == TASK.encoding.thresholds.tobytes()
    np.testing.assert_array_equal(saved.encoding(X), TASK.encode(X))
    assert set(saved.metadata) == {"task", "encoding"}
    again = path.with_name("again")
    export.save(again, saved.network, saved.genome, saved.metadata)
    assert again.read_bytes() == path.read_bytes()


def test_a_file_without_an_encoding_has_none(tmp_path):
    export.save(tmp_path / "x", NETWORK, GENOME)
    assert export.read(tmp_path / "x").encoding is None


def test_an_encoding_of_other_inputs_is_refused(tmp_path):
    other = encoding.fit(X, 3)
    with pytest.raises(InputError, match="encoding must be one that makes 10 inputs: got encoding='of 15'"):
        export.save(tmp_path / "x", NETWORK, GENOME, encoding=other)
    with pytest.raises(InputError, match="metadata"):
        export.save(tmp_path / "x", NETWORK, GENOME, {"task": object()})
    assert not list(tmp_path.iterdir())


def test_metadata_of_any_json_come_back(tmp_path):
    odd = {"a": {3: "x", 10: [1.5, None, True], 2: {}}, "ü\ud800": -0.0, "big": 10**300, "t": (1, 2)}
    export.save(tmp_path / "x", NETWORK, GENOME, odd)
    assert export.read(tmp_path / "x").metadata == json.loads(json.dumps(odd))


def test_every_flipped_bit_is_refused_or_changes_nothing(path):
    data = path.read_bytes()
    whole = export.read(path)
    start = 8 + int.from_bytes(data[:8], "little")
    places = [*range(start, len(data)), *np.random.default_rng(1).choice(start, 150, replace=False)]
    for place in places:
        broken = bytearray(data)
        broken[place] ^= 1 << int(RNG.integers(8))
        path.write_bytes(broken)
        saved, message = None, ""
        try:
            saved = export.read(path)
        except InputError as error:
            message = str(error)
        if saved is None:
            assert message.startswith(f"{path}: ")
            assert "\n" not in message
        else:
            assert place < start
            assert saved.network == whole.network
            assert saved.metadata == whole.metadata
            assert pytrees.fingerprint(saved.genome) == pytrees.fingerprint(whole.genome)


def _opened(path):
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()["tejax"])  # noqa: SIM118


def _other_trit(tensors, note):
    """The first trit of a leaf becomes another one, in both planes as it should be."""
    first = tensors["0.weights"][:, 0] & 1
    tensors["0.weights"][:, 0] ^= 1 if first.any() else np.array([1, 0], np.uint8)


CHANGES = {
    "a trit": _other_trit,
    "two layers": lambda tensors, note: tensors.update({"0.bias": tensors["0.bias"][::-1]}),
    "the dead zone": lambda tensors, note: note["network"].update(dead_zone=0.25),
    "a threshold": lambda tensors, note: note["encoding"]["thresholds"][0].__setitem__(0, -9.5),
    "the kind": lambda tensors, note: note["encoding"].update(kind="thermometer", thresholds=[[0], [1]]),
    "the task": lambda tensors, note: note["task"].update(name="parity"),
    "no encoding": lambda tensors, note: note.pop("encoding"),
    "no fingerprint": lambda tensors, note: note.pop("fingerprint"),
    "another fingerprint": lambda tensors, note: note.update(fingerprint="0" * 64),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_file_that_was_changed_is_refused(path, case):
    tensors, note = _opened(path)
    CHANGES[case](tensors, note)
    save_file({name: np.ascontiguousarray(each) for name, each in tensors.items()}, path, {"tejax": json.dumps(note)})
    with pytest.raises(InputError, match=r"fingerprint must be that of the file as it was written: it has changed"):
        export.read(path)


def test_a_file_written_again_by_another_program_is_the_same(path):
    tensors, note = _opened(path)
    save_file(tensors, path, {"tejax": json.dumps(dict(reversed(note.items())), indent=1), "other": "thing"})
    assert export.read(path).encoding == TASK.encoding


@pytest.mark.parametrize("kind", ["trits", "thermometer"])
@pytest.mark.parametrize("placement", ["range", "quantile"])
def test_numpy_alone_encodes_as_tejax_does(tmp_path, kind, placement):
    encode = encoding.fit(X, 2, kind, placement)
    path = tmp_path / "x"
    export.save(path, NETWORK, GENOME, encoding=encode)
    for x in (X, X.astype(np.float32), encode.thresholds[[0, 1]], (X * 9).astype(int)):
        np.testing.assert_array_equal(without_jax.encode(path, x), encode(x))


def test_the_numpy_example_answers_numbers_where_there_is_no_jax(path):
    np.save(path.with_name("x.npy"), X)
    script = Path(without_jax.__file__)
    without = "import sys; sys.modules['jax'] = sys.modules['tejax'] = None; import runpy; sys.argv = sys.argv[1:]; "
    command = [sys.executable, "-c", without + "runpy.run_path(sys.argv[0], run_name='__main__')", script, path]
    done = subprocess.run([*command, path.with_name("x.npy")], capture_output=True, text=True, check=True)
    shown = [[int(number) for number in line.split()] for line in done.stdout.splitlines()]
    np.testing.assert_array_equal(shown, jax.jit(NETWORK.apply)(GENOME, jnp.asarray(TASK.encode(X))))
    np.save(path.with_name("x.npy"), X[:, :4])
    done = subprocess.run([*command, path.with_name("x.npy")], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "inputs must be rows of 5 numbers: got an array of shape (40, 4)\n"
