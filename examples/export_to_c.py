"""A network leaves as C99, integers alone, and answers as it did in JAX."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import jax
import numpy as np

import tejax
from tejax import export

MAIN = """#include <stdio.h>
#include "wine.h"
int main(void) {
    double values[WINE_VALUES]; int8_t x[WINE_INPUTS]; int32_t y[WINE_OUTPUTS];
    for (int i = 0; i < WINE_VALUES; i++) if (scanf("%lf", values + i) != 1) return 1;
    wine_encode(values, x); wine(x, y);
    for (int i = 0; i < WINE_OUTPUTS; i++) printf("%d ", (int)y[i]);
    return 0;
}"""
task, network = tejax.tasks.wine(trits=2), tejax.networks.MLP((26, 8, 3))
result = tejax.evolve(jax.random.key(0), tejax.strategies.Genetic(population=64), network, task, generations=40)
sample = np.array([13.2, 1.8, 2.1, 11.2, 100, 2.6, 2.8, 0.3, 1.3, 4.4, 1.1, 3.4, 1050])  # 13 measurements of a wine
print("JAX says", *np.asarray(network.apply(result.best, task.encode(sample[None])))[0])

with tempfile.TemporaryDirectory() as folder:
    main, program = Path(folder) / "main.c", Path(folder) / "wine"
    main.write_text(MAIN)
    source, _ = export.save_c(Path(folder) / "wine.c", network, result.best, "wine", encoding=task.encoding)
    if compiler := shutil.which("cc") or shutil.which("gcc"):
        subprocess.run([compiler, "-std=c99", main, source, "-o", program], check=True)
        said = subprocess.run([program], input=" ".join(map(str, sample)), text=True, capture_output=True, check=True)
        print("C says  ", said.stdout)
    else:
        print("no C compiler here: the source has", len(source.read_text()), "characters")
