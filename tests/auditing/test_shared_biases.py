"""One bias for all units of a layer, in drawn networks: its derivative is the sum, and so is its update."""

import numpy as np
import pytest

from chainrule.auditing.audit import audit_text
from chainrule.network.network import Network
from tests.support import headers

SEEDS = [seed for seed in range(14) if len(headers.drawn(seed)[0].weights[0]) > 1]


def sheet(seed, bias, lines):
    """A header whose first layer has the bias 0.35, one number or a list; then lines."""
    network, x, y, rate = headers.drawn(seed)
    text = headers.settings(network, x, y, rate)
    for i, (W, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        text += f"[[layer]]\nW = {W.tolist()}\nb = {bias if i == 0 else b.tolist()}\n"
    return f"+++\n{text}+++\n{lines}"


def derivatives(seed):
    """The derivatives by the pre-activations of layer 1, the learning rate, and the network after one update."""
    network, x, y, rate = headers.drawn(seed)
    units = len(network.weights[0])
    biases = [np.full(units, 0.35), *network.biases[1:]]
    given = Network(network.weights, biases, network.hidden, network.output, network.loss)
    b = given.backward(x, y)
    moved = given.step(b, rate)
    shared = [np.full(units, 0.35 - rate * b["dL/da_1"].sum()), *moved.biases[1:]]
    after = Network(moved.weights, shared, network.hidden, network.output, network.loss)
    return b["dL/da_1"], rate, after.forward(x).yhat.ravel()


def verdicts(text):
    return [line.verdict for line in audit_text(text).lines]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bias", ["one number", "a list"])
def test_the_sum_is_right_and_another_number_is_not(seed, bias):
    each, rate, yhat = derivatives(seed)
    given = 0.35 if bias == "one number" else [0.35] * len(each)
    names = " + ".join(f"dL/da_1{m}" for m in range(1, len(each) + 1))
    lines = f"dL/db_1 = {' + '.join(f'({one:.6f})' for one in each)} = {each.sum():.6f}\n"
    lines += f"dL/db_1 = {names} = {each.sum():.6f}\n"
    lines += f"b_1' = 0.35 - {rate}*({each.sum():.6f}) = {0.35 - rate * each.sum():.6f}\n"
    lines += f"yhat' = [{', '.join(f'{one:.6f}' for one in yhat)}]\n"
    assert set(verdicts(sheet(seed, given, lines))) <= {"right", "rounded"}
    off = each.sum() + 0.3
    assert verdicts(sheet(seed, given, f"dL/db_1 = {off:.6f}\n")) == ["wrong"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("bias", ["one number", "a list"])
def test_a_number_for_each_unit_is_right_too(seed, bias):
    each, rate, _ = derivatives(seed)
    given = 0.35 if bias == "one number" else [0.35] * len(each)
    lines = f"dL/db_1 = dL/da_1 = [{', '.join(f'{one:.6f}' for one in each)}]\n"
    lines += f"dL/db_11 = {each[0]:.6f}\nb_1' = [{', '.join(f'{0.35 - rate * one:.6f}' for one in each)}]\n"
    assert set(verdicts(sheet(seed, given, lines))) <= {"right", "rounded"}


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_new_weights_say_nothing_of_a_bias_that_the_header_has_as_one_number(seed):
    network, x, y, rate = headers.drawn(seed)
    _, rate, yhat = derivatives(seed)
    given = Network(network.weights, [np.full(len(network.weights[0]), 0.35), *network.biases[1:]], network.hidden,
                    network.output, network.loss)  # fmt: skip
    new = given.weights[0] - rate * given.backward(x, y)["dL/dW_1"]
    lines = f"W_1' = {new.round(6).tolist()}\nyhat' = [{', '.join(f'{one:.6f}' for one in yhat)}]\n"
    assert set(verdicts(sheet(seed, 0.35, lines))) <= {"right", "rounded"}


def test_the_report_says_it():
    each, *_ = derivatives(SEEDS[0])
    told = audit_text(sheet(SEEDS[0], 0.35, f"dL/db_1 = {each.sum():.6f}\n")).notes
    assert told[-1] == "the units of layer 1 have one bias between them: its derivative is the sum"
    assert not audit_text(sheet(SEEDS[0], [0.35] * len(each), "dL/db_11 = 1\n")).notes
