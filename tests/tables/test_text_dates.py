"""Text that is dates: read in the one order that the whole column has, or refused with the cell and a way on."""

import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import InputError
from chainrule.storage import load_model, read_table, save_model
from chainrule.tables.dates import parts_of
from chainrule.tables.decision import fit_target
from chainrule.tables.notes import note_of
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.summary import ColumnSummary, fit_inputs
from chainrule.tables.text_dates import ORDERS, read_dates
from tests.support.sample import draws

DAYS = st.dates(datetime.date(1900, 1, 1), datetime.date(2099, 12, 31))
TIMES = st.times().map(lambda time: time.replace(microsecond=0))
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
#: order -> ways to write a day
LAYOUTS = {
    "ymd": [
        lambda d: d.isoformat(), lambda d: f"{d.year}/{d.month}/{d.day}", lambda d: f"{d.year}.{d.month:02}.{d.day:02}",
        lambda d: f"{d:%Y%m%d}",
    ],
    "dmy": [
        lambda d: f"{d:%d/%m/%Y}", lambda d: f"{d.day}.{d.month}.{d.year}", lambda d: f"{d.day}-{d.month:02}-{d.year}",
    ],
    "mdy": [lambda d: f"{d:%m/%d/%Y}", lambda d: f"{d.month}-{d.day}-{d.year}"],
    "name": [
        lambda d: f"{MONTHS[d.month - 1][:3]} {d.day}, {d.year}", lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
        lambda d: f"{d.day:02}-{MONTHS[d.month - 1][:3].upper()}-{d.year}",
        lambda d: f"{d:%a}, {d.day} {MONTHS[d.month - 1][:3]}. {d.year}",
    ],
}  # fmt: skip
CLOCKS = [
    lambda t: "", lambda t: f" {t:%H:%M:%S}", lambda t: f"T{t:%H:%M:%S}Z", lambda t: f" {t:%H:%M:%S}.000",
    lambda t: f", {t.hour % 12 or 12}:{t:%M:%S} {'pm' if t.hour > 11 else 'a.m.'}",
]  # fmt: skip


@st.composite
def written(draw):
    """An order, texts of days and times in one layout of it, and these as numpy has them."""
    order = draw(st.sampled_from(list(LAYOUTS)))
    layout, clock = draw(st.sampled_from(LAYOUTS[order])), draw(st.sampled_from(CLOCKS))
    pairs = draw(st.lists(st.tuples(DAYS, TIMES), min_size=1, max_size=30))
    texts = [layout(day) + clock(time) for day, time in pairs]
    midnight = datetime.time(0)
    due = [datetime.datetime.combine(day, time if clock(time) else midnight) for day, time in pairs]
    return order, texts, np.array(due, "datetime64[us]")


@draws(200)
@given(written())
def test_a_date_is_read_as_it_was_written_in_its_order_alone(case):
    order, texts, due = case
    read = {one: read_dates(pa.array(texts), one) for one in ORDERS}
    np.testing.assert_array_equal(read[order].values, due)
    for other in {"ymd", "dmy", "mdy", "name"} - {order}:
        same = read[other].values == due
        assert not (same & ~read["dmy"].doubtful & (read["dmy"].values != read["mdy"].values)).any()
        if order in ("ymd", "name") or other in ("ymd", "name"):
            assert np.isnat(read[other].values).all()


@draws(100)
@given(written())
def test_a_column_of_one_layout_is_a_date_or_in_doubt(case):
    order, texts, due = case
    table = pa.table({"d": texts})
    swapped = read_dates(pa.array(texts), "mdy" if order == "dmy" else "dmy").values
    doubt = order in ("dmy", "mdy") and not np.isnat(swapped).any() and (swapped != due).any()
    if doubt:
        with pytest.raises(InputError, match=r"column 'd': expected dates that show whether .*--types d=date-dmy"):
            fit_inputs(table, ["d"], np.arange(len(texts)))
        inputs = fit_inputs(table, ["d"], np.arange(len(texts)), types={"d": f"date-{order}"})
    else:
        inputs = fit_inputs(table, ["d"], np.arange(len(texts)))
    assert inputs.columns[0].parts
    typed = pa.table({"d": pa.array(due)})
    np.testing.assert_array_equal(inputs.apply(table), fit_inputs(typed, ["d"], np.arange(len(texts))).apply(typed))


