"""Strangers' files: read alike in every spelling, told, or refused with what to do; nothing is dropped untold."""

import datetime
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from chainrule.errors import InputError
from chainrule.storage import load_model, read_table
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare

PLAN = Plan(test=0)


def read(path, **asked):
    """The table, and what was told of it."""
    from chainrule.tables.reading import TableReading

    told = []
    return read_table(path, TableReading(**asked), told.append), " ".join(told)


def prepared(path):
    return prepare(read_table(path, tell=lambda _: None), "y", PLAN)


# ---------------------------------------------------------------- one meaning in every spelling


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "UTC", "Europe/Berlin", None])
def test_instants_are_the_same_in_every_format_and_are_not_mixed_with_times_of_a_clock(tmp_path, zone):
    times = pd.date_range("2024-03-29 07:00", periods=60, freq="7h", tz=zone)
    frame = pd.DataFrame({"t": times, "y": np.arange(60) * 0.5})
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True, date_format="iso")
    ready = [prepared(tmp_path / f"t.{kind}") for kind in ("parquet", "csv", "jsonl")]
    first = ready[0].model.inputs
    for one in ready:
        np.testing.assert_array_equal(first.apply(one.table), first.apply(ready[0].table))
        np.testing.assert_allclose(one.model.inputs.apply(one.table), first.apply(ready[0].table), rtol=1e-12)
    bare = pa.table({"t": pa.array(times.tz_localize(None)) if zone else pa.array(times.tz_localize("UTC"))})
    with pytest.raises(
        InputError, match=r"column 't': expected dates with(out)? a time zone, as it was learnt; got .* in row 1"
    ):
        first.apply(bare)


@pytest.mark.parametrize("kind", ["parquet", "jsonl", "xlsx"])
def test_truth_values_times_and_words_are_known_again_in_every_format(tmp_path, kind):
    rows = 40
    frame = pd.DataFrame({
        "flag": [i % 3 == 0 for i in range(rows)], "tod": [datetime.time(i % 24, 30) for i in range(rows)],
        "mix": [("True", "False", "unknown")[i % 3] for i in range(rows)],
        "day": [("2024-01-01", "2024-01-02", "never")[i % 3] for i in range(rows)], "y": np.arange(rows) * 0.5,
    })  # fmt: skip
    frame.to_csv(tmp_path / "t.csv", index=False)
    model = prepared(tmp_path / "t.csv").model
    texts = frame.astype(str)
    typed = frame.iloc[[i for i in range(rows) if i % 3 < 2]].copy()
    due = model.inputs.apply(read_table(tmp_path / "t.csv"))
    typed_due = due[[i for i in range(rows) if i % 3 < 2]]
    typed["mix"], typed["day"] = typed["mix"] == "True", pd.to_datetime(typed["day"])
    for given, wanted in ((texts, due), (typed, typed_due)):
        path = tmp_path / f"p.{kind}"
        if kind == "jsonl" and given is typed:
            given = given.assign(tod=given["tod"].astype(str), day=given["day"].dt.strftime("%Y-%m-%d"))
        if kind == "parquet":
            given.to_parquet(path)
        elif kind == "jsonl":
            given.to_json(path, orient="records", lines=True)
        else:
            given.to_excel(path, index=False)
        table, _ = read(path, texts=model.texts)
        taken = model.inputs.taken(table)
        assert taken.unusual == ()
        np.testing.assert_allclose(taken.x, wanted, atol=1e-12)


def test_a_time_of_day_is_no_date_and_a_bad_one_is_named(tmp_path):
    times = pa.array([datetime.time(i % 24) for i in range(40)])
    inputs = prepare(pa.table({"t": times, "y": np.arange(40) * 0.5}), "y", PLAN).model.inputs
    assert inputs.names == ["t hour sine", "t hour cosine"]
    for cells, says in (
        (["19:00:00", "25:00:00"], r"as it was learnt \(time of day\); got '25:00:00' in row 2"),
        ([datetime.date(2024, 1, 1)], r"expected times of day, as it was learnt; got 2024-01-01 in row 1"),
    ):
        with pytest.raises(InputError, match=says):
            inputs.apply(pa.table({"t": cells}))
    dates = prepare(
        pa.table({"t": [datetime.date(2024, 1, i) for i in range(1, 29)], "y": np.arange(28) * 0.5}), "y", PLAN
    )
    with pytest.raises(InputError, match="expected dates, as it was learnt; got 10:00:00 in row 1"):
        dates.model.inputs.apply(pa.table({"t": [datetime.time(10)]}))


