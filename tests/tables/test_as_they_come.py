"""Columns of strangers' tables through train and predict: the right value, or a refusal with the cell and a way on."""

import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from pydantic import TypeAdapter

from chainrule.errors import InputError
from chainrule.storage import load_model, read_table, save_model
from chainrule.tables.columns import Inputs, Target
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.training import train_table

PLAN = Plan(hidden=(16,), epochs=60, learning_rate=0.02)
A = np.random.default_rng(0).normal(size=160)
SIDE = (A > 0).astype(int)


def trained(table, plan=PLAN):
    prepared = prepare(table, "y", plan)
    return prepared, train_table(prepared, plan)


SPELLINGS = {
    "as it is": lambda v: v,
    "tiny": lambda v: v * 1e-13,
    "smaller than most": lambda v: v * 1e-310,
    "huge": lambda v: v * 1e200,
    "shifted": lambda v: v + 1e9,
    "percent": lambda v: f"{100 * v:.9f}%",
    "thousands": lambda v: f"{v * 10_000 + 50_000:,.6f}",
    "decimal comma": lambda v: f"{v:.9f}".replace(".", ","),
    "money": lambda v: f"${v * 100 + 500:.6f}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_column_is_learnt_from_in_every_spelling(spelling):
    prepared, found = trained(pa.table({"a": [SPELLINGS[spelling](v) for v in A.tolist()], "y": SIDE}))
    assert prepared.model.inputs.names == ["a"]
    assert found.test.accuracy > 0.95


@pytest.mark.parametrize("unit", [1e-310, 3e-13, 1.0, 1e200])
def test_a_target_is_learnt_in_every_unit(unit):
    _, found = trained(pa.table({"a": A, "y": A * unit}))
    assert found.test.r2 > 0.98
    assert found.test.rmse < unit


def test_one_mark_of_a_missing_value_leaves_a_column_of_numbers(run, tmp_path):
    cells = [f"{v:.4f}" for v in A]
    cells.insert(30, "?")
    sides = np.insert(SIDE, 30, 1)
    (tmp_path / "a.csv").write_text("a,y\n" + "".join(f"{a},{y}\n" for a, y in zip(cells, sides, strict=True)))
    code, out, err = run("train", "a.csv", "--target", "y", "--test", 0, "--epochs", 2, "--hidden", 4)
    assert code == 0, err
    assert "column 'a': 1 cell missing (the first: '?' in row 31), which gets the mean of the others" in out
    model = load_model(tmp_path / "a.safetensors")
    assert model.inputs.names == ["a", "a missing"]
    (tmp_path / "p.csv").write_text("a,y\n1.5,\n?,\n,1\n")
    code, out, err = run("predict", "a.safetensors", "p.csv")
    assert (code, len(out.splitlines())) == (0, 4)
    assert "(1 of 1)" in err or "(0 of 1)" in err  # scored over the row that has a target


def test_text_is_read_by_the_model_as_it_was_in_training(run, tmp_path):
    rows = "".join(f"{('01', '02', 'A1')[i % 3]},{('no', 'yes')[i % 2]}\n" for i in range(60))
    (tmp_path / "codes.csv").write_text("c,y\n" + rows)
    assert run("train", "codes.csv", "--target", "y", "--epochs", 2, "--hidden", 4)[0] == 0
    for name, text in {"p.csv": "c\n01\n02\n", "q.csv": "c,y\n01,\nA1,\n"}.items():
        (tmp_path / name).write_text(text)
        code, out, err = run("predict", "codes.safetensors", name)
        assert (code, err, len(out.splitlines())) == (0, "", 3)
    (tmp_path / "r.csv").write_text("c\n1\n\n")
    _, _, err = run("predict", "codes.safetensors", "r.csv")
    assert "column 'c': 1 cell with a category that training did not see ('1' in row 1)" in err


def test_few_rows_of_numbers_are_a_regression_and_it_is_said(run, tmp_path):
    (tmp_path / "f.csv").write_text("x,y\n" + "".join(f"{i},{10 * i}\n" for i in range(1, 16)))
    code, out, _ = run("train", "f.csv", "--target", "y", "--epochs", 2, "--hidden", 4, "--report", "r.html")
    said = "target y: regression, for it has 15 different whole numbers in 15 rows (--task classification takes it"
    assert code == 0
    assert said in out
    assert "15 different whole numbers in 15 rows" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_the_unseen_and_the_missing_have_the_mean_of_what_was_seen():
    table = pa.table({"a": [1.0, 2.0, 3.0, 6.0], "c": ["u", "u", "v", "u"], "y": [0.5, 1.5, 2.5, 9.5]})
    model = prepare(table, "y", Plan(test=0)).model
    taken = model.inputs.taken(pa.table({"a": [None, 3.0], "c": ["w", None]}))
    assert taken.x.tolist() == [[0.0, 0.75, 0.25], [0.0, 0.75, 0.25]]
    assert [(one.column, one.what, one.row) for one in taken.unusual] == [
        ("a", "missing", 1), ("c", "unseen", 1), ("c", "missing", 2)
    ]  # fmt: skip


def test_a_model_file_keeps_how_every_column_was_read(tmp_path):
    table = pa.table(
        {
            "share": ["12%", "?", *(f"{i}%" for i in range(20))],
            "day": pa.array(range(22), pa.date32()),
            "code": ["01", "02"] * 11,
            "size": [1e-320 * i for i in range(22)],
            "y": [f"{i}" if i else "?" for i in range(22)],
        }
    )
    model = prepare(table, "y", Plan(test=0, task="regression")).model
    save_model(model, tmp_path / "m.safetensors")
    found = load_model(tmp_path / "m.safetensors")
    assert (found.inputs, found.target, found.split) == (model.inputs, model.target, model.split)
    assert found.texts == ("code", "y")
    assert [origin.column for origin in found.inputs.origins] == [
        "share",
        "share",
        *["day"] * 4,
        "code",
        "code",
        "size",
    ]
    np.testing.assert_array_equal(found.inputs.apply(table), model.inputs.apply(table))


def test_a_wide_table_is_ready_in_time_linear_in_its_width():
    values = np.random.default_rng(1).normal(size=(12, 6000)).round(2)
    table = pa.table({f"c{j}": values[:, j] for j in range(6000)} | {"y": [0, 1] * 6})
    calls = 0

    def counted(frame, event, argument):
        nonlocal calls
        calls += event == "call"

    counts = []
    for width in (1500, 6000):
        part = table.select([*table.column_names[:width], "y"])
        calls = 0
        sys.setprofile(counted)
        try:
            prepare(part, "y", Plan(hidden=(1,)))
        finally:
            sys.setprofile(None)
        counts.append(calls)
    assert counts[1] < 4.5 * counts[0]


MODELS = """
import hashlib, os, sys
from chainrule.storage import read_table, save_ensemble, save_model
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.presets.members import PRESETS, Kind, Preset
from chainrule.tables.presets.table import train_preset
from chainrule.tables.training import train_table

def told(file):
    print(hashlib.sha256(open(file, "rb").read()).hexdigest())

threads = int(os.environ["OMP_NUM_THREADS"])
for name in sys.argv[1:]:
    plan = Plan(hidden=(4,), epochs=2, threads=1)
    model = train_table(prepare(read_table(name), "y", plan), plan).model
    save_model(model, "m.safetensors")
    told("m.safetensors")
PRESETS["fast"] = Preset(folds=2, kinds=(Kind(hidden=(4,), epochs=3, ramps=2), Kind(hidden=(4,), epochs=3)))
plan = Plan(threads=threads)
save_ensemble(train_preset(prepare(read_table(name), "y", plan), plan, "fast").model, "e.safetensors")
told("e.safetensors")
"""


def test_a_model_does_not_depend_on_hash_seeds_and_threads(tmp_path):
    columns = {
        "ties": ["1", "01", "001"], "underscore": ["1_1", "11", "2"], "nan": ["nan", "1", "2", "inf"],
        "words": ["b", "a", "A", "10", "9"],
    }  # fmt: skip
    files = []
    for name, texts in columns.items():
        cells = [texts[i] for i in np.random.default_rng(2).integers(0, len(texts), 60)]
        files.append(f"{name}.parquet")
        table = pa.table({"c": cells, "d": cells[::-1], "y": [("p", "q")[t == texts[0]] for t in cells]})
        parquet.write_table(table, tmp_path / files[-1])
    made = set()
    for seed, threads in (("0", "1"), ("1", "2"), ("2", "3")):
        more = {"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": threads, "ARROW_NUM_THREADS": threads}
        given = [sys.executable, "-c", MODELS, *files]
        done = subprocess.run(given, cwd=tmp_path, env=os.environ | more, capture_output=True, text=True, check=True)
        made.add(done.stdout)
    assert len(made) == 1
    assert len(made.pop().split()) == 5


def test_a_table_is_the_same_from_csv_and_from_parquet(tmp_path):
    rng = np.random.default_rng(3)
    table = pa.table({"a": rng.normal(size=30), "b": rng.choice(["u", "v"], 30), "y": rng.integers(0, 2, 30)})
    parquet.write_table(table, tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text(table.to_pandas().to_csv(index=False))
    one, other = (prepare(read_table(tmp_path / f"t.{kind}"), "y", Plan()).model for kind in ("csv", "parquet"))
    assert (one.inputs, one.target) == (other.inputs, other.target)


def test_a_model_file_of_0_1_0_loads_and_refuses_what_it_refused():
    text = (
        '{"columns": [{"name": "a", "mean": 1.0, "scale": 2.0, "categories": []}, {"name": "c", "categories": ["u"]}]}'
    )
    inputs = TypeAdapter(Inputs).validate_json(text)
    assert inputs.apply(pa.table({"a": [3.0], "c": ["u"]})).tolist() == [[1.0, 1.0]]
    for cells, says in (({"a": [None], "c": ["u"]}, "a value in every row"), ({"a": [1.0], "c": ["w"]}, "one of u")):
        with pytest.raises(InputError, match=says):
            inputs.apply(pa.table(cells))
    old = TypeAdapter(Target).validate_json('{"name": "y", "classes": ["0", "1"], "mean": 0.0, "scale": 1.0}')
    assert old.apply(pa.table({"y": [1, 0]})).tolist() == [1, 0]
