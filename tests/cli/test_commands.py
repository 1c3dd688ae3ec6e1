"""The commands as a person runs them, on real data and on files of every kind."""

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from chainrule.tables.datasets import BUNDLED, bundled
from tests.support.epochs import ends_in, interrupt

NOTES = """+++
title = "Worked example"
[network]
hidden = "sigmoid"
output = "softmax"
loss = "squared_error"
x = [2, 5, 3, 3]
y = [1, 0]
[[network.layer]]
W = [[0.1, 0.3, 0.8, -0.4], [-0.3, -0.2, 0.5, 0.5], [-0.3, 0, 0.5, 0.4], [0.2, 0.5, -0.9, 0.7]]
b = [0, 0, 0, 0]
[[network.layer]]
W = [[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]]
b = [0, 0]
+++
a_1 = [2.9, 1.4, 2.1, 2.3]
"""


def test_digits_from_training_to_predictions(run, drawn):
    code, out, err = run("train", "digits", "--hidden", "128,64")
    assert code == 0
    accuracy = float(out.split("test accuracy ")[1].split()[0])
    assert accuracy >= 0.96
    assert "30/30" in err  # the progress bar
    code, out, err = run("predict", "digits.safetensors", "digits", "--part", "test")
    assert code == 0
    assert f"accuracy {accuracy:.4f}" in err
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 360
    for row in rows:
        probabilities = {name: float(p) for name, p in row.items() if name.startswith("probability_")}
        assert sum(probabilities.values()) == pytest.approx(1)
        assert max(probabilities, key=probabilities.get) == f"probability_{row['prediction']}"


@pytest.mark.parametrize("name", BUNDLED)
def test_every_bundled_set_trains(run, name):
    code, out, _ = run("train", name, "--epochs", 15, "--json")
    assert code == 0
    told = json.loads(out)
    assert told["schema"] == "chainrule/1"
    assert len(told["history"]) == 15
    assert told["history"][-1]["loss"] < told["history"][0]["loss"]
    scores = told["test"]
    good = scores["r2"] > 0.1 if name == "diabetes" else scores["accuracy"] > 0.85
    assert good, scores


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet", "npz"])
def test_files_of_every_kind_give_the_same_run(run, tmp_path, kind):
    """A file's columns train as the bundled set does, bit for bit."""
    table = bundled("iris")
    if kind == "csv":
        pa.csv.write_csv(table, tmp_path / "flowers.csv")
    elif kind == "tsv":
        pa.csv.write_csv(table, tmp_path / "flowers.tsv", pa.csv.WriteOptions(delimiter="\t"))
    elif kind == "parquet":
        pa.parquet.write_table(table, tmp_path / "flowers.parquet")
    else:
        np.savez(tmp_path / "flowers.npz", **{n: table[n].to_numpy(zero_copy_only=False).astype(
            str if n == "target" else float) for n in table.column_names})  # fmt: skip
    code, out, _ = run("train", f"flowers.{kind}", "--target", "target", "--epochs", 3, "--json")
    assert code == 0
    _, same, _ = run("train", "iris", "--epochs", 3, "--json")
    assert timeless(out) == timeless(same)


def timeless(out):
    """The history of a run without the seconds it took."""
    return [{key: value for key, value in epoch.items() if key != "seconds"} for epoch in json.loads(out)["history"]]


def test_matrices_in_an_npz_file_give_a_column_each(run, tmp_path, rng):
    x = rng.normal(size=(60, 3))
    np.savez(tmp_path / "d.npz", X=x, y=x @ [1.0, 2.0, 3.0])
    code, out, _ = run(
        "train", "d.npz", "--target", "y", "--epochs", 200, "--hidden", "", "--json", "--learning-rate", 0.02
    )
    assert code == 0
    told = json.loads(out)
    assert told["inputs"] == ["X_1", "X_2", "X_3"]
    assert told["test"]["r2"] > 0.99


def test_text_columns_and_labels_are_encoded(run, tmp_path, rng):
    colours, size = rng.choice(["red", "green", "blue"], 90), rng.normal(size=90)
    label = np.where((colours == "red") & (size > 0), "yes", "no")
    pa.csv.write_csv(pa.table({"colour": colours, "size": size, "label": label}), tmp_path / "d.csv")
    code, out, _ = run("train", "d.csv", "--target", "label", "--epochs", 60, "--json")
    assert code == 0
    told = json.loads(out)
    assert told["inputs"] == ["colour=blue", "colour=green", "colour=red", "size"]
    assert told["classes"] == ["no", "yes"]
    assert told["test"]["accuracy"] > 0.8


