"""``chainrule train`` and ``predict`` on a Dask cluster: the same rules, the same weights, one line where it fails."""

import csv as csv_lines
import json
import re
import subprocess
import sys
from concurrent.futures import CancelledError

import distributed
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet
from safetensors import safe_open

from chainrule.distributed import connection, prepare, table_files, work
from chainrule.distributed.summary import PartitionSplit
from chainrule.storage import load_model, read_table
from chainrule.tables.blocks import open_large
from chainrule.tables.chunks import ParquetChunks
from chainrule.tables.decision import fit_target
from chainrule.tables.presets.members import PRESETS, Kind, Preset
from chainrule.tables.summary import fit_inputs
from tests.support.clusters import TOGETHER, cluster
from tests.tables.test_training import TABLE as AS_BEFORE

pytestmark = TOGETHER

ROWS, GROUP, FILES = 600, 70, 2  # of the table, of a row group, of its files
SMALL = ("--hidden", "6", "--epochs", 2, "--learning-rate", 0.01)


@pytest.fixture(scope="module")
def two():
    """The address of a scheduler with two workers, processes of their own."""
    with cluster(2, processes=True) as client:
        yield client.scheduler.address


@pytest.fixture(scope="module")
def one():
    """The address of a scheduler with one worker."""
    with cluster(1, protocol="tcp://") as client:
        yield client.scheduler.address


@pytest.fixture
def table(tmp_path):
    """A table with numbers, text and truth values, in two Parquet files of several row groups each."""
    rng = np.random.default_rng(0)
    color = rng.choice(["red", "green", "blue"], ROWS)
    a, flag = rng.normal(40, 3, ROWS), rng.random(ROWS) < 0.3
    y = np.where((a > 40) ^ (color == "red"), "yes", np.where(flag, "maybe", "no"))
    whole = pa.table({"a": a, "n": rng.integers(0, 9, ROWS), "color": color, "flag": flag, "y": y})
    (tmp_path / "data").mkdir()
    parquet.write_table(whole, tmp_path / "all.parquet", row_group_size=GROUP)
    half = ROWS // FILES
    for i in range(FILES):
        part = whole.slice(i * half, half)
        parquet.write_table(part, tmp_path / "data" / f"part-{i + 9}.parquet", row_group_size=GROUP)
    return whole


