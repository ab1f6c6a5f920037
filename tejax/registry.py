"""Registries: every network, task, strategy, operator and loss under one name, registered where it is defined.

What a registry knows of an entry it reads from the entry: its options from the signature, its help from the docstring.
So the library, the command line, config.json, sweeps and searches cannot disagree.
"""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from tejax._partials import ByValue, by_value
from tejax.errors import require
from tejax.options import Option, checked, normalise, options_of

__all__ = [
    "ACCEPTANCES",
    "CROSSOVERS",
    "LOSSES",
    "MUTATIONS",
    "NETWORKS",
    "SELECTIONS",
    "STRATEGIES",
    "TASKS",
    "Choice",
    "Registry",
    "fitting_defaults",
    "fitting_network",
]

T = TypeVar("T")
RESERVED = "name"  # under which config.json keeps the name of an entry beside its options


class _Entry(NamedTuple):
    """What is registered under a name."""

    thing: Any  # a function or a class
    make: Callable[..., Any]  # makes one from options; the thing itself, mostly
    traits: Mapping[str, Any]  # what else is known of it


class Choice(NamedTuple):
    """A name in a registry and a value for every option: one part of an experiment, as config.json keeps it."""

    name: str
    options: Mapping[str, Any]

    def replace(self, **options: Any) -> "Choice":
        """The same with other values."""
        return Choice(self.name, {**self.options, **options})


class Registry(Mapping[str, Any]):
    """Names -> functions or classes of one kind."""

    def __init__(self, kind: str, check: bool = False) -> None:
        self.kind, self._check = kind, check
        self._entries: dict[str, _Entry] = {}

    def register(self, name: str, make: Callable[..., Any] | None = None, **traits: Any) -> Callable[[T], T]:
        """A decorator that enters a function or a class.

        Args:
            name: under which it is known everywhere.
            make: what makes one from options, if not the thing itself.
            traits: what else is known of it, for those who ask `trait`.

        Raises:
            InputError: for a name that another thing has, and for an option called `name`.
        """

        def enter(thing: Any) -> Any:
            thing = by_value(checked(thing) if self._check and not inspect.isclass(thing) else thing)
            self.add(name, thing, make, **traits)
            return thing

        return enter

    def add(self, name: str, thing: Any, make: Callable[..., Any] | None = None, **traits: Any) -> None:
        """Enter a thing; one of the same origin is replaced, as when a notebook's cell is run again."""
        known, thing = self._entries.get(name), by_value(thing)
        again = known is None or _origin(known.thing) == _origin(thing)
        require(again, f"a name that no other {self.kind} has", name=name)
        entry = _Entry(thing, make or getattr(thing, "for_task", thing), traits)
        taken = RESERVED in inspect.signature(entry.make).parameters
        require(not taken, f"without an option called {RESERVED!r}", **{self.kind: name})
        self._entries[name] = entry

    def __getitem__(self, name: str) -> Any:
        return self._entries[name].thing

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, name: Any, default: Any = None) -> Any:
        """The thing of a name; what is callable is the thing itself.

        Raises:
            InputError: for a name that is not known, where there is no default.
        """
        if callable(name):
            return name
        if default is None:
            require(name in self._entries, f"one of {list(self)}", **{self.kind: name})
        return self._entries[name].thing if name in self._entries else default

    def trait(self, name: Any, trait: str, default: Any = None) -> Any:
        """What is known of an entry, by its name or the thing itself; the default for what is not registered.

        Of a partial function is known what is known of the function behind it.
        """
        key = name if isinstance(name, str) else self.name_of(name)
        if key is None and isinstance(name, functools.partial):
            return self.trait(name.func, trait, default)
        return self._entries[key].traits.get(trait, default) if key in self._entries else default

    def name_of(self, thing: Any) -> str | None:
        """The name of a registered thing, or None."""
        thing = by_value(thing)
        same = (name for name, each in self.items() if each is thing or (isinstance(each, ByValue) and each == thing))
        return next(same, None)

    def summary(self, name: str) -> str:
        """The first line of an entry's docstring."""
        return (inspect.getdoc(self[name]) or name).partition("\n")[0]

    def options(self, name: str) -> dict[str, Option]:
        """The options of an entry by name.

        Those of its signature; where it passes `**options` on, those of what it `extends` as well; for a network, which
        is made to fit a task, those that this takes beside its fields.
        """
        require(name in self._entries, f"one of {list(self)}", **{self.kind: name})
        thing, make, traits = self._entries[name]
        extended = traits.get("extends", thing if make == getattr(thing, "for_task", None) else None)
        options = {} if extended is None else options_of(extended)
        # a bound method's function is one for all classes that share it, and so are its options
        own = options_of(getattr(make, "__func__", make))
        return {**options, **{key: option for key, option in own.items() if key not in ("task", "cls")}}

    def choose(self, name: str, **options: Any) -> Choice:
        """An entry with a value for every option: those given, else the defaults.

        Raises:
            InputError: for a name or an option that is not known, and for a value that does not fit.
        """
        known = self.options(name)
        odd = next((each for each in options if each not in known), None)
        require(odd is None, f"among the options of {name}, {list(known)}", option=odd)
        values = {key: options.get(key, option.default) for key, option in known.items()}
        missing = next((key for key, value in values.items() if value is inspect.Parameter.empty), None)
        require(missing is None, f"given for {name}", **{str(missing): None})
        return Choice(name, {key: normalise(key, known[key].hint, value) for key, value in values.items()})

    def make(self, choice: Choice, *arguments: Any) -> Any:
        """The thing that a choice stands for; a network is also given the task."""
        return self._entries[choice.name].make(*arguments, **choice.options)


def _origin(thing: Any) -> tuple[str, str]:
    return getattr(thing, "__module__", ""), getattr(thing, "__qualname__", repr(thing))


TASKS = Registry("task", check=True)  # what is asked
NETWORKS = Registry("network")  # what is evolved
STRATEGIES = Registry("strategy")  # how a population becomes the next one
MUTATIONS = Registry("mutation")  # how a genome is changed
CROSSOVERS = Registry("crossover")  # how two genomes become one
SELECTIONS = Registry("selection")  # who becomes a parent
ACCEPTANCES = Registry("acceptance")  # which child replaces its parent
LOSSES = Registry("loss")  # what a wrong answer costs


def fitting_network(task: str) -> str | None:
    """The network that a task is registered with, where few fit it: what evolves for it if none is named."""
    network = TASKS.trait(task, "network")
    return None if network is None else str(network)


def fitting_defaults(strategy: str, network: str) -> dict[str, Any]:
    """Other defaults of a strategy's options for a network, by name: a mutation that keeps its genomes in their ranges.

    What a network is registered with as its `mutation`; a mutation that is for one network alone is registered with
    that `network`.
    """
    mutation = NETWORKS.trait(network, "mutation")
    return {} if mutation is None or "mutation" not in STRATEGIES.options(strategy) else {"mutation": mutation}
