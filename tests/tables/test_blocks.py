"""Tables larger than memory: the same rows, whatever the chunks; bounded memory; clear errors."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import chainrule as cr
from chainrule.errors import InputError
from chainrule.tables import chunks as chunk_files
from chainrule.tables.blocks import open_large
from chainrule.tables.chunks import NpyChunks, ParquetChunks
from chainrule.tables.summary import fit_inputs
from chainrule.train.loop import fit
from chainrule.train.optimizers import optimizer
from chainrule.train.recipe import Recipe


@pytest.fixture
def files(tmp_path, rng, monkeypatch):
    """The same 1,000 rows as two .npy files in chunks of 64 and as a Parquet file in row groups of 70."""
    monkeypatch.setattr(chunk_files, "CHUNK_BYTES", 64 * 3 * 8)
    x, y = rng.normal(3, 2, (1000, 3)), rng.integers(0, 4, 1000)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    table = pa.table({f"x_{j + 1}": x[:, j] for j in range(3)} | {"y": y})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=70)
    return tmp_path, x, y, table


def opened(folder, kind, **more):
    chunks = (
        NpyChunks(folder / "x.npy", folder / "y.npy") if kind == "npy" else ParquetChunks(folder / "t.parquet", "y")
    )
    return open_large(chunks, "y", dtype="float64", **more)


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_every_row_comes_once_an_epoch_standardised(files, kind):
    folder, x, y, table = files
    source = opened(folder, kind).train
    assert len(source) == 1000
    blocks = list(source.blocks(np.random.default_rng(0).permutation))
    assert len(blocks) > 1
    got = np.concatenate([np.column_stack([block.x, block.y]) for block in blocks])
    expected = np.column_stack([(x - x.mean(axis=0)) / x.std(axis=0), y])
    np.testing.assert_allclose(got[np.lexsort(got.T)], expected[np.lexsort(expected.T)], atol=1e-12)
    whole = fit_inputs(table, ["x_1", "x_2", "x_3"], np.arange(1000))
    for mine, theirs in zip(source.inputs.columns, whole.columns, strict=True):
        assert mine.name == theirs.name
        np.testing.assert_allclose([mine.mean, mine.scale], [theirs.mean, theirs.scale], rtol=1e-12)
    assert source.target.classes == ("0", "1", "2", "3")


def test_blocks_differ_by_epoch_and_are_the_same_for_the_same_seed(files):
    source = opened(files[0], "npy").train
    first, again, other = (next(source.blocks(np.random.default_rng(seed).permutation)).x for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_training_from_blocks_learns_and_repeats(files, kind, rng):
    folder = files[0]
    large = opened(folder, kind, test=0.2, seed=3)
    assert len(large.train) + len(large.test) == 1000
    assert set(large.train.chosen).isdisjoint(large.test.chosen)
    net = cr.Network.random((3, 8, 4), "tanh", seed=0)
    recipe = Recipe(optimizer("adam", 0.01), batch_size=32, seed=2)
    runs = [fit(net, large.train, recipe, epochs=3) for _ in range(2)]
    assert np.array_equal(runs[0].network.flat, runs[1].network.flat)
    losses = [epoch.loss for epoch in runs[0].history]
    assert losses[-1] < losses[0]
    assert 0 <= runs[0].history[-1].accuracy <= 1


def test_text_columns_and_numbers_as_target(tmp_path, rng):
    color = rng.choice(["red", "green", "blue"], 300)
    value = rng.normal(size=300)
    table = pa.table({"color": color, "flag": value > 0, "y": value * 3 + 1})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=50)
    source = open_large(ParquetChunks(tmp_path / "t.parquet", "y"), "y").train
    assert source.inputs.names[:3] == ["color=blue", "color=green", "color=red"]
    assert not source.labels
    np.testing.assert_allclose(source.target.mean, value.mean() * 3 + 1)
    block = next(source.blocks(np.random.default_rng(0).permutation))
    assert block.x.dtype == np.float32
    assert block.y.shape == (300, 1)


def test_a_table_of_one_chunk_has_no_part_to_keep_aside(tmp_path):
    parquet.write_table(pa.table({"x": [1.0, 2.0], "y": [0, 1]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="at least two chunks"):
        open_large(ParquetChunks(tmp_path / "t.parquet", "y"), "y", test=0.5)


def bad_npy(folder, what):
    if what == "text":
        folder.joinpath("x.npy").write_text("1,2,3")
    elif what == "objects":
        np.save(folder / "x.npy", np.array([["a", "b"]] * 1000))
    elif what == "fortran":
        np.save(folder / "x.npy", np.asfortranarray(np.ones((1000, 3))))
    elif what == "cut":
        content = folder.joinpath("x.npy").read_bytes()
        folder.joinpath("x.npy").write_bytes(content[:-100])
    elif what == "short":
        np.save(folder / "x.npy", np.ones((10, 3)))
    elif what == "missing":
        folder.joinpath("x.npy").unlink()
    elif what == "empty":
        np.save(folder / "x.npy", np.ones((1000, 0)))


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("text", "a .npy file"), ("objects", "matrix of numbers"), ("fortran", "Fortran"), ("cut", "ends before"),
        ("short", "10 targets"), ("missing", "no such file"), ("empty", "at least one row and one column"),
    ],
)  # fmt: skip
def test_files_that_are_no_matrix(files, what, says):
    bad_npy(files[0], what)
    with pytest.raises(InputError, match=says):
        NpyChunks(files[0] / "x.npy", files[0] / "y.npy")


def test_nan_in_a_chunk_is_one_clear_error(files):
    folder, x, *_ = files
    x[700, 1] = np.nan
    np.save(folder / "x.npy", x)
    with pytest.raises(InputError, match="x_2"):
        opened(folder, "npy")


def test_a_parquet_file_that_is_none(tmp_path):
    tmp_path.joinpath("t.parquet").write_text("no")
    with pytest.raises(InputError, match="a Parquet file"):
        ParquetChunks(tmp_path / "t.parquet", "y")
    parquet.write_table(pa.table({"x": [1.0], "z": [2.0]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="no such column"):
        ParquetChunks(tmp_path / "t.parquet", "y")


def test_memory_does_not_grow_with_the_table(tmp_path, rng):
    """The peak of a process that trains from 136 MB is that of one that trains from 12 MB, but for some blocks."""
    peaks = []
    for rows in (150_000, 1_700_000):
        np.save(tmp_path / "x.npy", rng.random((rows, 20), "float32"))
        np.save(tmp_path / "y.npy", rng.integers(0, 2, rows).astype("int8"))
        code = f"""
