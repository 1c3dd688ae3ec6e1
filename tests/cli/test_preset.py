"""``chainrule train --preset`` and what goes on with its file."""

import csv
import json
import re

import numpy as np
import pytest

from chainrule.tables.presets.ensemble import Ensemble
from chainrule.tables.presets.members import PRESETS, Kind, Preset
from chainrule.train import callbacks


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
        (
            ("train", "iris", "--preset", "good", "--early-stopping"),
            "a preset stops each network by a fold of the rows",
        ),
        (("train", "iris", "--preset", "good", "--history", "h.csv"), "--report FILE.html shows them"),
        (("train", "iris", "--preset", "good", "--blocks"), "a preset needs all rows in memory; got --preset good"),
        (("train", "iris", "--preset", "good", "--cluster", "local"), "a preset needs all rows in memory"),
        (("train", "iris", "--checkpoint", "s.safetensors"), "expected the name of a folder: each network of a preset"),
        (("train", "iris", "--report", "r.txt"), "expected a page: .html, .htm"),
        (("train", "iris", "--cv-only"), "--cv-only: expected --cv FOLDS beside it"),
        (("train", "iris", "--resume"), "--resume: expected --checkpoint FOLDER beside it"),
        (("train", "diabetes", "--class-weight", "balanced"), "class weight: expected classes in target; got numbers"),
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
    assert "(1 row)" in err
    code, _, err = run("train", tmp_path / "t.csv", *given[:-1], "refuse", "--preset", "fast")
    assert code == 2
    assert "target y: expected a value in every row; got none in row 5" in err


def test_cross_validation_of_a_preset_says_each_fold(run, tmp_path):
    code, out, _ = run("train", "iris", "--preset", "fast", "--cv", 3, "--cv-only")
    assert code == 0
    lines = out.splitlines()
    scores = [
        float(re.fullmatch(rf"fold {i} of 3: accuracy (.*) .* of 40., loss .*", lines[1 + i])[1]) for i in (1, 2, 3)
    ]
    assert f"accuracy {np.mean(scores):.4f}, standard deviation {np.std(scores, ddof=1):.4f} over 3 folds" in lines[-1]
    assert not any(tmp_path.iterdir())
    record = json.loads(run("train", "iris", "--preset", "fast", "--cv", 3, "--json")[1])
    assert [round(fold["accuracy"], 4) for fold in record["cross_validation"]["folds"]] == scores
    assert record["folds"] == 3  # of the preset itself
    one, other = (
        json.loads(run("train", "iris", "--preset", "fast", *more, "--json")[1]) for more in ((), ("--cv", 3))
    )
    assert one["members"] == other["members"]


@pytest.mark.parametrize(("name", "said"), [("iris", "Confusion matrix of the 30 test rows"),
                                            ("diabetes", "Predicted against true: the 89 test rows")])  # fmt: skip
def test_the_report_of_an_ensemble(run, tmp_path, name, said):
    code, out, _ = run("train", name, "--preset", "fast", "--report", "r.html", "--cv", 2)
    assert code == 0
    assert "report in r.html" in out
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    for words in (said, "Members of the ensemble", "held-out loss", "Held out in 3 folds", "Cross-validation",
                  "chainrule train", "An ensemble of"):  # fmt: skip
        assert words in page
    assert "Learning curves" not in page
    test = re.search(r"test (?:accuracy|R²) (-?[0-9.]+)", out)[1]
    assert test in page


def test_rare_classes_count_as_much_as_others_where_it_is_asked(run, tmp_path):
    rng = np.random.default_rng(0)
    rare = (rng.random(300) < 0.06).astype(int)
    x = rng.normal(size=300) + 1.2 * rare
    rows = "".join(f"{value},{('no', 'yes')[one]}\n" for value, one in zip(x, rare, strict=True))
    (tmp_path / "t.csv").write_text("x,y\n" + rows)
    found = []
    for more in ((), ("--class-weight", "balanced")):
        assert run("train", "t.csv", "--target", "y", "--preset", "fast", *more)[0] == 0
        out = run("predict", "t.safetensors", "t.csv")[1]
        said = np.array([row["prediction"] == "yes" for row in csv.DictReader(out.splitlines())])
        found.append(said[rare == 1].mean())
    assert found[1] > 0.5 > found[0]


