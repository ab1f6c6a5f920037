"""A table of your own, features and a label a row, becomes a task."""

import tempfile
from pathlib import Path

import jax
import numpy as np

import tejax

generator = np.random.default_rng(0)
celsius, hours = generator.uniform(-5, 35, 400), generator.uniform(0, 12, 400)  # features of any unit
kinds = np.where(celsius < 12, "stay in", np.where(hours > 5, "swim", "walk"))

with tempfile.TemporaryDirectory() as folder:
    table = Path(folder) / "days.csv"
    rows = (f"{c:.1f},{h:.1f},{kind}" for c, h, kind in zip(celsius, hours, kinds, strict=True))
    table.write_text("\n".join(["celsius,hours of sun,what to do", *rows]))
    task = tejax.tasks.from_files(table, trits=8)

network = tejax.networks.MLP((task.features, 16, task.outputs))
strategy = tejax.strategies.Genetic(population=64)
result = tejax.evolve(jax.random.key(0), strategy, network, task, generations=60)

print(f"right on {task.accuracy(network, result.best):.0%} of the days that evolution never saw")
for day in ((30.0, 9.0), (20.0, 2.0), (2.0, 9.0)):
    outputs = network.apply(result.best, task.encode(np.array([day])))
    print(f"{day[0]:.0f} °C, {day[1]:.0f} h of sun: {task.class_names[int(outputs.argmax())]}")
