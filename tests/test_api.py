import ast
import re

import tejax
from experiments import api


def test_the_page_is_up_to_date():
    assert api.PAGE.read_text(encoding="utf-8") == api.page(), "run python -m experiments.api"


def test_every_public_name_of_the_facade_is_on_the_page():
    page = api.PAGE.read_text(encoding="utf-8")
    headings = set(re.findall(r"^##+ (?:tejax\.)?(?:core\.)?(\S+)$", page, re.MULTILINE))
    assert set(tejax.__all__) - headings == {"operators"}, "whose modules have sections of their own"
    assert {"operators.mutation", "MLP", "Genetic", "digits", "check_task"} <= headings


def test_signatures_and_fields_are_as_written():
    source = (
        'class A(B):\n    """Doc."""\n\n    x: int = 1  # an x\n\n    def f(self, *, y=2) -> int:\n        """F."""\n'
    )
    found = api.Found(ast.parse(source).body[0], source.splitlines())
    assert api._entry("A", found) == (
        "### A\n\n```python\nclass A(B)\n    x: int = 1  # an x\n```\n\nDoc.\n\n- `f(*, y=2) -> int`  \n  F."
    )
