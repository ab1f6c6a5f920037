"""Imports go down only, every public name is there and says what it is, and contracts are never guessed at."""

import ast
import importlib
import inspect
import pkgutil
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import tejax

ROOT = Path(tejax.__file__).parent

# A file or package may import those of a lower number. Equal numbers are blind to each other.
LEVELS = {
    "errors": 0,
    "_version": 0,
    "_partials": 0,
    "_interrupts": 0,
    "contracts": 1,
    "options": 1,
    "types": 2,
    "registry": 2,
    "core": 3,
    "engines": 4,
    "parallel": 4,
    "trits": 5,
    "operators": 6,
    "breeding": 7,
    "networks": 7,
    "tasks": 7,
    "strategies": 8,
    "evolution": 9,
    "runs": 10,
    "export": 10,
    "interop": 10,
    "testing": 10,
    "viz": 11,
    "search": 11,
    "baselines": 12,
    "sklearn": 12,
    "cli": 13,
    "__init__": 14,  # the facade: nothing below imports it
    "__main__": 14,
}
# Narrower than the numbers say: of what lies between the engines and the runs, these see nothing else.
SIBLINGS = {"strategies": {"trits", "operators", "breeding"}, "evolution": set()}

# What hasattr and getattr may ask: things of other packages and of JAX, and things whose kind is not known; never a
# task, a network or a strategy, which have every member of their contract.
FOREIGN = {
    "aval.dtype",
    "device",
    "device.client",
    "each",
    "environment",
    "importlib.import_module(module)",
    "jax.config",
    "jax.monitoring",
    "library",
    "make",
    "mutation",
    "os",
    "params",
    "parsed",
    "record",
    "space",
    "state",
    "task.environment",
    "thing",
    "type(value)",
    "value",
    "values",
}

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
        if here in SIBLINGS and LEVELS[part] >= LEVELS["trits"]:
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
        assert not public.startswith("_") or public == "__version__", f"{name}.__all__ offers {public}"
        assert hasattr(module, public), f"{name}.__all__ promises {public}"
        thing = getattr(module, public)
        if _is_code(thing) and thing.__module__.startswith("tejax"):
            assert inspect.getdoc(thing), f"{name}.{public} has no docstring"


def _is_code(thing):
    return inspect.isfunction(thing) or inspect.isclass(thing)


@pytest.mark.parametrize("name", MODULES)
def test_no_function_has_the_name_of_a_module_beside_it(name):
    """Importing the module would hide the function, or the other way round."""
    module = importlib.import_module(name)
    if not hasattr(module, "__path__"):
        return
    for inner in pkgutil.iter_modules(module.__path__):
        thing = getattr(module, inner.name, None)
        assert thing is None or inspect.ismodule(thing), f"{name}.{inner.name} is a module and {thing}"


@pytest.mark.parametrize("file", FILES, ids=str)
def test_what_is_not_offered_begins_with_an_underscore(file):
    """Functions and classes of a module with __all__ are in it, unless other modules of the package use them."""
    tree = ast.parse((ROOT / file).read_text())
    offered = next((ast.literal_eval(node.value) for node in tree.body if _assigns(node, "__all__")), None)
    if offered is None:
        return
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    hidden = [name for name in defined if name not in offered and not name.startswith("_")]
    used = {name for name in hidden if _used_elsewhere(file, name)}
    assert set(hidden) == used, f"{file}: {sorted(set(hidden) - used)} should begin with an underscore"


def _assigns(node, name):
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


SOURCES = {file: (ROOT / file).read_text() for file in FILES}


def _used_elsewhere(file, name):
    return any(re.search(rf"\b{name}\b", text) for other, text in SOURCES.items() if other != file)


@pytest.mark.parametrize("file", FILES, ids=str)
def test_contracts_are_not_guessed_at(file):
    for node in ast.walk(ast.parse(SOURCES[file])):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("hasattr", "getattr"):
            asked = ast.unparse(node.args[0])
            assert asked in FOREIGN, f"{file}:{node.lineno} asks {asked} for a member that its contract may have"


def test_registries_name_what_is_public():
    for registry, package in (
        (tejax.registry.NETWORKS, tejax.networks),
        (tejax.registry.TASKS, tejax.tasks),
        (tejax.registry.MUTATIONS, tejax.operators.mutation),
        (tejax.registry.CROSSOVERS, tejax.operators.crossover),
        (tejax.registry.SELECTIONS, tejax.operators.selection),
        (tejax.registry.ACCEPTANCES, tejax.operators.acceptance),
    ):
        for name, thing in registry.items():
            if thing.__module__.startswith("tejax."):
                # what is for one network alone stands beside it
                own = importlib.import_module(thing.__module__) if registry.trait(name, "network") else package
                assert thing.__name__ in (own if registry is tejax.registry.MUTATIONS else package).__all__, name
