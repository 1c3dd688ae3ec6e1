"""``chainrule train --cv``: each fold, then mean and deviation."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from chainrule.storage import read_table
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.training import cross_validate
from chainrule.train import many
from tests.support.training import IRIS, told


def test_cross_validation_says_each_fold_then_mean_and_deviation(run, tmp_path):
    code, out, _ = run(*IRIS, "--cv", 4, "--epochs", 20)
    assert code == 0
    folds = [float(a) for a in re.findall(r"fold \d of 4: accuracy (\d\.\d+)", out)]
    assert len(folds) == 4
    mean, deviation = re.search(
        r"cross-validation: accuracy (\S+), standard deviation (\S+) over 4 folds", out
    ).groups()
    assert float(mean) == pytest.approx(np.mean(folds), abs=1e-4)
    assert float(deviation) == pytest.approx(np.std(folds, ddof=1), abs=1e-4)
    assert "model saved to iris.safetensors" in out
    with_folds = tmp_path.joinpath("iris.safetensors").read_bytes()
    assert run(*IRIS, "--epochs", 20)[0] == 0
    assert tmp_path.joinpath("iris.safetensors").read_bytes() == with_folds


def test_folds_are_said_in_their_order_and_one_bar_counts_them(run, monkeypatch):
    monkeypatch.setattr(many, "cores", lambda: 3)
    code, out, err = run(*IRIS, "--cv", 5, "--cv-only", "--epochs", 4)
    assert code == 0
    assert re.findall(r"fold (\d) of 5", out) == list("12345")
    assert "5 of 5 folds" in err
    assert "100%" in err


def test_cross_validation_only_leaves_nothing_behind(run, tmp_path):
    found = told(run, "train", "diabetes", "--cv", 3, "--cv-only", "--epochs", 3)
    assert list(tmp_path.iterdir()) == []
    scores = found["cross_validation"]
    assert scores["score"] == "r2"
    assert scores["mean"] == pytest.approx(np.mean([fold["r2"] for fold in scores["folds"]]))
    assert "model" not in found


def test_folds_cover_the_rows_to_train_once_and_learn_their_own_preprocessing():
    table, plan = read_table("iris"), Plan(hidden=(4,), epochs=1, engine="plain")
    prepared = prepare(table, "target", plan)
    folds = list(cross_validate(prepared, plan, 5))
    assert sorted(np.concatenate([fold.prepared.test for fold in folds])) == sorted(prepared.train)
    labels = prepared.model.target.apply(table)
    for fold in folds:
        assert np.bincount(labels[fold.prepared.test]).tolist() == [8, 8, 8]
        assert set(fold.prepared.train) & set(fold.prepared.test) == set()
        own = table.column(2).to_numpy()[fold.prepared.train]
        assert fold.model.inputs.columns[2].mean == own.mean()
    numbers = Plan(hidden=(), epochs=1, engine="plain")
    prepared = prepare(read_table("diabetes"), "target", numbers)
    for fold in cross_validate(prepared, numbers, 3):
        assert fold.model.target.mean != prepared.model.target.mean
        assert fold.test.r2 is not None


def test_a_class_rarer_than_the_folds_is_no_error(run, tmp_path):
    label = ["a"] * 20 + ["b"] * 20 + ["c"] * 3
    pa.csv.write_csv(pa.table({"x": np.arange(43.0), "y": label}), tmp_path / "d.csv")
    assert run("train", "d.csv", "--target", "y", "--cv", 5, "--cv-only", "--epochs", 1)[0] == 0
