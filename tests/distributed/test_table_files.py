"""Pieces of files: each row is in one of them, whatever the sizes of the blocks and whatever stands within quotes."""

import gzip
import io
from itertools import pairwise

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.distributed import table_files
from chainrule.distributed.row_blocks import row_starts
from chainrule.distributed.table_files import open_files, read_piece
from chainrule.errors import InputError
from chainrule.tables.dialect import Dialect
from chainrule.tables.files import read_table
from chainrule.tables.reading import TableReading
from tests.support.sample import draws

USUAL = Dialect(separator=",", quote='"', escape="", decimal=".", skip=0, names=("a", "b"))


def rows(data, reading=None):
    files = open_files(str(data), reading)
    return [row for piece in files.pieces for row in read_piece(piece, files.layout).to_pylist()], len(files.pieces)


@pytest.mark.parametrize("size", [1, 5, 11, 1000])
@pytest.mark.parametrize("line", ["\n", "\r\n", "\r"])
def test_each_line_is_in_one_block(tmp_path, monkeypatch, size, line):
    monkeypatch.setattr(table_files, "CSV_BYTES", size)
    text = line.join(["", "a,b,name", *(f'{i},{i / 2},"row{line}{i}"' for i in range(7)), ""])
    (tmp_path / "t.csv").write_bytes(text.encode())
    found, count = rows(tmp_path / "t.csv")
    assert [row["a"] for row in found] == list(range(7))
    assert [row["name"] for row in found] == [f"row{line}{i}" for i in range(7)]
    assert (count > 1) == (size < 1000)


CELLS = st.lists(st.tuples(*[st.text('a,"\n\r', max_size=5)] * 2), min_size=1, max_size=12)


@draws(60)
@given(CELLS, st.integers(1, 40), st.sampled_from(["\n", "\r\n", "\r"]))
def test_blocks_begin_where_rows_do(cells, size, line):
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in cells]
    text = line.join(["a,b", *quoted, ""]).encode()
    starts = [*row_starts(io.BytesIO(text), USUAL, size), len(text)]
    parts = [text[begin:end].decode() for begin, end in pairwise(starts)]
    lines = [f"{row}{line}" for row in ("a,b", *quoted)]
    for part in parts:  # each is some of the rows; of \r\n, the second half may come to the next
        joined = ""
        part = part.removeprefix("\n") if line == "\r\n" else part
        while lines and len(joined) < len(part):
            joined += lines.pop(0)
        assert joined in (part, part + "\n" if line == "\r\n" else part)
    assert lines == []


def test_quotes_within_a_cell_begin_nothing():
    text = b'a,b\n5" pipe,1\nx,2\n'
    assert row_starts(io.BytesIO(text), USUAL, 4)[:3] == [0, 14, 18]


def test_folders_give_their_columns_on_a_cluster_as_here(tmp_path):
    for year, month in ((2023, "01"), (2024, "12")):
        folder = tmp_path / f"year={year}" / f"month={month}"
        folder.mkdir(parents=True)
        (folder / "part.csv").write_text(f"a,y\n{year},p\n2,q\n")
        pq.write_table(pa.table({"a": [year, 2], "y": ["p", "q"]}), folder / "part.parquet")
    (tmp_path / "year=2024" / "_SUCCESS.csv").write_text("")
    for pattern in ("**/*.csv", "**/*.parquet"):
        found, _ = rows(tmp_path / pattern)
        assert found == read_table(tmp_path / pattern).to_pylist()
        assert [row["year"] for row in found] == [2023, 2023, 2024, 2024]
        assert [row["month"] for row in found] == [1, 1, 12, 12]


@pytest.mark.parametrize("name", ["t.csv.gz", "t.jsonl", "t.feather", "utf16.csv", "semicolons.csv"])
def test_whole_files_are_partitions(tmp_path, name):
    frame = pd.DataFrame({"a": [1.5, 2.5], "w": ["x", "y,z"]})
    for part in ("one", "two"):
        path = tmp_path / f"{part}-{name}"
        if name == "t.csv.gz":
            path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
        elif name == "t.jsonl":
            frame.to_json(path, orient="records", lines=True)
        elif name == "t.feather":
            frame.to_feather(path)
        elif name == "utf16.csv":
            frame.to_csv(path, index=False, encoding="utf-16")
        else:
            frame.to_csv(path, index=False, sep=";", decimal=",")
    found, count = rows(tmp_path)
    assert count == 2
    assert found == frame.to_dict("records") * 2


def test_columns_index_and_types_are_as_here(tmp_path):
    pd.DataFrame({"a": [1, 2, 3], "zip": ["01", "02", "03"], "b": [1, 2, 3]}).to_csv(tmp_path / "t.csv")
    asked = TableReading(drop=("b",), types={"zip": "text"})
    said = []
    files = open_files(str(tmp_path / "t.csv"), asked, said.append)
    (piece,) = files.pieces
    assert read_piece(piece, files.layout).equals(read_table(tmp_path / "t.csv", asked, said.append))
    assert said[0].split(": ")[1] == said[1].split(": ")[1]
    assert files.layout.names == ("a", "zip")


def test_ragged_rows_are_refused_on_a_worker(tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n1,2,3\n")
    with pytest.raises(InputError, match=r"2 cells in each row.*3 in line 3"):
        open_files(str(tmp_path / "t.csv"))
    monkeypatch.setattr(table_files, "SAMPLE_BYTES", 8)
    files = open_files(str(tmp_path / "t.csv"))
    with pytest.raises(InputError, match=r"2 cells in each row.*3 in line 3"):
        read_piece(files.pieces[0], files.layout)


def test_each_file_has_its_own_order_of_columns(tmp_path, monkeypatch):
    monkeypatch.setattr(table_files, "CSV_BYTES", 8)
    (tmp_path / "1.csv").write_text("a,b\n1,2\n3,4\n")
    (tmp_path / "2.csv").write_text("b,a\n6,5\n8,7\n")
    assert rows(tmp_path)[0] == [{"a": a, "b": a + 1} for a in (1, 3, 5, 7)]
    (tmp_path / "2.csv").write_text("b;a\n6;5\n8;7\n")
    with pytest.raises(InputError, match=r"column 'a': expected one of: "):
        rows(tmp_path)
