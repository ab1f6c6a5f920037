"""Imports go down only, and every public name is there and says what it is."""

import ast
import importlib
import inspect
import pkgutil
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import tejax

ROOT = Path(tejax.__file__).parent

# A file or package may import those of a lower number. Equal numbers are blind to each other.
LEVELS = {
    # floor 0: the alphabet
    "errors": 0,
    "types": 0,
    "draws": 1,
    "devices": 1,
    "trees": 2,
    "fixedpoint": 1,
    "changes": 3,
    "native": 2,
    "fused": 2,
    "packing": 2,
    "engines": 3,
    "trits": 4,
    "circles": 5,
    "ring": 1,
    "factored": 4,
    # floor 1: siblings
    "networks": 10,
    "operators": 10,
    "tasks": 10,
    # floor 2: composition
    "strategies": 20,
    "evolution": 20,
    "islands": 21,
    "portfolio": 21,
    "sweep": 21,
    # floor 3: the host side
    "records": 30,
    "processes": 30,
    "runs": 31,
    "export": 31,
    "plots": 31,
    "plots_ring": 32,
    "films": 32,
    "config": 31,
    "testing": 31,
    "interop": 31,
    "rivals": 35,
    # floor 4
    "cli": 40,
    "__init__": 50,  # the facade: nothing below imports it
    "__main__": 50,
}
# Narrower than the numbers say: these see nothing else of floors 1 and 2.
SIBLINGS = {"strategies": {"operators"}, "evolution": set()}

FILES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
MODULES = sorted(
    [
        "tejax",
        *(module.name for module in pkgutil.walk_packages([str(ROOT)], "tejax.") if "__main__" not in module.name),
    ]
)


def _part(module):
    """tejax.tasks.truth_tables -> tasks"""
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


def _imports(file):
    """The tejax modules that a file imports, anywhere in it."""
    package = ["tejax", *file.parts[:-1]]
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "tejax")
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], *base.split(".")]).rstrip(".")
            if base.split(".")[0] == "tejax":
                for alias in node.names:
                    inner = f"{base}.{alias.name}"
                    yield inner if inner in MODULES else base


def _module(file):
    return ".".join(["tejax", *file.with_suffix("").parts]).removesuffix(".__init__")


@pytest.mark.parametrize("file", FILES, ids=str)
def test_imports_go_down_only(file):
    here = file.parts[0].removesuffix(".py")
    assert here in LEVELS, f"{here} has no floor: give it one in LEVELS"
    for module in _imports(file):
        part = _part(module)
        if part == here:
            continue
        assert part in LEVELS, f"{part} has no floor: give it one in LEVELS"
        assert LEVELS[part] < LEVELS[here], f"{file} imports {module}, which is not below it"
        if here in SIBLINGS and LEVELS[part] >= 10:
            assert part in SIBLINGS[here], f"{file} imports {module}, which {here} should not know"


def test_no_imports_go_round_in_a_circle():
    graph = {_module(file): set(_imports(file)) - {_module(file)} for file in FILES}
    for module in graph:  # a file of a package is imported by the package, never the other way round
        graph[module] = {name for name in graph[module] if not module.startswith(f"{name}.")}
    list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_exists_and_has_a_docstring(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    names = getattr(module, "__all__", [])
    assert len(set(names)) == len(names)
    for public in names:
        assert hasattr(module, public), f"{name}.__all__ promises {public}"
        thing = getattr(module, public)
        if (inspect.isfunction(thing) or inspect.isclass(thing)) and thing.__module__.startswith("tejax"):
            assert inspect.getdoc(thing), f"{name}.{public} has no docstring"


def test_registries_name_what_exists():
    for module in (tejax.networks, tejax.tasks, tejax.strategies):
        for thing in module.REGISTRY.values():
            assert thing.__name__ in module.__all__
    for module in (tejax.operators.mutation, tejax.operators.crossover, tejax.operators.selection):
        for name, op in module.REGISTRY.items():
            assert getattr(module, name) is op
            assert name in module.__all__
