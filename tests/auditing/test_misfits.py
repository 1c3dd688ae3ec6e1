"""A right number behind a formula whose shapes do not fit is not called right; loose writing is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from tests.support.sample import draws
from tests.support.small_sheets import SmallSheet

RIGHT = {"right", "rounded"}
LOOSE = (
    ("dL/dW_1", "delta_1 x"), ("dL/dW_1", "x delta_1"), ("dL/dW_1", "delta_1 x^T"), ("dL/dh_1", "W_2 delta_2"),
    ("dL/dh_1", "delta_2 W_2"), ("dL/dh_1", "W_2^T delta_2"), ("dL/dW_2", "delta_2 h_1"), ("dL/dW_2", "h_1 delta_2"),
    ("a_2", "W_2^T h_1 + b_2"), ("a_2", "h_1 W_2 + b_2"), ("dL/da_1", "W_2 delta_2 h_1 (1 - h_1)"),
    ("dL/da_1", "W_2^T delta_2 g'(a_1)"), ("dL/db_1", "sum(delta_1)"), ("dL/db_1", r"\sum \delta_1"),
    ("dL/dW_1", "dL/da_1 * da_1/dW_1"), ("dL/dh_1", "dL/da_2 * da_2/dh_1"), ("L", "1/2 (yhat - y)^2"),
)  # fmt: skip
MISFITS = (
    ("dL/dW_1", "delta_1 h_2^T"), ("a_2", "W_2 h_1 + b_1"), ("dL/dh_1", "W_1^T delta_2"), ("dL/dW_2", "delta_1 h_1^T"),
    ("L", "1/2 (yhat - h_1)^2"), ("dL/db_2", "delta_1"), ("a_1", "W_2 x + b_1"),
)  # fmt: skip


@draws(3)
@given(seed=st.integers(0, 9999))
def test_loose_writing_is_right(seed):
    sheet = SmallSheet(seed)
    written = [f"{name} = {formula} = <<{name}>>" for name, formula in LOOSE]
    found = dict(zip(written, sheet.verdicts("\n".join(written)), strict=True))
    assert {line: verdict for line, verdict in found.items() if verdict not in RIGHT} == {}


@pytest.mark.parametrize(("name", "formula"), MISFITS)
def test_a_formula_that_does_not_fit_is_said(name, formula):
    sheet = SmallSheet(11)
    (line,) = cr.audit(sheet.header + sheet.filled(f"{name} = {formula} = <<{name}>>\n")).lines
    assert line.verdict in ("undecided", "wrong")
    assert line.message
    if line.verdict == "undecided":
        assert line.message.startswith(f"the number is right, but {formula} does not fit it: ")
    assert sheet.verdicts(f"{name} = {formula} = <<{name}!>>\n") == ["wrong"]


THREE_INPUTS = """+++
learning_rate = 0.5
hidden = "sigmoid"
output = "sigmoid"
loss = "half_squared_error"
x = [0.5, -1.0, 2.0]
y = [1.0]
[[layer]]
W = [[0.1, 0.3, -0.2], [-0.2, 0.4, 0.5]]
b = [0.1, -0.1]
[[layer]]
W = [[0.5, -0.6]]
b = [0.3]
+++
"""


@pytest.mark.parametrize("formula", ["W_1 - eta delta_1 x", "W_1 - 0.5 delta_1 x", "W_1 - 0.5 delta_1 x^T"])
def test_loose_writing_of_an_update_is_right(formula):
    (line,) = cr.audit(
        THREE_INPUTS + f"W_1' = {formula} = [[0.1034, 0.2932, -0.1864], [-0.2042, 0.4084, 0.4832]]"
    ).lines
    assert (line.verdict, line.message) == ("rounded", "")
