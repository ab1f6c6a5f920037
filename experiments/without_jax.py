"""A network from its file, in NumPy alone: neither JAX nor tejax is imported.

    python experiments/without_jax.py runs/mine/best.safetensors inputs.npy

inputs.npy holds numbers [N, F] for a network of a classification, whose file says how they become its inputs, and those
inputs, int8 [N, F], for any other; one line a row is printed, the outputs int32, and the name of its class where the
file has names.
"""

import json
import sys

import numpy as np
from safetensors import safe_open


def load(path):
    """The layers of a multilayer perceptron: weights [O, F], bias [O] and dead zone, all integers."""
    with safe_open(path, framework="numpy") as file:
        spec = json.loads(file.metadata()["tejax"])["network"]
        bits = {name: np.unpackbits(file.get_tensor(name), axis=1, bitorder="little") for name in file.keys()}  # noqa: SIM118
    trits = {name: plus.astype(np.int32) - minus for name, (plus, minus) in bits.items()}
    for place, (fan_in, neurons) in enumerate(zip(spec["features"], spec["features"][1:])):  # noqa: B905
        weights = trits[f"{place}.weights"][: neurons * fan_in].reshape(neurons, fan_in)
        bias = trits[f"{place}.bias"][: neurons * spec["bias"]].reshape(neurons, spec["bias"])
        levels = 1 if place else spec["levels"]
        zone = int(spec["dead_zone"] * (fan_in * (levels * (levels + 1) // 2)) ** 0.5)
        yield weights, bias.sum(axis=1), zone


def encode(path, x):
    """The trits or whole numbers, int8, that numbers x [N, F] become by the thresholds in the file; else x itself."""
    with safe_open(path, framework="numpy") as file:
        encoding = json.loads(file.metadata()["tejax"]).get("encoding")
    if encoding is None:
        return x
    if x.shape[1:] != (encoding["features"],):
        sys.exit(f"inputs must be rows of {encoding['features']} numbers: got an array of shape {x.shape}")
    levels = encoding["thresholds"]  # of each level one number a feature, or one for all features
    above = np.stack([x.astype(np.float64) > np.array(level) for level in levels], axis=1).astype(np.int8)
    if encoding["kind"] == "levels":
        return above.sum(axis=1) - len(levels) // 2
    low, high = (above, above) if encoding["kind"] == "thermometer" else np.split(above, 2, axis=1)
    return (low + high - 1).reshape(len(x), -1)


def apply(layers, x):
    """The outputs, int32 [N, O], for inputs x [N, F]."""
    for weights, bias, zone in layers:
        sums = x.astype(np.int32) @ weights.T + bias
        x = np.sign(sums) * (np.abs(sums) > zone)
    return sums


def classes(path):
    """The names of the classes in the file; none where they are called by their numbers."""
    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["tejax"]).get("classes")


if __name__ == "__main__":
    names = classes(sys.argv[1])
    for row in apply(load(sys.argv[1]), encode(sys.argv[1], np.load(sys.argv[2]))):
        print(*row, *([] if names is None else [names[row.argmax()]]))