def test_durations_of_a_workbook_are_numbers(tmp_path):
    frame = pd.DataFrame({"d": [datetime.timedelta(hours=h) for h in (1, 30, 5)] * 4, "y": np.arange(12) * 0.5})
    with pd.ExcelWriter(tmp_path / "t.xlsx", engine="openpyxl") as writer:
        frame.to_excel(writer, index=False)
        for row in range(2, 14):
            writer.sheets["Sheet1"].cell(row, 1).number_format = "[h]:mm:ss"
    assert prepared(tmp_path / "t.xlsx").model.inputs.columns[0].mean == 12 * 3600


def test_days_and_times_in_several_files_are_one_column_of_times(tmp_path):
    (tmp_path / "1.csv").write_text("t,y\n" + "".join(f"2024-01-{i:02},{i}.5\n" for i in range(1, 20)))
    (tmp_path / "2.csv").write_text("t,y\n" + "".join(f"2024-02-{i:02} 10:00:00,{i}.5\n" for i in range(1, 20)))
    table = read_table([tmp_path / "1.csv", tmp_path / "2.csv"])
    assert pa.types.is_timestamp(table.schema.field("t").type)
    assert (table["t"][0].as_py(), table["t"][19].as_py()) == (
        datetime.datetime(2024, 1, 1), datetime.datetime(2024, 2, 1, 10)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other"), [(pa.array([2**53 + 1]), pa.array([0.5])), (pa.array([2**64 - 1], pa.uint64()), pa.array([-1]))]
)
def test_numbers_that_no_type_holds_in_all_files_are_refused_by_name(tmp_path, one, other):
    parquet.write_table(pa.table({"a": [1.0], "id": one}), tmp_path / "1.parquet")
    parquet.write_table(pa.table({"a": [1.0], "id": other}), tmp_path / "2.parquet")
    with pytest.raises(InputError, match=r"column 'id': expected numbers that one type can hold .*--drop id"):
        read_table([tmp_path / "1.parquet", tmp_path / "2.parquet"])


# ---------------------------------------------------------------- nothing is dropped or changed without a word


@pytest.mark.parametrize("cells", [["0xdeadbeef", "0x00000001"], ["12", "0x1F"], ["-0X1f", ""]])
def test_hexadecimal_text_stays_text(tmp_path, monkeypatch, cells):
    from chainrule.tables import text_files

    for block in (text_files.BLOCK_BYTES, 16):
        monkeypatch.setattr(text_files, "BLOCK_BYTES", block)
        (tmp_path / "t.csv").write_text("a,n,y\n" + "".join(f"{cell},{i},{i}\n" for i, cell in enumerate(cells * 3)))
        table = read_table(tmp_path / "t.csv")
        assert table["a"].to_pylist() == [cell or None for cell in cells * 3]
        assert pa.types.is_integer(table.schema.field("n").type)


def test_zeros_that_a_number_loses_are_told(tmp_path):
    (tmp_path / "t.csv").write_text("zip,m,y\n" + "".join(f"0{i % 9},{i},{i}.5\n" for i in range(20)))
    table, told = read(tmp_path / "t.csv")
    assert "00 in column 'zip' taken as the number 0 (--types zip=text keeps the zeros)" in told
    assert "'m'" not in told
    table, told = read(tmp_path / "t.csv", types={"zip": "text"})
    assert (table["zip"][3].as_py(), told) == ("03", "")


def test_two_columns_of_one_name_in_an_archive_are_refused(tmp_path):
    np.savez(tmp_path / "t.npz", X=np.zeros((6, 2)), X_1=np.zeros(6), y=np.arange(6))
    with pytest.raises(InputError, match="two columns X_1"):
        read_table(tmp_path / "t.npz")


