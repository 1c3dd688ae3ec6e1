"""Right sheets in notations that were read wrongly: nobody is accused, and a mistake in them is still found."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

import chainrule as cr
from tests.support.sample import seeds

BAD = ("wrong", "follows")


def verdicts(text: str) -> list[tuple[str, str, str]]:
    """(subject, verdict, message) of each line."""
    return [(line.name, line.verdict, line.message) for line in cr.audit(text).lines]


def accused(text: str) -> list[tuple[str, str, str]]:
    return [one for one in verdicts(text) if one[1] in BAD]


def right(text: str) -> int:
    return sum(verdict in ("right", "rounded") for _, verdict, _ in verdicts(text))


def number(draw: random.Random, least: float = 0.1) -> float:
    return round(draw.choice((-1, 1)) * draw.uniform(least, 0.95), 2)


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


# ---------------------------------------------------------------- names of weights


def letters(hidden: int, draw: random.Random, off: float = 0.0) -> str:
    """One input, w and b of the hidden units, v and c of the output; ``off`` is added to the last hidden value."""
    x, c = number(draw), number(draw)
    w, b, v = ([number(draw) for _ in range(hidden)] for _ in range(3))
    z = [round(w[i] * x + b[i], 4) for i in range(hidden)]
    h = [round(math.tanh(one), 4) for one in z]
    out = sum(v[i] * h[i] for i in range(hidden)) + c
    given = [f"x = {x}", "y = 1", *(f"w{i + 1} = {w[i]}, b{i + 1} = {b[i]}" for i in range(hidden))]
    given += [*(f"v{i + 1} = {v[i]}" for i in range(hidden)), f"c = {c}"]
    lines = [f"z{i + 1} = {w[i]}*{x} + {b[i]} = {z[i]:.4f}" for i in range(hidden)]
    lines += [f"h{i + 1} = {h[i] + off * (i == hidden - 1):.4f}" for i in range(hidden)]
    lines += ["ŷ = " + " + ".join(f"({v[i]})*({h[i]:.4f})" for i in range(hidden)) + f" + {c} = {out:.4f}"]
    return ", ".join(given) + ". Tanh hidden units, a linear output.\n\n" + "\n".join(lines)


def layers_above(inputs: int, hidden: int, draw: random.Random, off: float = 0.0) -> str:
    """w^{[1]}_{11} … and w^{[2]}_1 … into the one output."""
    x = [number(draw) for _ in range(inputs)]
    W = [[number(draw) for _ in range(inputs)] for _ in range(hidden)]
    v, b = [number(draw) for _ in range(hidden)], [number(draw) for _ in range(hidden)]
    z = [sum(W[i][j] * x[j] for j in range(inputs)) + b[i] for i in range(hidden)]
    h = [math.tanh(one) for one in z]
    out = sum(v[i] * h[i] for i in range(hidden)) + 0.2
    single = inputs == 1
    given = [f"$x_{j + 1} = {x[j]}$" for j in range(inputs)] + ["$y = 0$"]
    given += [
        f"$w^{{[1]}}_{{{i + 1}{'' if single else j + 1}}} = {W[i][j]}$" for i in range(hidden) for j in range(inputs)
    ]
    given += [f"$b^{{[1]}}_{i + 1} = {b[i]}$" for i in range(hidden)]
    given += [*(f"$w^{{[2]}}_{{{i + 1}}} = {v[i]}$" for i in range(hidden)), "$b^{[2]} = 0.2$"]
    lines = []
    for i in range(hidden):
        lines += [f"$z^{{[1]}}_{i + 1} = {z[i]:.4f}$", f"$a^{{[1]}}_{i + 1} = {h[i] + off * (i == 0):.4f}$"]
    lines += [f"$z^{{[2]}} = {out:.4f}$", f"$a^{{[2]}} = {sigmoid(out):.4f}$"]
    return ", ".join(given) + "; tanh in the hidden layer, a sigmoid output.\n\n" + "\n\n".join(lines)


def third_row(draw: random.Random, off: float = 0.0) -> str:
    """w_ij from input i to hidden unit j, w_31 and w_32 into the output."""
    x = [number(draw), number(draw)]
    w = [[number(draw), number(draw)] for _ in range(3)]
    z = [w[0][j] * x[0] + w[1][j] * x[1] for j in range(2)]
    h = [sigmoid(one) for one in z]
    out = w[2][0] * h[0] + w[2][1] * h[1]
    given = [f"x_1 = {x[0]}, x_2 = {x[1]}, target y = 1, no biases, sigmoid units, L = 1/2 (y - yhat)^2", ""]
    given += [", ".join(f"w_{i + 1}{j + 1} = {w[i][j]}" for i in range(3) for j in range(2)), ""]
    lines = [f"z_{j + 1} = w_1{j + 1} x_1 + w_2{j + 1} x_2 = {z[j]:.4f}" for j in range(2)]
    lines += [f"h_{j + 1} = {h[j] + off * (j == 0):.4f}" for j in range(2)]
    lines += [f"z_o = w_31 h_1 + w_32 h_2 = {out:.4f}", f"yhat = {sigmoid(out):.4f}"]
    return "\n".join([*given, *lines])


SHEETS: dict[str, Callable[[random.Random, float], str]] = {
    "one hidden": lambda draw, off: letters(1, draw, off),
    "two hidden": lambda draw, off: letters(2, draw, off),
    "three hidden": lambda draw, off: letters(3, draw, off),
    "above 1-2-1": lambda draw, off: layers_above(1, 2, draw, off),
    "above 2-2-1": lambda draw, off: layers_above(2, 2, draw, off),
    "above 2-3-1": lambda draw, off: layers_above(2, 3, draw, off),
    "third row": third_row,
}


@pytest.mark.parametrize("kind", SHEETS)
@pytest.mark.parametrize("seed", seeds(1))
def test_a_right_sheet_is_right(kind: str, seed: int) -> None:
    text = SHEETS[kind](random.Random(seed), 0.0)
    assert accused(text) == []
    assert right(text) >= 3


@pytest.mark.parametrize("kind", [kind for kind in SHEETS if kind != "one hidden"])
def test_a_wrong_activation_is_still_found(kind: str) -> None:
    found = [one for one in verdicts(SHEETS[kind](random.Random(7), 0.2)) if one[1] == "wrong"]
    assert len(found) == 1
    assert found[0][0].startswith(("h", "a"))


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize("seed", seeds(1))
def test_swish_by_its_name_and_formula(seed: int) -> None:
    draw = random.Random(seed)
    x, w, b, v = (number(draw) for _ in range(4))
    z = w * x + b
    s = sigmoid(z)
    text = f"""Swish hidden units, f(z) = z·σ(z). Linear output, L = (ŷ − y)².

