"""Of two lines that contradict each other nobody is accused without a witness; rounded numbers leave a digit open."""

from __future__ import annotations

import math

import numpy as np
import pytest

import chainrule as cr
from tests.support.sample import seeds

HEADER = """+++
x = [{x}]
y = [{y}]
output = "sigmoid"
loss = "half_squared_error"
[[layer]]
W = [[{w}]]
+++
"""


def drawn(seed: int) -> tuple[str, float, float]:
    """A header, its output and its target."""
    rng = np.random.default_rng(seed)
    x, w, y = np.round(rng.uniform(0.2, 2), 2), np.round(rng.uniform(-1.5, 1.5), 2), float(rng.integers(0, 2))
    return HEADER.format(x=x, y=y, w=w), 1 / (1 + math.exp(-x * w)), y


def verdicts(text: str) -> list[str]:
    """The verdicts of the lines in order."""
    return [line.verdict for line in cr.audit(text).lines]


@pytest.mark.parametrize("seed", seeds(4, 15))
@pytest.mark.parametrize("formula", ["q_error = y - q_1 = {0:.4f}", "dL/dyhat = q_1 - y = {1:.4f}"])
def test_a_number_alone_that_is_off_accuses_no_line_that_uses_it(seed: int, formula: str) -> None:
    head, p, y = drawn(seed)
    found = verdicts(f"{head}q_1 = {p + 0.03:.4f}\n" + formula.format(y - p, p - y))
    assert not {"wrong", "follows", "unreadable"} & set(found)


@pytest.mark.parametrize("seed", seeds(4, 15))
def test_a_number_that_the_network_bears_out_is_a_witness(seed: int) -> None:
    head, p, y = drawn(seed)
    found = verdicts(f"{head}q_1 = {p:.4f}\nq_error = y - q_1 = {y - p + 0.03:.4f}")
    assert found[-1] == "wrong"


@pytest.mark.parametrize("seed", seeds(4, 15))
def test_arithmetic_that_is_false_is_wrong_whoever_bears_it_out(seed: int) -> None:
    head, p, y = drawn(seed)
    off = p + 0.03
    assert verdicts(f"{head}q_1 = {off:.4f}\nq_error = y - q_1 = {y} - {off:.4f} = {y - off + 0.2:.4f}")[-1] == "wrong"


@pytest.mark.parametrize("seed", seeds(6))
def test_a_last_digit_that_rounded_numbers_leave_open_is_no_mistake(seed: int) -> None:
    head, p, y = drawn(seed)
    wanted, p = p * (1 - p) * (y - p), float(f"{p:.3f}")
    found = verdicts(f"{head}yhat = {p:.3f}\nErr = ({p:.3f})(1 - {p:.3f})({y:.0f} - {p:.3f}) = {wanted:.4f}")
    assert found[-1] in ("right", "rounded", "truncated", "undecided")
    found = verdicts(f"{head}Err = ({p:.3f})(1 - {p:.3f})({y:.0f} - {p:.3f}) = {wanted + 0.01:.4f}")
    assert found[-1] == "wrong"


@pytest.mark.parametrize("value", ["-0.018371", "0.2"])
@pytest.mark.parametrize("part", ["E_{o2} = 0.019936444", r"E_{o2} = \\frac{1}{2}(0.97 - 0.7703)^2 = 0.019940"])
def test_a_part_of_the_loss_is_known_by_its_name_and_number(value: str, part: str) -> None:
    """So its derivative goes back through the network; by the numbers alone it would be zero."""
    lines = cr.audit(
        "The inputs are $i_1 = 0.07$ and $i_2 = 0.12$, the targets $target_{o1} = 0.02$ and $target_{o2} = 0.97$.\n"
        "$w_1 = 0.11, w_2 = 0.24, w_3 = 0.32, w_4 = 0.17$, $b_1 = 0.3$\n"
        "$w_5 = 0.45, w_6 = 0.38, w_7 = 0.52, w_8 = 0.61$, $b_2 = 0.55$\n"
        f"$out_{{h1}} = \\frac{{1}}{{1+e^{{-0.3365}}}} = 0.583340081$\n${part}$\n"
        f"$\\frac{{\\partial E_{{o2}}}}{{\\partial out_{{h1}}}} = {value}$"
    ).lines
    by_name = {"-0.018371": "rounded", "0.2": "wrong"}
    assert lines[-1].verdict == ("undecided" if "frac" in part else by_name[value])


@pytest.mark.parametrize("brackets", ["a", "{a}"])
@pytest.mark.parametrize("loss", ["L", "C"])
def test_a_gradient_by_the_activations_is_by_those_of_the_last_layer(brackets: str, loss: str) -> None:
    head, p, y = drawn(3)
    value = (p - y) * p * (1 - p)
    line = rf"$\delta^1 = \nabla_{brackets} {loss} \odot \sigma'(z^1) = "
    cost = f"${loss} = \\frac12 (a^1 - y)^2 = {(p - y) ** 2 / 2:.5f}$\n"
    assert verdicts(f"{head}{cost}{line}{value:.5f}$")[-1] == "rounded"
    assert verdicts(f"{head}{cost}{line}{value + 0.01:.5f}$")[-1] == "wrong"


@pytest.mark.parametrize(
    "sentence",
    ["The network has $L = {} $ layers.", "Let L = {} be the number of layers", "Das Netz hat $L={}$ Schichten."],
)
def test_the_number_of_layers_is_not_the_loss(sentence: str) -> None:
    head, p, _ = drawn(3)
    for number in (1, 2):
        found = verdicts(f"{head}{sentence.format(number)}\n$a^{{(L)}} = {p:.4f}$")
        assert found == ["undecided", "rounded"]
    assert verdicts(f"{head}L = 1")[0] == "wrong"
    assert verdicts(f"{head}The loss of the output layer is L = 1")[0] == "wrong"
