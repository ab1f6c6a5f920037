"""Every file of the reference's traces, replayed: everything equal, nothing skipped."""

import pytest

from tests.conformance import autonomous, colony, golden, lookup, nxant, tissue

# a family of traces -> the function that replays one file of it and answers what it compared
REPLAYERS = {**tissue.REPLAYERS, **lookup.REPLAYERS, **autonomous.REPLAYERS, **colony.REPLAYERS, **nxant.REPLAYERS}
PATHS = golden.paths()


LARGE = ("addition_growing_4p4", "addition_fixed_7p7", "hyperidentity_n512", "lut_recurrent_p64", "autonomous_prod")
LONG = "autonomous_production"  # a thousand steps each; the quick suite has the first of them


@pytest.fixture(autouse=True)
def _optimized(request):
    """Long runs are worth compiling well; of the others, compiling is the larger part of the work."""
    if "path" in request.fixturenames and request.getfixturevalue("path").stem.startswith(LARGE):
        request.getfixturevalue("optimized")


def test_the_folders_have_traces():
    if not any(folder.is_dir() for folder in golden.FOLDERS):
        pytest.skip(f"none of {golden.FOLDERS}: set TEJAX_GOLDEN to replay the reference's traces")
    assert PATHS, f"no .npz file in {golden.FOLDERS}"


def _marked(paths):
    """The paths, those of long replays left to the long suite but for one."""
    long = [path for path in paths if path.stem.startswith(LONG)]
    return [pytest.param(path, marks=pytest.mark.long) if path in long[1:] else path for path in paths]


@pytest.mark.parametrize("path", _marked(PATHS), ids=lambda path: path.stem)
def test_replay(path, record_property):
    data = golden.load(path)
    family = data["family"]
    assert family in REPLAYERS, f"{path.name} is of an unknown family: {family}"
    counts = REPLAYERS[family](data)
    assert counts.mutations > 0
    record_property("golden", list(counts))


@pytest.mark.long
@pytest.mark.parametrize("path", [path for path in PATHS if "partial" in golden.load(path)], ids=lambda path: path.stem)
def test_replay_every_score_of_the_production_size(path):
    tissue.replay_production(golden.load(path))