def test_arrays_of_any_byte_order_unit_and_one_column_are_read(tmp_path):
    np.savez(
        tmp_path / "t.npz", a=np.arange(4.0).astype(">f8"), d=np.array(["2024-01", "2024-02"] * 2, "M8[M]"),
        t=np.array([1, 2, 3, 4], "m8[h]"), y=np.arange(4)[:, None],
    )  # fmt: skip
    table = read_table(tmp_path / "t.npz")
    assert table.column_names == ["a", "d", "t", "y"]
    assert table["a"].to_pylist() == [0, 1, 2, 3]
    assert table["d"][1].as_py() == datetime.date(2024, 2, 1)
    assert table["t"][1].as_py() == datetime.timedelta(hours=2)


@pytest.mark.parametrize(("folder", "cells", "fits"), [("a=5", "5", True), ("a=5", "6", False), ("a=x", "x", True)])
def test_a_column_that_a_folder_has_too_must_agree(tmp_path, folder, cells, fits):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "t.csv").write_text(f"a,y\n{cells},1\n{cells},2\n")
    if fits:
        assert read_table(tmp_path).column_names == ["a", "y"]
    else:
        with pytest.raises(InputError, match="column 'a': expected 5, as its folder a=5 says; got something else"):
            read_table(tmp_path)


@pytest.mark.parametrize("column", ["x", "y"])
def test_a_type_that_no_cell_has_is_refused(column):
    table = pa.table({"x": ["u", "v"] * 6, "y": ["no", "yes"] * 6})
    with pytest.raises(InputError, match=f"column '{column}': expected numbers, as --types says; got '..?.?' in row 1"):
        prepare(table, "y", Plan(test=0, types={column: "number"}))


def test_classes_that_are_signs_come_out_as_they_are(run, tmp_path):
    for classes, told in ((("+", "-"), ""), (("=a", "b"), "('=a') are written with an apostrophe before them; --json")):
        rows = "".join(f"{i},{classes[i % 2]}\n" for i in range(40))
        (tmp_path / "t.csv").write_text("x,y\n" + rows)
        assert run("train", "t.csv", "--target", "y", "--hidden", 2, "--epochs", 1)[0] == 0
        code, out, err = run("predict", "t.safetensors", "t.csv")
        assert code == 0
        found = {line.split(",")[0] for line in out.splitlines()[1:]}
        assert found <= ({'"+"', '"-"'} if not told else {'"\'=a"', '"b"'})
        assert told in err
        assert ("apostrophe" in err) == bool(told)


def test_a_target_of_percents_is_told(run, tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i},{(5, 10)[i % 2]}%\n" for i in range(30)))
    code, out, _ = run("train", "t.csv", "--target", "y", "--hidden", 2, "--epochs", 1)
    assert code == 0
    assert "target y: regression, for it has text that is numbers, '5%' in row 1 (--task classification takes it" in out
    assert load_model(tmp_path / "t.safetensors").target.task == "regression"


# ---------------------------------------------------------------- dialects


@pytest.mark.parametrize(
    ("text", "names", "rows", "says"),
    [
        ("## made\n#chrom\tpos\ty\nchr1\t5\t0\nchr2\t6\t1\n", ["#chrom", "pos", "y"], 2, "1 line above"),
        ("# made by x, y\na,b\n1,2\n3,4\n", ["a", "b"], 2, "1 line above the names left out"),
        ("#id,name\n1,ann\n2,bob\n", ["#id", "name"], 2, ""),
        ("# a,b\n1,2\n3,4\n", ["# a", "b"], 2, ""),
        ("id,lat;lon\n1,2;3\n4,5;6\n", ["id", "lat;lon"], 2, "separator comma, though semicolon parts all rows too"),
        ("sep=;\na;b\n1;2\n3;4\n", ["a", "b"], 2, "the first line, sep=;, left out"),
        ("a,b\n1,2\n   \n3,4\n\x1a", ["a", "b"], 2, ""),
    ],
)
def test_lines_above_between_and_below_the_rows(tmp_path, text, names, rows, says):
    path = tmp_path / ("t.tsv" if "\t" in text else "t.csv")
    path.write_bytes(text.encode())
    table, told = read(path)
    assert table.column_names == names
    assert table.num_rows == rows
    assert says in told
    assert bool(says) == bool(told)


