"""Sheets without a header that say their rules in words, or leave them open: nobody right is accused."""

import random

import numpy as np
import pytest

import chainrule as cr
from tests.support.sample import seeds

RIGHT = {"right", "rounded", "truncated"}
OUTPUTS = {
    "sigmoid": ["sigmoid output", "output layer: logistic", "Ausgabe: Sigmoid", "sortie sigmoïde", "salida sigmoide"],
    "identity": ["linear output", "identity output", "lineare Ausgabe", "saída linear", "uscita lineare"],
    "tanh": ["tanh output", "the output is tanh"],
}
HIDDEN = {
    "sigmoid": ["sigmoid hidden", "hidden units logistic", "couche cachée sigmoïde"],
    "tanh": ["tanh hidden", "verdeckte Schicht tanh"],
    "relu": ["ReLU in the hidden layer"],
}
LOSSES = {
    "half_squared_error": [
        "half squared error",
        "L = 1/2 (yhat - y)^2",
        r"$L = \frac{1}{2}(\hat{y} - y)^2$",
        "1/2 MSE",
    ],
    "squared_error": ["L = (yhat - y)^2", "nn.MSELoss()"],
    "binary_cross_entropy": ["binary cross-entropy", "Kreuzentropie", "L = -(y ln(yhat) + (1-y) ln(1-yhat))"],
}


class Drawn:
    """A network of 2-2-1 or of one unit, the lines that give it, its rules in words, and lines with its values."""

    def __init__(self, seed):
        rng = random.Random(seed)
        self.rng, deep = rng, rng.random() < 0.5
        output = rng.choice(list(OUTPUTS))
        loss = rng.choice(list(LOSSES) if output == "sigmoid" else list(LOSSES)[:2])
        hidden = rng.choice(list(HIDDEN))
        W = [[[self.draw(), self.draw()] for _ in range(2)], [[self.draw(), self.draw()]]][not deep :]
        b = [[self.draw() for _ in rows] for rows in W]
        x, y = [abs(self.draw()), abs(self.draw())], rng.choice([0, 1])
        record = cr.Network(W, b, hidden, output, loss).backward(x, [y])
        self.activations = [rng.choice(HIDDEN[hidden])] * deep + [rng.choice(OUTPUTS[output])]
        self.loss = rng.choice(LOSSES[loss])
        if deep:
            given = [
                f"x = {x}",
                f"y = {y}",
                *(f"{n}{i} = {v}" for i in (1, 2) for n, v in (("W", W[i - 1]), ("b", b[i - 1]))),
            ]
        else:
            given = [
                f"x1 = {x[0]}",
                f"x2 = {x[1]}",
                f"y = {y}",
                f"w1 = {W[0][0][0]}",
                f"w2 = {W[0][0][1]}",
                f"b = {b[0][0]}",
            ]
        self.given = rng.choice([", ", "\n", "   "]).join(given)
        names = ["yhat", "L", "dL/dyhat", *(["dL/dW_2", "dL/db_2", "dL/db_1"] if deep else ["dL/da_1", "dL/db_1"])]
        values = {name: record[name] if name[:2] == "dL" or name == "L" else record.forward[name] for name in names}
        self.lines = [f"{name} = {self.number(value)}" for name, value in values.items()]

    def draw(self):
        return self.rng.choice([-1, 1]) * self.rng.randint(1, 9) / 10

    def number(self, value):
        flat = np.ravel(np.asarray(value, float))
        return f"{flat[0]:.4f}" if flat.size == 1 else "[" + ", ".join(f"{one:.4f}" for one in flat) + "]"

    def audited(self, words, lines=None):
        """The marks of the lines below what is given."""
        head = f"{', '.join(words)}\n{self.given}\n\n" if words else f"{self.given}\n\n"
        return cr.audit(head + "\n".join(lines or self.lines) + "\n").lines[-len(self.lines) :]


@pytest.mark.parametrize("seed", seeds(12, 40))
def test_what_is_said_is_right_and_a_slip_is_not(seed):
    sheet = Drawn(seed)
    words = [*sheet.activations, sheet.loss]
    assert {line.verdict for line in sheet.audited(words)} <= RIGHT
    at = sheet.rng.randrange(len(sheet.lines))
    name, _, value = sheet.lines[at].partition(" = ")
    slip = [*sheet.lines]
    slip[at] = f"{name} = {sheet.number(np.asarray(eval(value)) * 2 + 0.0137)}"
    assert sheet.audited(words, slip)[at].verdict not in RIGHT


@pytest.mark.parametrize("left", ["loss", "output", "both"])
@pytest.mark.parametrize("seed", seeds(5, 15))
def test_nobody_right_is_accused_where_rules_are_left_open(seed, left):
    sheet = Drawn(seed)
    words = sheet.activations[: -1 if left != "loss" and len(sheet.activations) > 1 else None]
    found = sheet.audited([*words, *([] if left != "output" else [sheet.loss])])
    assert {line.verdict for line in found} <= RIGHT | {"undecided"}


GIVEN = "x = 2, w = 0.3, b = -0.1, y = 1"


def test_words_are_not_outvoted():
    """Three lines that a squared error would give, in a sheet that says another loss."""
    lines = "yhat = 0.6225\nL = -ln(0.6225) = 0.4740\ndL/dz = -0.0887\ndL/dw = -0.1774\ndL/db = -0.0887\n"
    found = cr.audit(f"Binary cross-entropy, sigmoid. {GIVEN}\n\n{lines}").lines[-5:]
    assert [line.verdict for line in found] == ["rounded", "rounded", "wrong", "follows", "follows"]


