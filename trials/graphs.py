"""Derivatives in drawn graphs of formulas beside mpmath's, with 30 digits.

    python -m trials.graphs --count 2000 --seed 0

Each graph is a few formulas that use each other, and the same as Python for mpmath, which differentiates by moving the
variable. A derivative must be mpmath's rounded to a double, up to its last digit; where mpmath finds none, the graph
must refuse, and another is drawn. It is also compared with the sum over the paths, and with the
values of the formulas that are told. A graph may also refuse where an edge has no derivative
although the whole has one, as in (x - x)^w; at most one in a hundred does. The exit code is 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from chainrule.errors import InputError
from chainrule.explanation.graph.graph import Graph

DIGITS = 30
CLOSE = 4e-16  # relative: a double's last digit
SINGULAR = 0.01
LARGEST = sys.float_info.max  # a larger number may be refused
TRIES = 50  # graphs that are drawn for one that has a derivative
NEAR_A_KINK = mpmath.mpf(10) ** -6


def _real(value: Any) -> Any:
    """A value that is a number; what is made from a complex one may be real again, and is none here."""
    if isinstance(value, mpmath.mpc) or not mpmath.isfinite(value):
        raise ValueError("no number")
    return value


#: as the graph writes it, and as mpmath computes it
ONE: dict[str, Callable[[Any], Any]] = {
    "exp({})": mpmath.exp, "ln({})": mpmath.log, "log({})": mpmath.log, "log10({})": mpmath.log10,
    "sqrt({})": mpmath.sqrt, "log2({})": lambda a: mpmath.log(a, 2), "sin({})": mpmath.sin, "cos({})": mpmath.cos,
    "tan({})": mpmath.tan,
    "cot({})": mpmath.cot, "sec({})": mpmath.sec, "csc({})": mpmath.csc, "asin({})": mpmath.asin,
    "arccos({})": mpmath.acos, "arctan({})": mpmath.atan, "sinh({})": mpmath.sinh, "cosh({})": mpmath.cosh,
    "tanh({})": mpmath.tanh, "coth({})": mpmath.coth, "sech({})": mpmath.sech, "asinh({})": mpmath.asinh,
    "arcosh({})": mpmath.acosh, "artanh({})": mpmath.atanh, "erf({})": mpmath.erf,
    "sigmoid({})": lambda a: 1 / (1 + mpmath.exp(-a)), "σ({})": lambda a: 1 / (1 + mpmath.exp(-a)),
    "softplus({})": lambda a: mpmath.log(1 + mpmath.exp(a)), "silu({})": lambda a: a / (1 + mpmath.exp(-a)),
    "elu({})": lambda a: a if a > 0 else mpmath.expm1(a), "relu({})": lambda a: max(a, mpmath.mpf(0)),
    "gelu({})": lambda a: a * mpmath.ncdf(a), "leaky_relu({})": lambda a: a if a > 0 else a / 100,
    "abs({})": abs, "|{}|": abs, "-({})": lambda a: -a, "({})^2": lambda a: a**2, "({})^-3": lambda a: a**-3,
    "({})²": lambda a: a**2, "({})^0.5": mpmath.sqrt, "1/({})": lambda a: 1 / a, "2^({})": lambda a: mpmath.mpf(2) ** a,
    "e^({})": mpmath.exp, "π*({})": lambda a: mpmath.pi * a, "({})*0.25": lambda a: a / 4,
}  # fmt: skip
TWO: dict[str, Callable[[Any, Any], Any]] = {
    "{} + {}": lambda a, b: a + b, "{} - {}": lambda a, b: a - b, "({})*({})": lambda a, b: a * b,
    "({})/({})": lambda a, b: a / b, "max({}, {})": max, "min({}, {})": min, "({})^({})": lambda a, b: a**b,
    "({}) ({})": lambda a, b: a * b, "({})·({})": lambda a, b: a * b,
}  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A graph as text and as functions, with the values of its inputs as they are written."""

    source: str
    rules: dict[str, Callable[[dict[str, Any]], Any]]
    at: dict[str, str]

    def value(self, moved: Any) -> Any:
        """The last variable, with x moved; only what it depends on is computed."""
        inputs = {name: mpmath.mpf(number) for name, number in self.at.items()} | {"x": moved}
        return _Values(self.rules, inputs)[list(self.rules)[-1]]


class _Values(dict[str, Any]):
    """Values of variables, each computed when it is asked."""

    def __init__(self, rules: dict[str, Callable[[dict[str, Any]], Any]], inputs: dict[str, Any]) -> None:
        super().__init__(inputs)
        self.rules = rules

    def __missing__(self, name: str) -> Any:
        self[name] = self.rules[name](self)
        return self[name]


def drawn(seed: int) -> Drawn:
    """A graph of a few formulas, whose last depends on x."""
    rng = np.random.default_rng(seed)
    at = {name: f"{rng.uniform(-2, 3):.3f}" for name in ("x", "w", "β")}
    known, lines, rules = ["x"], [], {}
    for i in range(int(rng.integers(2, 7))):
        name = str(rng.choice([f"v{i}", f"v_{i}", f"ŷ{i}"]))
        text, rule = _formula(rng, known[-1 - int(rng.integers(min(2, len(known))))], [*known, "w", "β"], 2)
        lines.append(f"{name} = {text}")
        rules[name] = rule
        known.append(name)
    used = " ".join(lines)
    return Drawn("; ".join(lines), rules, {name: at[name] for name in at if name == "x" or name in used})


