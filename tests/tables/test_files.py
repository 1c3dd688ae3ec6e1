"""Files as strangers write them: read as pandas reads them, what was found out is told, or refused with a sentence."""

import bz2
import csv
import gzip
import io
import json
import lzma
import sys
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import InputError
from chainrule.tables import sources, text_files
from chainrule.tables.chunks import ParquetChunks
from chainrule.tables.files import read_table
from chainrule.tables.reading import TableReading, names_list, types_list
from tests.support.sample import draws, seeds
from trials import tables as trials

ROWS = [{"a": 1.5, "b": "x", "y": 0}, {"a": -2.25, "b": "z", "y": 1}]


@pytest.fixture
def read(tmp_path):
    """Read a file of this content: its rows and what was told."""

    def call(content, name="t.csv", **asked):
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        said = []
        return read_table(tmp_path / name, TableReading(**asked), said.append).to_pylist(), " ".join(said)

    return call


@pytest.fixture
def refusal(read):
    """Read what must be refused: the sentence."""

    def call(content, name="t.csv", **asked):
        with pytest.raises(InputError) as error:
            read(content, name, **asked)
        return str(error.value)

    return call


# ---------------------------------------------------------------- cells


def test_newlines_within_quotes_above_a_megabyte(read):
    text = "text,i,y\n" + "".join(f'"ab\ncd",{i},{i % 2}\n' for i in range(100_000))
    rows, said = read(text)
    assert len(rows) == 100_000
    assert {row["text"] for row in rows} == {"ab\ncd"}
    assert [row["i"] for row in rows] == list(range(100_000))
    assert said == ""


CELLS = st.lists(st.tuples(*[st.text('ab1,;"\n\r\t\\ ü', max_size=7)] * 2), min_size=1, max_size=20)


@draws(80)
@given(CELLS, st.integers(1, 200), st.sampled_from(["\n", "\r\n", "\r"]))
def test_quoted_cells_come_back_whatever_the_block(cells, block, line):
    frame = pd.DataFrame(cells, columns=["a", "b"])
    text = frame.to_csv(index=False, quoting=csv.QUOTE_ALL, lineterminator=line)
    wanted = pd.read_csv(io.StringIO(text, newline=""), dtype=str).astype(object).where(lambda f: f.notna(), None)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "BLOCK_BYTES", block)
        path = Path(folder) / "t.csv"
        path.write_bytes(text.encode())
        found = read_table(path, TableReading(texts=("a", "b"), separator=",", escape=""))
    assert found.to_pylist() == wanted.to_dict("records")


