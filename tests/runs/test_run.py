import json
import signal
import threading
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

import tejax
from tejax import runs
from tejax.core import pytrees
from tejax.errors import InputError
from tejax.parallel.mesh import AXIS, make_mesh, put
from tejax.runs.checkpoints import Checkpoints
from tests.helpers import checkpoints, evolve, fingerprints, tiny

TOTAL = 40
EXPERIMENT = tiny(generations=TOTAL, chunk=4)


@pytest.fixture(scope="module")
def whole():
    """The fingerprints of the run that nothing interrupts."""
    return fingerprints(evolve(EXPERIMENT))


def stop_from(generation, run, progress):
    if progress.generation >= generation:
        run.stop()


def lines(path):
    return [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]


def test_a_kept_run_changes_no_bit_and_writes_what_it_did(tmp_path, whole):
    path = tmp_path / "deep" / "run"
    run = tejax.Run(path, EXPERIMENT.to_json(), measure=lambda state: {"accuracy": 0.5})
    result = evolve(EXPERIMENT, run=run)
    assert fingerprints(result) == whole
    written = lines(path)
    assert [line["generation"] for line in written] == list(range(4, TOTAL + 1, 4))
    assert [line["best"] for line in written] == list(result.history.best[3::4])
    assert [line["median"] for line in written] == list(result.history.median[3::4])
    assert [line["worst"] for line in written] == list(result.history.worst[3::4])
    assert [line["evaluations"] for line in written] == [16 * line["generation"] for line in written]
    assert all(line["accuracy"] == 0.5 for line in written)
    assert written == run.metrics
    assert run.last == written[-1]
    assert checkpoints(path) == [TOTAL]
    config = runs.read_config(path)
    assert config["experiment"] == EXPERIMENT.to_json()
    assert (config["jax"], config["format"], config["devices"]) == (jax.__version__, runs.FORMAT, jax.device_count())
    assert {"tejax", "jaxlib", "numpy", "python", "platform", "device", "commit"} <= set(config)


@pytest.mark.parametrize("stops", [(4,), (12, 36), (8, 16, 24, 32, 40)])
def test_stopped_and_resumed_is_the_same_as_uninterrupted(tmp_path, whole, stops):
    for stop in stops:
        run = tejax.Run(tmp_path, EXPERIMENT.to_json())
        result = evolve(EXPERIMENT, run=run, callback=partial(stop_from, stop, run))
        run.close()
    # stop() is asked for after record(), so the run ends one chunk later
    assert result.generations == min(stops[-1] + 4, TOTAL)
    result = evolve(EXPERIMENT, run=tejax.Run(tmp_path, EXPERIMENT.to_json()))
    assert fingerprints(result) == whole
    assert [line["generation"] for line in lines(tmp_path)] == list(range(4, TOTAL + 1, 4))


def test_a_run_goes_back_to_its_newest_checkpoint(tmp_path, whole):
    """As after a kill: metrics are ahead of the checkpoint, and the last line is torn."""
    run = tejax.Run(tmp_path, checkpoint_every=0, keep=3)
    evolve(EXPERIMENT, run=run, callback=lambda progress: progress.generation >= 20)
    run.close()
    assert checkpoints(tmp_path) == [12, 16, 20]
    before = lines(tmp_path)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({**before[-1], "generation": 24}) + '\n{"generation": 28, "be')
    run = tejax.Run(tmp_path)
    assert len(run.metrics) == 6
    result = evolve(EXPERIMENT, run=run)
    assert fingerprints(result) == whole
    after = lines(tmp_path)
    assert after[:5] == before
    assert [line["generation"] for line in after] == list(range(4, TOTAL + 1, 4))
    assert after[5]["seconds"] > before[-1]["seconds"]  # time spent goes on counting


def test_a_finished_run_answers_at_once(tmp_path, whole):
    evolve(EXPERIMENT, run=tejax.Run(tmp_path))
    result = evolve(
        EXPERIMENT, run=tejax.Run(tmp_path), callback=lambda progress: pytest.fail("nothing was left to do")
    )
    assert fingerprints(result) == whole


def test_a_restored_state_is_like_a_fresh_one_and_compiles_nothing_anew(tmp_path):
    parts = EXPERIMENT.build()
    options = {"generations": 8, "chunk": 4}
    run = tejax.Run(tmp_path)
    key = jax.random.key(0)
    states = []
    tejax.evolve(
        key,
        parts.strategy,
        parts.network,
        parts.task,
        run=run,
        callback=lambda p: states.append(p.state) or True,
        **options,
    )
    run.save(jax.tree.map(jnp.copy, states[0]), 4)
    fresh = parts.strategy.init(jax.random.key(1), parts.network.init, parts.strategy.rates)
    restored, generation = tejax.Run(tmp_path).restore(fresh)
    assert generation == 4
    for old, new in zip(jax.tree.leaves(fresh), jax.tree.leaves(restored), strict=True):
        assert isinstance(new, jax.Array)
        assert (old.dtype, old.shape, old.weak_type) == (new.dtype, new.shape, new.weak_type)
        assert (old.sharding, old.committed) == (new.sharding, new.committed)


def test_a_state_on_several_devices_is_restored_onto_them(tmp_path):
    mesh = jax.make_mesh((jax.device_count(),), ("p",))
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("p"))
    state = {"x": jax.device_put(np.arange(16, dtype=np.int8), sharding)}
    run = tejax.Run(tmp_path)
    run.restore(state)
    run.save(state, 3)
    restored, generation = tejax.Run(tmp_path).restore(state)
    assert generation == 3
    assert restored["x"].sharding == sharding
    np.testing.assert_array_equal(restored["x"], np.arange(16))


