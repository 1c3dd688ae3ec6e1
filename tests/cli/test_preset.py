"""``chainrule train --preset`` and what goes on with its file."""

import csv
import json

import pytest

from chainrule.tables.presets.members import PRESETS, Kind, Preset


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for name in ("fast", "good"):
        monkeypatch.setitem(PRESETS, name, Preset(folds=3, kinds=(Kind(hidden=(8,), epochs=5),)))


def test_good_is_the_usual_and_an_option_of_one_network_says_none(run):
    code, out, _ = run("train", "iris")
    assert code == 0
    assert "preset good: 3 networks, seed 0" in out
    assert "model saved to iris.safetensors" in out
    code, out, _ = run("train", "iris", "--epochs", 1)
    assert code == 0
    assert out.splitlines()[1].startswith("Network(")
    code, out, _ = run("train", "iris", "--preset", "none", "--plot", "a.png")
    assert code == 0


def test_predictions_with_intervals(run):
    assert run("train", "diabetes", "--preset", "fast", "--out", "d.safetensors")[0] == 0
    code, out, err = run("predict", "d.safetensors", "diabetes", "--part", "test", "--interval", 0.9)
    assert code == 0
    rows = list(csv.DictReader(out.splitlines()))
    assert all(float(row["low"]) < float(row["prediction"]) < float(row["high"]) for row in rows)
    assert err.startswith("R²")
    code, out, _ = run("predict", "d.safetensors", "diabetes", "--json")
    assert code == 0
    assert list(json.loads(out)["rows"][0]) == ["prediction"]


def test_the_record(run):
    code, out, _ = run("train", "iris", "--preset", "fast", "--json")
    assert code == 0
    record = json.loads(out)
    assert record["preset"] == "fast"
    assert sum(member["share"] for member in record["members"]) == pytest.approx(1)
    assert record["held_out"]["calibrated"] <= record["held_out"]["loss"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "iris", "--preset", "quick"), "expected fast, good, best or none"),
        (("train", "iris", "--preset", "good", "--hidden", "8"), "--hidden: expected --preset none beside it"),
        (("train", "iris", "--preset", "good", "--early-stopping"), "--early-stopping: expected --preset none"),
        (("predict", "one.safetensors", "iris", "--interval", 0.9), "--interval: expected a model of chainrule train"),
    ],
)
def test_what_is_refused(run, arguments, said):
    if arguments[0] == "predict":
        run("train", "iris", "--epochs", 1, "--out", "one.safetensors")
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_an_explanation_by_columns_and_members(run):
    assert run("train", "iris", "--preset", "fast", "--out", "i.safetensors")[0] == 0
    asked = ("explain", "i.safetensors", "dyhat_2/dx", "--data", "iris", "--example", 60)
    code, out, _ = run(*asked)
    assert code == 0
    assert out.startswith("row 60 of iris: the probability of versicolor is 0.")
    record = json.loads(run(*asked, "--json")[1])
    assert [column["derivative"] for column in record["columns"]] == pytest.approx(
        [sum(column["members"]) for column in record["columns"]]
    )
    code, _, err = run("explain", "i.safetensors", "dL/dW_1", "--data", "iris")
    assert code == 2
    assert "dyhat_1/dx to dyhat_3/dx of an ensemble's model" in err
    assert run("view", "i.safetensors", "--data", "iris")[0] == 2


def test_a_table_as_it_comes(run, tmp_path):
    """Options of the reading go with a preset; ``predict`` reads as the training did, and scores rows with a target."""
    rows = [f"{i % 7}.5;0{i % 3};{'' if i == 4 else i * 3 % 11 + 0.5}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["a;z;y", *rows]))
    given = ("--target", "y", "--types", "z=text", "--separator", "semicolon", "--missing", "impute")
    code, out, _ = run("train", tmp_path / "t.csv", *given, "--preset", "fast", "--out", tmp_path / "m.safetensors")
    assert code == 0
    assert "target y: 1 row without a value is left out (row 5)" in out
    (tmp_path / "new.csv").write_text("a;z;y\n1.5;01;3.5\n;02;\n2.5;1;\n")
    code, out, err = run("predict", tmp_path / "m.safetensors", tmp_path / "new.csv", "--interval", 0.8)
    assert code == 0
    assert len(out.splitlines()) == 4
    assert "column 'a': 1 cell missing (the first in row 2)" in err
    assert "a category that training did not see ('1' in row 3)" in err
    assert "(1 rows)" in err
    code, _, err = run("train", tmp_path / "t.csv", *given[:-1], "refuse", "--preset", "fast")
    assert code == 2
    assert "target y: expected a value in every row; got none in row 5" in err


def test_a_cluster_predicts_by_one_network(run):
    pytest.importorskip("distributed")
    assert run("train", "iris", "--out", "i.safetensors")[0] == 0
    code, _, err = run("predict", "i.safetensors", "a.csv", "--cluster", "local", "--out", "o.csv")
    assert code == 2
    assert "--cluster: expected a model of one network" in err
