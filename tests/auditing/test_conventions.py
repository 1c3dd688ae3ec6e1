"""Conventions of a sheet: those that it holds throughout are reported, and accuse nobody."""

import math

import numpy as np
import pytest

import chainrule
from chainrule.auditing.audit import audit_text
from chainrule.auditing.records import ACCEPTED
from chainrule.teaching.author import header
from tests.auditing.test_audit import HEADER


def conventions(*lines, head=HEADER):
    audit = audit_text(head + "\n".join(lines))
    assert all(a.verdict in ACCEPTED for a in audit.lines), [(a.text, a.verdict) for a in audit.lines]
    return {c.id for c in audit.conventions}


def test_conventions_held_throughout_are_reported_and_accuse_nobody():
    assert conventions("L = 0.6358", "dL/dyhat = [-0.8651, 1.3397]", "dL/da_2 = [-0.2123, 0.2963]") == {"no_half"}
    assert conventions(
        "δ^2 = [0.1062, -0.1481]", "dL/dW_2 = [[-0.0733, -0.0661], [0.1022, 0.0922]]", "b_21' = 0.3531"
    ) == {"minus_delta"}
    assert conventions("h_1 = [[0.690, 0.622]]", "a_1 = x*W_1 + b_1") == {"row_vectors"}


def test_one_line_alone_is_no_convention_but_a_doubt():
    audit = audit_text(HEADER + "dL/dyhat = [-0.8651, 1.3397]")
    assert audit.lines[0].verdict == "undecided"
    assert audit.lines[0].mistakes == ("factor_2",)
    assert "no 1/2" in audit.lines[0].message


@pytest.mark.parametrize(
    ("loss", "id", "factor"),
    [
        ("half_squared_error", "no_half", 2), ("half_squared_error", "mean_outputs", 1 / 3),
        ("half_squared_error", "no_half_mean_outputs", 2 / 3), ("squared_error", "half", 1 / 2),
        ("squared_error", "half_mean_outputs", 1 / 6), ("mean_squared_error", "sum_outputs", 3),
        ("mean_squared_error", "half_sum_outputs", 3 / 2), ("cross_entropy", "log_base_10", 1 / math.log(10)),
        ("cross_entropy", "log_base_2", 1 / math.log(2)),
    ],
)  # fmt: skip
def test_a_loss_of_another_scale_has_its_gradients_in_that_scale(loss, id, factor):
    net = chainrule.Network.random([2, 2, 3], "tanh", "softmax", loss, seed=3)
    b = net.backward([0.5, -1.0], [0, 1, 0])
    lines = [f"{name} = {np.round(factor * b[name], 6).tolist()}" for name in ("L", "dL/da_2", "dL/da_1")]
    assert conventions(*lines, head=header(net, [0.5, -1.0], [0, 1, 0]) + "\n") == {id}


@pytest.mark.parametrize(("reduction", "id", "factor"), [("mean", "sum_batch", 5), ("sum", "mean_batch", 1 / 5)])
def test_a_batch_of_the_other_reduction(reduction, id, factor):
    net = chainrule.Network.random([2, 2, 2], "tanh", "softmax", "cross_entropy", seed=3, reduction=reduction)
    x, y = [[0.5, -1.0], [0.3, 0.2], [1.0, 2.0], [-1.0, 0.1], [0.0, 1.0]], [[0, 1], [1, 0], [1, 0], [0, 1], [0, 1]]
    b = net.backward(x, y)
    lines = [f"{name} = {np.round(factor * b[name], 6).tolist()}" for name in ("L", "dL/db_2")]
    assert conventions(*lines, head=header(net, x, y) + "\n") == {id}


def test_digits_are_cut_throughout_or_once():
    """One line alone may be a slip."""
    assert conventions("h_1 = [0.689, 0.622]", "yhat = [0.567, 0.669]") == {"truncates"}
    assert conventions("h_1 = [0.689, 0.622]", "yhat = [0.567, 0.670]") == set()