def test_quotes_behind_a_blank_are_no_columns_parted_by_blanks(tmp_path):
    (tmp_path / "t.csv").write_text('name, note, y\nann, "likes x, y", 1\nbob, "z", 0\n')
    with pytest.raises(InputError, match="3 cells in each row, as in the names"):
        read_table(tmp_path / "t.csv")


@pytest.mark.parametrize("inside", ["a.csv", "data/a.csv"])
def test_an_archive_is_what_its_only_file_is(tmp_path, inside):
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr(inside, "a,y\n1,2\n")
        archive.writestr("__MACOSX/._a.csv", "x")
    assert read_table(tmp_path / "archive.zip").to_pylist() == [{"a": 1, "y": 2}]


@pytest.mark.parametrize(
    ("lines", "cells"),
    [(['{"a": 1}', '{"a": "x"}'], ["1", "x"]), (['{"a": true}', '{"a": 1}', '{"a": null}'], ["True", "1", None]),
     (['{"a": 1.5}', '{"a": "x", "b": 2}'], ["1.5", "x"])],
)  # fmt: skip
def test_lines_of_json_with_values_of_several_types_are_text(tmp_path, lines, cells):
    (tmp_path / "t.jsonl").write_text("\n".join(lines) + "\n")
    assert read_table(tmp_path / "t.jsonl")["a"].to_pylist() == cells


@pytest.mark.parametrize("text", ['[{"a": 1}, {"a": 2}]', '{"a": 1}\n[2]\n', '{"a": [1]}\n{"a": "x"}\n'])
def test_what_is_no_object_a_line_is_named(tmp_path, text):
    (tmp_path / "t.jsonl").write_text(text)
    with pytest.raises(InputError, match=r"expected a JSON object in each line|column 'a'"):
        read_table(tmp_path / "t.jsonl")


@pytest.mark.parametrize("block", [1 << 22, 24])
@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_columns_aligned_by_several_blanks_are_read(tmp_path, monkeypatch, block, line):
    from chainrule.tables import text_files

    monkeypatch.setattr(text_files, "BLOCK_BYTES", block)
    rows = [f"  {i:>4}    {i / 7:>9.4f} \t {'ab'[i % 2]}  " for i in range(50)]
    (tmp_path / "t.txt").write_bytes(line.join(["   n          x  y", *rows, ""]).encode())
    table, told = read(tmp_path / "t.txt")
    assert table.column_names == ["n", "x", "y"]
    assert table["n"].to_pylist() == list(range(50))
    assert table["x"][49].as_py() == 7.0
    assert table["y"][1].as_py() == "b"
    assert "separator spaces, several as one" in told


@pytest.mark.parametrize("cell", ["12,5\u00a0%", "12,5 %", "12,5\u202f%"])
def test_blanks_that_do_not_break_a_line_part_a_number_from_its_unit(cell):
    table = pa.table({"a": [cell, "0,5 %"] * 15, "y": np.arange(30) * 0.5})
    assert prepare(table, "y", PLAN).model.inputs.columns[0].mean == 6.5


@pytest.mark.parametrize("answer", ["c", "True", "TBD"])
def test_a_target_that_was_not_learnt_is_no_obstacle_to_predictions(run, tmp_path, answer):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(40)))
    assert run("train", "t.csv", "--target", "y", "--hidden", 2, "--epochs", 1)[0] == 0
    (tmp_path / "p.csv").write_text(f"x,y\n1,a\n2,{answer}\n")
    code, out, err = run("predict", "t.safetensors", "p.csv")
    assert (code, len(out.splitlines())) == (0, 3)
    assert f"no score: target y: expected one of the classes a, b; got '{answer}' in row 2" in err


