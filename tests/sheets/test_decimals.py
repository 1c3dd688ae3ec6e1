"""Decimal commas: read where a whole sheet shows that they are meant, and nowhere else."""

import re

from hypothesis import given
from hypothesis import strategies as st

from chainrule.sheets.writing.decimals import with_points
from tests.support.sheets import lines

NUMBERS = st.decimals(-9, 9, places=4).map(lambda number: f"{number:f}")


def with_commas(line):
    """As a German writes it: semicolons part the entries of lists."""
    inside = re.sub(r"\[[^\]]*\]", lambda match: match[0].replace(",", ";"), line)
    return re.sub(r"(?<=\d)\.(?=\d)", ",", inside)


@given(st.lists(NUMBERS, min_size=4, max_size=4))
def test_a_sheet_with_decimal_commas_is_read_as_the_one_with_points(numbers):
    one, two, three, four = numbers
    points = [f"a_11 = {one}*{two} + {three} = {four}", f"h_1 = [{one}, {two}]", f"W_211 = {four}"]
    read = lines(*map(with_commas, points), sizes=(2, 2, 1))
    assert [[part.tree for part in line.parts] for line in read] == [
        [part.tree for part in line.parts] for line in lines(*points, sizes=(2, 2, 1))
    ]
    assert all(line.error == "" for line in read)


@given(st.lists(NUMBERS, min_size=3, max_size=3))
def test_one_point_in_a_sheet_leaves_every_comma_as_it_is(numbers):
    commas = [with_commas(f"a_11 = {number}") for number in numbers]
    assert with_points([*commas, "L = 0.5"]) == [*commas, "L = 0.5"]


def test_commas_of_indices_and_of_lists_alone_show_nothing():
    for sheet in (["W_2,1,2 = 3", "h_1,2 = 3"], ["x = [0,5]", "y = [1,0]"], ["x = (0,5), y = (1,0)"], ["a = 0,5"]):
        assert with_points(sheet) == sheet
    assert with_points(["z_{2,1} = 0,5", "h_1,2 = 0,3"]) == ["z_{2,1} = 0.5", "h_1,2 = 0.3"]
    assert "expected an operator or the end; got ',5'" in lines("L = 0,5")[0].error


def test_the_comma_of_latex_is_a_point_on_any_sheet():
    first, second = lines("L = 0{,}5", "L = 0.5")
    assert first.parts[1].tree == second.parts[1].tree
