"""What the records of this package share."""

import dataclasses
import inspect
from typing import Any

__all__ = ["default", "fields_of"]


def default(function: Any, name: str) -> Any:
    """The default of a function's argument, so that no number stands in two places."""
    return inspect.signature(function).parameters[name].default


def fields_of(record: Any, cls: type) -> dict[str, Any]:
    """The fields that `record` has from the dataclass `cls`."""
    return {field.name: getattr(record, field.name) for field in dataclasses.fields(cls)}