@pytest.mark.parametrize("size", [5_000_000, 100])
def test_a_cell_longer_than_a_block(read, monkeypatch, size):
    monkeypatch.setattr(text_files, "BLOCK_BYTES", 64)
    assert read('a,b\n"' + "x\n" * (size // 2) + '",1\n')[0] == [{"a": "x\n" * (size // 2), "b": 1}]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('a,b\n"x\ny",1\n\n1,2,3\n', "2 cells in each row, as in the names (line 1).*got 3 in line 5"),
        ("a,b\r1,2\r1\r", "got 1 in line 3"),
        ("a,b\n1,2,3\n1,2,3\n", "got 3 in line 2"),
        ("Report of 2024\na,b\n1,2\n3,4\n5,6\n7,8\n9,0\n", "--skip LINES"),
        ('a,b\n1,"2\n3,4\n', "each quote \" closed; got that of line 2 goes on to the end"),
        ('a\n"1,2\n', "closed; got that of line 2"),
        ("a,y\n1,2\na,y\n3,4\n", "names of the columns in one line; leave the others out; got them again in line 3"),
        ('a,y\n"\n",2\na,y\n', "them again in line 4"),
        ("a,b\n", "at least one row"),
        ("\n\n", "an empty file"),
        ("a,a\n1,2\n", "it twice"),
        ("a,b\n\0,1\n", "text; got bytes that are none"),
        ("<!DOCTYPE html>\n<html>", "what is a web page"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_by_its_line(refusal, text, says):
    said = refusal(text)
    parts = says.split(".*")
    assert [part for part in parts if part not in said] == []


@pytest.mark.parametrize(
    ("text", "rows", "says"),
    [
        ("a;b\n1,5;2\n", [{"a": 1.5, "b": 2}], "separator semicolon (--separator), decimal comma (--decimal)"),
        ("a\tb\n1,5\t2\n", [{"a": 1.5, "b": 2}], "separator tab (--separator), decimal comma (--decimal)"),
        ("a\tb\n1,500\t2\n", [{"a": "1,500", "b": 2}], "separator tab"),
        ("a;b\n1,5;2.5\n", [{"a": "1,5", "b": 2.5}], "decimal point, as in 2.5, though there is 1,5 (--decimal)"),
        ("a|b\n1|2\n", [{"a": 1, "b": 2}], "separator bar"),
        ("a b\n1 2\n", [{"a": 1, "b": 2}], "separator space"),
        ("a,b\n'x, y',1\n", [{"a": "x, y", "b": 1}], "quotes '"),
        ('a,b\n"x \\"y\\", z",1\n', [{"a": 'x "y", z', "b": 1}], "escapes \\"),
        ("# by me\n# 2024\na,b\n1,2\n", [{"a": 1, "b": 2}], "2 lines above the names left out (--skip)"),
        ("#a,b\n1,2\n", [{"#a": 1, "b": 2}], ""),
        ("\n\na,b\n\n1,2\n\n", [{"a": 1, "b": 2}], ""),
        ("5.1,3.5\n1,2\n", [{"5.1": 1, "3.5": 2}], "the first line, 5.1, 3.5, taken as the names"),
        ("a,b,\n1,2,\n", [{"a": 1, "b": 2}], "empty column 'Unnamed: 2' left out"),
        (",a\n2,5\n0,6\n1,7\n", [{"a": 5}, {"a": 6}, {"a": 7}], "counts the rows, left out (--keep-index)"),
        (",a\n2,5\n2,6\n", [{"Unnamed: 0": 2, "a": 5}, {"Unnamed: 0": 2, "a": 6}], ""),
        ("id,a\n0,5\n1,6\n", [{"id": 0, "a": 5}, {"id": 1, "a": 6}], ""),
        ('a,b\n5" pipe,NA\n"",n/a\n', [{"a": '5" pipe', "b": None}, {"a": None, "b": None}], ""),
        ("a,b\ntrue,1\nFALSE,0\n", [{"a": True, "b": 1}, {"a": False, "b": 0}], ""),
        ("a,b\n1,true\n1,1\n", [{"a": 1, "b": "true"}, {"a": 1, "b": "1"}], ""),
    ],
)
def test_the_dialect_is_found_and_told(read, text, rows, says):
    found, said = read(text)
    assert found == rows
    assert says in said
    assert bool(says) == bool(said)


def test_what_is_asked_for_goes_before_what_is_found(read):
    assert read("a;b\n1,5;2\n", separator="semicolon", decimal="point")[0] == [{"a": "1,5", "b": 2}]
    assert read("x\ny\na,b\n1,2\n", skip=2) == ([{"a": 1, "b": 2}], "")
    assert read("a,b\n'x,1\n", quote="") == ([{"a": "'x", "b": 1}], "")
    assert read(",a\n0,5\n", keep_index=True)[0] == [{"Unnamed: 0": 0, "a": 5}]
    assert read("zip,d\n01,2020-01-01\n", types={"zip": "text", "d": "category"})[0] == [
        {"zip": "01", "d": "2020-01-01"}
    ]
    assert read("a,a,b\n1,2,3\n", drop=("a",))[0] == [{"b": 3}]
    assert read("a,b,c\n1,2,3\n", columns=("c", "a"))[0] == [{"a": 1, "c": 3}]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"drop": ("z",)}, "column 'z': expected one of: a, b"),
        ({"types": {"z": "text"}}, "column 'z': expected one of: a, b"),
        ({"types": {"a": "words"}}, "number, text, date, category, date-dmy, date-mdy"),
        ({"drop": ("a", "b")}, "columns: expected at least one of"),
        ({"separator": "ab"}, "separator: expected one character"),
        ({"encoding": "no"}, "encoding: expected a text encoding"),
        ({"encoding": "ascii"}, "expected text in ascii"),
        ({"decimal": "x"}, "decimal: expected a point or a comma"),
        ({"decimal": ",", "separator": ","}, "another character than the separator"),
        ({"skip": -1}, "skip: expected a number of lines"),
        ({"quote": "ab"}, "quote: expected one ASCII character"),
    ],
)
def test_what_cannot_be_asked_for(refusal, asked, says):
    assert says in refusal("a,b\nü,2\n", **asked)


