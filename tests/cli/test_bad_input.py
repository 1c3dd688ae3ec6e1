"""Bad input on the command line: each its own one-line error and exit code 2, and nothing run."""

import json
import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from safetensors.numpy import save_file

from chainrule.errors import InputError
from chainrule.network.network import Network
from chainrule.storage import load, load_model, save
from tests.cli.test_commands import NOTES

CSV = "a,b,y\n" + "\n".join(f"{i},{i % 3},{'uvw'[i % 3]}" for i in range(30)) + "\n"


@pytest.fixture
def files(tmp_path):
    """Files of many kinds, by name."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
        return name

    return write


@pytest.fixture
def model(run):
    assert run("train", "iris", "--epochs", 1)[0] == 0
    return "iris.safetensors"


# ---------------------------------------------------------------- data


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", "", "empty file"),
        ("header.csv", "a,b,y\n", "at least one row"),
        ("text.parquet", CSV, "a Parquet file"),
        ("text.npz", CSV, "NPZ file"),
        ("binary.csv", bytes(range(256)) * 9, "expected text; got bytes that are none"),
        ("ragged.csv", "a,b,y\n1,2,u\n1,2\n", "3 cells in each row, as in the names (line 1)"),
        ("pickle.npz", pickle.dumps([1]), "NPZ file"),
        ("table.xls", "x", ".parquet"),
        ("table.xlsx", "x", "a workbook"),
        ("one.csv", "a,y\n1,u\n2,u\n3,u\n", "at least two classes"),
        ("only.csv", "y\nu\nv\nu\nv\nu\nv\n", "at least one column beside the target"),
        (
            "blank.csv",
            "a,c,y\n" + "".join(f"{i},{'pq'[i % 2]},{'uv'[i // 2 % 2]}\n" for i in range(20)) + "1,,u\n",
            "none in row 21",
        ),
        ("nan.csv", CSV + "nan,1,u\n", "a value in every row; got none in row 31"),
        ("missing.csv", CSV + ",1,u\n", "a value in every row; got none in row 31"),
        ("inf.csv", CSV + "inf,1,u\n", "finite numbers; got inf in row 31"),
        ("twice.csv", "a,a,y\n1,2,u\n3,4,v\n5,6,u\n7,8,v\n", "got it twice"),
        (
            "date.csv",
            "a,y\n" + "".join(f"{'uv'[i % 2]},2020-01-{i:02}\n" for i in range(1, 20)),
            "target y: expected classes or numbers",
        ),
    ],
)
def test_data_files(refused, files, name, content, says):
    assert says in refused("train", files(name, content), "--target", "y", "--missing", "refuse")


def test_data_that_is_not_there(refused, tmp_path):
    assert "no such file" in refused("train", "nowhere.csv", "--target", "y")
    (tmp_path / "folder.csv").mkdir()
    assert "got none" in refused("train", "folder.csv", "--target", "y")


def test_nan_in_a_parquet_file_and_in_an_npz_file(refused, tmp_path):
    columns = {"a": np.array([1.0, np.nan, 3.0, 4.0]), "y": np.array([1.0, 2.0, 3.0, 4.5])}
    pa.parquet.write_table(pa.table(columns), tmp_path / "d.parquet")
    np.savez(tmp_path / "d.npz", **columns)
    for name in ("d.parquet", "d.npz"):
        assert "column 'a': expected a value in every row; got none in row 2" in refused(
            "train", name, "--target", "y", "--test", 0, "--missing", "refuse"
        )


def test_npz_of_objects_is_never_unpickled(refused, tmp_path):
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (open, (str(marker), "w"))

    np.savez(tmp_path / "evil.npz", y=np.array([Evil()], dtype=object), allow_pickle=True)
    assert "NPZ file" in refused("train", "evil.npz", "--target", "y")
    assert not marker.exists()


def test_target_column(refused, files):
    files("d.csv", CSV)
    assert "expected one of: a, b, y; got no such column" in refused("train", "d.csv", "--target", "z")
    assert "--target: expected a column of d.csv: a, b, y" in refused("train", "d.csv")
    assert "target y: expected numbers" in refused("train", "d.csv", "--target", "y", "--task", "regression")


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--hidden", "a,b", "whole numbers separated by commas"),
        ("--hidden", "0", "positive whole numbers"),
        ("--activation", "rely", "one of identity, sigmoid"),
        ("--activation", "relu,tanh,relu", "one activation, or 2"),
        ("--output", "sofmax", "one of softmax"),
        ("--output", "relu", "an output inside (0.0, 1.0): softmax, sigmoid"),
        ("--loss", "mse", "one of cross_entropy"),
        ("--loss", "identity", "a network of one output"),
        ("--task", "ranking", "classification or regression"),
        ("--optimizer", "adma", "one of sgd, momentum, nesterov, adam"),
        ("--epochs", "0", "at least 1"),
        ("--batch-size", "0", "at least 1"),
        ("--learning-rate", "-1", "a positive number"),
        ("--learning-rate", "nan", "a positive number"),
        ("--test", "1.5", "a share from 0 to below 1"),
        ("--dtype", "float16", "float64 or float32"),
        ("--out", "nowhere/m.safetensors", "a folder that exists"),
        ("--plot", "a.foo", "a picture: .png, .svg, .pdf"),
        ("--plot", "iris.safetensors", "a file of its own; got the file of --out"),
    ],
)
def test_options_of_train(refused, option, value, says, tmp_path):
    assert says in refused("train", "iris", option, value)
    assert not list(tmp_path.iterdir())


def test_targets_that_the_loss_cannot_take(refused, files):
    files("d.csv", "a,y\n" + "".join(f"{i},{i - 3.5}\n" for i in range(30)))
    err = refused("train", "d.csv", "--target", "y", "--loss", "poisson")
    assert "target y (for the loss poisson): expected values from 0 to inf; got -3.5" in err


# ---------------------------------------------------------------- models


def test_model_files(refused, files, model, tmp_path):
    whole = (tmp_path / model).read_bytes()
    for name, content, says in [
        ("empty.safetensors", b"", "an empty file"),
        ("half.safetensors", whole[: len(whole) // 2], "truncated"),
        ("head.safetensors", whole[:5], "truncated"),
        ("short.safetensors", whole[:-1], "truncated"),
        ("pickle.safetensors", pickle.dumps({"W_1": 1}), "a chainrule model file"),
        ("text.safetensors", "W_1 = 3", "a chainrule model file"),
    ]:
        files(name, content)
        assert says in refused("predict", name, "iris")
    assert "no such file" in refused("predict", "nowhere.safetensors", "iris")


def test_safetensors_file_of_another_kind(refused, tmp_path):
    save_file({"weight": np.zeros((2, 2))}, tmp_path / "other.safetensors")
    assert "a safetensors file of another kind" in refused("predict", "other.safetensors", "iris")
    assert "a safetensors file of another kind" in refused("check", "other.safetensors")


def test_network_without_preprocessing_cannot_predict(refused, tmp_path):
    save(Network.random([4, 3], seed=0), tmp_path / "bare.safetensors")
    assert "a network alone" in refused("predict", "bare.safetensors", "iris")


SPEC = {
    "version": 1, "hidden": [], "output": "softmax", "loss": "cross_entropy", "reduction": "mean", "depth": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "tensors", "says"),
    [
        ({"version": 3}, {}, "version"),
        ({"extra": 1}, {}, "extra"),
        ({"depth": 2}, {}, "tensors W_1, b_1 … W_2, b_2"),
        ({"depth": -1}, {}, "tensors"),
        ({"depth": 10**12}, {}, "tensors"),
        ({"hidden": "__import__"}, {}, "hidden"),
        ({"output": "os.system"}, {}, "output: expected one of softmax"),
        ({}, {"W_1": np.full((3, 4), np.nan)}, "W_1: expected finite numbers"),
        ({}, {"W_1": np.zeros((3, 4, 1))}, "W_1: expected a matrix"),
        ({}, {"b_1": np.zeros(2)}, "b_1: expected shape (3,)"),
        ({}, {"W_1": np.zeros((3, 4), np.int8), "b_1": np.zeros(3, np.float32)}, "b_1"),
        ({"inputs": {"columns": [{"name": 3}]}}, {}, "inputs"),
    ],
)
def test_headers_that_do_not_fit(tmp_path, change, tensors, says):
    path = tmp_path / "m.safetensors"
    good = {"W_1": np.zeros((3, 4)), "b_1": np.zeros(3)}
    save_file(good | tensors, path, metadata={"chainrule-model": json.dumps(SPEC | change)})
    with pytest.raises(InputError) as raised:
        load(path)
    assert says in str(raised.value)
    save_file(good, path, metadata={"chainrule-model": json.dumps(SPEC)})
    assert load(path).sizes == (4, 3)


def test_every_truncation_and_many_flips_are_refused_or_read_whole(tmp_path, model, rng):
    """A damaged model file gives an InputError or a network, never another error."""
    whole = (tmp_path / model).read_bytes()
    damaged = tmp_path / "damaged.safetensors"
    for cut in [*range(0, 3000, 37), *rng.integers(0, len(whole), 60)]:
        damaged.write_bytes(whole[:cut])
        with pytest.raises(InputError):
            load_model(damaged)
    for _ in range(300):
        flipped = bytearray(whole)
        flipped[rng.integers(0, 2500)] = rng.integers(0, 256)
        damaged.write_bytes(flipped)
        try:
            load_model(damaged)
        except InputError:
            continue


# ---------------------------------------------------------------- predict and check


def test_data_that_does_not_fit_the_model(run, refused, files, model):
    assert "column 'sepal length (cm)'" in refused("predict", model, "wine")
    assert "--part: expected all, train or test" in refused("predict", model, "iris", "--part", "some")
    head = "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)"
    files("short.csv", f"{head}\n1,2,3,4\n")
    assert "the 150 rows of training" in refused("predict", model, "short.csv", "--part", "test")
    files("text.csv", f"{head}\n1,2,3,wide\n")
    assert "column 'petal width (cm)': expected numbers" in refused("predict", model, "text.csv")
    files("label.csv", f"{head},target\n1,2,3,4,tulip\n")
    code, _, err = run("predict", model, "label.csv")  # the target is not needed
    assert code == 0
    assert "no score: target target: expected one of the classes setosa, versicolor, virginica; got 'tulip'" in err
    assert "row numbers from 1 to 150" in refused("check", model, "--data", "iris", "--example", 151)


def test_a_stray_text_among_numbers_is_named(refused, run, files):
    files("d.csv", "c,y\n" + "".join(f"{i},{'uv'[i // 2 % 2]}\n" for i in range(40)))
    assert run("train", "d.csv", "--target", "y", "--epochs", 1)[0] == 0
    files("e.csv", "c\n1\n12%\n")
    assert "column 'c': expected numbers; got '12%' in row 2" in refused("predict", "d.safetensors", "e.csv")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("+++\na_1", "---\na_1", "the header that begins in line 1: expected a second line of +++ that ends it"),
        (
            "x = [2, 5, 3, 3]",
            "x = [2, 5, 3]",
            "line 10: W of layer 1: expected 3 columns, one for each of the inputs x",
        ),
        ("x = [2, 5, 3, 3]", "x = [2, 5, nan, 3]", "line 7: x, number 3: expected a finite number; got nan"),
        ("x = [2, 5, 3, 3]", "x = 'import os'", "line 7: x: expected a number; got 'import os'"),
        ("y = [1, 0]", "y = [1, 0, 0]", "line 8: y: expected 2 targets, one for each output; got 3"),
        ("y = [1, 0]", "y = 2", "class numbers from 0 to 1; got 2"),
        ("b = [0, 0, 0, 0]", "b = [0, 0]", "b of layer 1: expected 4 numbers, one for each unit of the layer"),
        ("W = [[0.5, 0.8, 0.2, 0.4]", "W = [[0.5, 0.8, 0.2]", "W of layer 2: expected rows of one length"),
        ("0.8, -0.4]", "0.8, inf]", "W of layer 1, row 1, number 4: expected a finite number"),
        ('hidden = "sigmoid"', 'hidden = "sigmoyd"', "hidden: expected one of"),
        ('title = "Worked example"', "title = ", "a header in TOML"),
        ("[network]", "[netwrk]", "line 3: netwrk: expected one of [[layer]], [weights]"),
        ('loss = "squared_error"', 'loss = "huber2"', "loss: expected one of"),
    ],
)
def test_worksheets(refused, files, old, new, says):
    assert old in NOTES
    assert says in refused("check", files("sheet.md", NOTES.replace(old, new)))


def test_worksheet_files_that_are_none(refused, run, files, tmp_path):
    assert "text in UTF-8" in refused("check", files("a.md", b"\xff\xfe+"))
    assert "bytes that are no text" in refused("check", files("f.md", b"+\x00+"))
    assert "at most 1000000 bytes" in refused("check", files("b.md", "+" * 1_000_001))
    code, _, err = run("check", files("c.md", ""))
    assert code == 2
    first, _, sample = err.partition("\n")
    assert first.endswith("got no input x and no weights (W_1 = …, or w_1 = 0.15, w_2 = …)")
    assert sample.startswith("A header to copy and to fill in:\n+++\n")
    assert "no such file" in refused("check", "d.md")
    assert "a folder" in refused("check", tmp_path)
    deep = "+++\nx = " + "[" * 50_000 + "\n+++\n"
    assert "a header in TOML" in refused("check", files("e.md", deep))


def test_a_full_disk_leaves_the_old_model(run, model, tmp_path, monkeypatch):
    import os

    before = (tmp_path / model).read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device", "iris.safetensors")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run("train", "iris", "--epochs", 2)
    assert code == 2
    assert err.endswith("chainrule: error: iris.safetensors: No space left on device\n")
    assert (tmp_path / model).read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"iris.safetensors", "iris-loss.png"}


def test_a_test_part_that_leaves_nothing_to_train_on(refused, files):
    files("two.csv", "a,y\n1,u\n2,v\n")
    assert "rows enough" in refused("train", "two.csv", "--target", "y", "--test", 0.9)


def test_explanations_on_the_command_line(refused, files, model):
    sheet = files("sheet.md", NOTES)
    assert "--data: expected a table with the example" in refused("explain", model, "dL/dW_111")
    assert "--data: expected a table with the example" in refused("paths", model, "dL/dW_111")
    assert "a worksheet has its own example" in refused("explain", sheet, "L", "--data", "iris")
    assert "a number from 1 to 1" in refused("explain", sheet, "L", "--example", 3)
    assert "--format: expected text, markdown" in refused("explain", sheet, "L", "--format", "pdf")
    assert "notation: expected textbook or delta" in refused("explain", sheet, "L", "--notation", "greek")
    assert "the derivative of L by one number" in refused("paths", sheet, "dL/dW_1")
    assert "a value such as x=2" in refused("graph", "z = x", "--of", "dz/dx", "--at", "x")
    assert "more after its end" in refused("graph", "z = x +", "--of", "dz/dx")
    assert "a finite number" in refused("graph", "z = sqrt(x)", "--of", "dz/dx", "--at", "x=0")


def test_examples_of_a_worksheet_that_has_a_batch(run, files):
    batch = NOTES.replace("x = [2, 5, 3, 3]", "x = [[2, 5, 3, 3], [1, 0, 0, 1]]").replace("y = [1, 0]", "y = [0, 1]")
    sheet = files("batch.md", batch)
    code, out, _ = run("paths", sheet, "dL/dW_212", "--example", 2)
    assert code == 0
    assert "2 paths" in out
    assert run("explain", sheet, "dL/dW_212")[1].count("Which examples push it") == 1


def test_a_file_that_is_read_is_never_written(refused, files, model, tmp_path):
    files("d.csv", CSV)
    says = "a file of its own; got the file d.csv that is read"
    assert says in refused("train", "d.csv", "--target", "y", "--out", "d.csv")
    assert says in refused("predict", model, "d.csv", "--out", "d.csv")
    assert "a file of its own" in refused("predict", model, "iris", "--out", model)
    assert (tmp_path / "d.csv").read_text() == CSV


HUGE = """+++
[network]
hidden = "identity"
output = "identity"
loss = "squared_error"
x = [1e200]
y = [0]
[[network.layer]]
W = [[1e200]]
+++
"""


def test_numbers_that_overflow(refused, files):
    sheet = files("w.md", HUGE)
    for command in (("paths", sheet, "dL/dW_111"), ("explain", sheet, "dL/dW_111"), ("check", sheet)):
        assert "finite" in refused(*command)


@pytest.mark.parametrize("line", ["L = 1/0", "L = log(0)", "L = 0/0", "L = sqrt(-1)", "a_11 = 1/0"])
def test_a_value_that_is_not_there_is_no_traceback(run, tmp_path, line):
    from tests.support.strangers import RIGHT

    (tmp_path / "s.md").write_text(f"{RIGHT}{line}\n")
    code, out, err = run("audit", "s.md")
    assert (code, err) == (1, "")
    assert line in out


@pytest.mark.parametrize("place", ["AAAA1", "AAAAAAA61"])
def test_a_workbook_with_a_cell_beyond_all_columns_is_refused(tmp_path, place):
    import zipfile

    from chainrule.storage import read_table

    sheet = f'<worksheet><sheetData><row r="1"><c r="{place}"><v>1</v></c></row></sheetData></worksheet>'
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    with pytest.raises(InputError, match="a workbook, with columns up to XFD"):
        read_table(str(tmp_path / "t.xlsx"))


def test_an_array_of_more_columns_than_there_are_is_refused(tmp_path):
    from chainrule.storage import read_table

    np.savez(tmp_path / "t.npz", X=np.zeros((0, 10**11), np.int8))
    with pytest.raises(InputError, match="at most 50000 columns; got 100000000000"):
        read_table(str(tmp_path / "t.npz"))
