"""What a message says: two numbers that differ as printed, each mistake once, and what would decide would decide."""

import ast
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule import Network
from tests.support.sample import draws
from tests.support.small_sheets import NAMES, SmallSheet

DUE = re.compile(r"should be (\[[^a-z;]*\]|-?[0-9.]+(?:e-?[0-9]+)?)(?=;|$)")
IS_NOT = re.compile(r" is (\[[^a-z;]*\]|-?[0-9.e-]+), not (\[[^a-z;]*\]|-?[0-9.e-]+)(?=;|$)")


@draws(12)
@given(st.integers(0, 9999), st.sampled_from(NAMES), st.integers(2, 6), st.floats(0.6, 40), st.booleans())
def test_what_should_be_differs_from_what_is_written(seed, name, decimals, units, turned):
    sheet = SmallSheet(seed)
    right = sheet.value(name)
    wrong = np.array(right)
    wrong[(0,) * wrong.ndim] += units * 10.0**-decimals
    wrong = np.round(wrong.T if turned else wrong, decimals)
    audit = cr.audit(f"{sheet.header}{name} = {wrong.tolist()}\n")
    for line in audit.lines:
        for due in DUE.findall(line.message):
            told = np.asarray(ast.literal_eval(due), dtype=float)
            if told.shape == wrong.shape:
                assert (told != wrong).any(), line.message
        if line.verdict == "wrong":
            assert line.message


@draws(9)
@given(st.floats(0.01, 3), st.floats(0.01, 3), st.integers(1, 5), st.floats(0.6, 90))
def test_what_arithmetic_gives_differs_from_what_is_written(one, other, decimals, units):
    one, other = round(one, 3), round(other, 3)
    written = round(one * other + units * 10.0**-decimals, decimals)
    sheet = SmallSheet(2)
    (line,) = cr.audit(f"{sheet.header}{one} * {other} = {written:.{decimals}f}\n").lines
    for is_so, not_so in IS_NOT.findall(line.message):
        assert float(is_so) != float(not_so), line.message


def test_a_long_vector_shows_the_entry_that_is_off():
    sheet = Network.random([3, 10, 1], hidden=["sigmoid"], output="sigmoid", loss="half_squared_error", seed=3)
    h = np.round(np.asarray(sheet.forward([0.1, 0.2, 0.3])["h_1"]), 4)
    header = 'hidden = "sigmoid"\noutput = "sigmoid"\nloss = "half_squared_error"\nx = [0.1, 0.2, 0.3]\ny = [1]\n'
    layers = "".join(
        f"[[layer]]\nW = {np.asarray(W).tolist()}\nb = {np.asarray(b).tolist()}\n"
        for W, b in zip(sheet.weights, sheet.biases, strict=True)
    )
    h[8] += 0.0004
    (line,) = cr.audit(f"+++\n{header}{layers}+++\nh_1 = {h.tolist()}\n").lines
    assert line.verdict == "wrong"
    assert "at entry 9, not " in line.message


TWO = """+++
hidden = "sigmoid"
output = "{output}"
loss = "{loss}"
x = [0.05, 0.1]
y = {y}
[[layer]]
W = [[0.15, 0.2], [0.25, 0.3]]
b = [0.35, 0.35]
[[layer]]
W = [[0.4, 0.45], [0.5, 0.55]]
b = [0.6, 0.6]
+++
"""


@pytest.mark.parametrize(
    ("output", "loss", "y"),
    [("sigmoid", "half_squared_error", [0.01, 0.99]), ("sigmoid", "binary_cross_entropy", [0, 1]),
     ("softmax", "cross_entropy", [1, 0]), ("sigmoid", "squared_error", [0.2, 0.7])],
)  # fmt: skip
def test_targets_in_each_others_place_are_said(output, loss, y):
    network = Network([[[0.15, 0.2], [0.25, 0.3]], [[0.4, 0.45], [0.5, 0.55]]], [[0.35, 0.35], [0.6, 0.6]],
                      "sigmoid", output, loss)  # fmt: skip
    b = network.backward([0.05, 0.1], np.array(y[::-1], dtype=float))
    for name in ("L", "dL/da_2", "dL/dyhat", "dL/dW_2"):
        value = np.round(np.asarray(b[name], dtype=float), 5).tolist()
        (line,) = cr.audit(TWO.format(output=output, loss=loss, y=y) + f"{name} = {value}\n").lines
        assert line.message.endswith("probably the targets y_1 and y_2 stand in each other's place")


def test_a_mistake_is_named_once():
    for seed in range(6):
        sheet = SmallSheet(seed)
        for name in ("a_2", "yhat", "L", "dL/da_1"):
            audit = cr.audit(sheet.header + sheet.filled(f"{name} = <<{name}!>>\n", 1))
            for line in audit.lines:
                told = line.message.partition("several mistakes give this number: ")[2].partition("; ")[0]
                several = re.split("; or ", line.message.partition("several mistakes give this number: ")[2])
                assert len(set(several)) == len(several), told