def test_a_preset_that_was_ended_goes_on_to_the_same_model(run, tmp_path, monkeypatch):
    given = ("train", "iris", "--preset", "fast", "--threads", 1)
    assert run(*given, "--out", "whole.safetensors")[0] == 0
    real, made = callbacks.EarlyStopping.on_epoch_end, []

    def ended(self, of):
        made.append(1)
        if len(made) == 8:  # in the second network
            raise KeyboardInterrupt
        return real(self, of)

    with monkeypatch.context() as patch:
        patch.setattr(callbacks.EarlyStopping, "on_epoch_end", ended)
        code, _, err = run(*given, "--checkpoint", "state")
    assert code == 130
    assert "interrupted; nothing is saved; --resume goes on from state" in err
    assert not (tmp_path / "iris.safetensors").exists()
    before = {file.name: file.read_bytes() for file in (tmp_path / "state").iterdir()}
    assert set(before) == {"kind-1-fold-1.safetensors", "kind-1-fold-2.safetensors"}
    code, _, err = run(*given, "--class-weight", "balanced", "--checkpoint", "state", "--resume")
    assert code == 2
    assert "expected one of the preset fast on the table" in err
    code, out, _ = run(*given, "--checkpoint", "state", "--resume")
    assert code == 0
    assert "goes on from the checkpoints in state, which 2 networks have" in out
    assert (tmp_path / "state" / "kind-1-fold-1.safetensors").read_bytes() == before["kind-1-fold-1.safetensors"]
    assert (tmp_path / "iris.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    code, out, _ = run(*given, "--checkpoint", "state")
    assert "the checkpoints in state that were there are replaced" in out


def test_predict_runs_an_ensemble_once(run, monkeypatch):
    assert run("train", "iris", "--preset", "fast")[0] == 0
    rows, real = [], Ensemble.__call__
    monkeypatch.setattr(Ensemble, "__call__", lambda self, x: rows.append(len(x)) or real(self, x))
    code, _, err = run("predict", "iris.safetensors", "iris", "--part", "test")
    assert (code, rows) == (0, [30])
    assert err.startswith("accuracy")


def test_an_explanation_says_the_column_and_what_stands_in_it(run, tmp_path):
    rng = np.random.default_rng(1)
    rows = [
        f"{'' if i % 9 == 0 else i % 7},{'uvw'[i % 3]},2024-{i % 12 + 1:02}-05,{rng.normal() + i % 3}"
        for i in range(80)
    ]
    (tmp_path / "t.csv").write_text("\n".join(["a,c,when,y", *rows]))
    assert run("train", "t.csv", "--target", "y", "--preset", "fast")[0] == 0
    (tmp_path / "new.csv").write_text("a,c,when\n,x,2024-03-05\n3,,2024-03-05\n")
    asked = ("explain", "t.safetensors", "dyhat_1/dx", "--data", "new.csv", "--example")
    code, out, _ = run(*asked, 1)
    assert code == 0
    assert "(a is missing: the mean)" in out
    assert "(c is 'x', which training did not see)" in out
    assert "(when is 2024-03-05)" in out
    assert "(c is missing: none of those known)" in run(*asked, 2)[1]
    columns = json.loads(run(*asked, 1, "--json")[1])["columns"]
    told = {one["input"]: (one["column"], one["part"], one["cell"]) for one in columns}
    assert told["a missing"] == ("a", "missing", None)
    assert told["c=v"] == ("c", "v", "x")
    assert told["when month sine"] == ("when", "month sine", "2024-03-05")
