"""The comment beside a field or a constant is its docstring: `values: Int8[Array, "N"]  # of all neurons`.

The API pages read docstrings alone. In a class the comments become a section of its docstring, `Attributes:`.
"""

import ast
import io
import tokenize
from typing import Any

import griffe


def _comments(lines: list[str]) -> str:
    """The comments in some lines of source, as one text."""
    tokens = tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline)
    return " ".join(token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT)


class Comments(griffe.Extension):
    """Makes docstrings of comments."""

    def on_attribute_instance(self, *, node: ast.AST, attr: griffe.Attribute, **_: Any) -> None:
        """The comment of an attribute that has no docstring."""
        if attr.docstring or not attr.lineno or not isinstance(node, ast.AST):
            return
        text = _comments(attr.lines)
        if text and "noqa" not in text:
            attr.docstring = griffe.Docstring(text, parent=attr, lineno=attr.lineno)

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """The comments of its fields, in the docstring of a class that says nothing of them."""
        text = cls.docstring.value if cls.docstring else ""
        fields = {
            name: attr
            for name, attr in cls.attributes.items()
            if attr.docstring and not name.startswith("_") and attr.docstring.lineno == attr.lineno
        }
        known = "Attributes:" in text or "Args:" in text
        if cls.docstring and fields and not known:
            said = "\n".join(f"    {name}: {attr.docstring.value}" for name, attr in fields.items())
            cls.docstring.value = f"{text.rstrip()}\n\nAttributes:\n{said}"
        for attr in fields.values():
            if cls.docstring:
                attr.docstring = None
