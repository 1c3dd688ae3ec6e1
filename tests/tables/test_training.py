"""What a checkpoint of a table's training must agree with: as version 0.1.0 wrote it, or its checkpoints are lost."""

import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from chainrule.tables.blocks import prepare_blocks
from chainrule.tables.chunks import ParquetChunks
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.training import cross_validate, train_table
from chainrule.train import many
from chainrule.train.callbacks import Callback
from tests.support.epochs import ends_in, interrupt

N = np.arange(32)
TABLE = pa.table(
    {"c": np.where(N % 3 == 0, "u", "v"), "d": np.where(N % 5 == 0, "u", "v"), "y": np.where(N % 4 < 2, "a", "b")}
)
IN_MEMORY = [
    (Plan(hidden=()), "a training on the table 5014ead49dc7 (25 rows to train, 0 to validate; no early stopping)"),
    (
        Plan(hidden=(), class_weight="balanced", patience=10),
        "a training on the table d4613b0233b9 (22 rows to train, 3 to validate; early stopping with patience 10; class "
        "weight balanced)",
    ),
]


@pytest.mark.parametrize(("plan", "agreement"), IN_MEMORY)
def test_rows_in_memory(plan, agreement):
    assert prepare(TABLE, "y", plan).setup(plan).agreement == agreement


def test_rows_in_blocks(tmp_path):
    parquet.write_table(TABLE, tmp_path / "d.parquet", row_group_size=4)
    plan = Plan(hidden=(), patience=10)
    ready = prepare_blocks(ParquetChunks(tmp_path / "d.parquet", "y"), "y", plan)
    assert ready.setup(plan).agreement == (
        "a training in blocks on the table 5dc4c447749a (20 rows to train; early stopping with patience 10)"
    )


def test_the_callbacks_of_a_checkpoint_are_those_of_0_1_0(tmp_path):
    from safetensors import safe_open

    plan = Plan(hidden=(), epochs=1, engine="plain", patience=10)
    train_table(prepare(TABLE, "y", plan), plan, checkpoint=tmp_path / "c.safetensors")
    with safe_open(tmp_path / "c.safetensors", "np") as file:
        assert file.metadata()["callbacks"] == '["Together"]'


class Interrupted:
    """A table whose test rows do not answer."""

    def __init__(self, ready, error):
        self.ready, self.error = ready, error
        self.model, self.train, self.validation, self.test = ready.model, ready.train, ready.validation, ready.test

    def setup(self, plan):
        return self.ready.setup(plan)

    def test_scores(self, model):
        raise self.error


@pytest.mark.parametrize("error", [OSError("gone"), KeyboardInterrupt()])
def test_without_an_answer_after_an_interruption_there_are_no_test_scores(monkeypatch, error):
    plan = Plan(hidden=(), epochs=3, engine="plain")
    ready = Interrupted(prepare(TABLE, "y", plan), error)
    with pytest.raises(type(error)):
        train_table(ready, plan)
    ends_in(monkeypatch, 2, interrupt)
    trained = train_table(ready, plan)
    assert (trained.fitted.outcome.kind, trained.best, trained.test) == ("interrupted", 1, None)


@pytest.mark.parametrize("patience", [None, 2])
def test_folds_side_by_side_are_the_folds_one_by_one(monkeypatch, patience):
    """In order and to the last bit, whatever the number of processors."""
    plan = Plan(hidden=(5,), epochs=8, seed=3, patience=patience, learning_rate=0.05)
    ready = prepare(TABLE, "y", plan)
    found = {}
    for processors in (1, 3):
        monkeypatch.setattr(many, "cores", lambda processors=processors: processors)
        found[processors] = list(cross_validate(ready, plan, 4))
    for one, other in zip(*found.values(), strict=True):
        np.testing.assert_array_equal(one.prepared.test, other.prepared.test)
        np.testing.assert_array_equal(one.model.network.flat, other.model.network.flat)
        assert one.test == other.test
        assert one.best == other.best
        for a, b in zip(one.fitted.history, other.fitted.history, strict=True):
            assert repr(replace(a, seconds=0.0)) == repr(replace(b, seconds=0.0))
    tested = np.concatenate([fold.prepared.test for fold in found[3]])
    assert sorted(tested) == sorted(np.concatenate([ready.train, ready.validation]))


@pytest.mark.usefixtures("uncollected")
def test_ctrl_c_ends_all_folds(monkeypatch):
    monkeypatch.setattr(many, "cores", lambda: 2)
    plan = Plan(hidden=(5,), epochs=1_000_000, dtype="float32")
    begun, ends = threading.Event(), []

    class Watch(Callback):
        def on_epoch_end(self, run):
            begun.set()

        def on_fit_end(self, run, fitted):
            ends.append(fitted.stopped)

    folds = cross_validate(prepare(TABLE, "y", plan), plan, 4, lambda: [Watch()])

    def press():
        begun.wait(30)
        time.sleep(0.3)  # all have been handed out
        signal.raise_signal(signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    assert next(folds).fitted.outcome.kind == "interrupted"
    folds.close()
    presser.join()
    assert set(ends) == {"interrupted"}
