"""Sheets as a stranger pasted them: what is right is accused of nothing, what is wrong passes under no other name."""

import numpy as np
import pytest

import chainrule as cr
from chainrule import Network
from chainrule.auditing.records import ACCEPTED

NEURON = "x = 1, y = 0, w = {w}, b = {b}, η = 0.15\nsigmoid neuron, C = 1/2 (y - out)^2\n\n"
FOUR = """x1 = 0.05, x2 = 0.10, t = 0.5, learning rate 0.5
w1 = 0.15, w2 = 0.20, w3 = 0.25, w4 = 0.30, w5 = 0.40, w6 = 0.45
Sigmoid units, E = 1/2 (t - o)^2, no bias.

h1 = 0.5069
o = 0.6065
dE/dw5 = 0.0129
"""


def verdicts(text):
    return [a.verdict for a in cr.audit(text + "\n").lines]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("stale", ["w", "b", ""])
def test_an_old_weight_in_the_second_pass_is_no_rounding_of_the_new_one(seed, stale):
    w, b = 0.6 - seed / 10, 0.9 - seed / 10
    net = cr.Network([[[w]]], [[b]], output="sigmoid", loss="half_squared_error")
    back = net.backward([1], [0])
    new = net.step(back, learning_rate=0.15)
    W, B, g = new.weights[0].item(), new.biases[0].item(), back["dL/dW_1"].item()
    text = NEURON.format(w=round(w, 1), b=round(b, 1)) + f"z = {w + b:.1f}\nout = {back.forward.yhat.item():.4f}\n"
    text += f"w' = {w:.1f} - 0.15*{g:.4f} = {W:.4f}\nb' = {b:.1f} - 0.15*{g:.4f} = {B:.4f}\n"
    one, other = f"{w:.1f}" if stale == "w" else f"{W:.4f}", f"{b:.1f}" if stale == "b" else f"{B:.4f}"
    *_, last = cr.audit(f"{text}z' = {one} + {other} = {float(one) + float(other):.4f}\n").lines
    assert (last.verdict in ACCEPTED) == (not stale), last.message
    if stale:
        assert last.verdict == "wrong"
        assert f"{one if stale == 'w' else other} stands where" in last.message


@pytest.mark.parametrize(
    "written",
    ["w5 -> w5 {} 0.5*0.0129 = {}", r"$w_5 \to w_5 {} 0.5 \cdot 0.0129 = {}$",
     r"$w_5 \rightarrow w_5 {} 0.5 \cdot 0.0129 = {}$", "w5 → w5 {} 0.5·0.0129 = {}",
     "- **w5**: 0.40 {} 0.5 × 0.0129 = {}", "w5: 0.4 {} 0.5*0.0129 = {}", "w5 new\tw5 {} 0.5*dE/dw5\t{}",
     "| w5 new | w5 {} 0.5*dE/dw5 | {} |"],
)  # fmt: skip
def test_a_step_up_the_gradient_is_wrong_however_its_name_is_written(written):
    assert verdicts(FOUR + "\n" + written.format("-", "0.3936"))[-1] in ACCEPTED
    assert verdicts(FOUR + "\n" + written.format("+", "0.4065"))[-1] == "wrong"


@pytest.mark.parametrize("written", ["w5 = 0.4 → {}", "w5: 0.4 -> {}"])
def test_from_the_old_value_to_the_new_one(written):
    assert verdicts(FOUR + "\n" + written.format("0.3936"))[-1] in ACCEPTED
    assert verdicts(FOUR + "\n" + written.format("0.4065"))[-1] not in ACCEPTED


def test_a_row_that_names_its_unit_by_a_number_is_undecided():
    table = "| Unit, j | Err_j |\n|---|---|\n| 5 | 0.6065*(1 - 0.6065)*(0.5 - 0.6065) = -0.0254 |\n"
    assert verdicts(FOUR + "\n" + table)[-1] == "undecided"


