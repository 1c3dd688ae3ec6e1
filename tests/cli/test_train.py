"""``chainrule train``: early stopping, cross-validation, reports, checkpoints, and what it refuses."""

import base64
import csv
import errno
import gzip
import inspect
import io
import json
import os
import re
import shlex
import sys
from dataclasses import fields
from html.parser import HTMLParser
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
from chainrule.tables.training import cross_validate, lasting_findings, train_table
from chainrule.train import loop, many
from chainrule.train.health import LayerHealth
from chainrule.train.records import Epoch
from tests.support.epochs import diverge, ends_in, interrupt
from tests.support.loading import ROOT
from trials import kill as kill_trials

IRIS = ("train", "iris", "--hidden", "8")


def told(run, *arguments):
    code, out, err = run(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


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


# ---------------------------------------------------------------- cross-validation


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


# ---------------------------------------------------------------- checkpoints


#: the command without what takes longer than the training: scikit-learn's data set, and the picture
SHORT = """
from pathlib import Path
from chainrule.cli import main
from chainrule.render import plots
plots.loss_curve = lambda history, path, *more: Path(path).write_bytes(b"")
main()
"""


@pytest.mark.slow_first
@pytest.mark.parametrize("training", kill_trials.TRAININGS[1:2], ids=lambda t: t[0])
def test_a_killed_training_ends_in_the_same_model(training, tmp_path, monkeypatch):
    name, *options = training
    pa.csv.write_csv(read_table(name), tmp_path / f"{name}.csv")
    whole = kill_trials.command
    monkeypatch.setattr(kill_trials, "command", lambda *a: [sys.executable, "-c", SHORT, *whole(*a)[3:]])
    same, _ = kill_trials.trial([f"{name}.csv", "--target", "target", *options], 1, 7, tmp_path)
    assert same


TRAINING = """
import os, sys
import numpy, safetensors.numpy
name, weights = sys.argv[1:3]
os.makedirs(name, exist_ok=True)
print("no checkpoint", flush=True)
safetensors.numpy.save_file({"history": numpy.full((2, 2), 0.1)}, name + "/training.safetensors")
with open(name + ".safetensors", "wb") as file:
    file.write(os.urandom(8) if weights == "other" else b"weights")
"""


@pytest.mark.parametrize("weights", ["same", "other"])
def test_the_kill_trial_can_fail(tmp_path, monkeypatch, weights):
    """On a training of two quick epochs that ends in the same weights, or in others each time."""
    monkeypatch.setattr(kill_trials, "command", lambda training, name: [sys.executable, "-c", TRAINING, name, weights])
    assert kill_trials.trial(["two epochs"], 1, 0, tmp_path)[0] is (weights == "same")


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("crash", [2, 10, 14])
def test_a_crash_at_any_epoch_ends_in_the_same_model(run, tmp_path, monkeypatch, crash, every):
    arguments = ("train", "diabetes", "--hidden", "8", "--epochs", 40, "--learning-rate", 0.02, "--dropout", 0.1)
    arguments += ("--early-stopping", "--patience", 4)
    found = told(run, *arguments, "--out", "whole.safetensors")
    assert found["stopped"] == "early"
    assert len(found["history"]) > crash

    def crashes(run, rows):
        raise OSError(errno.EIO, "the power went")

    again = (*arguments, "--checkpoint", "state", "--checkpoint-every", every)
    with monkeypatch.context() as patch:
        ends_in(patch, crash, crashes)
        assert run(*again)[0] == 2
    code, out, _ = run(*again, "--resume")
    assert code == 0
    done = (crash - 1) // every * every
    where = f"resumed from state/training.safetensors after epoch {done}" if done else "no checkpoint in state"
    assert where in out
    whole = tmp_path.joinpath("whole.safetensors").read_bytes()
    assert tmp_path.joinpath("diabetes.safetensors").read_bytes() == whole
    after = told(run, *again, "--resume")  # also once it has ended early: not an epoch more
    assert len(after["history"]) == len(found["history"])
    assert tmp_path.joinpath("diabetes.safetensors").read_bytes() == whole


def test_resume_goes_on_to_more_epochs_whoever_watches(run, tmp_path):
    assert run(*IRIS, "--epochs", 3, "--checkpoint", "c.safetensors", "--history", "h.csv")[0] == 0
    found = told(run, *IRIS, "--epochs", 6, "--checkpoint", "c.safetensors", "--resume")
    assert [e["number"] for e in found["history"]] == [1, 2, 3, 4, 5, 6]
    resumed = tmp_path.joinpath("iris.safetensors").read_bytes()
    assert run(*IRIS, "--epochs", 6)[0] == 0
    assert tmp_path.joinpath("iris.safetensors").read_bytes() == resumed


def test_checkpoints_without_resume_begin_anew_and_say_so(run):
    code, out, _ = run(*IRIS, "--epochs", 2, "--checkpoint", "state", "--resume")
    assert code == 0
    assert "no checkpoint in state/training.safetensors yet: training begins with the first epoch" in out
    _, out, _ = run(*IRIS, "--epochs", 1, "--checkpoint", "state")
    assert "the checkpoint state/training.safetensors that was there is replaced" in out


def test_parts_of_checkpoints_left_by_a_kill_are_swept(run, tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / ".training.safetensors.0123456789abcdef").write_bytes(b"half")
    (folder / ".training.safetensors.mine").write_bytes(b"not a part")
    assert run(*IRIS, "--epochs", 1, "--checkpoint", "state")[0] == 0
    assert sorted(f.name for f in folder.iterdir()) == [".training.safetensors.mine", "training.safetensors"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--batch-size", 16), "batch_size: expected 16, as asked now; got 32"),
        (("--seed", 1), "seed: expected 1, as asked now; got 0"),
        (("--l2", 0.5), "l2: expected 0.5, as asked now; got 0.0"),
        (("--hidden", "9"), "sizes: expected [4, 9, 3], as asked now; got [4, 8, 3]"),
        (("--early-stopping",), "early stopping with patience 10); got a training"),
        (("--class-weight", "balanced"), "class weight balanced); got a training"),
        (("--test", 0.3), "(105 rows to train, 0 to validate; no early stopping); got a training on the table"),
        (("--epochs", 1), "expected at most 1 epoch, as asked now; got one after epoch 2"),
    ],
)
def test_a_checkpoint_of_another_plan_is_refused(run, refused, tmp_path, more, says):
    base = (*IRIS, "--epochs", 2, "--checkpoint", "state")
    assert run(*base)[0] == 0
    state = (tmp_path / "state" / "training.safetensors").read_bytes()
    error = refused(*base, "--resume", *more)
    assert "checkpoint state/training.safetensors" in error
    assert says in error
    assert (tmp_path / "state" / "training.safetensors").read_bytes() == state


