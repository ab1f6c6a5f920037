"""Every file of the reference's traces, replayed: everything equal, nothing skipped."""

import pytest

from tests.conformance import autonomous, colony, golden, lookup, nxant, tissue

# a family of traces -> the function that replays one file of it and answers what it compared
REPLAYERS = {**tissue.REPLAYERS, **lookup.REPLAYERS, **autonomous.REPLAYERS, **colony.REPLAYERS, **nxant.REPLAYERS}
PATHS = golden.paths()


LARGE = ("addition_growing_4p4", "addition_fixed_7p7", "hyperidentity_n512", "lut_recurrent_p64")


@pytest.fixture(autouse=True)
def _optimized(request):
    """Long runs are worth compiling well; of the others, compiling is the larger part of the work."""
    if "path" in request.fixturenames and request.getfixturevalue("path").stem.startswith(LARGE):
        request.getfixturevalue("optimized")


def test_the_folder_has_traces():
    if not golden.FOLDER.is_dir():
        pytest.skip(f"no folder {golden.FOLDER}: set TEJAX_GOLDEN to replay the reference's traces")
    assert PATHS, f"no .npz file in {golden.FOLDER}"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
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