@draws(60)
@given(written(), st.integers(1, 29))
def test_parts_of_a_column_add_up_to_the_whole(case, cut):
    order, texts, _ = case
    asked = f"date-{order}" if order in ("dmy", "mdy") else None
    cells, cut = pa.array(texts), min(cut, len(texts))
    learnt = np.full(len(texts), True)
    whole = ColumnSummary.of("d", cells, learnt, asked=asked).column()
    parts = [ColumnSummary.of("d", cells[at : at + cut], learnt[at : at + cut], asked=asked)
             for at in range(0, len(texts), cut)]  # fmt: skip
    mine = sum(parts[1:], parts[0]).column()
    assert (mine.parts, mine.dates) == (whole.parts, whole.dates)
    np.testing.assert_allclose([mine.mean, mine.scale], [whole.mean, whole.scale], rtol=1e-9)


DATES = [f"{day}.{month}.{year}" for year in (2021, 2022) for month in range(1, 13) for day in (3, 17)]


@pytest.mark.parametrize(
    ("stray", "says"),
    [("soon", "expected dates, as in 48 of 49 cells; got 'soon' in row 9"), ("31.2.2024", "got '31.2.2024' in row 9"),
     ("2024-01-05", "got '2024-01-05' in row 9"), ("5.1.24", "got '5.1.24' in row 9")],
)  # fmt: skip
def test_a_stray_text_among_dates_is_named_with_ways_on(stray, says):
    cells = [*DATES[:8], stray, *DATES[8:]]
    table = pa.table({"d": cells})
    with pytest.raises(InputError) as raised:
        fit_inputs(table, ["d"], np.arange(49))
    assert says in str(raised.value)
    assert "--types d=date takes it as missing, d=text all as categories" in str(raised.value)
    inputs = fit_inputs(table, ["d"], np.arange(49), types={"d": "date"})
    assert inputs.names[-1] == "d missing"
    assert np.flatnonzero(inputs.apply(table)[:, -1]).tolist() == [8]


def test_dates_with_and_without_a_zone_are_not_mixed():
    cells = [*(f"2024-01-{day:02} 10:00" for day in range(1, 29)), "2024-02-01 10:00+02:00"]
    says = r"in all cells or in none, as .2024-01-01 10:00. in row 1 has none; got .2024-02-01 10:00.02:00. in row 29"
    with pytest.raises(InputError, match=says):
        fit_inputs(pa.table({"d": cells}), ["d"], np.arange(29))


def test_marks_are_missing_cells_and_all_is_said():
    cells = pa.array(["?", *DATES])
    summary = ColumnSummary.of("d", cells, np.full(49, True))
    said = note_of(summary, summary.column())
    first = "column 'd': dates as text, '3.1.2021' in row 2 is 2021-01-03 (day first); a date, by its year"
    assert said.startswith(first)
    assert "1 cell missing (the first: '?' in row 1)" in said


def test_whole_numbers_that_are_all_days_are_dates_unless_asked_otherwise():
    days = pa.array([20240101 + i for i in range(31)] + [20240201])
    summary = ColumnSummary.of("d", days, np.full(32, True))
    assert summary.column().parts == ("month", "weekday", "yearday")
    assert "dates as whole numbers, '20240101' in row 1 is 2024-01-01" in note_of(summary, summary.column())
    for column, asked in ((days, "number"), (pa.array([*days.to_pylist(), 20240231]), None)):
        found = ColumnSummary.of("d", column, np.full(len(column), True), asked=asked)
        assert not found.column().parts
    ids = ColumnSummary.of("d", pa.array([20240100 + i for i in range(50)]), np.full(50, True))
    assert not ids.column().parts
    assert fit_target(pa.table({"y": days}), "y", None).task == "regression"