def test_a_checkpoint_of_other_data_is_refused(run, refused, tmp_path):
    x = np.arange(40.0)
    base = ("train", "d.csv", "--target", "y", "--hidden", "", "--test", 0, "--checkpoint", "state", "--epochs", 1)
    pa.csv.write_csv(pa.table({"x": x, "y": 3 * x + 0.5}), tmp_path / "d.csv")
    assert run(*base)[0] == 0
    x[7] += 1e-6
    pa.csv.write_csv(pa.table({"x": x, "y": 3 * np.arange(40.0) + 0.5}), tmp_path / "d.csv")
    assert "expected one of a training on the table" in refused(*base, "--resume")
    (tmp_path / "state" / "training.safetensors").write_bytes(b"no checkpoint")
    assert "expected a checkpoint of chainrule" in refused(*base, "--resume")


def test_a_full_disk_is_one_line_and_spares_the_checkpoint(run, refused, tmp_path, monkeypatch):
    assert run(*IRIS, "--epochs", 2, "--checkpoint", "state")[0] == 0
    state = (tmp_path / "state" / "training.safetensors").read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    error = refused(*IRIS, "--epochs", 3, "--checkpoint", "state", "--resume", "--json")
    assert "checkpoint state/training.safetensors: expected a file that can be written; got No space left" in error
    assert [f.name for f in (tmp_path / "state").iterdir()] == ["training.safetensors"]
    assert (tmp_path / "state" / "training.safetensors").read_bytes() == state
    code, _, err = run(*IRIS, "--epochs", 1, "--json")
    assert (code, err) == (2, "chainrule: error: iris.safetensors: No space left on device\n")