def test_rows_are_counted_in_the_whole_table_whatever_the_block(monkeypatch):
    from chainrule.tables import columns, table_model

    table = pa.table({"a": np.arange(50) * 1.0, "c": ["u", "v"] * 25, "y": np.arange(50) * 0.5})
    model = prepare(table, "y", Plan(test=0, hidden=(3,))).model
    whole = model.predicted(table)
    new = table.set_column(1, "c", pa.array(["u"] * 33 + ["w"] * 17)).set_column(
        0, "a", pa.array(["1"] * 40 + ["x"] * 10)
    )
    holes = table.set_column(1, "c", pa.array(["u"] * 33 + ["w"] * 17))
    for block in (7, 64):
        monkeypatch.setattr(columns, "ROWS_AT_ONCE", block)
        monkeypatch.setattr(table_model, "ROWS_AT_ONCE", 2 * block)
        found = model.predicted(table)
        np.testing.assert_array_equal(found.yhat, whole.yhat)
        assert (found.scores.r2, found.scores.n) == (whole.scores.r2, 50)
        (unusual,) = model.predicted(holes).unusual
        assert (unusual.cells, unusual.row) == (17, 34)
        with pytest.raises(InputError, match="column 'a': expected numbers; got 'x' in row 41"):
            model.predicted(new)


EUROS = ["300 €", "999 €", "1.020 €", "2.660 €"] * 10


@pytest.mark.parametrize("target", ["y", "a"])
def test_points_before_three_digits_are_thousands_where_the_file_has_a_decimal_comma(tmp_path, target):
    rows = "".join(f"{i / 2:.1f};{euro}\n".replace(".", ",", 1) for i, euro in enumerate(EUROS))
    (tmp_path / "t.csv").write_text(f"a;y\n{rows}", encoding="utf-8")
    table, told = read(tmp_path / "t.csv")
    assert "decimal comma" in told
    model = prepare(table, target, PLAN).model
    mean = model.target.mean if target == "y" else model.inputs.columns[0].mean
    assert mean == pytest.approx(np.mean([300, 999, 1020, 2660]))


@pytest.mark.parametrize(("cells", "cell"), [(EUROS, "'1.020 €' in row 3"),
                                             (["5,001"] * 39 + ["12,34"], "'12,34' in row 40"),
                                             (["$5.001"] * 39 + ["$12.34"], "'$12.34' in row 40")])  # fmt: skip
def test_thousands_that_may_be_decimals_are_refused(cells, cell):
    table = pa.table({"a": cells, "y": np.arange(40) * 0.5})
    with pytest.raises(InputError, match="thousands and decimals can be told apart") as raised:
        prepare(table, "y", PLAN)
    assert cell in str(raised.value)


@pytest.mark.parametrize(
    ("cells", "mean"), [(["5.125%", "3.459%"], 4.292), (["1,260", "999"], 1129.5), (["1,5", "2,125"], 1.8125)]
)
def test_thousands_and_decimals_that_are_clear_are_read(cells, mean):
    table = pa.table({"a": cells * 20, "y": np.arange(40) * 0.5})
    inputs = prepare(table, "y", Plan(test=0, types={"a": "number"})).model.inputs
    assert inputs.columns[0].mean == pytest.approx(mean)


def test_points_of_thousands_beside_decimal_commas_are_no_decimals(tmp_path):
    (tmp_path / "t.csv").write_text("x;y\n" + "".join(f"0,{i};{('300', '1.020')[i % 2]}\n" for i in range(30)))
    table, told = read(tmp_path / "t.csv")
    assert "decimal comma" in told
    assert prepare(table, "x", PLAN).model.inputs.columns[0].mean == 660


@pytest.mark.parametrize("typed", [pa.array([1.0, 2.0]), pa.array([1, 2]), pa.array([2.0, None])])
def test_a_number_is_the_category_of_its_value(typed):
    table = pa.table({"k": ["1.0", "2.0"] * 10, "y": np.arange(20) * 0.5})
    inputs = prepare(table, "y", Plan(test=0, types={"k": "category"})).model.inputs
    taken = inputs.taken(pa.table({"k": typed}))
    assert [one.what for one in taken.unusual] == ["missing"] * typed.null_count
    due = inputs.taken(pa.table({"k": [None if v is None else f"{v}.0" for v in typed.cast(pa.int64()).to_pylist()]}))
    np.testing.assert_array_equal(taken.x, due.x)


