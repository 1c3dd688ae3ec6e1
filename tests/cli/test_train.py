"""``chainrule train``: its options, early stopping, the tables it takes, and what it refuses."""

import csv
import gzip
import inspect
import io
import json
import re
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from chainrule.cli.train import work
from chainrule.cli.train.command import train
from chainrule.storage import load_model, read_table
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.reading import TableReading
from chainrule.tables.training import train_table
from chainrule.train import loop
from tests.support.training import IRIS, told

# ---------------------------------------------------------------- early stopping and validation


def test_early_stopping_keeps_the_best_epoch(run, tmp_path):
    arguments = ("train", "diabetes", "--epochs", 200, "--learning-rate", 0.01)
    code, out, _ = run(*arguments, "--early-stopping", "--patience", 5)
    assert code == 0
    assert "317 rows to train, 36 to validate, 89 kept aside" in out
    ended, kept = map(int, re.search(r"stopped after epoch (\d+): .*; kept the network of epoch (\d+)", out).groups())
    assert kept < ended < 200
    losses = [e["validation_loss"] for e in told(run, *arguments, "--early-stopping", "--patience", 5)["history"]]
    assert int(np.argmin(losses)) + 1 == kept
    shorter = ("train", "diabetes", "--epochs", kept, "--learning-rate", 0.01, "--validation", 0.1)
    assert run(*shorter, "--out", "kept.safetensors")[0] == 0
    files = [tmp_path.joinpath(f"{name}.safetensors").read_bytes() for name in ("diabetes", "kept")]
    assert files[0] == files[1]


def test_validation_rows_are_in_proportion_and_are_not_learnt_from():
    table = read_table("iris")
    plan = Plan(validation=0.25)
    prepared = prepare(table, "target", plan)
    assert sorted(np.concatenate([prepared.train, prepared.validation, prepared.test])) == list(range(150))
    labels = prepared.model.target.apply(table)
    assert np.bincount(labels[prepared.validation]).tolist() == [10, 10, 10]
    column = table.column(0).to_numpy()[prepared.train]
    assert prepared.model.inputs.columns[0].mean == column.mean()


def test_options_reach_the_recipe(run, monkeypatch):
    seen = []
    real = loop.start
    monkeypatch.setattr(loop, "start", lambda network, recipe: seen.append(recipe) or real(network, recipe))
    code, _, err = run(
        "train", "iris", "--epochs", 8, "--hidden", "8,4", "--optimizer", "adamw", "--learning-rate", 0.02,
        "--schedule", "cosine", "--warmup", 2, "--l2", 0.1, "--weight-decay", 0.3, "--dropout", "0.2,0.1",
        "--engine", "plain", "--threads", 2, "--batch-size", 7, "--seed", 5,
    )  # fmt: skip
    assert code == 0, err
    (recipe,) = seen
    assert (recipe.optimizer.name, recipe.optimizer.settings.learning_rate) == ("adamw", 0.02)
    assert recipe.optimizer.settings.weight_decay == 0.3
    assert (recipe.schedule.name, recipe.schedule.epochs, recipe.schedule.warmup) == ("cosine", 8, 2)
    assert (recipe.l2, recipe.dropout, recipe.engine, recipe.threads) == (0.1, (0.2, 0.1), "plain", 2)
    assert (recipe.batch_size, recipe.seed) == (7, 5)


