"""The right derivation beside a wrong line: its own equation, in the notation of the line."""

import pytest

from chainrule.auditing.audit import audit_sheet
from chainrule.sheets.header import parse_worksheet
from chainrule.teaching.explained import explained

HEADER = """+++
learning_rate = 0.5
[network]
hidden = "sigmoid"
output = "sigmoid"
loss = "half_squared_error"
x = [1, -2]
y = [1]
[[network.layer]]
W = [[0.3, 0.7], [-0.4, 0.6]]
b = [0.2, 0.1]
[[network.layer]]
W = [[0.9, -0.5]]
b = [0.3]
+++
"""


def derived(text):
    sheet = parse_worksheet(HEADER + text, "sheet.md")
    return explained(audit_sheet(sheet), sheet)


@pytest.mark.parametrize(
    ("written", "left", "right"),
    [
        ("a_21 = 0.9", "a_21", "W_211*h_11 + W_212*h_12 + b_21"),
        ("dL/dW_211 = 0.9", "dL/dW_211", "dL/da_21*h_11"),
        ("a_21' = 3.9", "a_21", "W_211*h_11 + W_212*h_12 + b_21"),
    ],
)
def test_a_wrong_line_has_its_own_equation_last(written, left, right):
    (line,) = derived(written).lines
    own = line.derivation[-1]
    assert (own.left.text, own.rights[0].text) == (left, right)


def test_a_wrong_line_in_delta_notation_is_derived_in_it():
    (line,) = derived("z^2_1 = 0.9").lines
    assert "w^2" in line.derivation[-1].rights[0].text


def test_what_is_right_or_follows_or_is_an_update_has_no_derivation():
    audit = derived("h_11 = 0.9\na_21 = 0.86\nW_211' = 7.0\n")
    assert audit.lines[0].verdict == "wrong"
    assert bool(audit.lines[0].derivation)
    assert not any(line.derivation for line in audit.lines if line.verdict != "wrong")
    assert not audit.lines[2].derivation


def test_the_page_shows_it_beside_the_line():
    assert "So it comes out right:" in str(derived("a_21 = 0.9"))