def test_a_history_that_cannot_be_written_is_one_line(run, tmp_path):
    (tmp_path / "h.csv").symlink_to("/dev/full")
    code, _, err = run(*IRIS, "--history", "h.csv", "--json")
    assert (code, err) == (2, "chainrule: error: h.csv: No space left on device\n")


def test_a_folder_that_may_not_be_written_to_is_refused_before_training(refused, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "--out iris.safetensors: expected a folder that may be written to" in refused(*IRIS)


# ---------------------------------------------------------------- how it ends


@pytest.fixture
def diverges_in(monkeypatch):
    """Make the loss of an epoch be no longer finite."""
    return lambda number: ends_in(monkeypatch, number, diverge)


def test_divergence_saves_the_last_good_network(run, drawn, tmp_path, diverges_in):
    assert run(*IRIS, "--epochs", 3, "--out", "three.safetensors")[0] == 0
    diverges_in(4)
    code, out, err = run(*IRIS, "--report", "r.html")
    assert code == 1
    assert "training diverged in epoch 4" in err
    assert "the network of epoch 3 is saved; try a learning rate below 0.001" in err
    assert err.strip().splitlines()[-1].startswith("chainrule: training diverged")
    assert "test accuracy" not in out
    assert "diverged" in (tmp_path / "r.html").read_text()
    assert (tmp_path / "iris.safetensors").read_bytes() == (tmp_path / "three.safetensors").read_bytes()
    code, out, _ = run(*IRIS, "--json")
    assert code == 1
    found = json.loads(out)
    assert (found["stopped"], found["best_epoch"], found["model"]) == ("diverged", 3, "iris.safetensors")


def test_divergence_at_once_saves_nothing_and_says_so(run, tmp_path, diverges_in):
    diverges_in(1)
    code, _, err = run(*IRIS, "--report", "r.html")
    assert code == 1
    assert "nothing is saved; try a learning rate below" in err
    assert "epoch 0" not in err
    code, out, _ = run(*IRIS, "--json")
    assert code == 1
    assert json.loads(out)["model"] is None
    assert list(tmp_path.iterdir()) == []


def test_divergence_in_a_fold_says_which(run, tmp_path, diverges_in):
    diverges_in(1)
    code, _, err = run(*IRIS, "--cv", 3)
    assert code == 1
    assert "fold 1 of 3: training diverged in epoch 1" in err
    assert list(tmp_path.iterdir()) == []


def test_interrupt_at_once_saves_nothing(run, tmp_path, monkeypatch):
    ends_in(monkeypatch, 1, interrupt)
    code, _, err = run(*IRIS)
    assert code == 130
    assert "interrupted before the end of the first epoch; nothing is saved" in err
    code, _, err = run(*IRIS, "--cv", 3)
    assert code == 130
    assert "interrupted in fold 1 of 3; nothing is saved" in err
    assert list(tmp_path.iterdir()) == []


def test_interrupt_keeps_the_best(run, monkeypatch):
    ends_in(monkeypatch, 30, interrupt)
    arguments = ("train", "diabetes", "--epochs", 60, "--learning-rate", 0.01, "--early-stopping", "--patience", 50)
    found = told(run, *arguments)
    losses = [e["validation_loss"] for e in found["history"]]
    assert found["stopped"] == "interrupted"
    assert found["best_epoch"] == int(np.argmin(losses)) + 1 < 29
    assert f"interrupted: kept the network after epoch {found['best_epoch']}" in run(*arguments)[1]


# ---------------------------------------------------------------- health


def test_findings_are_said(run):
    arguments = ("train", "digits", "--optimizer", "sgd", "--learning-rate", 3, "--epochs", 6)
    assert re.search(r"^layer 2: \d+ of 64 units are never active; ", run(*arguments)[1], re.M)
    assert any("never active" in said for said in told(run, *arguments)["findings"])


@pytest.mark.parametrize("name", ["digits", "iris", "wine", "breast_cancer", "diabetes"])
def test_a_healthy_training_says_nothing(run, name):
    assert told(run, "train", name, "--preset", "none")["findings"] == []


def epochs(ratios, losses, rates=None):
    rates = rates or [0.1] * len(ratios)
    rows = zip(ratios, losses, rates, strict=True)
    return [
        Epoch(i, loss, learning_rate=rate, health=(LayerHealth(1, 4, 1.0, ratio, 0, 0.0),))
        for i, (ratio, loss, rate) in enumerate(rows, 1)
    ]


def test_findings_are_those_of_most_of_the_last_third():
    network = prepare(read_table("iris"), "target", Plan(hidden=())).model.network
    assert len(lasting_findings(network, epochs([0.01] * 6 + [0.2] * 3, [1.0] * 9))) == 1
    assert lasting_findings(network, epochs([0.2] * 6 + [0.01] * 3, [1.0] * 9)) == ()
    assert lasting_findings(network, epochs([0.2] * 6 + [0.01, 0.01, 0.3], [1.0] * 9)) == ()


def test_small_steps_are_fine_once_the_loss_is_low_or_the_schedule_is_over():
    network = prepare(read_table("iris"), "target", Plan(hidden=())).model.network
    small = [1e-7] * 6
    assert "raise the learning rate" in str(lasting_findings(network, epochs(small, [1.0] * 6))[0])
    assert lasting_findings(network, epochs(small, [1.0, 0.5, 0.2, 0.1, 0.1, 0.1])) == ()
    assert lasting_findings(network, epochs(small, [1.0] * 6, [0.1] * 4 + [0.001] * 2)) == ()


# ---------------------------------------------------------------- the report


class Page(HTMLParser):
    """What a browser would load and run, the words, the cells of tables."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.sources, self.rows, self.pictures, self.words = [], [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data):
        self.words += data
        if self.rows and self.rows[-1] and self.tags[-1] in ("td", "th"):
            self.rows[-1][-1] += data

    def table(self, *header):
        start = next(i for i, row in enumerate(self.rows) if tuple(row[: len(header)]) == header)
        width = len(self.rows[start])
        found = []
        for row in self.rows[start + 1 :]:
            if len(row) != width or row[0] in ("part", "class", "row", "setting", "fold", "true class"):
                break
            found.append(row)
        return found

    @property
    def drawn(self):
        heads = "data:image/svg+xml;base64,"
        return [base64.b64decode(s.removeprefix(heads)).decode() for s in self.sources if s.startswith(heads)]


def page(tmp_path, name="r.html"):
    return Page((tmp_path / name).read_text(encoding="utf-8"))


def test_report_of_classes(run, drawn, tmp_path):
    code, out, _ = run("train", "digits", "--epochs", 5, "--report", "r.html", "--cv", 2)
    assert code == 0
    assert "report in r.html" in out
    accuracy = re.search(r"test accuracy (\S+) \((\d+) of 360\)", out)
    found = page(tmp_path)
    parts = {row[0]: row for row in found.table("part")}
    assert parts["test"][1:4] == ["360", accuracy[1], accuracy[2]]
    assert all(source.startswith("data:image/") for source in found.sources)
    assert "script" not in found.tags
    classes = found.table("class")
    assert [row[0] for row in classes] == list("0123456789")
    assert sum(int(row[2]) for row in classes) == int(accuracy[2])
    assert len(found.drawn) == 7
    cells = re.findall(r'id="cell-(\d)-(\d)".*?>(\d+)</text>', found.drawn[6], re.S)
    assert sum(int(count) for i, j, count in cells if i == j) == int(accuracy[2])
    assert sum(int(count) for _, _, count in cells) == 360
    assert [row[0] for row in found.table("fold")] == ["1", "2", "mean", "standard deviation"]
    assert "chainrule train digits --epochs 5 --report r.html --cv 2" in found.words


def test_worst_examples_are_those_of_the_highest_loss(run, tmp_path):
    assert run("train", "iris", "--epochs", 10, "--report", "r.html")[0] == 0
    rows = page(tmp_path).table("row", "true", "predicted")
    table, model = read_table("iris"), load_model(tmp_path / "iris.safetensors")
    y, yhat = model.target.apply(table), model.forward(table)
    losses = -np.log(yhat[np.arange(150), y])
    _, test = model.split.parts(y)
    expected = test[np.argsort(-losses[test])][:15] + 1
    assert [int(row[0]) for row in rows] == expected.tolist()
    for row in rows:
        i = int(row[0]) - 1
        assert row[1] == table["target"][i].as_py()
        assert row[2] == model.target.classes[yhat[i].argmax()]
        assert float(row[3]) == pytest.approx(yhat[i].max(), rel=0.01)
        assert float(row[5]) == pytest.approx(losses[i], rel=0.01)
        assert float(row[6]) == pytest.approx(table.column(0)[i].as_py())


def test_report_of_numbers(run, drawn_but_lines, tmp_path):
    code, out, _ = run("train", "diabetes", "--epochs", 8, "--report", "r.html", "--validation", 0.2)
    assert code == 0
    r2, rmse = re.search(r"R² (\S+), RMSE (\S+) ", out).groups()
    found = page(tmp_path)
    parts = {row[0]: row for row in found.table("part")}
    assert list(parts) == ["training", "validation", "test"]
    assert float(parts["test"][2]) == pytest.approx(float(r2), abs=1e-4)
    assert float(parts["test"][3]) == pytest.approx(float(rmse), rel=1e-3)
    worst = found.table("row", "true", "predicted", "error")
    errors = [abs(float(row[3])) for row in worst]
    assert len(worst) == 15
    assert errors == sorted(errors, reverse=True)
    assert "Nothing amiss was found." in found.words


def test_report_without_rows_kept_aside_says_what_it_shows(run, tmp_path):
    assert run(*IRIS, "--epochs", 2, "--test", 0, "--report", "r.html")[0] == 0
    assert "The worst of the 150 training rows" in page(tmp_path).words


def test_strangers_words_stay_words(run, drawn, tmp_path, rng):
    evil = ["<script>alert(1)</script>", "日本 $x^", '\\frac{1}{ & "q"\'']
    columns = {"<b>x</b>": rng.normal(size=90), "y<img src=x>": [evil[i % 3] for i in range(90)]}
    columns |= {"kind": [["<i>", "</td>", "$"][i % 3] for i in range(90)]}
    pa.csv.write_csv(pa.table(columns), tmp_path / "$a$<u>.csv")
    arguments = ("train", "$a$<u>.csv", "--target", "y<img src=x>", "--epochs", 2, "--report", "r.html")
    code, _, err = run(*arguments)
    assert code == 0, err
    found = page(tmp_path)
    assert {"script", "b", "i", "u"} & set(found.tags) == set()
    assert all(source.startswith("data:image/") for source in found.sources)
    assert "<script>alert(1)</script>" in found.words
    assert all("<script" not in picture for picture in found.drawn)
    assert {row[0] for row in found.table("class")} == set(evil)


@pytest.mark.parametrize("classes", [2, 31, 70])
def test_reports_of_few_and_of_many_classes(run, drawn_but_lines, tmp_path, rng, classes):
    y = np.arange(3 * classes) % classes
    pa.csv.write_csv(pa.table({"x": rng.normal(size=3 * classes), "y": [f"c{i}" for i in y]}), tmp_path / "d.csv")
    code, _, err = run("train", "d.csv", "--target", "y", "--epochs", 1, "--test", 0, "--report", "r.html")
    assert code == 0, err
    found = page(tmp_path)
    assert ("… and 10 more classes." in found.words) == (classes == 70)
    assert ("number" in {row[0] for row in found.rows if row}) == (classes > 30)


README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"<!-- train: (\w+) -->\n```sh\nchainrule (.*?)\n```\n\n```text\n(.*?)```", README, re.S)


def test_commands_of_the_readme_are_found():
    assert [name for name, _, _ in COMMANDS] == ["report"]


@pytest.mark.parametrize(("command", "printed"), [c[1:] for c in COMMANDS], ids=[c[0] for c in COMMANDS])
def test_command_of_the_readme_prints_what_it_says(run, command, printed):
    """Digits may differ by rounding on another machine."""
    code, out, err = run(*shlex.split(command))
    assert code == 0, err
    digits = r"\d+(\.\d+)?"
    assert re.sub(digits, "#", out) == re.sub(digits, "#", printed)
    scores = [[float(a) for a in re.findall(r"accuracy (\d\.\d+)", text)] for text in (out, printed)]
    assert min(scores[0]) > 0.9
    assert scores[0] == pytest.approx(scores[1], abs=0.03)


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
