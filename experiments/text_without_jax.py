"""A network that reads bytes from its file, in NumPy alone: neither JAX nor tejax is imported.

    python experiments/text_without_jax.py runs/mine/best.safetensors "def " 400

A text and as many bytes that go on with it are written as they come, drawn by the temperature in the file.
"""

import json
import os
import sys

import numpy as np
from safetensors import safe_open


def load(path):
    """What the file says of the network, and its trits by name, int8."""
    with safe_open(path, framework="numpy") as file:
        note = json.loads(file.metadata()["tejax"])
        bits = {name: np.unpackbits(file.get_tensor(name), axis=1, bitorder="little") for name in file.keys()}  # noqa: SIM118
    spec = note["network"]
    _, neurons, outputs = spec["features"]
    shapes = {
        "tables": (256, spec["context"], neurons),
        "memory.weights": (neurons, neurons),
        "memory.bias": (neurons, spec["bias"]),
        "readout.weights": (outputs, neurons),
        "readout.bias": (outputs, spec["bias"]),
    }
    trits = {name: plus.astype(np.int8) - minus.astype(np.int8) for name, (plus, minus) in bits.items()}
    return note, {name: trits[name][: np.prod(shape, dtype=int)].reshape(shape) for name, shape in shapes.items()}


def begin(spec):
    """The state before the first byte: the latest bytes, uint8 [K], and the neurons' traces, int8 [N]."""
    return np.zeros(spec["context"], np.uint8), np.zeros(spec["features"][1], np.int8)


def step(spec, trits, state, byte):
    """The next state and the outputs, int32 [O], after one byte."""
    latest, traces = np.append(np.uint8(byte), state[0][:-1]), state[1].astype(np.int32)
    seen = np.sign(traces) * (np.abs(traces) > spec["threshold"])
    heard = trits["tables"][latest, np.arange(len(latest))].sum(axis=0, dtype=np.int32)
    hidden = np.sign(layer(trits, "memory", seen) + spec["weight"] * heard)
    traces = np.clip(traces - (traces >> spec["fade"]) + spec["step_size"] * hidden, -127, 127)
    return (latest, traces.astype(np.int8)), layer(trits, "readout", hidden)


def layer(trits, name, x):
    """The sums of a layer, int32, for trits x."""
    return trits[f"{name}.weights"].astype(np.int32) @ x + trits[f"{name}.bias"].sum(axis=1, dtype=np.int32)


def generate(path, prompt, length, seed=0):
    """As many bytes that go on with a text of one or more, one by one."""
    note, trits = load(path)
    (over, under), spec = note["temperature"], note["network"]
    state, rng = begin(spec), np.random.default_rng(seed)
    for byte in prompt:
        state, outputs = step(spec, trits, state, byte)
    for _ in range(length):
        terms = 2.0 ** ((outputs - outputs.max()) * under / over)
        byte = rng.choice(len(terms), p=terms / terms.sum())
        yield byte
        state, outputs = step(spec, trits, state, byte)


if __name__ == "__main__":
    prompt = os.fsencode(sys.argv[2])
    sys.stdout.buffer.write(prompt)
    for each in generate(sys.argv[1], prompt, int(sys.argv[3])):
        sys.stdout.buffer.write(bytes([each]))
        sys.stdout.buffer.flush()
