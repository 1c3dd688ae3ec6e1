"""Thresholds that are subtracted are biases with the other sign; a bias θ that is added stays one."""

import numpy as np
import pytest

from chainrule.auditing.audit import audit
from chainrule.auditing.records import ACCEPTED
from chainrule.sheets.header import parse_worksheet

GIVEN = "w13 = {}, w23 = {}, w14 = {}, w24 = {}, w35 = {}, w45 = {}, θ3 = {}, θ4 = {}, θ5 = {}"
LINES = """
y3 = sigmoid(x1 w13 + x2 w23 {0} θ3) = {1:.4f}
y4 = sigmoid(x1 w14 + x2 w24 {0} θ4) = {2:.4f}
y5 = sigmoid(y3 w35 + y4 w45 {0} θ5) = {3:.4f}
"""


def sheet(seed, sign, header):
    """A sheet whose θ are subtracted, or added, given in a header or in a line."""
    rng = np.random.default_rng(seed)
    numbers = rng.choice([-1, 1], 9) * rng.integers(1, 10, 9) / 10
    w, theta = numbers[:6], numbers[6:] * (1 if sign == "+" else -1)
    y3, y4 = (1 / (1 + np.exp(-(w[i] + 2 * w[i + 1] + theta[i // 2]))) for i in (0, 2))
    y5 = 1 / (1 + np.exp(-(w[4] * y3 + w[5] * y4 + theta[2])))
    given = GIVEN.format(*numbers)
    if header:
        settings = given.replace(", ", "\n")
        rules = 'hidden = "sigmoid"\noutput = "sigmoid"\nloss = "half_squared_error"'
        return f"+++\nx = [1, 2]\ny = [1]\n{rules}\n{settings}\n+++" + LINES.format(sign, y3, y4, y5)
    return f"x1 = 1, x2 = 2, t = 1, sigmoid units, E = (t - y5)^2/2\n{given}\n" + LINES.format(sign, y3, y4, y5)


def of_units(text):
    return [line for line in audit(text).lines if line.name.startswith("y")]


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("sign", ["-", "+"])
@pytest.mark.parametrize("seed", range(3))
def test_a_right_sheet_is_right(seed, sign, header):
    assert [line.verdict in ACCEPTED for line in of_units(sheet(seed, sign, header))] == [True] * 3


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("sign", ["-", "+"])
def test_one_lost_sign_makes_no_threshold_of_a_bias_and_no_bias_of_a_threshold(sign, header):
    other = {"-": "+", "+": "-"}[sign]
    lines = of_units(sheet(1, sign, header).replace(f"{sign} θ4", f"{other} θ4"))
    assert lines[0].verdict in ACCEPTED
    assert lines[1].verdict in ("wrong", "undecided")
    assert lines[2].verdict != "wrong"


def test_names_of_a_header_stay_beside_those_that_letters_have():
    text = 'x = [1, 2]\ny = [1]\nW = [[0.5, 0.2]]\nc = [0.1]\nw = [[0.3]]\nb = [0.2]\n[names]\nu = "a"\nW = "W_1"\n'
    assert parse_worksheet(f"+++\n{text}+++\nu_1 = 1\n").names == {
        "u": "a", "W": "W_1", "c": "b_1", "w": "W_2", "b": "b_2"
    }  # fmt: skip
