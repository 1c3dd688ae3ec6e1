"""Text that is numbers: forms that a whole column agrees on, and marks of missing values; pandas is the witness."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chainrule.errors import InputError
from chainrule.tables.notes import note_of
from chainrule.tables.summary import ColumnSummary, fit_inputs
from chainrule.tables.text_numbers import MARKS, read_texts
from chainrule.tables.values import number_cells
from tests.support.sample import draws

NUMBERS = [1260.5, -3.25, 0.126, 71234567.0, 12.0, *range(100, 130)]


def read(cells):
    """The numbers of a column of text, as it is learnt and then applied."""
    column = pa.chunked_array([pa.array(cells)])
    found = ColumnSummary.of("c", column, np.full(len(cells), True)).column()
    return number_cells("c", column, found.form), found


FORMS = {
    "percent": lambda v: f"{v}%",
    "percent after a blank": lambda v: f"{v} %",
    "dollars": lambda v: f"${v}" if v >= 0 else f"-${-v}",
    "euros behind": lambda v: f"{v} €",
    "thousands": lambda v: f"{v:,}",
    "thousands and dollars": lambda v: f"${v:,.2f}" if v >= 0 else f"(${-v:,.2f})",
    "decimal commas": lambda v: f"{v}".replace(".", ","),
    "thousands with points": lambda v: f"{v:,}".translate(str.maketrans(",.", ".,")),
    "thousands with blanks": lambda v: f"{v:,}".replace(",", " "),
    "thousands with narrow blanks, decimal comma": lambda v: f"{v:,}".replace(",", "\u202f").replace(".", ","),
    "Swiss": lambda v: f"{v:,}".replace(",", "'"),
    "of an accountant": lambda v: f"({-v})" if v < 0 else f"{v}",
    "a minus sign": lambda v: f"{v}".replace("-", "−"),
    "blanks around": lambda v: f"  {v} ",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mark", [None, "?", "N/A", "-", ""])
def test_a_form_that_all_cells_have_is_read(form, mark):
    cells = [FORMS[form](v) for v in NUMBERS]
    cells.insert(3, mark)
    values, column = read(cells)
    assert np.isnan(values[3])
    assert column.gaps
    want = [round(v, 2) if form == "thousands and dollars" else v for v in NUMBERS]
    np.testing.assert_allclose(np.delete(values, 3), want)


@draws(40)
@given(
    st.lists(st.floats(-1e12, 1e12), min_size=2, max_size=30),
    st.lists(st.sampled_from(["?", "n/a", "NULL", "--", ""]), max_size=3), st.sampled_from([".", ","]), st.booleans(),
    st.randoms(),
)  # fmt: skip
def test_numbers_in_a_drawn_form_are_what_pandas_reads(numbers, marks, decimal, grouped, rng):
    cells = [f"{v:,.3f}" if grouped else f"{v:.3f}" for v in numbers] + [f"{0.5:.3f}"]
    cells = [cell.translate(str.maketrans(",.", ".,")) if decimal == "," else cell for cell in cells] + marks
    rng.shuffle(cells)
    assume(any(c.count(",") + c.count(".") > 1 or decimal == "," for c in cells) or marks)
    values, _ = read(cells)
    thousands = {".": ",", ",": "."}[decimal] if grouped else None
    text = "c;d\n" + "".join(f"{cell};0\n" for cell in cells)
    want = pd.read_csv(io.StringIO(text), sep=";", decimal=decimal, thousands=thousands, na_values=["?", "--"])["c"]
    np.testing.assert_allclose(values, want.to_numpy(float), rtol=1e-14)


def test_thousands_alone_are_thousands_and_it_is_said():
    cells = ["1,260", "3,500", "71,000"]
    values, column = read(cells)
    assert values.tolist() == [1260.0, 3500.0, 71000.0]
    summary = ColumnSummary.of("c", pa.array(cells), np.full(3, True))
    assert note_of(summary, column) == "column 'c': text that is numbers, '1,260' in row 1 is 1260"


@pytest.mark.parametrize("text", ["01", "1_1", "001.5", "1,26", "12,34,5", "1.2.3", "(5", "+-3", "$5%", "inf", "1e999"])
def test_codes_and_others_are_no_numbers(text):
    found = read_texts(pa.array([text]), ".")
    assert np.isnan(found.values).all()
    assert not found.mark.any()


def test_every_mark_is_one_in_capitals_too():
    for texts in (MARKS, [mark.upper() for mark in MARKS]):
        assert read_texts(pa.array(texts), ".").mark.all()


def test_columns_of_codes_stay_text():
    for cells in (
        ["1", "01", "001"] * 9,
        ["1_1", "11", "2"] * 9,
        ["01", "02", "A1"] * 9,
        ["-", "+"] * 9,
        ["1", "2"] * 9,
    ):
        column = fit_inputs(pa.table({"c": cells}), ["c"], np.arange(len(cells))).columns[0]
        assert set(column.categories) == set(cells)


@pytest.mark.parametrize(
    ("stray", "says"),
    [
        ("foo", "got 'foo' in row 31"),
        ("c", "got 'c' in row 31: the name of the column again"),
        ("1,2,3", "got '1,2,3'"),
    ],
)
def test_a_stray_text_among_numbers_is_named_with_a_way_on(stray, says):
    cells = [f"{i}.5" for i in range(60)]
    cells.insert(30, stray)
    learnt = np.full(61, True)
    summary = ColumnSummary.of("c", pa.array(cells), learnt)
    with pytest.raises(InputError, match="column 'c': expected numbers, as in 60 of 61 cells") as refused:
        summary.column()
    assert says in str(refused.value)
    assert "--types c=number" in str(refused.value)
    asked = ColumnSummary.of("c", pa.array(cells), learnt, asked="number")
    column = asked.column()
    assert np.isnan(number_cells("c", pa.chunked_array([cells]), column.form)[30])
    assert "1 cell of other text" in note_of(asked, column)
    assert len(ColumnSummary.of("c", pa.array(cells), learnt, asked="text").column().categories) == 61


def test_two_units_are_refused():
    with pytest.raises(InputError, match=r"one unit in all cells, as '12%' in row 1 has; got '0.12' in row 2"):
        read(["12%", "0.12", "13%"])
    with pytest.raises(InputError, match=r"as '\$5' in row 1 has; got '5 €' in row 2"):
        read(["$5", "5 €"])


def test_later_files_are_read_in_the_form_that_was_learnt():
    _, column = read(["12%", "13.5%", "?"])
    assert column.form.unit == "%"
    for cells, says in ((["12", "13"], "numbers as it was learnt"), ([0.12, 0.13], "text with '%' in every cell")):
        with pytest.raises(InputError, match=says):
            number_cells("c", pa.chunked_array([cells]), column.form)
    with pytest.raises(InputError, match="column 'c': expected numbers; got '12%' in row 2"):
        number_cells("c", pa.chunked_array([["1", "12%"]]), None)
    assert number_cells("c", pa.chunked_array([["1", "?"]]), None)[0] == 1


def test_free_text_and_keys_are_refused_by_name():
    keys = [f"{i:08x}-{i * 7919 % 65536:04x}" for i in range(100)]
    with pytest.raises(InputError, match=r"column 'id': .* 100 different texts in 100 cells, .*--drop id"):
        fit_inputs(pa.table({"id": keys}), ["id"], np.arange(100))


@draws(30)
@given(st.lists(st.sampled_from(["12", "?", "3.5", "7%", "foo", "1,000", "", "9"]), min_size=2, max_size=40), st.data())
def test_parts_of_a_column_are_learnt_as_the_whole(cells, data):
    cut = data.draw(st.integers(1, len(cells) - 1))
    learnt = np.full(len(cells), True)

    def learn(parts):
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        try:
            return total.column()
        except InputError as error:
            return str(error)

    whole = learn([ColumnSummary.of("c", pa.array(cells), learnt)])
    halves = [ColumnSummary.of("c", pa.array(part), learnt[: len(part)]) for part in (cells[:cut], cells[cut:])]
    found = learn(halves)
    if isinstance(whole, str) or whole is None:
        assert found == whole
        return
    assert (found.categories, found.form, found.gaps) == (whole.categories, whole.form, whole.gaps)
    np.testing.assert_allclose([found.mean, found.scale], [whole.mean, whole.scale], rtol=1e-12)
