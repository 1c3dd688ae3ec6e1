"""Cells of spreadsheets: no formula, whatever the separator; numbers and harmless text as they are."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.system.cells import harmless, write_cells

CELLS = st.text("=+-@a1 .;,|\t\"'\n", max_size=8)


@given(st.lists(CELLS, min_size=1, max_size=4), st.sampled_from(",;\t|"))
def test_no_cell_is_a_formula_for_any_separator(cells, separator):
    out = io.StringIO()
    write_cells(out, [cells])
    for row in csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=separator):
        for cell in row:
            found = cell.strip()
            if found in ("=", "+", "-", "@"):
                continue  # alone it begins nothing
            assert not found.startswith(("=", "@"))
            assert not found.startswith(("+", "-")) or re.match(r"[+-][\d.]+\s*([,;]|$)", found)


@pytest.mark.parametrize("text", ["-0.5", "a-b", "x = 1", "+3e5", "1-2", ""])
def test_what_is_harmless_stays(text):
    assert harmless(text) == text


def test_numbers_have_no_quotes_and_nothing_is_empty():
    out = io.StringIO()
    write_cells(out, [["name", 0.5, 3, None]])
    assert out.getvalue() == '"name",0.5,3,""\n'
