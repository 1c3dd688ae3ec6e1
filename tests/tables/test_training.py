"""What a checkpoint of a table's training must agree with: as version 0.1.0 wrote it, or its checkpoints are lost."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from chainrule.tables.blocks import prepare_blocks
from chainrule.tables.chunks import ParquetChunks
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.training import train_table
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
