"""Gradients from files of any language: each kind comes back as it was held, and nothing in a file is run."""

import json
import pickle
import zipfile

import numpy as np
import pytest
import safetensors.numpy
from scipy.io import savemat

from chainrule import InputError
from chainrule.storage import gradient_files, read_gradient_file

ARRAYS = {"dW1": np.arange(6.0).reshape(2, 3), "db1": np.array([0.5, -1.5])}


def text(rows):
    return "\n".join(rows)


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def same(found, due):
    assert found.keys() == due.keys()
    for name, array in due.items():
        np.testing.assert_array_equal(np.squeeze(np.asarray(found[name], dtype=float)), np.squeeze(array))


def test_npz_by_name_and_in_order(tmp_path):
    np.savez(tmp_path / "a.npz", **ARRAYS)
    same(read_gradient_file(tmp_path / "a.npz"), ARRAYS)
    np.savez(tmp_path / "b.npz", *[np.full(i, float(i)) for i in range(1, 13)])
    assert [len(array) for array in read_gradient_file(tmp_path / "b.npz")] == list(range(1, 13))


def test_npy_json_safetensors_and_matlab(tmp_path, file):
    np.save(tmp_path / "a.npy", ARRAYS["db1"])
    np.testing.assert_array_equal(read_gradient_file(tmp_path / "a.npy"), ARRAYS["db1"])
    held = {"layers": [{"W": ARRAYS["dW1"].tolist(), "b": [1, 2]}]}
    assert read_gradient_file(file("a.json", json.dumps(held))) == held
    safetensors.numpy.save_file(ARRAYS, tmp_path / "a.safetensors")
    same(read_gradient_file(tmp_path / "a.safetensors"), ARRAYS)
    savemat(tmp_path / "a.mat", ARRAYS | {"grads": {"dW2": ARRAYS["dW1"]}, "cell": np.array([1.0, 2.0], dtype=object)})
    found = read_gradient_file(tmp_path / "a.mat")
    same({name: found[name] for name in ARRAYS}, ARRAYS)
    same(found["grads"], {"dW2": ARRAYS["dW1"]})
    assert len(found["cell"]) == 2


@pytest.mark.parametrize(
    ("name", "rows", "due"),
    [
        ("a.csv", ["dW1,0,1,2", "dW1,3,4,5", "db1,0.5,-1.5"], ARRAYS),
        ("a.csv", ["# mine", "dW1;0;1;2", "dW1;3;4;5", "db1;0.5;-1.5", ""], ARRAYS),
        ("a.tsv", ["dW1\t0\t1\t2", "dW1\t3\t4\t5", "db1\t0.5\t-1.5"], ARRAYS),
        ("a.txt", ["dW1 0 1 2", "dW1 3 4 5", "db1 0.5 -1.5"], ARRAYS),
    ],
)
def test_tables_with_a_name_before_each_row(file, name, rows, due):
    same(read_gradient_file(file(name, text(rows))), due)


def test_tables_of_numbers_alone(file):
    assert read_gradient_file(file("a.csv", "1,2,3\n4,5,6\n")) == [[1, 2, 3], [4, 5, 6]]
    assert read_gradient_file(file("a.txt", "1 2 3e-1")) == [1, 2, 0.3]
    assert np.size(read_gradient_file(file("b.csv", "1\n2\n3\n"))) == 3


class Planted:
    """Runs where it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("it was run",))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pt", b"x", "pickles can run code"),
        ("a.pkl", pickle.dumps(Planted()), "pickles can run code"),
        ("a.npy", b"", "from 1 to"),
        ("a.npy", b"nothing", "a whole NPY file"),
        ("a.npz", b"nothing", "a whole NPZ file"),
        ("a.json", b"{", "a whole JSON file"),
        ("a.json", b"[" * 100_000, "a whole JSON file"),
        ("a.mat", b"nothing" * 40, "a whole MAT file"),
        ("a.safetensors", b"nothing", "a safetensors file"),
        ("a.csv", b"dW1,1,x", "numbers, or a name before"),
        ("a.csv", b"dW1", "a name alone"),
        ("a.xlsx", b"x", "a file .npz"),
        ("a.csv", b"\xff\xfe\x00", "a whole CSV file"),
    ],
)
def test_what_is_no_such_file_is_refused(file, name, content, words):
    with pytest.raises(InputError, match="expected") as error:
        read_gradient_file(file(name, content))
    assert words in str(error.value)


def test_objects_are_not_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([Planted(), None], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", dW1=np.array([Planted(), None], dtype=object))
    for name in ("a.npy", "a.npz"):
        with pytest.raises(InputError, match="Python objects, which are not read"):
            read_gradient_file(tmp_path / name)


def test_no_file_takes_more_than_it_may(tmp_path, monkeypatch):
    monkeypatch.setattr(gradient_files, "LARGEST", 100_000)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("dW1.npy", b"\0" * 1_000_000)
    savemat(tmp_path / "a.mat", {"dW1": np.zeros((1000, 1000))}, do_compression=True)
    savemat(tmp_path / "b.mat", {"grads": {"dW1": np.zeros((1000, 1000))}}, do_compression=True)  # inside of a struct
    for name in ("a.npz", "a.mat", "b.mat"):
        assert (tmp_path / name).stat().st_size < 100_000
        with pytest.raises(InputError, match="at most 100000 bytes"):
            read_gradient_file(tmp_path / name)


def test_a_folder_and_no_file_are_refused(tmp_path):
    (tmp_path / "a.npz").mkdir()
    for name, words in (("a.npz", "a folder"), ("b.npz", "no such file")):
        with pytest.raises(InputError, match=words):
            read_gradient_file(tmp_path / name)