import chainrule as cr
from chainrule.tables.chunks import NpyChunks
from chainrule.train.loop import fit
from chainrule.train.recipe import Recipe
from chainrule.tables.blocks import open_large
large = open_large(NpyChunks({str(tmp_path / "x.npy")!r}, {str(tmp_path / "y.npy")!r}), "y")
net = cr.Network.random((20, 4, 2), "relu", seed=0, dtype="float32")
fit(net, large.train, Recipe(batch_size=512), epochs=1)
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
        peaks.append(int(run.stdout) * 1024)
    assert peaks[1] - peaks[0] < 100e6


# ---------------------------------------------------------------- on the command line


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_train_in_blocks_on_the_command_line(files, kind, run, rng):
    folder, x, *_ = files
    labels = (x[:, 0] > 3) + 2 * (x[:, 1] > 3)
    np.save(folder / "y.npy", labels)
    table = pa.table({f"x_{j + 1}": x[:, j] for j in range(3)} | {"y": labels})
    parquet.write_table(table, folder / "t.parquet", row_group_size=70)
    data, target = ("x.npy", "y.npy") if kind == "npy" else ("t.parquet", "y")
    options = ["--blocks", "--hidden", "16", "--epochs", 20, "--learning-rate", 0.01, "--out", "m.safetensors"]
    code, out, err = run("train", data, "--target", target, *options, "--early-stopping", "--checkpoint", "state")
    assert (code, err.count("Traceback")) == (0, 0)
    assert "rows to train" in out
    accuracy = float(out.split("test accuracy ")[1].split()[0])
    assert accuracy > 0.85
    code, out, _ = run("predict", "m.safetensors", "t.parquet", "--json")
    assert code == 0
    code, out, _ = run(
        "train", data, "--target", target, *options, "--early-stopping", "--checkpoint", "state", "--resume"
    )
    assert code == 0
    assert "resumed from" in out
    assert f"test accuracy {accuracy:.4f}" in out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["x.npy", "--blocks"], "--target"),
        (["x.npy", "--target", "y", "--blocks"], "the .npy file of the targets"),
        (["iris", "--target", "y.npy", "--blocks"], "a .npy or a Parquet file"),
        (["t.parquet", "--target", "nothing", "--blocks"], "no such column"),
        (["t.parquet", "--target", "y", "--blocks", "--cv", 5], "all rows at once"),
        (["t.parquet", "--target", "y", "--blocks", "--report", "r.html"], "all rows at once"),
        (["t.parquet", "--target", "y", "--blocks", "--class-weight", "balanced"], "read at once"),
        (["t.parquet", "--target", "y", "--blocks", "--loss", "poisson", "--task", "regression", "--test", 0], ""),
    ],
)
def test_what_blocks_do_not_have_is_said_in_a_line(files, options, says, run):
    code, _, err = run("train", *options, "--epochs", 1)
    assert code == (2 if says else 0)
    assert says in err
    assert err.strip().count("\n") == 0 or not says


# ---------------------------------------------------------------- what a review found


