"""A wrong number that its author did not go on with: the lines after it that give the right number are right."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

import chainrule as cr
from tests.support.sample import seeds

BAD = ("wrong", "follows")


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def sheet(draw: random.Random, digits: int, deltas: bool) -> tuple[list[str], dict[int, tuple[str, str]]]:
    """The lines of a 2-2-1 network worked out in rounded numbers, and each (text, number) that may be miswritten.

    Args:
        deltas: the derivatives are the author's own δ = -dL/dz, as in many courses.
    """

    def r(value: float) -> float:
        return round(value, digits)

    def s(value: float) -> str:
        return f"{value:.{digits}f}"

    x = [round(draw.uniform(0.3, 0.9), 2) for _ in range(2)]
    w = [round(draw.uniform(0.2, 0.9), 2) for _ in range(6)]
    b1, b2, y = 0.35, 0.6, 0.05
    head = [f"Inputs $x_1 = {x[0]}$, $x_2 = {x[1]}$, target $t = {y}$, learning rate $\\eta = 0.5$, sigmoid units,"]
    head += ["squared error E = 1/2 (t - o)^2."]
    head += ["Weights: " + ", ".join(f"$w_{i + 1} = {one}$" for i, one in enumerate(w))]
    head += [f"Biases: $b_1 = {b1}$ (hidden), $b_2 = {b2}$ (output)", ""]
    lines: list[tuple[str, float]] = []
    out = []
    for i in (0, 1):
        u, v = w[2 * i], w[2 * i + 1]
        z = r(x[0] * u + x[1] * v + b1)
        out.append(r(sigmoid(z)))
        work = f"w_{2 * i + 1} x_1 + w_{2 * i + 2} x_2 + b_1 = {u} * {x[0]} + {v} * {x[1]} + {b1}"
        lines += [(f"net_{{h{i + 1}}} = {work} = {{}}", z), (f"out_{{h{i + 1}}} = σ({s(z)}) = {{}}", out[i])]
    z = r(w[4] * out[0] + w[5] * out[1] + b2)
    o = r(sigmoid(z))
    work = f"w_5 out_{{h1}} + w_6 out_{{h2}} + b_2 = {w[4]} * {s(out[0])} + {w[5]} * {s(out[1])} + {b2}"
    lines += [(f"net_{{o1}} = {work} = {{}}", z), (f"out_{{o1}} = σ({s(z)}) = {{}}", o)]
    lines += [(f"E = 1/2 (t - out_{{o1}})^2 = 1/2 * ({y} - {s(o)})^2 = {{}}", r((y - o) ** 2 / 2))]
    if deltas:
        d = r((y - o) * o * (1 - o))
        formula, name, down = "(t - out_{o1}) out_{o1} (1 - out_{o1})", "δ_{o1}", "δ_{hN}"
        numbers, sign = f"({y} - {s(o)}) * {s(o)} * (1 - {s(o)})", "+"
    else:
        d = r((o - y) * o * (1 - o))
        formula, name, down = "(out_{o1} - t) out_{o1} (1 - out_{o1})", "dE/dnet_{o1}", "dE/dnet_{hN}"
        numbers, sign = f"({s(o)} - {y}) * {s(o)} * (1 - {s(o)})", "-"
    lines += [(f"{name} = {formula} = {numbers} = {{}}", d)]
    for i in (0, 1):
        h = out[i]
        g = r(d * w[4 + i] * h * (1 - h))
        of_h, at = f"out_{{h{i + 1}}}", down.replace("N", str(i + 1))
        work = f"{name} w_{5 + i} {of_h} (1 - {of_h}) = {s(d)} * {w[4 + i]} * {s(h)} * (1 - {s(h)})"
        lines += [(f"{at} = {work} = {{}}", g)]
        to, change = f"w_{5 + i}^{{new}}", f"w_{5 + i} {sign} η {name} {of_h}"
        step = 0.5 * d * h * (1 if deltas else -1)
        lines += [(f"{to} = {change} = {w[4 + i]} {sign} 0.5 * {s(d)} * {s(h)} = {{}}", r(w[4 + i] + step))]
    return [*head, *(f"${text.replace('{}', s(value))}$" for text, value in lines)], {
        len(head) + i: (text, s(value)) for i, (text, value) in enumerate(lines)
    }


def miswritten(draw: random.Random, number: str) -> str:
    """A number with two digits swapped, another digit, or the point slipped; well off the right one."""
    size = float(number)
    while True:
        digits = list(number)
        places = [i for i, one in enumerate(digits) if one.isdigit()]
        at = draw.choice(places[-4:])
        digits[at] = draw.choice([one for one in "0123456789" if one != digits[at]])
        found = "".join(digits)
        if abs(float(found) - size) > 0.05 * abs(size):
            return found


def bad(lines: list[str]) -> dict[int, Any]:
    """Number of each line that is accused -> the line."""
    return {line.number: line for line in cr.audit("\n\n".join(lines)).lines if line.verdict in BAD}


@pytest.mark.parametrize("deltas", [False, True])
@pytest.mark.parametrize("seed", seeds(2))
def test_lines_that_go_on_with_the_right_number_are_right(seed: int, deltas: bool) -> None:
    draw = random.Random(seed)
    lines, places = sheet(draw, 4, deltas)
    assert not bad(lines)
    for at in draw.sample(sorted(places), 2):
        text, number = places[at]
        wrong = f"${text.replace('{}', miswritten(draw, number))}$"
        assert set(bad([*lines[:at], wrong, *lines[at + 1 :]])) == {2 * at + 1}, wrong


@pytest.mark.parametrize("deltas", [False, True])
def test_nothing_follows_from_a_wrong_formula_beside_a_right_number(deltas: bool) -> None:
    lines, places = sheet(random.Random(7), 4, deltas)
    at = next(i for i, (text, _) in sorted(places.items()) if text.startswith(("δ_{o1}", "dE/dnet_{o1}")))
    formula = ("(t - out_{o1})", "(out_{o1} - t)")
    turned = lines[at].replace(*(formula if deltas else formula[::-1]), 1)
    assert set(bad([*lines[:at], turned, *lines[at + 1 :]])) == {2 * at + 1}
