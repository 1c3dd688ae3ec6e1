"""Arrow's types as inputs and as targets: each read as what it is, or refused by name."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import InputError
from chainrule.tables.columns import InputOrigin
from chainrule.tables.dates import PARTS, parts_of
from chainrule.tables.decision import fit_target
from chainrule.tables.notes import note_of
from chainrule.tables.summary import ColumnSummary, fit_inputs
from tests.support.sample import draws

TEXT = pa.array(["red", "blue", None, "red"])
NUMBERS = pa.array([1.0, 2.5, None, -3.0])


def inputs_of(column):
    table = pa.table({"c": column})
    inputs = fit_inputs(table, ["c"], np.arange(table.num_rows))
    return inputs.names, inputs.apply(table)


@pytest.mark.parametrize(
    "column",
    [TEXT.cast(pa.large_string()), TEXT.cast(pa.string_view()), TEXT.dictionary_encode(), TEXT.cast(pa.binary()),
     TEXT.cast(pa.large_binary()), pa.chunked_array([TEXT.dictionary_encode()[:1], TEXT.dictionary_encode()[1:]])],
    ids=lambda column: str(column.type).split("<")[0],
)  # fmt: skip
def test_text_of_any_type_is_text(column):
    names, found = inputs_of(column)
    assert names == ["c=blue", "c=red", "c missing"]
    assert found.tolist() == inputs_of(TEXT)[1].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize(
    "column",
    [NUMBERS.cast(pa.float32()), NUMBERS.cast(pa.float16()), NUMBERS.dictionary_encode(),
     pa.array([decimal.Decimal(v) if v is not None else None for v in ("1", "2.5", None, "-3")]),
     pa.array([1.0, 2.5, float("nan"), -3.0]),
     pa.array([None if v is None else datetime.timedelta(seconds=v) for v in NUMBERS.to_pylist()]),
     pa.array(["1", "2.5", "?", "-3"])],
    ids=["float32", "float16", "dictionary", "decimal", "nan", "duration", "text"],
)  # fmt: skip
def test_numbers_of_any_type_are_numbers(column):
    names, found = inputs_of(column)
    assert names == ["c", "c missing"]
    np.testing.assert_allclose(found, inputs_of(NUMBERS)[1], atol=1e-12)


def test_runs_are_written_out():
    runs = pa.RunEndEncodedArray.from_arrays([2, 3], [1.0, 5.0])
    assert inputs_of(runs)[1].tolist() == inputs_of([1.0, 1.0, 5.0])[1].tolist()


@pytest.mark.parametrize(
    ("column", "says"),
    [([[1], [2]], "list"), ([{"a": 1}, {"a": 2}], "struct"), ([b"q\xf6", b"a"], r"bytes are read as text in UTF-8"),
     (pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64())), "map")],
)  # fmt: skip
@pytest.mark.parametrize("is_target", [True, False])
def test_other_types_are_refused_by_name(column, says, is_target):
    table = pa.table({"c": column})
    with pytest.raises(InputError, match=rf"column 'c': .*{says}"):
        fit_target(table, "c", None) if is_target else fit_inputs(table, ["c"], np.arange(2))


def test_keys_too_large_for_float64_are_refused():
    with pytest.raises(InputError, match="column 'c': expected whole numbers whose differences float64 can hold"):
        inputs_of([2**60, 2**60 + 1, 2**60 + 2])
    assert np.ptp(inputs_of([2**60, -(2**60), 0])[1]) > 2


def test_a_column_without_any_value_is_left_out_with_a_word():
    table = pa.table({"a": [1.0, 2.0], "c": pa.nulls(2), "d": pa.array([None, None], pa.float64())})
    assert fit_inputs(table, ["a", "c", "d"], np.arange(2)).names == ["a"]
    summary = ColumnSummary.of("c", pa.nulls(2), np.full(2, True))
    assert note_of(summary, summary.column()) == "column 'c': no value in any row to learn from; it is left out"
    with pytest.raises(InputError, match="a column with values beside the target"):
        fit_inputs(table, ["c", "d"], np.arange(2))


# ---------------------------------------------------------------- dates


@draws(40)
@given(st.lists(st.datetimes(datetime.datetime(1680, 1, 1), datetime.datetime(2260, 1, 1)), min_size=1), st.booleans())
def test_the_parts_of_dates_are_pandas(times, with_zone):
    column = pa.chunked_array([pa.array(times, pa.timestamp("us"))])
    stamps = pd.Series(pd.DatetimeIndex(times))
    if with_zone:
        column = column.cast(pa.timestamp("us", "UTC"))
        stamps = stamps.dt.tz_localize("UTC")
    hours = stamps.dt.hour + stamps.dt.minute / 60 + stamps.dt.second / 3600
    want = [stamps.dt.year, stamps.dt.month - 1, stamps.dt.day_of_week, stamps.dt.day_of_year - 1, hours]
    np.testing.assert_allclose(parts_of(column), np.column_stack(want), rtol=1e-12, atol=1e-12)


def test_a_date_is_an_input_by_the_parts_that_differ():
    days = [datetime.date(2023, 12, 30) + datetime.timedelta(days=i) for i in range(9)]
    table = pa.table({"when": [*days, None]})
    inputs = fit_inputs(table, ["when"], np.arange(10))
    assert inputs.names == [
        "when year", "when month sine", "when month cosine", "when weekday sine", "when weekday cosine",
        "when yearday sine", "when yearday cosine", "when missing",
    ]  # fmt: skip
    assert inputs.origins[1] == InputOrigin("when", "month sine")
    found = inputs.apply(table)
    assert found[-1].tolist() == [0.0] * 7 + [1.0]
    again = pa.table({"when": [*(str(day) for day in days), None]})
    np.testing.assert_array_equal(inputs.apply(again), found)
    with pytest.raises(InputError, match=r"column 'when': expected dates as it was learnt \(year first"):
        inputs.apply(pa.table({"when": ["soon"]}))
    summary = ColumnSummary.of("when", pa.array(days), np.full(9, True))
    said = "column 'when': a date, by its year and month, weekday, yearday (sine and cosine)"
    assert note_of(summary, summary.column()) == said


@pytest.mark.parametrize("kind", [pa.time32("s"), pa.time64("ns")])
def test_a_time_of_day_is_its_hour(kind):
    times = pa.array([datetime.time(6), datetime.time(18, 30), None]).cast(pa.time64("ns")).cast(kind)
    names, found = inputs_of(times)
    assert names == ["c hour sine", "c hour cosine", "c missing"]
    np.testing.assert_allclose(found[0], [1, 0, 0], atol=1e-12)
    assert parts_of(pa.chunked_array([times]))[1, list(PARTS).index("hour")] == 18.5


def test_text_is_a_date_where_it_is_asked_for():
    cells = ["2024-01-31", "2024-02-29", "2024-05-01"]
    summary = ColumnSummary.of("c", pa.array(cells), np.full(3, True), asked="date")
    assert summary.column().parts == ("month", "weekday", "yearday")