def told(run, *arguments):
    code, out, err = run(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def numbers(text):
    """Lines of CSV with predictions: the first column, and the others as numbers."""
    rows = list(csv_lines.reader(text.splitlines()))
    return [row[0] for row in rows], np.array([[float(v) for v in row[1:]] for row in rows])


# ---------------------------------------------------------------- preprocessing


def test_preprocessing_is_that_of_blocks(run, two, table, tmp_path):
    code, _, err = run("train", "all.parquet", "--target", "y", "--cluster", two, "--test", 0, *SMALL)
    assert code == 0, err
    mine = load_model(tmp_path / "all.safetensors")
    theirs = open_large(ParquetChunks(tmp_path / "all.parquet", "y"), "y").train
    whole = fit_inputs(table, ["a", "n", "color", "flag"], np.arange(ROWS))
    assert mine.target == theirs.target == fit_target(table, "y", None)
    for a, b, c in zip(mine.inputs.columns, theirs.inputs.columns, whole.columns, strict=True):
        assert a.categories == b.categories == c.categories
        assert a.mean == pytest.approx(b.mean, rel=1e-13)
        np.testing.assert_allclose([a.mean, a.scale], [c.mean, c.scale], rtol=1e-12)


def test_means_are_those_of_the_rows_to_learn_from(run, two, table, tmp_path):
    found = told(run, "train", "data", "--target", "y", "--cluster", two, "--seed", 5, "--validation", 0.2, *SMALL)
    half, split, learnt = ROWS // FILES, PartitionSplit(5, 0.2 * 0.8, 0.2), []
    sizes = ([GROUP] * (half // GROUP) + [half % GROUP]) * FILES
    masks = [split.held(i, n) | split.tested(i, n) for i, n in enumerate(sizes, 1)]
    assert not any((split.held(i, n) & split.tested(i, n)).any() for i, n in enumerate(sizes, 1))
    learnt = ~np.concatenate(masks)
    assert found["rows"]["train"] == learnt.sum()
    assert sum(found["rows"].values()) == ROWS
    assert 80 < found["rows"]["test"] < 160
    assert 60 < found["rows"]["validation"] < 140
    column = load_model(tmp_path / "data.safetensors").inputs.columns[0]
    values = table.column("a").to_numpy()[learnt]
    np.testing.assert_allclose([column.mean, column.scale], [values.mean(), values.std()], rtol=1e-12)
    assert found["history"][-1]["validation_score"] is not None
    assert found["test"]["n"] == found["rows"]["test"]


def test_csv_in_blocks_gives_what_parquet_gives(run, two, table, tmp_path, monkeypatch):
    monkeypatch.setattr(table_files, "CSV_BYTES", 3000)
    csv.write_csv(table, tmp_path / "c.csv")
    assert len(table_files.open_files(str(tmp_path / "c.csv")).pieces) > 5
    for data in ("c.csv", "all.parquet"):
        assert run("train", data, "--target", "y", "--cluster", two, "--test", 0, *SMALL)[0] == 0
    mine, theirs = (load_model(tmp_path / f"{name}.safetensors") for name in ("c", "all"))
    assert mine.target == theirs.target
    for a, b in zip(mine.inputs.columns, theirs.inputs.columns, strict=True):
        assert a.categories == b.categories
        np.testing.assert_allclose([a.mean, a.scale], [b.mean, b.scale], rtol=1e-12)
    assert run("predict", "c.safetensors", "c.csv", "--cluster", two, "--out", "p.csv")[0] == 0
    guessed, given = numbers("\n".join((tmp_path / "p.csv").read_text().splitlines()[1:]))
    expected = mine.forward(table)
    assert np.allclose(given, expected, rtol=1e-12)
    assert guessed == [mine.target.classes[i] for i in expected.argmax(axis=1)]


# ---------------------------------------------------------------- training


@pytest.mark.parametrize(
    ("target", "more"), [("y", ("--class-weight", "balanced", "--l2", 0.1)), ("a", ("--schedule", "cosine"))]
)
def test_exact_steps_are_those_of_one_machine_with_all_rows_as_a_batch(run, two, table, target, more):
    base = ("--target", target, "--test", 0, *SMALL, *more)
    mine = told(run, "train", "all.parquet", *base, "--cluster", two, "--mode", "exact")
    theirs = told(run, "train", "all.parquet", *base, "--batch-size", ROWS)
    for a, b in zip(mine["history"], theirs["history"], strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-9)
        assert a["accuracy"] == b["accuracy"]
        assert a["learning_rate"] == b["learning_rate"]


@pytest.mark.parametrize("mode", ["exact", "rounds", "minibatches"])
def test_the_workers_do_not_change_the_model_to_the_last_bit(run, one, two, table, tmp_path, mode):
    files = []
    for name, address in (("one", one), ("two", two)):
        out = f"{name}.safetensors"
        more = ("--mode", mode, "--early-stopping", "--out", out, "--dtype", "float32")
        code, said, err = run("train", "data/*.parquet", "--target", "y", "--cluster", address, *SMALL, *more)
        assert code == 0, err
        assert f"model saved to {out}" in said
        files.append((tmp_path / out).read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize("mode", ["exact", "rounds"])
def test_rows_that_do_not_fit_on_the_workers_are_read_again(run, two, table, tmp_path, monkeypatch, mode):
    kept = []
    monkeypatch.setattr(work.Work, "keep", lambda self, blocks: kept.append(len(blocks)) or [blocks])
    for share, name in ((0.3, "fits"), (0.0, "not")):
        monkeypatch.setattr(prepare, "MEMORY_SHARE", share)
        more = ("--mode", mode, "--out", f"{name}.safetensors")
        assert run("train", "all.parquet", "--target", "y", "--cluster", two, *SMALL, *more)[0] == 0
    assert kept == [9]
    assert (tmp_path / "fits.safetensors").read_bytes() == (tmp_path / "not.safetensors").read_bytes()


def test_rounds_learn(run, two, table):
    more = ("--hidden", "16", "--epochs", 12, "--learning-rate", 0.05, "--local-steps", 2, "--dropout", "0.05")
    code, out, err = run("train", "data", "--target", "y", "--cluster", two, *more)
    assert code == 0, err
    assert "rows to train" in out
    assert float(re.search(r"test accuracy (\S+)", out).group(1)) > 0.7
    assert "epoch" in err
    assert "12/12" in err


@pytest.mark.parametrize("mode", ["exact", "rounds", "minibatches"])
def test_a_resumed_training_ends_in_the_same_model_on_another_cluster(run, one, two, table, tmp_path, mode):
    base = ("train", "data", "--target", "y", "--hidden", "6", "--mode", mode, "--validation", 0.1)
    assert run(*base, "--cluster", two, "--epochs", 4, "--out", "whole.safetensors")[0] == 0
    assert run(*base, "--cluster", two, "--epochs", 2, "--checkpoint", "kept")[0] == 0
    resumed = (*base, "--cluster", one, "--epochs", 4, "--checkpoint", "kept", "--resume")
    code, out, err = run(*resumed, "--history", "h.csv", "--out", "resumed.safetensors")
    assert code == 0, err
    assert "after epoch 2" in out
    assert len((tmp_path / "h.csv").read_text().splitlines()) == 5
    files = [(tmp_path / f"{name}.safetensors").read_bytes() for name in ("whole", "resumed")]
    assert files[0] == files[1]
    code, _, err = run(*base, "--cluster", one, "--epochs", 4, "--seed", 1, "--checkpoint", "kept", "--resume")
    assert code == 2
    assert "checkpoint" in err


@pytest.mark.parametrize(
    ("more", "agreement"),
    [
        (("--mode", "exact"), "exact, on the table e197ac98a92b (27 rows to train in 8 partitions; no early stopping)"),
        (("--mode", "rounds", "--engine", "plain", "--validation", 0.2),
         "rounds, on the table d82c6ce0d83b (23 rows to train in 8 partitions; no early stopping)"),
    ],
)  # fmt: skip
def test_a_checkpoint_agrees_with_those_of_0_1_0(run, one, tmp_path, more, agreement):
    parquet.write_table(AS_BEFORE, tmp_path / "d.parquet", row_group_size=4)
    base = ("train", "d.parquet", "--target", "y", "--hidden", "", "--epochs", 1, "--checkpoint", "c.safetensors")
    assert run(*base, "--cluster", one, *more)[0] == 0
    with safe_open(tmp_path / "c.safetensors", "np") as file:
        assert file.metadata()["asked"] == f"a training on a cluster, in mode {agreement}"


def test_json_says_what_other_trainings_say(run, two, table, tmp_path):
    base = ("train", "all.parquet", "--target", "y", *SMALL)
    mine, theirs = told(run, *base, "--cluster", two), told(run, *base, "--out", "alone.safetensors")
    assert mine.keys() == theirs.keys()
    assert (mine["inputs"], mine["classes"]) == (theirs["inputs"], theirs["classes"])
    assert mine["test"].keys() == theirs["test"].keys()
    assert (tmp_path / mine["model"]).exists()
    assert (tmp_path / mine["plot"]).exists()
    assert load_model(tmp_path / mine["model"]).split.rows == 0  # its test part cannot be told from the table alone


# ---------------------------------------------------------------- predictions


@pytest.mark.parametrize("target", ["y", "a"])
def test_predictions_are_those_without_a_cluster(run, two, table, tmp_path, target):
    train = ("train", "all.parquet", "--target", target, *SMALL, "--out", "m.safetensors")
    assert run(*train)[0] == 0
    code, out, alone = run("predict", "m.safetensors", "all.parquet")
    assert code == 0
    header, *lines = out.splitlines()
    expected = numbers("\n".join(lines))
    ask = ("predict", "m.safetensors", "data/*.parquet", "--cluster", two)
    code, out, err = run(*ask, "--out", "p.csv")
    assert (code, out) == (0, ""), err
    assert err.startswith(f"{ROWS} predictions in p.csv\n")
    assert err.splitlines()[1] == alone.strip()
    assert run(*ask, "--out", "p")[0] == 0
    parts = sorted((tmp_path / "p").iterdir())
    assert [part.name for part in parts][:2] == ["part-00001.csv", "part-00002.csv"]
    texts = [part.read_text().splitlines() for part in parts]
    assert [len(text) - 1 for text in texts] == [GROUP] * 4 + [20] + [GROUP] * 4 + [20]
    one_file = (tmp_path / "p.csv").read_text().splitlines()
    assert one_file == [header, *(line for text in texts for line in text[1:])]
    found = numbers("\n".join(one_file[1:]))
    if target == "y":
        assert found[0] == expected[0]
        assert np.allclose(found[1], expected[1], rtol=1e-12)
    else:
        assert np.allclose(np.float64(found[0]), np.float64(expected[0]), rtol=1e-12)


def test_without_the_target_there_is_no_score(run, two, table, tmp_path):
    assert run("train", "all.parquet", "--target", "y", *SMALL)[0] == 0
    parquet.write_table(table.drop_columns(["y"]), tmp_path / "bare.parquet")
    code, _, err = run("predict", "all.safetensors", "bare.parquet", "--cluster", two, "--out", "p.csv")
    assert (code, err) == (0, f"{ROWS} predictions in p.csv\n")


# ---------------------------------------------------------------- what fails says where


@pytest.mark.parametrize(
    ("column", "values", "says"),
    [
        ("a", [1.0, float("nan")], r"column 'a': expected a value in every row; got none in row 2"),
        ("color", ["red", None], r"column 'color': expected a value in every row; got none in row 2"),
        ("flag", [None, True], r"column 'flag': expected a value in every row; got none in row 1"),
        ("y", ["yes", None], r"column 'y': expected a value in every row; got none in row 2"),
    ],
)
def test_a_bad_value_is_named_with_partition_row_and_file(run, two, table, tmp_path, refused, column, values, says):
    kind = table.schema.field(column).type
    part = table.slice(0, 2).set_column(table.column_names.index(column), column, pa.array(values, kind))
    with parquet.ParquetWriter(tmp_path / "data" / "part-10.parquet", table.schema) as file:
        file.write_table(table.slice(0, 50))
        file.write_table(part)
    err = refused("train", "data", "--target", "y", "--cluster", two, "--missing", "refuse", *SMALL)
    assert re.search(rf"partition 7 of 7 \(data/part-10.parquet, row group 2\): {says}", err)
    assert not (tmp_path / "data.safetensors").exists()


def test_a_column_of_another_type_is_named(run, two, table, tmp_path, refused):
    words = pa.array(["x"] * ROWS)
    parquet.write_table(table.set_column(0, "a", words), tmp_path / "data" / "part-10.parquet")
    err = refused("train", "data", "--target", "y", "--cluster", two, *SMALL)
    assert re.search(
        r"partition 6 of 6 \(data/part-10.parquet\): column 'a': expected numbers, .* got 'x' in row 1", err
    )
    whole = pa.array(np.arange(ROWS))
    parquet.write_table(table.set_column(2, "color", whole), tmp_path / "data" / "part-10.parquet")
    err = refused("train", "data", "--target", "y", "--cluster", two, *SMALL)
    assert re.search(r"\(data/part-10.parquet\): column 'color': expected text, .*; got 0 in row 1", err)
    parquet.write_table(table.drop_columns(["n"]), tmp_path / "data" / "part-10.parquet")
    err = refused("train", "data", "--target", "y", "--cluster", two, *SMALL)
    assert "partition 6 of 6 (data/part-10.parquet): column 'n': expected one of: a, color, flag, y" in err


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("ten,1,red,true,no", "column 'a': expected numbers, as in the first rows of the table; got 'ten' in row"),
        ("1,1,red,true,no,more", "5 cells in each row, as in the names (line 1)"),
        ("1,,red,true,no", "column 'n': expected a value in every row; got none in row"),
    ],
)
def test_a_bad_line_of_a_csv_file_is_named(run, two, table, tmp_path, monkeypatch, refused, line, says):
    monkeypatch.setattr(table_files, "CSV_BYTES", 9000)
    monkeypatch.setattr(table_files, "SAMPLE_BYTES", 3000)
    csv.write_csv(table, tmp_path / "c.csv")
    with open(tmp_path / "c.csv", "a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    err = refused("train", "c.csv", "--target", "y", "--cluster", two, "--missing", "refuse", *SMALL)
    assert re.search(r"partition (\d) of \1 \(c.csv from byte \d+\): ", err)
    assert says in err


def test_a_value_that_does_not_fit_is_named_and_leaves_no_file(run, two, table, tmp_path, refused):
    assert run("train", "all.parquet", "--target", "y", *SMALL)[0] == 0
    parquet.write_table(table.slice(0, 3).set_column(0, "a", pa.array(["1", "ten", "?"])), tmp_path / "p.parquet")
    err = refused("predict", "all.safetensors", "p.parquet", "--cluster", two, "--out", "p.csv")
    assert "partition 1 of 1 (p.parquet): column 'a': expected numbers; got 'ten' in row 2" in err
    assert [path.name for path in tmp_path.iterdir() if "p.csv" in path.name] == []


def test_missing_cells_and_unseen_categories_are_the_same_on_one_machine(run, two, table, tmp_path):
    holes = table.slice(0, 90)
    for name, every in {"a": 7, "color": 5, "y": 11}.items():
        cells = [None if i % every == 3 else value for i, value in enumerate(holes[name].to_pylist())]
        holes = holes.set_column(holes.column_names.index(name), name, pa.array(cells, table.schema.field(name).type))
    parquet.write_table(holes, tmp_path / "holes.parquet", row_group_size=40)
    for out, more in {"c.safetensors": ("--cluster", two), "m.safetensors": ()}.items():
        code, said, err = run("train", "holes.parquet", "--target", "y", *SMALL, *more, "--test", 0, "--out", out)
        assert code == 0, err
        assert "column 'a': 13 cells missing (the first: row 4)" in said
        assert "target y: 8 rows without a value" in said
    mine, theirs = (load_model(tmp_path / name) for name in ("c.safetensors", "m.safetensors"))
    assert mine.target == theirs.target
    assert mine.inputs.names == theirs.inputs.names
    for one, other in zip(mine.inputs.columns, theirs.inputs.columns, strict=True):
        np.testing.assert_allclose([one.mean, one.scale], [other.mean, other.scale], rtol=1e-12)
        np.testing.assert_allclose(one.shares, other.shares, rtol=1e-12)
    fresh = holes.slice(0, 4).set_column(2, "color", pa.array(["red", "pink", None, "blue"]))
    parquet.write_table(fresh, tmp_path / "p.parquet")
    told = run("predict", "m.safetensors", "p.parquet", "--cluster", two, "--out", "p.csv")[2]
    assert "column 'color': 1 cell with a category that training did not see ('pink' in row 2 of partition 1" in told
    code, _, err = run("predict", "m.safetensors", "p.parquet", "--out", "q.csv")
    assert "column 'color': 1 cell with a category that training did not see ('pink' in row 2)" in err
    one, other = (numbers("\n".join((tmp_path / n).read_text().splitlines()[1:])) for n in ("p.csv", "q.csv"))
    assert one[0] == other[0]
    np.testing.assert_allclose(one[1], other[1], rtol=1e-9)


@pytest.mark.parametrize("marks", [["?", "n/a", ""], [None]])
def test_a_target_with_marks_of_missing_values_is_the_same_everywhere(run, two, tmp_path, marks):
    rng = np.random.default_rng(4)
    y = [marks[i % len(marks)] if i % 9 == 4 else f"{i % 3}.5" if i % 2 else f"{i % 5}" for i in range(90)]
    parquet.write_table(pa.table({"a": rng.normal(size=90), "y": y}), tmp_path / "t.parquet", row_group_size=15)
    said = {}
    for name, more in {"whole": (), "blocks": ("--blocks",), "cluster": ("--cluster", two)}.items():
        given = ("train", "t.parquet", "--target", "y", *SMALL, "--test", 0, "--out", f"{name}.safetensors", *more)
        code, out, err = run(*given)
        assert code == 0, err
        said[name] = next(line for line in out.splitlines() if "without a value" in line)
        code, _, err = run(*given, "--missing", "refuse")
        assert code == 2
        assert "expected a value in every row; got" in err
    assert said["whole"] == said["blocks"]
    assert said["whole"].startswith(said["cluster"].removesuffix("left out"))
    whole, blocks, cluster = (load_model(tmp_path / f"{name}.safetensors") for name in said)
    for other in (blocks, cluster):
        assert (other.target.kind, other.target.form) == (whole.target.kind, whole.target.form)
        np.testing.assert_allclose(
            [other.target.mean, other.target.scale, other.inputs.columns[0].mean],
            [whole.target.mean, whole.target.scale, whole.inputs.columns[0].mean], rtol=1e-12,
        )  # fmt: skip


@pytest.mark.parametrize("target", ["y", "a"])
def test_an_ensemble_predicts_on_a_cluster_as_without_one(run, two, table, tmp_path, monkeypatch, target):
    monkeypatch.setitem(PRESETS, "fast", Preset(folds=2, kinds=(Kind(hidden=(4,), epochs=5),)))
    given = ("train", "all.parquet", "--target", target, "--preset", "fast", "--out", "e.safetensors")
    assert run(*given)[0] == 0
    more = ("--interval", 0.8) if target == "a" else ()
    code, out, alone = run("predict", "e.safetensors", "all.parquet", *more)
    assert code == 0
    ask = ("predict", "e.safetensors", "data/*.parquet", "--cluster", two, "--out", "p.csv", *more)
    code, _, err = run(*ask)
    assert code == 0
    assert err.splitlines()[1] == alone.strip()
    found = (tmp_path / "p.csv").read_text().splitlines()
    assert found[0] == out.splitlines()[0]
    mine, theirs = (numbers("\n".join(lines[1:])) for lines in (found, out.splitlines()))
    if target == "y":
        assert mine[0] == theirs[0]
    np.testing.assert_allclose(mine[1], theirs[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--cv", 3), "--cv: expected no --cluster beside it"),
        (("--report", "r.html"), "--report: expected no --cluster"),
        (("--blocks",), "--blocks: expected no --cluster"),
        (("--threads", 2), "--threads: expected no --cluster"),
        (("--mode", "other"), "mode: expected exact, minibatches, rounds or auto; got 'other'"),
        (("--local-steps", 0), "local steps: expected at least 1"),
        (("--mode", "exact", "--dropout", 0.5), "dropout: expected mode rounds"),
        (("--mode", "exact", "--batch-size", 64), "batch size: expected mode minibatches or rounds"),
        (("--mode", "minibatches", "--dropout", 0.5), "dropout: expected mode rounds"),
        (("--mode", "rounds", "--steps-per-epoch", 2), "steps per epoch: expected mode exact"),
        (("--timeout", 0), "--timeout: expected seconds, above 0"),
        (("--mode", "exact", "--local-steps", 5), "local steps: expected mode rounds"),
        (("--target", "z"), "column 'z': expected one of: a, n, color, flag, y"),
        (("--epochs", 0), "epochs: expected at least 1"),
    ],
)
def test_options_that_do_not_go_with_a_cluster_are_refused(table, refused, more, says):
    assert says in refused("train", "data", "--target", "y", "--cluster", "tcp://127.0.0.1:1", *more)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("train", "data", "--target", "y", "--mode", "exact"), "--mode: expected --cluster beside it"),
        (("train", "data", "--cluster", "local"), "--target: expected a column of data: a, n, color, flag, y"),
        (("train", "no*.csv", "--target", "y", "--cluster", "local"), "no such file"),
        (("train", "text.dat", "--target", "y", "--cluster", "local"), "got '.dat'"),
        (("train", "broken.parquet", "--target", "y", "--cluster", "local"), "expected a Parquet file"),
        (("train", "mixed", "--target", "y", "--cluster", "local"), "expected files of one kind"),
        (("predict", "m.safetensors", "data", "--cluster", "local"), "--out FOLDER or --out FILE.csv"),
        (("predict", "m.safetensors", "data", "--cluster", "local", "--out", "data"), "an empty or a new folder"),
        (("predict", "m.safetensors", "data", "--cluster", "local", "--json"), "--json: expected no --cluster"),
        (("predict", "m.safetensors", "data", "--cluster", "local", "--part", "test"), "--part test: expected no"),
    ],
)
def test_what_is_wrong_is_said_before_a_cluster_is_made(table, refused, tmp_path, monkeypatch, arguments, says):
    monkeypatch.setattr(connection, "local_client", lambda: pytest.fail("a cluster was made"))
    for name in ("text.dat", "broken.parquet", "m.safetensors"):
        (tmp_path / name).write_text("a,b\n")
    (tmp_path / "mixed").mkdir()
    for name in ("a.csv", "b.tsv"):
        (tmp_path / "mixed" / name).write_text("a,b\n1,2\n")
    assert says in refused(*arguments)


