"""Islands belong to the experiment, devices to the machine: one device or eight, the genomes are the same."""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=8")  # a CPU pretends to be eight

import jax

import tejax

task = tejax.tasks.parity(4)
network = tejax.networks.MLP((task.features, 16, task.outputs))
islands = tejax.Islands(tejax.strategies.Genetic(population=64), count=8, every=5)

found = {}
for devices in (1, len(jax.devices())):
    mesh = tejax.parallel.make_mesh(devices)
    result = tejax.evolve(jax.random.key(0), islands, network, task, generations=60, mesh=mesh)
    found[devices] = tejax.pytrees.fingerprint(result.best)
    print(f"devices: {devices}; right: {result.fitness} of {task.y.size}; genome: {found[devices][:16]}")
print("the same bits" if len(set(found.values())) == 1 else "a fault: please report it")