@pytest.mark.parametrize(("asked", "cells", "says"), [
    ("date", ["1/2/24", "3/4/24"], "expected dates such as .* four digits for the year; got '1/2/24' in row 1"),
    ("date", [1.5, 2.5], "expected dates .*; got numbers"), ("date-dmy", ["12/31/2024"], "got '12/31/2024' in row 1"),
])  # fmt: skip
def test_what_is_asked_to_be_a_date_and_is_none_is_refused(asked, cells, says):
    with pytest.raises(InputError, match=says):
        fit_inputs(pa.table({"d": cells}), ["d"], np.arange(len(cells)), types={"d": asked})


@pytest.mark.parametrize("texts", [DATES, [f"2024-01-{day:02}" for day in range(1, 30)]])
def test_dates_as_text_are_no_target(texts):
    with pytest.raises(InputError, match=r"target y: expected classes or numbers .*; got dates"):
        fit_target(pa.table({"y": texts * 3}), "y", None)


def test_parts_stored_as_dates_and_as_text_are_one_column():
    typed = pa.array([datetime.date(2024, 1, day) for day in range(1, 20)])
    one = ColumnSummary.of("d", typed, np.full(19, True))
    for texts, fits in ((["2024-02-01", "?"], True), (["2024-02-01", "soon"], False), (["soon"], False)):
        both = one + ColumnSummary.of("d", pa.array(texts), np.full(len(texts), True))
        if fits:
            assert both.column().parts == ("month", "weekday", "yearday")
        else:
            with pytest.raises(InputError, match=r"column 'd': expected dates, as in .*; got 'soon' in row 2[01]"):
                both.column()


def test_a_model_reads_dates_as_it_learnt_them(run, tmp_path):
    rows = "".join(f"{date},{i % 2}\n" for i, date in enumerate(DATES))
    (tmp_path / "t.csv").write_text("d,y\n" + rows)
    code, out, _ = run("train", "t.csv", "--target", "y", "--epochs", 2, "--hidden", 4)
    assert code == 0
    assert "dates as text, '3.1.2021' in row 1 is 2021-01-03 (day first)" in out
    model = load_model(tmp_path / "t.safetensors")
    assert model.inputs.columns[0].dates.order == "dmy"
    for cell in ("5/1/2024", "2024-01-05", "05.01.2024 00:00"):
        (tmp_path / "p.csv").write_text(f"d\n{cell}\n")
        code, out, err = run("predict", "t.safetensors", "p.csv")
        assert (code, err) == (0, "")
        (tmp_path / "q.csv").write_text("d\n5.1.2024\n")
        assert out == run("predict", "t.safetensors", "q.csv")[1]
    (tmp_path / "p.csv").write_text("d\n5.1.2024\n1/13/2024\n")
    code, _, err = run("predict", "t.safetensors", "p.csv")
    assert code == 2
    assert "column 'd': expected dates as it was learnt (day first); got '1/13/2024' in row 2" in err


def test_the_order_is_kept_in_the_model_file(tmp_path):
    table = pa.table({"d": DATES, "y": np.arange(48) * 0.5})
    model = prepare(table, "y", Plan(test=0)).model
    save_model(model, tmp_path / "m.safetensors")
    assert load_model(tmp_path / "m.safetensors").inputs == model.inputs
    table.to_pandas().to_csv(tmp_path / "t.csv", index=False)
    again = prepare(read_table(tmp_path / "t.csv"), "y", Plan(test=0)).model
    assert again.inputs == model.inputs
    stamps = np.array([datetime.datetime(*map(int, reversed(text.split(".")))) for text in DATES], "datetime64[us]")
    np.testing.assert_allclose(
        parts_of(pa.chunked_array([pa.array(stamps)]))[:, 0].mean(), model.inputs.columns[0].mean
    )