x = {x}, y = 1; w1 = {w}, b1 = {b}, w2 = {v}, b2 = 0

z1 = {z:.4f}
h1 = ({z:.4f})·σ({z:.4f}) = {z * s:.4f}
ŷ = {v * z * s:.4f}
f'(z1) = {s + z * s * (1 - s):.4f}"""
    assert accused(text) == []
    assert right(text) >= 4


def test_an_activation_by_another_formula_is_not_judged() -> None:
    text = """Hidden units f(z) = z^2, a linear output, L = (ŷ − y)².

x = 0.7, y = 1; w1 = 0.5, b1 = 0.1, w2 = 0.8, b2 = 0

z1 = 0.45
h1 = 0.2025
ŷ = 0.162"""
    assert accused(text) == []


@pytest.mark.parametrize(
    "words",
    [
        "một nơ-ron ẩn sigmoid và đầu ra tuyến tính",
        "один скрытый нейрон, сигмоида, и линейный выход",
        "隐藏层用 Sigmoid，输出层为线性",
        "隠れ層は sigmoid、出力層は線形",
        "은닉층 sigmoid, 선형 출력",
        "sigmoid in a language that is not known",
    ],
)
def test_a_linear_output_in_other_words(words: str) -> None:
    text = f"""{words}, $L = (y - t)^2$, $x = 1$, target $t = 0$, $W_1 = 1.0$, $b_1 = 0$, $W_2 = 2.0$, $b_2 = 0$.

- $z_1 = 1$
- $a_1 = \\sigma(1) = 0.7311$
- $z_2 = 2 \\cdot 0.7311 + 0 = 1.4621$
- $y = 1.4621$
- $L = (1.4621 - 0)^2 = 2.1378$
- $\\frac{{\\partial L}}{{\\partial W_1}} = 2.9242 \\cdot 2 \\cdot 0.1966 \\cdot 1 = 1.1498$"""
    assert accused(text) == []