def test_r2_of_a_constant_test_part_is_0_or_1():
    table = pa.table({"x": np.arange(40.0), "y": [1.5] + [2.5] * 39})
    model = prepare(table, "y", Plan(test=0, hidden=(2,))).model
    scores = model.evaluate(table.slice(1))
    assert scores.r2 == 0.0


def test_text_that_could_be_numbers_is_told_where_it_is_categories(tmp_path):
    table = pa.table({"a": ["1", "2", "3"] * 10, "b": ["1,5", "1.5", "u"] * 10, "y": np.arange(30) * 0.5})
    notes = prepare(table, "y", PLAN).notes
    assert notes == ("column 'a': text that could be numbers, taken as categories (--types a=number)",)


def test_numbers_of_a_sheet_that_are_kept_as_text_are_numbers(tmp_path):
    pd.DataFrame({"a": [1, 2, "3", 4.5], "b": [1, 2, "03", 4], "y": [1, 2, 3, 4]}).to_excel(
        tmp_path / "t.xlsx", index=False
    )
    table = read_table(tmp_path / "t.xlsx")
    assert table["a"].to_pylist() == [1, 2, 3, 4.5]
    assert table["b"].to_pylist() == ["1", "2", "03", "4"]


def test_durations_and_numbers_are_not_mixed(tmp_path):
    hours = [datetime.timedelta(hours=h) for h in range(30)]
    inputs = prepare(pa.table({"d": hours, "y": np.arange(30) * 0.5}), "y", PLAN).model.inputs
    with pytest.raises(InputError, match="column 'd': expected durations, as it was learnt; got numbers or text"):
        inputs.apply(pa.table({"d": [0.932]}))
    inputs = prepare(pa.table({"d": np.arange(30.0), "y": np.arange(30) * 0.5}), "y", PLAN).model.inputs
    with pytest.raises(InputError, match="column 'd': expected numbers or text, as it was learnt; got durations"):
        inputs.apply(pa.table({"d": hours}))


def test_a_file_is_one_table_once(tmp_path, monkeypatch):
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "1.csv").write_text("a,y\n1,2\n")
    with pytest.raises(InputError, match=r"expected each file once; got .*1\.csv twice"):
        read_table([tmp_path / "f" / "1.csv", tmp_path / "f"])


@pytest.mark.parametrize("name", ["o.parquet", "o.xlsx", "o.csv.gz", "o.jsonl"])
def test_predictions_are_not_written_under_the_name_of_another_kind(run, tmp_path, name):
    code, _, err = run("predict", "m.safetensors", "iris", "--out", name)
    assert code == 2
    assert "expected a .csv file: predictions are written as CSV" in err


def test_a_letter_that_is_not_utf_8_among_many_that_are_is_named_by_its_line(tmp_path):
    rows = "".join(f"café,{i}\n" for i in range(60)).encode()
    (tmp_path / "t.csv").write_bytes(b"a,y\n" + rows + "thé,1\n".encode("latin-1") + rows)
    with pytest.raises(InputError, match=r"expected text in one encoding .*; got UTF-8 but for a letter in line 62"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_bytes(b"a,y\n" + rows.decode().encode("latin-1"))
    assert read(tmp_path / "t.csv")[0]["a"][0].as_py() == "café"


def test_text_and_categories_in_several_files_are_one_column(tmp_path):
    parquet.write_table(pa.table({"a": pa.array(["u", "v"], pa.large_string())}), tmp_path / "1.parquet")
    parquet.write_table(pa.table({"a": pa.array(["v", "w"]).dictionary_encode()}), tmp_path / "2.parquet")
    table = read_table([tmp_path / "1.parquet", tmp_path / "2.parquet"])
    assert table["a"].to_pylist() == ["u", "v", "v", "w"]
