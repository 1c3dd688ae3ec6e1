"""Claims of a sheet before they are read: their parts, what goes on over lines, and what is too much."""

import pytest

from chainrule.sheets.formulas.tokens import DEEPEST
from chainrule.sheets.writing.statements import claims
from tests.support.sheets import line, lines


def found(*written, first=1):
    return [[part.text.strip() for part in claim.parts] for claim in claims(written, first)]


def test_a_claim_goes_on_behind_its_sign_of_equality():
    assert found("a =", "b") == [["a", "b"]]
    assert found("a = b", "=", "c") == [["a", "b", "c"]]
    assert found("a", "= b", "= c") == [["a", "b", "c"]]
    assert found("a =", "the next words are prose", "b = 1") == [["a", ""], ["b", "1"]]


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("a = b", ["a", "b"]), ("a =", ["a", ""]), ("a = b =", ["a", "b"]), ("a = = b", ["a", "b"]),
        ("a = b = c", ["a", "b", "c"]), ("a = b = c =", ["a", "b", "c"]),
    ],
)  # fmt: skip
def test_an_empty_part_behind_others_is_none(written, parts):
    assert found(written) == [parts]


@pytest.mark.parametrize(("opening", "closing"), ["()", "[]", "{}"])
def test_a_line_may_have_so_many_brackets_within_brackets(opening, closing):
    """Brackets beside each other are no brackets within brackets, and those that close nothing open none."""
    for depth, error in ((2 * DEEPEST, False), (2 * DEEPEST + 1, True)):
        (claim,) = claims([f"x = {opening * depth}1{closing * depth}"], 3)
        assert bool(claim.error) == error
    assert claim.error == f"line 3, column 1: at most {DEEPEST} brackets within brackets can be read; got {depth}"
    assert claim.number == 3
    (claim,) = claims([f"x = {(opening + '1+') * depth}1{closing * depth}"], 1)
    assert claim.error
    (claim,) = claims([f"x = {(opening + '1' + closing) * 150}"], 1)
    assert claim.error == ""
    (claim,) = claims([f"x = {'1' * 150}"], 1)
    assert claim.error == ""


def test_a_mark_stands_where_the_part_begins():
    assert (
        line("a_21 = W_211 = ?").error == "line 1, column 16: expected a number or a formula behind the =; got nothing"
    )
    assert line("a_21 =").error == "line 1, column 7: expected a number or a formula behind the =; got nothing"


def test_products_and_quotients_in_turn():
    """Each turn is a node within the one before: there is an end to what can be piled up."""
    assert lines("L = 1" + "*2/3" * 30)[0].error == ""
    assert "fewer products and quotients in turn" in lines("L = 1" + "*2/3" * 100)[0].error