def test_fractions_in_arrays_are_numbers():
    head = "x = [1, 2], y = 1, relu, linear output, L = 1/2 (ŷ - y)^2\nW1 = [[1/2, -1/4], [1/3, 1/6]]\nW2 = [1, 3]\n\n"
    assert set(verdicts(head + "h = [0, 2/3]\nŷ = 2\ndL/dŷ = 1")) <= {*ACCEPTED}
    assert verdicts(head + "ŷ = 2\nh = [0, 1/3]")[-1] not in ACCEPTED


@pytest.mark.parametrize("written", [r"\varphi", r"\phi"])
def test_phi_is_the_activation(written):
    head = "x_1 = 0.35, x_2 = 0.9, t = 0.5\nlogistic units, E = 1/2 (t-y)^2\n"
    head += "w_11 = 0.1, w_12 = 0.8, w_21 = 0.4, w_22 = 0.6, v_1 = 0.3, v_2 = 0.9\n\n"
    head += "$net_1 = w_11 x_1 + w_12 x_2 = 0.755$\n$net_2 = w_21 x_1 + w_22 x_2 = 0.680$\n"
    lines = f"$o_1 = {written}(net_1) = 0.680$\n$o_2 = {written}(net_2) = 0.664$\n"
    assert set(verdicts(head + lines)[-4:]) <= {*ACCEPTED}
    right, wrong = (f"$y = {written}(v_1 o_1 + v_2 o_2) = {written}(0.802) = {y}$" for y in ("0.690", "0.590"))
    assert verdicts(head + lines + right)[-1] in ACCEPTED
    assert verdicts(head + lines + wrong)[-1] not in ACCEPTED


def test_a_name_put_together_of_others_is_a_name():
    head = "x1 = 1.5\nx2 = -0.5\nw1 = -2.0\nw2 = 1.0\nb = 4.2\na single tanh neuron, o = tanh(x1*w1 + x2*w2 + b)\n\n"
    lines = "x1w1 = x1*w1 = -3.0\nx2w2 = x2*w2 = -0.5\nx1w1x2w2 = x1w1 + x2w2 = -3.5\nn = x1w1x2w2 + b = 0.7\n"
    assert not {"wrong", "follows", "unreadable"} & set(verdicts(head + lines))


@pytest.mark.parametrize(
    "line",
    ["h1' = h1 (1 - h1) = 0.2500", "o' = o(1-o) = 0.2387", "sigmoid'(o) = o(1-o) = 0.2387",
     "(E(w5+h) - E(w5-h)) / 2h = 0.0129"],
)  # fmt: skip
def test_what_may_mean_a_derivative_is_not_accused(line):
    assert verdicts(FOUR + line)[-1] in (*ACCEPTED, "undecided")


def test_a_formula_that_nothing_explains_before_a_right_number_is_undecided():
    head = "x = 0.8\nt = 2\nw1 = 0.5\nb1 = 0.1\nw2 = 1.5\nb2 = -0.2\ntanh hidden, linear output, E = 1/2 (y-t)^2\n\n"
    lines = "z = w1*x + b1 = 0.5\nh = tanh z = 0.4621\ny = w2*h + b2 = 0.4932\ndh/dz = 1-h^2 = 0.7865\n"
    assert not {"wrong", "follows"} & set(verdicts(head + lines))


@pytest.mark.parametrize("lost", [3, 4])
def test_one_lost_sign_does_not_turn_those_of_all_errors(lost):
    head = "x_1 = 1, x_2 = -1, α = 1, y_5 = 1, sigmoid units, loss 1/2 (y - a)^2\n"
    head += "w_13 = 0.2, w_14 = -0.4, w_23 = 0.7, w_24 = 0.1, w_35 = 0.5, w_45 = -0.6\n\n"
    forward = "in_3 = w_13 x_1 + w_23 x_2 = -0.5000\nin_4 = -0.5000\na_3 = 0.3775\na_4 = 0.3775\nin_5 = -0.0378\n"
    forward += "a_5 = 0.4906\nΔ_5 = a_5 (1 - a_5)(y_5 - a_5) = 0.1273\n"
    value = {3: "0.0150", 4: "-0.0180"}
    value[lost] = value[lost].removeprefix("-") if lost == 4 else f"-{value[lost]}"
    errors = f"Δ_3 = a_3 (1 - a_3) w_35 Δ_5 = {value[3]}\nΔ_4 = a_4 (1 - a_4) w_45 Δ_5 = {value[4]}\n"
    found = verdicts(head + forward + errors + "w_35 ← w_35 + α a_3 Δ_5 = 0.5481")
    assert found[-3 if lost == 3 else -2] == "wrong"
    assert sum(verdict not in ACCEPTED for verdict in found) == 1, found