GIVEN = "x = 0.7, y = 1, w1 = 0.5, b1 = 0.1, w2 = 0.8, b2 = 0. Tanh hidden unit, linear output, L = (ŷ − y)^2\n\n"
PASS = "z1 = 0.45\nh1 = 0.4219\nŷ = 0.3375\ndL/dŷ = -1.325\n"


@pytest.mark.parametrize("tail", [
    "",
    "\nUpdate of any parameter: ŷ ← ŷ - η dL/dŷ\n",
    "\n```\nx=0.7 --w1=0.5--> z1=0.45 --tanh--> h1=0.4219 --w2=0.8--> ŷ=0.3375\n```\n",
    "\n$$\n\\frac{dL}{dw_2}\n= \\underbrace{\\frac{dL}{dŷ}}_{2(ŷ-y)}\n  \\underbrace{h_1}_{\\tanh z_1}\n"
    "= -1.325 \\cdot 0.4219 = -0.5590\n$$\n",
])  # fmt: skip
def test_what_claims_nothing_is_not_accused(tail: str) -> None:
    assert accused(GIVEN + PASS + tail) == []


@pytest.mark.parametrize("target", [3, 0.5, -2])
def test_a_new_target(target: float) -> None:
    slope = 2 * (1.5 - target)
    text = f"""Loss $L = (y - t)^2$, $x = [2, -1]^T$, $t = 1$. Two ReLU hidden units, linear output, no offsets.

$W^1 = [[1, -1], [2, 5]]$, $W^2 = [[0.5, 0.5]]$

$y = 0.5 \\cdot 3 + 0.5 \\cdot 0 = 1.5$

$L = (1.5 - 1)^2 = 0.25$

Now let $t = {target}$:

$L = {(1.5 - target) ** 2:.4f}$

$\\frac{{\\partial L}}{{\\partial y}} = 2(y - t) = {slope}$"""
    assert accused(text) == []


# ---------------------------------------------------------------- behind a mistake, and where little bears a sheet out


@pytest.mark.parametrize("seed", seeds(2))
def test_the_right_number_behind_a_lost_sign(seed: int) -> None:
    draw = random.Random(seed)
    w = [round(draw.uniform(0.2, 0.9), 1) for _ in range(6)]
    h = [sigmoid(w[0]), sigmoid(w[1])]
    products = [round(w[2 + i] * round(h[i], 4), 4) for i in range(2)]
    out = sum(products) + 0.1
    text = f"""x = 1, y = 0, w1 = {w[0]}, w2 = {w[1]}, w3 = {w[2]}, w4 = {w[3]}, b1 = 0, b2 = 0, b3 = 0.1
Sigmoid units, L = 1/2 (ŷ - y)^2

z1 = {w[0]}
z2 = {w[1]}
h1 = -{h[0]:.4f}
h2 = {h[1]:.4f}
z3 = {w[2]}*{h[0]:.4f} + {w[3]}*{h[1]:.4f} + 0.1 = {out:.4f}"""
    assert [name for name, verdict, _ in verdicts(text) if verdict in BAD] == ["h1"]


def test_a_second_pass_of_which_the_new_weights_cannot_be_read() -> None:
    text = """x = 2, y = 1, w1 = 0.11, w2 = 0.14, no activation function, no biases, L = 1/2 (ŷ - y)^2

h1 = 2*0.11 = 0.22
ŷ = 0.22*0.14 = 0.0308

The new weights come out of a table that is not shown here. With them:

h1 = 2*0.1213 = 0.2426
ŷ = 0.0412"""
    assert accused(text) == []


def test_a_sheet_whose_reading_nothing_bears_out_accuses_nobody() -> None:
    """The weights are numbered from the output backwards, which no way to read them has."""
    text = """x_1 = 0.5, x_2 = 0.3, y = 1, sigmoid units, L = 1/2 (y - ŷ)^2, no biases
w_6 = 0.2, w_5 = 0.4, w_4 = 0.1, w_3 = 0.3, w_2 = 0.6, w_1 = 0.5

z_1 = 0.2*0.5 + 0.4*0.3 = 0.22
z_2 = 0.1*0.5 + 0.3*0.3 = 0.14
h_1 = 0.5548
h_2 = 0.5349
z_3 = 0.6*0.5548 + 0.5*0.5349 = 0.6003"""
    assert accused(text) == []