def test_lists_of_options():
    assert names_list("--drop", 'a, "b, c"') == ("a", "b, c")
    assert types_list("--types", "a=text,b=x=date") == {"a": "text", "b=x": "date"}
    for text in ("a", "a=word", "=text", "a=text,a=date", ""):
        with pytest.raises(InputError, match="--types"):
            types_list("--types", text)


# ---------------------------------------------------------------- encodings


@pytest.mark.parametrize(
    ("encoding", "says"),
    [
        ("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "encoding utf-16"), ("utf-16-le", "encoding utf-16-le"),
        ("utf-16-be", "encoding utf-16-be"), ("utf-32", "encoding utf-32"),
        ("cp1252", "encoding cp1252, as it is not UTF-8 (--encoding)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("after", [0, 2_000_000])
def test_encodings(read, encoding, says, after):
    """The letter that tells them may come late."""
    text = "größe,y\n" + "1,u\n" * (after // 4) + "2,ö€\n" * 3
    if encoding == "cp1252" and after:
        text = text.replace("größe", "size")
    rows, said = read(text.encode(encoding))
    assert rows[-1] == {text.split(",")[0]: 2, "y": "ö€"}
    assert len(rows) == after // 4 + 3
    assert says in said
    assert bool(says) == bool(said)


def test_latin_1_where_windows_has_no_such_letter(read):
    assert "latin-1" in read("a,y\n\x81ö,1\n".encode("latin-1"))[1]


def test_a_cut_encoding_is_refused(refusal):
    assert "text in utf-16" in refusal("a,y\n1,2\n".encode("utf-16")[:-1])


# ---------------------------------------------------------------- kinds of files


def packed(content, packing):
    if packing == ".zip":
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("__MACOSX/t.csv", "")
            archive.writestr("t.csv", content)
        return file.getvalue()
    if packing == ".zst":
        return pa.compress(content, "zstd", asbytes=True)
    return {".gz": gzip, ".bz2": bz2, ".xz": lzma}[packing].compress(content)


@pytest.mark.parametrize("packing", sources.PACKED)
def test_packed_files(read, refusal, packing):
    content = packed(pd.DataFrame(ROWS).to_csv(index=False).encode(), packing)
    assert read(content, f"t.csv{packing}")[0] == ROWS
    said = refusal(content[: len(content) // 2], f"t.csv{packing}")
    assert f"a file packed as {packing}; got something else" in said
    assert f"a file packed as {packing}" in refusal(b"a,b\n1,2\n", f"u.csv{packing}")
    assert f"whose name should end in {packing}" in refusal(content, "u.csv")
    lines = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    assert read(packed(lines, packing), f"t.jsonl{packing}")[0] == ROWS


def test_an_archive_of_several_files(refusal):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
        archive.writestr("b.csv", "a\n1\n")
    assert "one file in the archive; got 2: a.csv, b.csv" in refusal(file.getvalue(), "t.csv.zip")


WRITERS = {
    "t.parquet": lambda f, p: f.to_parquet(p), "t.feather": lambda f, p: f.to_feather(p),
    "t.arrow": lambda f, p: _arrow(f, p, pa.ipc.new_file), "s.arrow": lambda f, p: _arrow(f, p, pa.ipc.new_stream),
    "t.jsonl": lambda f, p: f.to_json(p, orient="records", lines=True),
    "t.ndjson": lambda f, p: f.to_json(p, orient="records", lines=True),
    "t.tsv": lambda f, p: f.to_csv(p, sep="\t", index=False), "t.txt": lambda f, p: f.to_csv(p, index=False),
    "t.xlsx": lambda f, p: f.to_excel(p, index=False),
}  # fmt: skip


def _arrow(frame, path, new):
    table = pa.Table.from_pandas(frame)
    with new(path, table.schema) as sink:
        sink.write_table(table)


@pytest.mark.parametrize("name", WRITERS)
def test_kinds_of_files(read, refusal, tmp_path, name):
    WRITERS[name](pd.DataFrame(ROWS), tmp_path / name)
    content = (tmp_path / name).read_bytes()
    assert read(content, name) == (ROWS, "")
    assert read(content, name, drop=("a",))[0] == [{"b": row["b"], "y": row["y"]} for row in ROWS]
    assert read(content, name, types={"y": "text"})[0][1]["y"] == "1"
    kind = sources.KINDS[Path(name).suffix]
    if kind != "csv":
        assert "got something else" in refusal(content[: len(content) // 2], name)
        assert refusal(b"nothing of the kind", name)


@pytest.mark.parametrize("name", ["table.xls", "table.dat", "table", "t.json", "t.csv.rar"])
def test_names_that_do_not_say_what_a_file_is(refusal, name):
    assert "a name that says what it is: .csv" in refusal("a,y\n1,2\n", name)


def test_sheets(read, refusal, tmp_path):
    with pd.ExcelWriter(tmp_path / "w.xlsx") as book:
        pd.DataFrame(
            {"a": [1, 2.5], "code": ["01", "x"], "day": pd.to_datetime(["2020-01-01", "2021-01-02"])}
        ).to_excel(book, sheet_name="one", index=False, startrow=2)
        pd.DataFrame({"a": ["NA", "u", 3]}).to_excel(book, sheet_name="two")
    content = (tmp_path / "w.xlsx").read_bytes()
    rows, said = read(content, "w.xlsx")
    assert [(row["a"], row["code"], row["day"].year) for row in rows] == [(1.0, "01", 2020), (2.5, "x", 2021)]
    assert "sheet 'one', the first of 2 (--sheet)" in said
    rows, said = read(content, "w.xlsx", sheet="two")
    assert rows == [{"a": None}, {"a": "u"}, {"a": "3"}]
    assert "counts the rows" in said
    assert "one of: one, two" in refusal(content, "w.xlsx", sheet="three")


def test_workbooks_need_an_extra(refusal, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    assert "the extra chainrule[excel]" in refusal("x", "t.xlsx")


@pytest.mark.parametrize("name", ["t.parquet", "t.feather"])
def test_an_index_of_pandas_is_left_out(read, tmp_path, name):
    frame = pd.DataFrame(ROWS, index=pd.Index([7, 3], name=None if "parquet" in name else "row"))
    if "feather" in name:
        _arrow(frame, tmp_path / name, pa.ipc.new_file)
        index = "row"
    else:
        frame.to_parquet(tmp_path / name)
        index = "__index_level_0__"
    content = (tmp_path / name).read_bytes()
    rows, said = read(content, name)
    assert rows == ROWS
    assert f"the index {index} left out (--keep-index)" in said
    assert read(content, name, keep_index=True)[0][0] == ROWS[0] | {index: 7}
    assert read(content, name, columns=(index, "y"))[0][0] == {"y": 0, index: 7}


def test_an_index_is_left_out_of_blocks_too(tmp_path):
    pd.DataFrame(ROWS, index=[7, 3]).to_parquet(tmp_path / "t.parquet")
    said = []
    assert ParquetChunks(tmp_path / "t.parquet", "y", tell=said.append).names == ("a", "b")
    assert "the index __index_level_0__ left out" in said[0]
    assert ParquetChunks(tmp_path / "t.parquet", "y", reading=TableReading(drop=("a",))).names == ("b",)


def test_what_was_found_is_a_warning_in_python(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n1;2\n")
    with pytest.warns(UserWarning, match="separator semicolon"):
        read_table(tmp_path / "t.csv")


# ---------------------------------------------------------------- several files


def test_several_files_patterns_and_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for i in (1, 2, 10):
        Path(f"part-{i}.csv").write_text(f"a,b\n{i},x\n")
    wanted = [1, 2, 10]
    for data in ("part-*.csv", ".", ["part-1.csv", "part-2.csv", "part-10.csv"], tmp_path):
        assert read_table(data).column("a").to_pylist() == wanted
    Path(".hidden.csv").write_text("zzz")
    Path("_SUCCESS.csv").write_text("zzz")
    Path("README.txt").write_text("zzz")
    assert read_table(".").num_rows == 3
    Path("part-3.csv").write_text("b,a\ny,A1\n")  # another order, another type
    assert read_table(".").to_pylist()[2] == {"a": "A1", "b": "y"}
    assert read_table(".").column("a").to_pylist() == ["1", "2", "A1", "10"]
    Path("part-4.csv").write_text("b\ny\n")
    with pytest.raises(InputError, match=r"part-4.csv: expected column 'a', as in ./part-1.csv; got no such column"):
        read_table(".")
    Path("part-4.csv").unlink()
    Path("part-4.parquet").write_bytes(b"")
    with pytest.raises(InputError, match=r"files of one kind; got .csv, .parquet"):
        read_table(".")
    for name, says in (("nothing*.csv", "got none"), ("nowhere.csv", "no such file")):
        with pytest.raises(InputError, match=says):
            read_table(name)


def test_folders_give_columns(tmp_path):
    for year, value in (("2023", 1), ("2024", 2), (sources.NO_VALUE, 3)):
        folder = tmp_path / f"year={year}" / "kind=a%20b"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"v": [value]}), folder / "p.parquet")
    rows = read_table(tmp_path).to_pylist()
    assert rows == [{"v": i + 1, "year": year, "kind": "a b"} for i, year in enumerate([2023, 2024, None])]
    one = tmp_path / "year=2024" / "kind=a%20b" / "p.parquet"
    assert read_table(one).to_pylist() == [{"v": 2, "year": 2024, "kind": "a b"}]
    assert read_table(one, TableReading(types={"year": "text"})).to_pylist()[0]["year"] == "2024"
    assert read_table(one, TableReading(drop=("year",))).column_names == ["v", "kind"]


@pytest.mark.parametrize("name", [*WRITERS, "t.csv.gz", "t.csv.zst", "empty", "t.pdf"])
def test_standard_input(tmp_path, monkeypatch, name):
    frame = pd.DataFrame(ROWS)
    if name in WRITERS:
        WRITERS[name](frame, tmp_path / name)
        content = (tmp_path / name).read_bytes()
    elif name in ("empty", "t.pdf"):
        content = b"" if name == "empty" else b"%PDF-1.7"
    else:
        content = packed(frame.to_csv(index=False).encode(), Path(name).suffix)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    if name in ("empty", "t.pdf"):
        with pytest.raises(InputError, match="standard input"):
            read_table("-")
        return
    assert read_table("-", tell=lambda _: None).to_pylist() == ROWS


# ---------------------------------------------------------------- drawn files


@pytest.mark.parametrize("seed", seeds(15, 40))
def test_drawn_files_read_as_pandas_reads_them(tmp_path, seed):
    verdict, words, about = trials.trial(seed, tmp_path)
    assert verdict != "different", f"{words}: {about}"


def test_the_same_model_from_every_spelling(tmp_path):
    assert trials.different_models(0, tmp_path) == []


def test_width_costs_linear_time(tmp_path):
    rng = np.random.default_rng(0)
    for width in (500, 4000):
        header = ",".join(f"c{i}" for i in range(width))
        lines = [",".join(f"{v:.2f}" for v in rng.normal(size=width)) for _ in range(3)]
        (tmp_path / f"{width}.csv").write_text("\n".join([header, *lines]))
        assert read_table(tmp_path / f"{width}.csv").shape == (3, width)
