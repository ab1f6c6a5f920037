"""The checks around the methods of networks and tasks."""

import functools
import inspect
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from tejax.contracts._answers import as_credited, as_int32, as_outputs
from tejax.contracts._values import as_inputs, as_key, check_genome, check_labels, check_state, require_fit

__all__ = ["NETWORK_CHECKS", "RECURRENT_CHECKS", "TASK_CHECKS", "guard", "unchecked"]

Method = Callable[..., Any]
_guarded: weakref.WeakSet[Method] = weakref.WeakSet()


def guard(cls: type, root: type, checks: Mapping[str, Callable[[Method], Method]]) -> None:
    """Put checks around the methods of a class, its own and those of its bases, but for those of `root`."""
    for name, check in checks.items():
        owner = next((base for base in cls.__mro__ if name in vars(base)), root)
        method = vars(owner).get(name)
        if owner is not root and callable(method) and method not in _guarded:
            checked = check(method)
            _guarded.add(checked)
            setattr(cls, name, checked)


def unchecked(method: Any) -> Method:
    """A bound method as its class defines it, without the checks around it."""
    inner = inspect.unwrap(method.__func__, stop=lambda function: function not in _guarded)
    return functools.partial(inner, method.__self__)


def _around_init(method: Method) -> Method:
    @functools.wraps(method)
    def init(self: Any, key: Any, *more: Any, **named: Any) -> Any:
        genome = method(self, as_key(key), *more, **named)
        check_genome(self, genome)
        return genome

    return init


def _around_apply(method: Method) -> Method:
    @functools.wraps(method)
    def apply(self: Any, genome: Any, x: Any, *more: Any, **named: Any) -> Any:
        x = as_inputs(self, x, 2 if self.reads == "sequence" else 1)
        check_genome(self, genome)
        return as_outputs(self, "apply", method(self, genome, x, *more, **named), tuple(x.shape[:-1]))

    return apply


def _around_step(method: Method) -> Method:
    @functools.wraps(method)
    def step(self: Any, genome: Any, state: Any, x: Any, *more: Any, **named: Any) -> Any:
        x = as_inputs(self, x)
        check_genome(self, genome)
        after, outputs = method(self, genome, state, x, *more, **named)
        return after, as_outputs(self, "step", outputs, tuple(x.shape[:-1]))

    return step


def _around_unroll(method: Method) -> Method:
    @functools.wraps(method)
    def unroll(self: Any, genome: Any, state: Any, x: Any, *more: Any, **named: Any) -> Any:
        x = as_inputs(self, x, 2)
        check_genome(self, genome)
        check_state(self, state, tuple(x.shape[:-2]))
        after, outputs = method(self, genome, state, x, *more, **named)
        return after, as_outputs(self, "unroll", outputs, tuple(x.shape[:-1]))

    return unroll


def _around_rate(method: Method) -> Method:
    @functools.wraps(method)
    def rate(self: Any, genome: Any, *more: Any, **named: Any) -> Any:
        check_genome(self, genome)
        return method(self, genome, *more, **named)

    return rate


def _around_loss(method: Method) -> Method:
    @functools.wraps(method)
    def loss(self: Any, genome: Any, x: Any, y: Any, *more: Any, **named: Any) -> Any:
        x = as_inputs(self, x, 2)
        check_genome(self, genome)
        check_labels(x, y)
        answer = method(self, genome, x, y, *more, **named)
        return as_int32(type(self).__name__, "loss", answer, ())

    return loss


def _around_network_credit(method: Method) -> Method:
    @functools.wraps(method)
    def credit(self: Any, key: Any, genome: Any, x: Any, y: Any, *more: Any, **named: Any) -> Any:
        x = as_inputs(self, x, 2)
        check_genome(self, genome)
        check_labels(x, y)
        return as_credited(type(self).__name__, method(self, as_key(key), genome, x, y, *more, **named), genome)

    return credit


def _around_task_credit(method: Method) -> Method:
    @functools.wraps(method)
    def credit(self: Any, key: Any, network: Any, genome: Any, *more: Any, **named: Any) -> Any:
        require_fit(network, self)
        return as_credited("task", method(self, key, network, genome, *more, **named), genome)

    return credit


def _around_keyed(name: str, shape: tuple[int | None, ...]) -> Callable[[Method], Method]:
    def check(method: Method) -> Method:
        @functools.wraps(method)
        def keyed(self: Any, key: Any, network: Any, genome: Any, *more: Any, **named: Any) -> Any:
            require_fit(network, self)
            return as_int32("task", name, method(self, key, network, genome, *more, **named), shape)

        return keyed

    return check


def _around_validate(method: Method) -> Method:
    @functools.wraps(method)
    def validate(self: Any, network: Any, genome: Any, *more: Any, **named: Any) -> Any:
        require_fit(network, self)
        return as_int32("task", "validate", method(self, network, genome, *more, **named), ())

    return validate


def _around_fitting(method: Method) -> Method:
    @functools.wraps(method)
    def fitting(self: Any, network: Any, genome: Any, *more: Any, **named: Any) -> Any:
        require_fit(network, self)
        check_genome(network, genome)
        return method(self, network, genome, *more, **named)

    return fitting


NETWORK_CHECKS = {
    "init": _around_init,
    "apply": _around_apply,
    "loss": _around_loss,
    "credit": _around_network_credit,
}
RECURRENT_CHECKS = {"step": _around_step, "unroll": _around_unroll, "rate": _around_rate}
TASK_CHECKS = {
    "evaluate": _around_keyed("evaluate", ()),
    "cases": _around_keyed("cases", (None,)),
    "credit": _around_task_credit,
    "validate": _around_validate,
    "report": _around_fitting,
    "confusion": _around_fitting,
}