def test_another_experiment_or_another_shape_is_refused(tmp_path):
    evolve(EXPERIMENT, run=tejax.Run(tmp_path, EXPERIMENT.to_json()))
    other = tiny(generations=TOTAL, chunk=4, seed=1)
    with pytest.raises(InputError, match=r"another experiment \(experiment.schedule.seed was 0, is 1\)"):
        evolve(other, run=tejax.Run(tmp_path, other.to_json()))
    state = {"genome": jnp.zeros((3, 4), jnp.int8)}
    with pytest.raises(InputError, match=r"checkpoints/40: does not fit the experiment: \['genome'\] is missing, but"):
        tejax.Run(tmp_path).restore(state)


def test_wrong_arguments_are_refused(tmp_path):
    with pytest.raises(InputError, match="keep must be at least 1: got keep=0"):
        tejax.Run(tmp_path, keep=0)
    with pytest.raises(InputError, match="checkpoint_every must be at least 0 seconds"):
        tejax.Run(tmp_path, checkpoint_every=-1)


def test_making_a_run_touches_nothing(tmp_path):
    run = tejax.Run(tmp_path / "x")
    assert run.metrics == []
    assert not (tmp_path / "x").exists()


class TestPrepare:
    def test_nothing_and_an_empty_directory_are_fine(self, tmp_path):
        runs.prepare(tmp_path / "new")
        runs.prepare(tmp_path)
        (tmp_path / "config.json.tmp").write_text("{")  # a kill may leave it
        runs.prepare(tmp_path)
        assert not list(tmp_path.iterdir())

    def test_a_run_is_replaced_only_if_asked_to(self, tmp_path):
        evolve(EXPERIMENT, run=tejax.Run(tmp_path))
        (tmp_path / "report.html").write_text("x")
        with pytest.raises(InputError, match=r"holds a run; go on with `tejax resume .*--overwrite"):
            runs.prepare(tmp_path)
        runs.prepare(tmp_path, overwrite=True)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_what_is_not_a_run_is_never_touched(self, tmp_path, overwrite):
        (tmp_path / "report.html").write_text("mine")
        with pytest.raises(InputError, match=r"not a run's \(report.html\)"):
            runs.prepare(tmp_path, overwrite)
        (tmp_path / "config.json").write_text("{}")
        (tmp_path / "thesis.txt").write_text("mine")
        with pytest.raises(InputError, match=r"not a run's \(thesis.txt\)"):
            runs.prepare(tmp_path, overwrite)
        with pytest.raises(InputError, match="is a file"):
            runs.prepare(tmp_path / "thesis.txt", overwrite)
        assert {each.name for each in tmp_path.iterdir()} == {"report.html", "config.json", "thesis.txt"}


class TestGraceful:
    def test_the_first_signal_asks_and_the_second_interrupts(self, tmp_path):
        run, heard = tejax.Run(tmp_path), []
        before = signal.getsignal(signal.SIGINT)
        with runs.graceful(run, lambda: heard.append(1)):
            signal.raise_signal(signal.SIGINT)
            assert run.stopping
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert heard == [1]
        assert signal.getsignal(signal.SIGINT) is before

    def test_a_signal_saves_and_stops_the_run(self, tmp_path, whole):
        run = tejax.Run(tmp_path)
        with runs.graceful(run):
            result = evolve(
                EXPERIMENT,
                run=run,
                callback=lambda progress: progress.generation == 4 and signal.raise_signal(signal.SIGTERM),
            )
        assert result.generations == 8
        assert checkpoints(tmp_path) == [8]
        run.close()
        assert fingerprints(evolve(EXPERIMENT, run=tejax.Run(tmp_path))) == whole

    def test_another_thread_may_use_it(self, tmp_path):
        passed = []

        def inside():
            with runs.graceful(tejax.Run(tmp_path)):
                passed.append(True)

        thread = threading.Thread(target=inside)
        thread.start()
        thread.join()
        assert passed == [True]


def test_rows_that_lie_with_other_processes_are_an_array_of_their_own_and_checked(tmp_path, monkeypatch):
    """Here all devices are of one process; what would lie apart is then whatever is spread."""
    monkeypatch.setattr(
        "tejax.runs.checkpoints.is_distributed",
        lambda leaf: isinstance(leaf, jax.Array) and not leaf.is_fully_replicated,
    )
    state = {
        "a": jnp.arange(16 * 6, dtype=jnp.int8).reshape(16, 2, 3),
        "b": jnp.arange(16 * 5, dtype=jnp.int32).reshape(16, 5),
        "c": jnp.arange(3, dtype=jnp.float32),
    }

    def on(count):
        mesh = make_mesh(count)
        rows, whole = (NamedSharding(mesh, spec) for spec in (PartitionSpec(AXIS), PartitionSpec()))
        return {name: put(leaf, whole if name == "c" else rows) for name, leaf in state.items()}

    folder = Checkpoints(tmp_path / "checkpoints", keep=1)
    folder.save(on(8), 3)
    for count in (1, 2):
        restored, generation = folder.restore(jax.tree.map(jnp.zeros_like, on(count)))
        assert generation == 3
        assert pytrees.fingerprint(jax.tree.map(np.asarray, restored)) == pytrees.fingerprint(state)
        assert len(restored["a"].sharding.device_set) == count
    note = next((tmp_path / "checkpoints" / "3" / "note").glob("metadata"))
    noted = json.loads(note.read_text())
    note.write_text(json.dumps({**noted, "rows": noted["rows"] ^ 1}))
    with pytest.raises(InputError, match="its rows do not match their fingerprint"):
        folder.restore(state)