def test_a_large_mean_keeps_its_digits(tmp_path, rng):
    np.save(tmp_path / "x.npy", 1.6e9 + 10 * rng.normal(size=(1000, 1)))
    np.save(tmp_path / "y.npy", rng.integers(0, 2, 1000))
    block = open_large(NpyChunks(tmp_path / "x.npy", tmp_path / "y.npy"), "y").train.all_rows()
    assert len(np.unique(block.x)) > 990
    assert abs(block.x.std() - 1) < 1e-3


def test_a_target_named_as_an_input_keeps_its_own_scale(tmp_path, rng):
    np.save(tmp_path / "x.npy", rng.normal(size=(100, 2)))
    np.save(tmp_path / "x_1.npy", 100 + rng.normal(size=100))
    source = open_large(NpyChunks(tmp_path / "x.npy", tmp_path / "x_1.npy", "x_1"), "x_1").train
    assert abs(source.inputs.columns[0].mean) < 1
    assert abs(source.target.mean - 100) < 1


def test_empty_row_groups_and_float_labels(tmp_path):
    schema = pa.schema([("x", pa.float64()), ("flag", pa.bool_()), ("y", pa.float64())])
    with parquet.ParquetWriter(tmp_path / "t.parquet", schema) as file:
        for rows in (20, 0, 20):
            columns = {"x": np.arange(rows) * 1.0, "flag": np.arange(rows) % 2 == 0, "y": np.arange(rows) % 3 * 1.0}
            file.write_table(pa.table(columns, schema=schema))
    source = open_large(ParquetChunks(tmp_path / "t.parquet", "y"), "y", task="classification").train
    assert source.target.classes == ("0", "1", "2")
    assert source.inputs.names == ["x", "flag"]
    assert sum(len(block) for block in source.blocks(np.random.default_rng(0).permutation)) == 40


def test_a_file_that_is_cut_after_it_was_opened(files):
    folder = files[0]
    chunks = NpyChunks(folder / "x.npy", folder / "y.npy")
    content = folder.joinpath("x.npy").read_bytes()
    folder.joinpath("x.npy").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="a shorter file"):
        open_large(chunks, "y")


def test_numbers_of_the_other_byte_order(files):
    folder, x, *_ = files
    before = opened(folder, "npy").train.all_rows().x
    np.save(folder / "x.npy", x.astype(">f8"))
    assert np.array_equal(opened(folder, "npy").train.all_rows().x, before)


def test_row_groups_too_large_to_keep_one_aside(files, monkeypatch):
    from chainrule.tables import blocks as sources

    monkeypatch.setattr(sources, "MOST_ASIDE", 50)
    with pytest.raises(InputError, match="smaller row groups"):
        opened(files[0], "parquet", test=0.2)


def test_a_nan_is_named_with_its_row_in_the_file(files):
    folder, x, *_ = files
    x[700, 1] = np.nan
    np.save(folder / "x.npy", x)
    with pytest.raises(InputError, match="row 701"):
        opened(folder, "npy")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--test", -0.5], "share"),
        (["--test", 1.5], "share"),
        (["--early-stopping", "--validation", 0], "validation share"),
    ],
)
def test_a_plan_that_does_not_fit_blocks(files, options, says, run):
    code, _, err = run("train", "t.parquet", "--target", "y", "--blocks", *options)
    assert code == 2
    assert says in err


def test_targets_outside_of_the_loss_are_refused_before_training(tmp_path, run, monkeypatch):
    table = pa.table({"x": np.arange(100.0), "y": np.r_[np.full(60, -3.3), np.full(40, 2.0)]})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=10)
    code, _, err = run("train", "t.parquet", "--target", "y", "--blocks", "--loss", "poisson", "--test", 0)
    assert code == 2
    assert "target y (for the loss poisson)" in err


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_rows_without_a_target_are_left_out_of_blocks(tmp_path, kind, rng):
    x, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    y[[3, 17, *range(20, 30)]] = np.nan  # a whole row group among them
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    parquet.write_table(
        pa.table({"a": x[:, 0], "b": x[:, 1], "y": pa.array(y, from_pandas=True)}), tmp_path / "t.parquet",
        row_group_size=10,
    )  # fmt: skip
    chunks = NpyChunks(tmp_path / "x.npy", tmp_path / "y.npy") if kind == "npy" else ParquetChunks(
        tmp_path / "t.parquet", "y")  # fmt: skip
    large = open_large(chunks, "y", dtype="float64")
    known = ~np.isnan(y)
    assert len(large.train) == known.sum() == 48
    blocks = list(replace(large.train, together=1).blocks(np.arange))
    np.testing.assert_allclose(
        np.concatenate([block.y for block in blocks])[:, 0], (y - y[known].mean())[known] / y[known].std()
    )
    np.testing.assert_allclose([column.mean for column in large.train.inputs.columns], x[known].mean(axis=0))
    assert large.notes == ("target y: 12 rows without a value are left out (row 4)",)
    with pytest.raises(InputError, match="target y: expected a value in every row; got none in row 4"):
        open_large(chunks, "y", missing="refuse")
