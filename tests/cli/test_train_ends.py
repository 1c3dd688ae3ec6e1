"""How ``chainrule train`` ends, and what it says of the layers' health."""

import json
import re

import numpy as np
import pytest

from chainrule.storage import read_table
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.training import lasting_findings
from chainrule.train.health import LayerHealth
from chainrule.train.records import Epoch
from tests.support.epochs import diverge, ends_in, interrupt
from tests.support.training import IRIS, told

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