def test_regression_predicts_in_the_targets_unit(run):
    assert run("train", "diabetes", "--epochs", 10)[0] == 0
    _, out, err = run("predict", "diabetes.safetensors", "diabetes", "--part", "test")
    values = [float(row["prediction"]) for row in csv.DictReader(io.StringIO(out))]
    assert 100 < np.mean(values) < 200
    assert "RMSE" in err


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_seed_gives_the_same_model_bit_for_bit(run, tmp_path, optimizer, dtype):
    arguments = ["train", "wine", "--epochs", 3, "--optimizer", optimizer, "--dtype", dtype]
    for name in "abc":
        assert run(*arguments, "--out", f"{name}.safetensors", "--seed", 1 if name == "c" else 0)[0] == 0
    a, b, c = (tmp_path.joinpath(f"{name}.safetensors").read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_loss_curve_is_a_picture(run, drawn, tmp_path):
    assert run("train", "iris", "--epochs", 2)[0] == 0
    assert tmp_path.joinpath("iris-loss.png").read_bytes().startswith(b"\x89PNG")
    assert run("train", "iris", "--epochs", 2, "--plot", "i.svg")[0] == 0
    assert "<svg" in tmp_path.joinpath("i.svg").read_text()


def test_divergence_is_said_and_saves_nothing(run, tmp_path):
    code, _, err = run("train", "diabetes", "--optimizer", "sgd", "--learning-rate", 1e200, "--epochs", 5)
    assert code == 1
    assert "diverged" in err
    assert not list(tmp_path.glob("*.safetensors"))


def test_interrupt_keeps_the_last_whole_epoch(run, monkeypatch, tmp_path):
    with monkeypatch.context() as patch:
        ends_in(patch, 3, interrupt)
        code, out, _ = run("train", "iris", "--preset", "none")
    assert code == 0
    assert "interrupted: kept the network after epoch 2" in out
    assert run("train", "iris", "--epochs", 2, "--out", "two.safetensors")[0] == 0
    files = [tmp_path.joinpath(name).read_bytes() for name in ("iris.safetensors", "two.safetensors")]
    assert files[0] == files[1]


def test_check_a_worksheet(run, tmp_path):
    tmp_path.joinpath("sheet.md").write_text(NOTES)
    code, out, _ = run("check", "sheet.md")
    assert code == 0
    assert "every gradient agrees" in out
    code, out, _ = run("check", "sheet.md", "--method", "central", "--json")
    assert code == 0
    assert json.loads(out)["ok"] is True


def test_check_a_model_with_data_and_without(run):
    assert run("train", "iris", "--epochs", 1)[0] == 0
    code, out, _ = run("check", "iris.safetensors", "--data", "iris", "--example", 3, "--example", 150)
    assert code == 0
    assert "2 rows of iris" in out
    code, out, _ = run("check", "iris.safetensors", "--entries", 10)
    assert code == 0
    assert "8 drawn examples" in out


def test_check_exits_with_1_when_a_gradient_is_wrong(run, tmp_path, monkeypatch):
    from chainrule.network import equations

    tmp_path.joinpath("sheet.md").write_text(NOTES)
    monkeypatch.setattr(equations, "hidden_batch", lambda W, g: g[:, :1] @ W[:1])
    code, out, _ = run("check", "sheet.md")
    assert code == 1
    assert "first to differ on the way back: dL/dh_1" in out


@pytest.mark.parametrize("command", [(), ("train",), ("predict",), ("check",)])
def test_help_says_what_there_is(run, command):
    code, out, _ = run(*command, "--help")
    assert code == 0
    assert "Usage: " in out
    assert all(len(line) <= 100 for line in out.splitlines())


def test_usage_errors_exit_with_2(run):
    for arguments in (("train",), ("train", "digits", "--bogus"), ("bogus",), ("train", "digits", "--epochs", "x")):
        code, _, err = run(*arguments)
        assert code == 2
        assert "Error: " in err