def test_the_rest_of_a_sum_that_is_0_lies_on_the_kink():
    head = "+++\nhidden = 'relu'\noutput = 'identity'\nloss = 'half_squared_error'\nx = [1, 2]\ny = [1]\n"
    head += "[[layer]]\nW = [[0.5, -0.3], [0.2, 0.4]]\nb = [0.1, 0]\n[[layer]]\nW = [[0.7, -0.5]]\n+++\n"
    assert verdicts(head + "dL/db_1 = [0.0000, 0.7500]\ndL/da_11 = 0")[0] in ACCEPTED
    assert verdicts(head + "dL/db_1 = [-1.0500, 0.7500]")[0] == "wrong"


def test_an_array_with_some_entries_one_off_is_not_accused():
    head = "+++\noutput = 'identity'\nloss = 'half_squared_error'\nx = [1, 2]\ny = [0, 0, 0]\n"
    head += "[[layer]]\nW = [[0.1, 0.25], [0.3, 0.1], [0.5, 0.2]]\n+++\n"
    assert verdicts(head + "dL/dW_1 = [[0.600, 1.201], [0.500, 1.001], [0.900, 1.800]]")[0] != "wrong"
    assert verdicts(head + "dL/dW_1 = [[0.600, 1.210], [0.500, 1.000], [0.900, 1.800]]")[0] == "wrong"


def test_a_sentence_ends_at_its_full_stop():
    head = "x = 3, w1 = 0.5, b1 = -1, w2 = 2, b2 = 0.25, y = 2, relu, linear output, loss 1/2 (yhat - y)^2\n\n"
    told = "The hidden neuron gives h1 = 0.5. The prediction is yhat = 1.25 and the loss L = 0.28125.\n"
    told += "The gradient of w2 is dL/dw2 = -0.375 and that of b2 is dL/db2 = {}.\n"
    told += "Since z1 > 0, dL/dz1 = -1.5. Thus dL/dw1 = -1.5 * 3 = -4.5.\n"
    assert set(verdicts(head + told.format("-0.75"))) <= {*ACCEPTED}
    assert sum(verdict not in ACCEPTED for verdict in verdicts(head + told.format("-0.95"))) == 1


@pytest.mark.parametrize("square", [True, False])
def test_two_vectors_make_the_matrix_that_an_update_needs(square):
    """Where both are as long, their product is one number as it stands: nobody is accused of that."""
    rng = np.random.default_rng(square)
    network = Network(
        [rng.integers(1, 9, (2, 2 if square else 3)) / 10, rng.integers(1, 9, (1, 2)) / 10], None, "sigmoid", "sigmoid",
        "half_squared_error",
    )  # fmt: skip
    x = rng.integers(1, 5, network.sizes[0]).astype(float)
    b = network.backward(x, [1])
    new = (network.weights[0] - 0.5 * b["dL/dW_1"]).round(6).tolist()
    header = f"""+++
x = {x.tolist()}
y = [1]
learning_rate = 0.5
hidden = "sigmoid"
output = "sigmoid"
loss = "half_squared_error"
[[layer]]
W = {network.weights[0].tolist()}
[[layer]]
W = {network.weights[1].tolist()}
+++
"""
    step = f"W_1' = W_1 - eta delta_1 x = {new}\n"
    assert cr.audit(header + step).lines[0].verdict in ACCEPTED
    wrong = cr.audit(header + step.replace("- eta", "+ eta")).lines[0]
    assert wrong.verdict in ("wrong", "undecided")
