"""``chainrule train --checkpoint``: a training that was killed ends in the same model."""

import errno
import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from chainrule.storage import read_table
from tests.support.epochs import ends_in
from tests.support.training import IRIS, told
from trials import kill as kill_trials

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
    due = "expected a file that can be written; got No space left on device"
    assert (code, err) == (2, f"chainrule: error: history h.csv: {due}\n")


def test_a_folder_that_may_not_be_written_to_is_refused_before_training(refused, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert "--out iris.safetensors: expected a folder that may be written to" in refused(*IRIS)