#: option -> what is written, and what it is in the plan or among the options of the command
GIVEN = {
    "data": (None, ("data/rows-*.parquet", "more.parquet")), "columns": ("a,b", ("a", "b")), "drop": ("c", ("c",)),
    "types": ("a=text,b=date", {"a": "text", "b": "date"}), "keep_index": (True, True), "separator": ("tab", "\t"),
    "quote": ("'", "'"), "escape": ("\\", "\\"), "encoding": ("cp1252", "cp1252"), "decimal": ("comma", ","),
    "skip": ("3", 3), "sheet": ("first", "first"), "target": ("y", "y"), "hidden": ("7,3", (7, 3)),
    "activation": ("tanh,relu", ("tanh", "relu")), "output": ("sigmoid", "sigmoid"), "loss": ("poisson", "poisson"),
    "task": ("regression", "regression"), "optimizer": ("sgd", "sgd"), "epochs": ("8", 8), "batch_size": ("16", 16),
    "learning_rate": ("0.3", 0.3), "schedule": ("cosine", "cosine"), "warmup": ("2", 2.0), "l2": ("0.4", 0.4),
    "weight_decay": ("0.6", 0.6), "dropout": ("0.7,0.1", (0.7, 0.1)), "class_weight": ("balanced", "balanced"),
    "missing": ("refuse", "refuse"),
    "early_stopping": (True, None), "patience": ("5", 5), "validation": ("0.15", 0.15), "test": ("0.25", 0.25),
    "cv": ("4", 4), "cv_only": (True, True), "dtype": ("float32", "float32"), "engine": ("plain", "plain"),
    "threads": ("2", 2), "seed": ("11", 11), "out": ("o.safetensors", Path("o.safetensors")),
    "plot": ("p.png", Path("p.png")), "report": ("r.html", Path("r.html")), "history": ("h.csv", Path("h.csv")),
    "checkpoint": ("state", Path("state")), "checkpoint_every": ("6", 6), "resume": (True, True),
    "blocks": (True, True), "cluster": ("local", "local"), "mode": ("exact", "exact"), "local_steps": ("9", 9),
    "steps_per_epoch": ("3", 3), "timeout": ("90", 90.0),
    "json": (True, True), "preset": ("none", "none"),
}  # fmt: skip


def test_each_option_arrives_under_its_name(run, monkeypatch):
    beside = {"context"}
    assert set(GIVEN) | beside == set(inspect.signature(train).parameters)
    seen = []
    monkeypatch.setattr(work, "work", seen.append)
    words = [*GIVEN["data"][1]]
    for name, (text, _) in GIVEN.items():
        option = f"--{name.replace('_', '-')}"
        words += [] if text is None else [option] if text is True else [option, text]
    assert run("train", *words)[0] == 0
    (options,) = seen
    assert options.name == "rows"
    found = {
        field.name: getattr(options, field.name)
        for field in fields(options)
        if field.name not in ("plan", "name", "reading")
    }
    asked = {
        field.name: getattr(options.reading, field.name) for field in fields(TableReading) if field.name != "texts"
    }
    assert [name for name, value in asked.items() if value == getattr(TableReading(), name)] == []
    found |= asked
    found |= {field.name: getattr(options.plan, field.name) for field in fields(Plan)}
    assert found == {name: value for name, (_, value) in GIVEN.items() if value is not None}
    usual = Plan()
    assert [field.name for field in fields(Plan) if found[field.name] == getattr(usual, field.name)] == []


def test_exponential_schedule_ends_at_a_hundredth():
    schedule = Plan(schedule="exponential", epochs=40).recipe().schedule
    assert schedule.multipliers(np.array([0.0, 40.0])) == pytest.approx([1, 0.01])


def test_balanced_classes_find_the_rare_one(run, tmp_path, rng):
    y = rng.random(600) < 0.06
    x = rng.normal(size=(600, 2)) + 1.2 * y[:, None]
    pa.csv.write_csv(pa.table({"a": x[:, 0], "b": x[:, 1], "y": np.where(y, "rare", "common")}), tmp_path / "d.csv")
    found = {}
    for name, more in (("plain", ()), ("balanced", ("--class-weight", "balanced"))):
        args = ("train", "d.csv", "--target", "y", "--hidden", "8", "--epochs", 40, "--out", f"{name}.safetensors")
        assert run(*args, *more)[0] == 0
        yhat = load_model(tmp_path / f"{name}.safetensors").forward(read_table(tmp_path / "d.csv"))
        found[name] = (yhat.argmax(axis=1) == 1)[y].mean()
    assert found["balanced"] > found["plain"] + 0.3


# ---------------------------------------------------------------- files and refusals