def test_a_scheduler_that_is_not_there(table, refused, monkeypatch):
    monkeypatch.setattr(connection, "CONNECTING", 0.5)
    err = refused("train", "data", "--target", "y", "--cluster", "tcp://127.0.0.1:1")
    assert "cluster: expected local, or the address of a scheduler, as tcp://host:8786; got" in err


def test_without_dask_the_extra_is_named(table, refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    for arguments in (("train", "data", "--target", "y"), ("predict", "m.safetensors", "data", "--out", "p")):
        assert "--cluster: expected the extra chainrule[dask]; got no Dask" in refused(*arguments, "--cluster", "local")


# ---------------------------------------------------------------- breaks


def failing(monkeypatch, number, error):
    """The pass of that number over the partitions, from 1, raises the error; the others are made."""
    real, made = work.Work.total, []

    def total(self, what, *arguments, **more):
        made.append(what)
        if len(made) == number:
            raise error
        return real(self, what, *arguments, **more)

    monkeypatch.setattr(work.Work, "total", total)


def test_an_interrupted_training_keeps_what_it_has_and_closes_the_cluster(run, table, tmp_path, monkeypatch):
    made = []

    def local():
        options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
        made.append(distributed.Client(distributed.LocalCluster(processes=False, **options)))
        return made[0]

    monkeypatch.setattr(connection, "local_client", local)
    failing(monkeypatch, 4, KeyboardInterrupt())
    code, out, err = run("train", "data", "--target", "y", "--cluster", "local", "--hidden", "4", "--epochs", 50)
    assert code == 0, err
    assert "interrupted: kept the network after epoch 2" in out
    assert "test accuracy" in out
    assert load_model(tmp_path / "data.safetensors").network.sizes == (6, 4, 3)
    assert made[0].status == "closed"
    assert made[0].cluster.status.name == "closed"


def test_a_cluster_that_is_lost_is_one_line_and_leaves_the_checkpoint(run, two, table, tmp_path, monkeypatch):
    more = ("--hidden", "6", "--epochs", 4, "--checkpoint", "kept", "--history", "h.csv")
    base = ("train", "data", "--target", "y", "--cluster", two, *more)
    with monkeypatch.context() as broken:
        failing(broken, 4, work.ClusterError("train-partition: no partition in 600 s (timeout)"))
        code, _, err = run(*base)
    assert code == 2
    assert err.splitlines()[-1] == "chainrule: error: train-partition: no partition in 600 s (timeout)"
    assert not (tmp_path / "data.safetensors").exists()
    code, out, err = run(*base, "--resume")
    assert code == 0, err
    assert "after epoch 2" in out


def test_the_pieces_in_order_are_the_table(table, tmp_path):
    files = table_files.open_files(str(tmp_path / "data"))
    parts = [table_files.read_piece(piece, files.layout) for piece in files.pieces]
    assert pa.concat_tables(parts).equals(read_table(tmp_path / "all.parquet"))


def test_a_scheduler_that_goes_is_one_line(run, two, table, monkeypatch):
    failing(monkeypatch, 3, CancelledError("1 Future cancelled"))
    code, _, err = run("train", "data", "--target", "y", "--cluster", two, *SMALL)
    assert code == 2
    assert err.splitlines()[-1] == f"chainrule: error: the scheduler of --cluster {two} is gone"


def test_other_commands_do_not_load_dask():
    code = """
import sys
from chainrule.cli import main
for words in (["--help"], ["train", "iris", "--epochs", "1", "--cv-only", "--cv", "2", "--hidden", ""]):
    sys.argv[1:] = words
    try:
        main()
    except SystemExit as stop:
        assert not stop.code
print("loaded", *{"dask", "distributed", "fsspec"} & set(sys.modules))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120).stdout
    assert "Usage: " in out
    assert "cross-validation: accuracy" in out
    assert out.splitlines()[-1] == "loaded"
