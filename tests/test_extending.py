"""A package of someone else's: a strategy, a task, a network and an operator, each in one file, used everywhere."""

import json
import subprocess
import sys
import textwrap

import jax
import pytest

import tejax
from tejax import testing
from tests.helpers import tejax_process

PACKAGE = {
    "operators.py": '''
        """An operator."""

        import jax
        import jax.numpy as jnp
        from tejax import pytrees, random


        def negate(key, genome, *, rate):
            """A touched trit changes its sign."""
            keys = pytrees.keys_like(key, genome)
            touched = jax.tree.map(lambda key, leaf: random.bernoulli(key, leaf.shape, rate), keys, genome)
            return jax.tree.map(lambda hit, leaf: jnp.where(hit, -leaf, leaf), touched, genome)
        ''',
    "task.py": '''
        """A task."""

        import dataclasses
        from functools import partial
        from typing import Annotated

        import jax
        import jax.numpy as jnp
        import tejax
        from tejax.options import Between
        from tejax.types import Task


        @partial(jax.tree_util.register_dataclass, data_fields=["x", "y"], meta_fields=[])
        @dataclasses.dataclass(frozen=True)
        class Signs(Task):
            """Is the sum of the inputs positive?"""

            x: jax.Array
            y: jax.Array
            outputs = 1

            @property
            def features(self):
                return self.x.shape[1]

            @property
            def scale(self):
                return self.x.shape[0]

            def validate(self, network, genome):
                right = jnp.sign(network.apply(genome, self.x)[:, 0]) == self.y.astype(jnp.int32)
                return jnp.sum(right, dtype=jnp.int32)

            def evaluate(self, key, network, genome):
                return self.validate(network, genome)

            def report(self, network, genome):
                return {"accuracy": int(self.validate(network, genome)) / self.x.shape[0]}


        def majority(width: Annotated[int, Between(1, 99)] = 9) -> Signs:
            """The majority of so many trits.

            Args:
                width: trits.
            """
            x = tejax.trits.sample(jax.random.key(1), (64, width), density=1.0)
            return Signs(x, tejax.trits.ternarize(jnp.sum(x, axis=1, dtype=jnp.int32)))
        ''',
    "network.py": '''
        """A network."""

        import dataclasses

        import jax.numpy as jnp
        from tejax import trits
        from tejax.options import Derived, Probability
        from tejax.types import Network


        @dataclasses.dataclass(frozen=True)
        class Linear(Network):
            """One layer of trits.

            Args:
                features: inputs and outputs.
                density: the share of non-zero weights at the start.
            """

            features: Derived[tuple[int, ...]] = (9, 1)
            density: Probability = 0.5

            def init(self, key):
                return trits.sample(key, self.features[::-1], self.density)

            def apply(self, genome, x):
                return trits.dot(x, genome)
        ''',
    "strategy.py": '''
        """A strategy."""

        import dataclasses
        from typing import Annotated, Any, NamedTuple

        import jax
        import jax.numpy as jnp
        from tejax import pytrees
        from tejax.options import Between, OneOf, Probability, Traced
        from tejax.parallel import Broadcast, map_population
        from tejax.registry import MUTATIONS
        from tejax.types import Strategy


        class State(NamedTuple):
            parent: Any
            rates: dict


        @dataclasses.dataclass(frozen=True)
        class OnePlusMany(Strategy):
            """The fittest of one parent and its children lives on.

            Args:
                population: the parent and its children.
                mutation: of a child.
                mutation_rate: that a trit is touched.
            """

            population: Annotated[int, Between(2, 4096)] = 16
            mutation: Annotated[Any, OneOf(MUTATIONS)] = "flip"
            mutation_rate: Traced[Probability] = 0.1

            def init(self, key, sample, rates):
                return State(sample(key), {name: jnp.float32(rate) for name, rate in rates.items()})

            def ask(self, key, state):
                mutate = MUTATIONS.get(self.mutation)

                def child(row):
                    state, key, index = row
                    mutant = mutate(key, state.parent, rate=state.rates["mutation_rate"])
                    return jax.tree.map(lambda new, old: jnp.where(index == 0, old, new), mutant, state.parent)

                numbers = jax.lax.iota(jnp.uint32, self.population)
                keys = jax.vmap(lambda number: jax.random.fold_in(key, number))(numbers)
                return map_population(child, (Broadcast(state), keys, numbers), placement=self.placement), state

            def tell(self, state, population, fitness):
                return state._replace(parent=pytrees.take(population, jnp.argmax(fitness)))

            def best(self, state):
                return state.parent

            def candidates(self, state):
                return jax.tree.map(lambda leaf: leaf[None], state.parent)
        ''',
}
PARTS = ("mine.task:majority", "mine.strategy:OnePlusMany", "mine.network:Linear")
AGAIN = ("--task", PARTS[0], "--strategy", PARTS[1], "--network", PARTS[2], "--operator", "mine.operators:negate")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The folder that holds the package `mine`."""
    folder = tmp_path_factory.mktemp("extending")
    (folder / "mine").mkdir()
    (folder / "mine" / "__init__.py").write_text('"""Mine."""\n')
    for name, text in PACKAGE.items():
        (folder / "mine" / name).write_text(textwrap.dedent(text).lstrip())
    return folder


@pytest.fixture(scope="module")
def finished(package):
    """A run of 6 generations of that package by the command line: its directory and its JSON."""
    options = ("--width", 5, "--population", 8, "--mutation", "mine.operators:negate", "--generations", 6)
    done = tejax_process("evolve", *PARTS, *options, "--out", "run", "--json", cwd=package)
    assert done.returncode == 0, done.stderr
    return package / "run", json.loads(done.stdout)


def test_resume_evaluate_and_report_name_the_parts_again(package, finished):
    path, answer = finished
    config = json.loads((path / "config.json").read_text())["experiment"]
    assert config["task"] == {"name": PARTS[0], "width": 5}
    assert config["strategy"]["mutation"] == "mine.operators:negate"
    done = tejax_process("evaluate", "run", *AGAIN, "--json", cwd=package)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accuracy"] == answer["accuracy"]
    assert tejax_process("report", "run", *AGAIN, cwd=package).returncode == 0
    assert "mine.task:majority" in (path / "report.html").read_text()
    done = tejax_process("resume", "run", *AGAIN, "--generations", 9, "--json", cwd=package)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["generations"] == 9


def test_a_config_alone_imports_nothing(package, finished):
    done = tejax_process("evaluate", "run", cwd=package)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "not tejax's own: name it again, as in --task mine.task:majority" in done.stderr
    done = tejax_process("resume", "run", *AGAIN[:6], cwd=package)
    assert done.returncode == 2
    assert "mutation" in done.stderr


def test_a_sweep_over_its_rate(package):
    arguments = ("sweep", *PARTS, "--rates", "mutation_rate=0.05,0.5", "--seeds", 2, "--generations", 4, "--json")
    done = tejax_process(*arguments, "--out", "sweep", cwd=package)
    assert done.returncode == 0, done.stderr
    rows = json.loads((package / "sweep" / "table.json").read_text())
    assert [row["mutation_rate"] for row in rows] == [0.05, 0.05, 0.5, 0.5]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mine.task:nothing", "cannot be imported"),
        ("nowhere:Task", "cannot be imported"),
    ],
)
def test_what_cannot_be_imported_is_one_line(package, name, words):
    done = tejax_process("evolve", "--task", name, cwd=package)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert words in done.stderr


def test_the_options_of_foreign_parts_have_help(package):
    done = tejax_process("evolve", *PARTS, "--help", cwd=package)
    assert done.returncode == 0, done.stderr
    for words in ("--width", "the parent and its children", "--density"):
        assert words in done.stdout


def test_the_library_takes_the_objects_themselves(package, monkeypatch):
    monkeypatch.syspath_prepend(str(package))
    from mine.network import Linear
    from mine.operators import negate
    from mine.strategy import OnePlusMany
    from mine.task import majority

    task, network, strategy = majority(5), Linear((5, 1)), OnePlusMany(population=8, mutation=negate)
    testing.check_task(task, network)
    testing.check_network(network, 5, jax.random.key(0))
    testing.check_mutation(negate)
    testing.check_strategy(strategy, network, task)
    result = tejax.evolve(jax.random.key(0), strategy, network, task, generations=4)
    assert 0 <= result.fitness <= 64
    genetic = tejax.strategies.Genetic(population=8, elites=2, mutation=negate)
    assert tejax.evolve(jax.random.key(0), genetic, network, task, generations=2).generations == 2


def test_importing_a_foreign_module_needs_no_installation(package):
    code = "from tejax.cli.parts import load; print(load('task', 'mine.task:majority'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=package, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == PARTS[0]