def test_the_assumption_that_would_settle_it_is_named():
    head = f"sigmoid, {GIVEN}\n\n"
    found = cr.audit(head + "yhat = 0.6225\nL = 0.0713\ndL/dz = -0.3775\n").lines[-3:]
    assert "undecided" in {line.verdict for line in found}
    assert not {"wrong", "follows"} & {line.verdict for line in found}
    told = next(line.message for line in found if line.verdict == "undecided")
    assert told.startswith("right if the loss is ")
    assert told.endswith(", which the sheet does not say")


def test_a_factor_that_the_loss_as_written_rules_out_is_wrong():
    head = "x = [1, 2], y = 1, sigmoid units, quadratic cost 1/2 (yhat - y)^2\n"
    head += "W1 = [[0.5, 0.2], [-0.3, 0.8]]\nW2 = [0.4, -0.6]\n\n"
    found = cr.audit(head + "yhat = 0.4534\ndL/dyhat = -1.0933\ndL/da_2 = -0.2709\n").lines[-3:]
    assert [line.verdict for line in found] == ["rounded", "wrong", "follows"]


@pytest.mark.parametrize("penalty", ["λ/2 w^2", "0.5 λ w^2", "λ w^2"])
def test_what_a_penalty_touches_is_not_judged(penalty):
    head = f"x = 2, y = 1, w = 0.5, b = 0.1, λ = 0.1, η = 0.1, identity output, L = 1/2 (yhat - y)^2 + {penalty}\n\n"
    lines = "yhat = 1.1\ndL/dyhat = 0.1\ndL/dw = 0.25\ndL/db = 0.1\nw' = 0.475\n"
    found = cr.audit(head + lines).lines[-5:]
    assert [line.verdict for line in found] == ["right", "right", "undecided", "right", "undecided"]


def test_targets_of_classes():
    head = "softmax, W = [[0.2, -0.1], [0.4, 0.3], [-0.5, 0.6]], b = [0.1, 0, -0.1], x = [2, -1], "
    for target in ("t = 1 (class index)", "true class 2 (one-hot y = (0, 1, 0)^T)", "y = [0, 1, 0]", "label 1"):
        found = cr.audit(f"{head}{target}\n\np = [0.499, 0.451, 0.050]\nL = 0.796\n").lines[-2:]
        assert {line.verdict for line in found} <= RIGHT


def test_other_ways_to_give_a_network():
    for text, lines in (
        ("x = [1, 2, 3]\ny = [2, 4, 5]\nw = 0\nb = 0\nlinear, MSE = 1/n Σ (ŷ - y)²", "MSE = 15\ndMSE/dw = -16.6667"),
        ("Theta1 = [0.1 0.3 -0.2; -0.4 0.2 0.5]\nTheta2 = [0.3 -0.6 0.8]\nx = [1; 2], y = 1, sigmoid", "a3 = 0.6346"),
        ("$a^{(0)} = 0.7$, $y = 1$, $w^{(1)} = 0.8$, $b^{(1)} = -0.1$, $w^{(2)} = 1.2$, $b^{(2)} = 0.3$, sigmoid",
         "$a^{(1)} = 0.6130$\n$a^{(2)} = 0.7380$"),
        ("The inputs are i1 = 0.3 and i2 = 0.7, and we want the network to output o1 = 0.2 and o2 = 0.85.\n"
         "w1 = 0.12, w2 = 0.25, w3 = 0.31, w4 = 0.44, w5 = 0.52, w6 = 0.38, w7 = 0.61, w8 = 0.27; b1 = 0.4, b2 = 0.2, "
         "logistic", "out_{h1} = 0.648169\nout_{h2} = 0.690188"),
        ("x = 1, y = 0, w = 0.6, b = 0.9, η = 0.15, sigmoid neuron, quadratic cost",
         "a = 0.8176\nC = 0.3342\nw' = 0.5817"),
        ("x1 = 0.5, x2 = 1, t = 0.9, sigmoid, E = 1/2 (t - y)^2, Lernrate 0.5\nw11 = 0.2, w12 = 0.6, w21 = -0.4, "
         "w22 = 0.1, v1 = 0.7, v2 = -0.3",
         "h_1 = 0.6682\nh_2 = 0.4750\ny = 0.5807\nv_1(neu) = 0.7260\nv2 nuevo = -0.2815"),
    ):  # fmt: skip
        found = cr.audit(f"{text}\n\n{lines}\n").lines[-lines.count("\n") - 1 :]
        assert {line.verdict for line in found} <= RIGHT, text


@pytest.mark.parametrize(
    "form", ["L = 1/2 Σ ({} - {})^2", r"$E = \frac{{1}}{{2}} \sum_i ({}_i - {}_i)^2$", "loss = 0.5*({} - {})²"]
)
@pytest.mark.parametrize(("target", "output"), [("t", "o"), ("y", "p"), ("target", "out"), ("d", "y_hat")])
def test_a_formula_of_the_loss_in_names_that_stand_nowhere_else_is_right(form, target, output):
    given = "x = [0.5, -1]\ny = [1]\nW1 = [[0.1, 0.2], [0.3, -0.4]], b1 = [0.1, 0.2]\nW2 = [[0.5, -0.6]], b2 = [0.3]\n"
    for names in ((target, output), (output, target)):
        said = form.format(*names)
        found = cr.audit(f"{given}Sigmoid everywhere.\n{said}\nz1 = [-0.05, 0.75]\n").lines
        assert [line.verdict for line in found if line.number == 6] == ["right"], said
    other = form.format(target, output).replace("-", "+", 1) if "frac" not in form else form.format("q", "u")
    found = cr.audit(f"{given}Sigmoid, half squared error.\n{other}\nz1 = [-0.05, 0.75]\n").lines
    assert [line.verdict for line in found if line.number == 6] in (["undecided"], ["unreadable"], []), other
