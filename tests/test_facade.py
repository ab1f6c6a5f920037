"""What `import tejax` offers: every subpackage, the heavy ones not before they are asked for."""

import pkgutil
import subprocess
import sys

import pytest

import tejax


def test_every_subpackage_is_an_attribute():
    public = {module.name for module in pkgutil.iter_modules(tejax.__path__) if module.ispkg} - {"core"}
    for name in public:
        assert getattr(tejax, name).__name__ == f"tejax.{name}"
    assert public <= set(dir(tejax))
    assert set(tejax.LATER) <= public
    with pytest.raises(AttributeError, match="module 'tejax' has no attribute 'nothing'"):
        _ = tejax.nothing


def test_what_needs_an_extra_is_not_imported_before_it_is_asked_for():
    program = (
        "import sys, tejax; heavy = {'matplotlib', 'optuna', 'sklearn', 'optax', 'tyro', 'orbax', 'tejax.cli'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); "
        "assert tejax.export.__name__ == 'tejax.export' and tejax.testing.check_task"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
