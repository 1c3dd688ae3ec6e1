"""NPZ and NPY files of strangers: read as they are, or one sentence."""

import io
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import InputError
from chainrule.system.numpy_files import read_npy, read_npz


def whole():
    out = io.BytesIO()
    np.savez_compressed(out, a=np.arange(6.0).reshape(2, 3), b=np.array(["x", "ŷ"]), c=np.asfortranarray(np.eye(3)[:2]))
    return out.getvalue()


WHOLE = whole()


def test_arrays_come_back_as_they_were(tmp_path):
    (tmp_path / "a.npz").write_bytes(WHOLE)
    found = read_npz("data", tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as theirs:
        assert set(found) == set(theirs.files)
        for name in theirs.files:
            np.testing.assert_array_equal(found[name], theirs[name])


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_file_gives_arrays_or_one_sentence(tmp_path_factory, data):
    damaged = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(damaged)))
    place = tmp_path_factory.mktemp("npz") / "a.npz"
    place.write_bytes(damaged[:end] if data.draw(st.booleans()) else damaged)
    with suppress(InputError):
        assert read_npz("data", place) is not None


def test_objects_are_not_read(tmp_path):
    np.savez(tmp_path / "o.npz", o=np.array([{}], object))
    np.save(tmp_path / "o.npy", np.array([{}], object))
    for read, name in ((read_npz, "o.npz"), (read_npy, "o.npy")):
        with pytest.raises(InputError, match="Python objects"):
            read("data", tmp_path / name)


def test_a_bomb_is_refused_before_it_goes_off(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\0" * 10_000_000)
    with pytest.raises(InputError, match="at most 1000000 bytes"):
        read_npz("data", tmp_path / "bomb.npz", 1_000_000)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.npz", b"\x93NUMPY\x01\x00", "an NPY file"),
        ("a.npz", b"a,b\n1,2\n", "something else"),
        ("a.npz", b"", "something else"),
        ("a.npy", WHOLE, "an NPZ file"),
        ("a.npy", b"", "something else"),
    ],
)
def test_another_kind_is_named(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        (read_npz if name.endswith("z") else read_npy)("data", tmp_path / name)
