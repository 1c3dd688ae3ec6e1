"""JSON that is too deep, and tables too wide or rows too long, are one sentence, before a reader below sees them."""

import io
import json
import zipfile

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from chainrule.errors import InputError
from chainrule.storage import read_table
from chainrule.tables import nesting, text_files
from chainrule.tables.encodings import Utf8
from chainrule.tables.nesting import ShallowJson


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


texts = st.text(st.sampled_from('{}[]"\\ab\n'), max_size=8)
values = st.recursive(
    st.one_of(texts, st.integers(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=12,
)


@given(value=values, size=st.integers(1, 40), most=st.integers(1, 4))
def test_as_deep_as_json_says_whatever_stands_in_its_texts(value, size, most):
    """Whatever the pieces are in which it is read."""
    stream = ShallowJson(Utf8(io.BytesIO(json.dumps(value).encode() + b"\n"), "utf-8"), "t")
    before, nesting.DEEPEST = nesting.DEEPEST, most
    try:
        try:
            read = b""
            while part := stream.read(size):
                read += part
        except InputError as error:
            assert "levels" in str(error)  # noqa: PT017
            assert depth(value) > most
        else:
            assert json.loads(read) == value
            assert depth(value) <= most
    finally:
        nesting.DEEPEST = before


@pytest.mark.parametrize(
    "line", ['{"a":' * 100_000 + "1" + "}" * 100_000, "[" * 100_000, '{"a": ' + "[" * 5000 + "]" * 5000 + "}"]
)
def test_deep_json_is_refused(tmp_path, line):
    (tmp_path / "t.jsonl").write_text('{"a": "x"}\n' + line + "\n")
    with pytest.raises(InputError, match="at most 100 levels"):
        read_table(str(tmp_path / "t.jsonl"))


def test_wide_tables_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "MOST_COLUMNS", 30)
    (tmp_path / "t.csv").write_text("," * 30 + "\n" + "1," * 30 + "1\n")
    (tmp_path / "t.jsonl").write_text(json.dumps({f"a{i}": 1 for i in range(31)}) + "\n")
    parquet.write_table(pa.table({f"a{i}": [1] for i in range(31)}), tmp_path / "t.parquet")
    for ending in ("csv", "jsonl", "parquet"):
        with pytest.raises(InputError, match=f"t.{ending}: expected at most 30 columns; got 31"):
            read_table(str(tmp_path / f"t.{ending}"))


def test_a_row_without_an_end_is_refused_before_all_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "LONGEST_ROW", 1 << 20)
    with zipfile.ZipFile(tmp_path / "t.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", b"0" * (9 << 20))
    with pytest.raises(InputError, match="rows of at most 1 MB; got a longer one"):
        read_table(str(tmp_path / "t.csv.zip"))
