"""What a function or a class does, as a short text: its name, and a digest of its code where it is not tejax's own."""

import ast
import hashlib
import inspect
import sys
import textwrap
import types
from collections.abc import Iterator
from typing import Any

__all__ = ["digest", "name_of_code"]


def name_of_code(thing: Any) -> str:
    """The name of a function or a class, and of foreign code a digest that comments and layout do not change."""
    name = f"{getattr(thing, '__module__', None)}:{getattr(thing, '__qualname__', type(thing).__name__)}"
    classes = inspect.getmro(thing) if inspect.isclass(thing) else (thing,)
    foreign = [each for each in classes if not _is_known(each)]
    return f"{name} (code {digest('|'.join(map(_source, foreign)))})" if foreign else name


def _is_known(thing: Any) -> bool:
    """Whether it is of tejax, which a run records the version of, or of Python itself."""
    package = str(getattr(thing, "__module__", None)).partition(".")[0]
    of_tejax = package == "tejax" and "<lambda>" not in getattr(thing, "__qualname__", "")
    return of_tejax or (package in sys.stdlib_module_names and package != "__main__")


def digest(text: str | bytes) -> str:
    """The first 16 hex digits of the SHA-256 of a text or of bytes."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace") if isinstance(text, str) else text).hexdigest()[:16]


def _source(thing: Any) -> str:
    """The code of a function or a class in one spelling."""
    try:
        text = textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError):  # made by exec, or in another language
        return "|".join(_compiled(thing))
    try:
        tree = ast.parse(text)
    except SyntaxError:  # a lambda within a longer expression: which of them, its compiled form knows
        return "|".join(_compiled(thing))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    lambdas = sum(isinstance(node, ast.Lambda) for node in ast.walk(tree))
    return "|".join(_compiled(thing)) if lambdas and isinstance(thing, types.FunctionType) else ast.unparse(tree)


def _compiled(thing: Any) -> Iterator[str]:
    """Bytes, names and numbers of compiled code, and of what is compiled inside it."""
    code = getattr(thing, "__code__", thing)
    if inspect.isclass(thing):
        for name, each in sorted(vars(thing).items()):
            if isinstance(each, types.FunctionType):
                yield name
                yield from _compiled(each)
    elif isinstance(code, types.CodeType):
        yield code.co_code.hex()
        yield repr((code.co_names, code.co_varnames, code.co_freevars))
        for each in code.co_consts:
            yield from _compiled(each) if isinstance(each, types.CodeType) else (repr(each),)