@pytest.mark.parametrize("name", ["h.csv", "h.jsonl"])
def test_history_has_a_line_an_epoch_also_after_resuming(run, tmp_path, name):
    arguments = (*IRIS, "--history", name, "--checkpoint", "state", "--resume")
    for count in (2, 5):
        assert run(*arguments, "--epochs", count)[0] == 0
        text = (tmp_path / name).read_text()
        rows = list(csv.DictReader(text.splitlines())) if name == "h.csv" else list(map(json.loads, text.splitlines()))
        assert [int(row["number"]) for row in rows] == list(range(1, count + 1))
        assert float(rows[-1]["loss"]) < float(rows[0]["loss"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--schedule", "sawtooth"), "schedule: expected one of constant, cosine"),
        (("--warmup", "-1"), "schedule's warmup: expected 0 or more; got -1.0"),
        (("--warmup", "30"), "warmup: expected fewer epochs than the 30 of the training; got 30"),
        (("--l2", "-1"), "l2: expected a number from 0 up; got -1.0"),
        (("--weight-decay", "-1"), "weight_decay: expected a number from 0 to inf"),
        (("--dropout", "1"), "dropout: expected shares from 0 to below 1; got 1.0"),
        (("--dropout", "half"), "--dropout: expected shares separated by commas, such as 0.5,0.2; got 'half'"),
        (("--dropout", "0.1,0.1,0.1"), "dropout: expected one share, or 2 (one a hidden layer); got 3"),
        (("--class-weight", "even"), "class weight: expected balanced; got 'even'"),
        (("--engine", "turbo"), "engine: expected auto, compiled or plain; got 'turbo'"),
        (("--threads", "0"), "threads: expected at least 1; got 0"),
        (("--early-stopping", "--patience", "0"), "patience: expected at least 1; got 0"),
        (("--early-stopping", "--validation", "0"), "early stopping: expected a validation share above 0; got 0"),
        (("--patience", "5"), "--patience: expected --early-stopping beside it; got no such option"),
        (("--validation", "1"), "validation: expected a share from 0 to below 1; got 1.0"),
        (("--validation", "0.999"), "rows enough for a validation part of 0.999 and a training part; got 120"),
        (("--cv", "1"), "folds: expected a number from 2 to 120 for 120 rows to train; got 1"),
        (("--cv", "121"), "folds: expected a number from 2 to 120 for 120 rows to train; got 121"),
        (("--cv-only",), "--cv-only: expected --cv FOLDS beside it; got no such option"),
        (("--cv", "3", "--cv-only", "--report", "r.html"), "--report: expected no --cv-only beside it"),
        (("--resume",), "--resume: expected --checkpoint FOLDER beside it; got no such option"),
        (("--checkpoint", "a", "--checkpoint-every", "0"), "--checkpoint-every: expected at least 1; got 0"),
        (
            ("--checkpoint", "no/where"),
            "--checkpoint no/where: expected a folder, or a place for one; got no folder no",
        ),
        (("--preset", "none", "--checkpoint", "iris.safetensors"), "expected a file of its own; got the file of --out"),
        (("--report", "r.pdf"), "--report r.pdf: expected a page: .html, .htm; got '.pdf'"),
        (("--report", "no/r.html"), "--report no/r.html: expected a file in a folder that exists"),
        (("--history", "h.txt"), "--history h.txt: expected a table: .csv, .jsonl; got '.txt'"),
        (("--history", "h.csv", "--plot", "h.csv"), "expected a file of its own"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(refused, tmp_path, arguments, says):
    assert says in refused("train", "iris", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_classes_are_needed_to_balance_them(refused):
    assert "class weight: expected classes in target; got numbers" in refused(
        "train", "diabetes", "--class-weight", "balanced"
    )


def test_a_file_where_the_checkpoints_folder_is_due(refused, tmp_path):
    (tmp_path / "state").write_text("")
    assert "--checkpoint state: expected a folder, or a place for one; got a file" in refused(
        *IRIS, "--checkpoint", "state"
    )


def test_training_a_prepared_table_changes_nothing_of_it():
    plan = Plan(hidden=(4,), epochs=2, engine="plain")
    prepared = prepare(read_table("iris"), "target", plan)
    before = prepared.model.network.flat.copy()
    first, again = (train_table(prepared, plan).model.network.flat for _ in range(2))
    assert np.array_equal(first, again)
    assert np.array_equal(prepared.model.network.flat, before)
    assert not np.array_equal(first, before)


# ---------------------------------------------------------------- tables as they come


def table_text(separator=",", rows=40):
    lines = [separator.join((f"{i / 4}", f"{i % 3:02}", "pq"[i % 2])) for i in range(rows)]
    return "\n".join([separator.join(("a", "zip", "y")), *lines, ""])


def test_what_was_found_is_told_beside_the_report(run, tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(table_text(";").encode("utf-16")))
    code, out, err = run("train", "t.csv.gz", "--target", "y", "--hidden", "4", "--epochs", 2, "--types", "zip=text")
    assert code == 0
    assert err.startswith("data t.csv.gz: separator semicolon (--separator), encoding utf-16 (--encoding)\n")
    assert "4 inputs, 2 classes" in out
    assert (tmp_path / "t.safetensors").exists()
    code, out, err = run("train", "t.csv.gz", "--target", "y", "--hidden", "4", "--epochs", 2, "--json")
    assert json.loads(out)["inputs"] == ["a", "zip"]
    (tmp_path / "new.csv").write_text("zip,a\n02,1.5\n")  # what was text then is text now
    run("train", "t.csv.gz", "--target", "y", "--hidden", "4", "--epochs", 2, "--types", "zip=text")
    code, out, err = run("predict", "t.safetensors", "new.csv")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 2


def test_columns_are_chosen(run, tmp_path):
    (tmp_path / "t.csv").write_text(table_text())
    for options, inputs in ((("--drop", "zip"), ["a"]), (("--columns", "zip"), ["zip"])):
        out = run("train", "t.csv", "--target", "y", "--hidden", "4", "--epochs", 1, "--json", *options)[1]
        assert json.loads(out)["inputs"] == inputs
    assert "column 'no': expected one of: a, zip, y" in run("train", "t.csv", "--target", "y", "--drop", "no")[2]
    assert "--types: expected each column once as NAME=TYPE" in run("train", "t.csv", "--types", "a")[2]


def test_a_table_in_several_files_and_from_standard_input(run, tmp_path, monkeypatch):
    whole = table_text().splitlines()
    for name, lines in (("1.csv", whole[1:15]), ("2.csv", whole[15:])):
        (tmp_path / name).write_text("\n".join([whole[0], *lines, ""]))
    options = ("--target", "y", "--hidden", "4", "--epochs", 1, "--json")
    found = []
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(table_text().encode())))
    for data in (("1.csv", "2.csv"), ("?.csv",), ("-",)):
        code, out, _ = run("train", *data, *options)
        assert code == 0
        found.append(json.loads(out))
    assert found[0]["history"][0]["loss"] == found[1]["history"][0]["loss"] == found[2]["history"][0]["loss"]
    assert (found[0]["model"], found[2]["model"]) == ("1.safetensors", "table.safetensors")


@pytest.mark.parametrize("target", ["", "p,q,,", "absent"])
def test_predict_takes_a_target_that_is_missing(run, tmp_path, target):
    (tmp_path / "t.csv").write_text(table_text())
    assert run("train", "t.csv", "--target", "y", "--hidden", "4", "--epochs", 1)[0] == 0
    cells = target.split(",") if "," in target else ["", ""]
    lines = ["a,zip"] if target == "absent" else ["a,zip,y"]
    lines += [f"{i},01" + ("" if target == "absent" else f",{cell}") for i, cell in enumerate(cells)]
    (tmp_path / "new.csv").write_text("\n".join([*lines, ""]))
    code, out, err = run("predict", "t.safetensors", "new.csv")
    assert code == 0
    assert len(out.splitlines()) == 1 + len(cells)
    assert ("2 rows" in err or "of 2" in err) == ("," in target)