def _formula(rng: np.random.Generator, first: str, names: list[str], depth: int) -> tuple[str, Callable[[Any], Any]]:
    """A formula that holds ``first``."""
    text, rule = first, lambda values: values[first]
    for _ in range(int(rng.integers(1, depth + 1))):
        inner = rule
        if rng.random() < 0.5:
            form = str(rng.choice(list(ONE)))
            text, rule = form.format(text), lambda values, inner=inner, f=ONE[form]: _real(f(inner(values)))
            continue
        form = str(rng.choice(list(TWO)))
        other = str(rng.choice(names))
        if rng.random() < 0.5:
            text = form.format(text, other)
            rule = lambda values, inner=inner, f=TWO[form], other=other: _real(f(inner(values), values[other]))  # noqa: E731
        else:
            text = form.format(other, text)
            rule = lambda values, inner=inner, f=TWO[form], other=other: _real(f(values[other], inner(values)))  # noqa: E731
        text = f"({text})"
    return text, rule


def judged(seed: int) -> tuple[str, str]:
    """The verdict on a graph and, where it is not as it should be, why."""
    one = drawn(seed)
    name = f"d{list(one.rules)[-1]}/dx"
    at = {key: float(number) for key, number in one.at.items()}
    with mpmath.workdps(3 * DIGITS):
        x = mpmath.mpf(one.at["x"])
        try:
            sides = [mpmath.diff(one.value, x, direction=side) for side in (1, -1)]
            expected = mpmath.diff(one.value, x)
        except (ValueError, ZeroDivisionError, OverflowError, TypeError):
            expected = None
    try:
        record = Graph(one.source).derivative(name, at)
        found, kinks = record.value, record.kinks
    except InputError as error:
        if "depends on" in str(error):
            return "refused", ""
        if expected is None:
            return "refused", ""
        if abs(expected) > LARGEST:
            return "right", ""
        singular = "a finite number at these values" in str(error)
        return "singular" if singular else "wrong", f"refused: {error}; {mpmath.nstr(expected, 17)} is right"
    if kinks or (expected is not None and abs(sides[0] - sides[1]) > NEAR_A_KINK * (1 + abs(expected))):
        return "kink", ""
    if expected is None:
        return "wrong", f"{found} where there is no derivative"
    if found is None:
        return ("right" if abs(expected) > LARGEST else "wrong"), "no number"
    tolerance = CLOSE * abs(float(expected)) + mpmath.mpf(10) ** -DIGITS
    products = [path.value for path in record.paths if path.value is not None]
    scale = sum(map(abs, products)) or 1.0
    if len(products) == record.count and not math.isclose(sum(products), found, rel_tol=1e-9, abs_tol=1e-12 * scale):
        return "wrong", f"the paths give {sum(products)}, the whole {found}"
    if abs(found - expected) > tolerance:
        return "wrong", f"{found} for {mpmath.nstr(expected, 17)}"
    for formula, due in [(record.formula, found), *((path.product, path.value) for path in record.paths)]:
        if formula and due is not None and not math.isclose(worth(one, formula, at), due, rel_tol=1e-12, abs_tol=1e-30):
            return "wrong", f"the formula {formula} is worth {worth(one, formula, at)}, not {due}"
    return "right", ""


def worth(one: Drawn, formula: str, at: dict[str, float]) -> float:
    """The value of a formula in the variables of a graph; nan where it has none."""
    try:
        return Graph(f"{one.source}; D = t*({formula})").derivative("dD/dt", at | {"t": 1.0}).value or 0.0
    except InputError:
        return math.nan


def told(seed: int) -> tuple[int, str, str, int]:
    """The seed and the verdict of the first graph from a seed on with a derivative, and how many before it had none.

    Those before it were refused, as they must be.
    """
    for refused in range(TRIES):
        verdict, words = judged(seed + refused)
        if verdict != "refused":
            break
    return seed + refused, verdict, words, refused


def verdicts(count: int, seed: int, processes: int | None) -> Iterator[tuple[int, str, str, int]]:
    """The verdicts on so many graphs."""
    seeds = [seed * 1_000_003 + i * TRIES for i in range(count)]
    if processes == 1:
        yield from map(told, seeds)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(told, seeds, chunksize=16)


def main() -> int:
    """Run the trial; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="graphs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=None)
    parser.add_argument("--show", type=int, default=10, help="graphs that are told that are wrong")
    options = parser.parse_args()
    counts = dict.fromkeys(("right", "kink", "singular", "wrong"), 0)
    without = 0
    for seed, verdict, words, refused in verdicts(options.count, options.seed, options.processes):
        counts[verdict] += 1
        without += refused
        if verdict == "wrong" and counts["wrong"] <= options.show:
            one = drawn(seed)
            print(f"{seed}: {one.source}; at {one.at}: {words}")
    told_counts = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
    print(f"{options.count} graphs: {told_counts}; {without} more have no derivative there and were refused")
    return int(counts["wrong"] > 0 or counts["singular"] > SINGULAR * options.count)


if __name__ == "__main__":
    sys.exit(main())
