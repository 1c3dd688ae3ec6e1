"""The forward pass: the numbers of nodes, to the last digit of a double.

Numbers are computed with more digits than a double has, twice, with half of them and with all; where the two differ, or
a sum cancels to nothing, once more with so many that any doubles can be subtracted. A value that is not defined is a
value too, which says why; it spoils only what is made from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from chainrule.errors import InputError
from chainrule.explanation.graph.functions import BY_FORMULA, FUNCTIONS
from chainrule.explanation.graph.nodes import Nodes, definition
from chainrule.explanation.graph.symbolic import as_it_stands
from chainrule.formula import tree as t

Real = Any  # a number of mpmath
BITS = (200, 400, 2400)
NOISE = 24  # bits at the end of a number that rounding may have changed
MOST_BITS = 1000  # of an argument's size: mpmath reduces it in time
SAME = 60  # bits
MOST_PRECISE = 2000  # nodes that are gone through at the highest precision to check a derivative
ODD = {"sin", "tan"}  # are as small as their argument near 0
DIFFERENCES = {"log", "log2", "log10", "sin", "cos", "tan", "cot"}  # are 0 elsewhere than at 0, where rounding decides
#: grow without bound beside a pole, where rounding decides how far
POLES = {
    **dict.fromkeys(("tan", "sec"), "a number that is no odd multiple of pi/2"),
    **dict.fromkeys(("cot", "csc"), "a number that is no multiple of pi"),
}


@dataclass(frozen=True)
class Undefined:
    """A value that is not there: at which node, and what would be needed."""

    node: int
    needs: str
    got: str


Value = Any  # a number of mpmath, or Undefined


def exact(value: object, name: str) -> Fraction:
    """A number that somebody gives, as the decimal that he wrote.

    Raises:
        InputError: it is none, or not finite.
    """
    try:
        number = float("" if isinstance(value, str | bytes) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"value of {name}", "a number", repr(value)[:40]) from None
    if not math.isfinite(number):
        raise InputError(f"value of {name}", "a finite number", str(number))
    return Fraction(repr(number))


def numbers(nodes: Nodes, wanted: Iterable[int], inputs: Mapping[int, Fraction]) -> dict[int, Value]:
    """The numbers of some nodes.

    Args:
        inputs: numbers of variables; where one has a formula, its number here holds.
    """
    targets = list(wanted)
    order = nodes.below(targets, lambda node: node not in inputs)
    coarse, _ = _Pass(nodes, BITS[0], inputs).run(order)
    fine, sure = _Pass(nodes, BITS[1], inputs).run(order)
    if not sure or not all(_agree(coarse[node], fine[node]) for node in targets):
        fine, _ = _Pass(nodes, BITS[2], inputs).run(order)
    return {node: fine[node] for node in targets}


def as_float(value: Value) -> float:
    """The double next to a number; inf where none is large enough, nan where it is not defined."""
    if isinstance(value, Undefined):
        return math.nan
    if value and value.context.mag(value) > 1024:
        return math.copysign(math.inf, int(value.context.sign(value)))
    return float(value) or 0.0  # not -0


def magnitude(value: Real) -> str:
    """About how large a number is that no double holds: ``1e602``, or of larger ones the exponent alone."""
    context = value.context
    digits = int(context.mag(value) * math.log10(2))
    if abs(digits) < 10**6:
        return f"about {context.nstr(value, 3)}"
    return f"about 10^{digits}" if abs(digits) < 10**15 else f"about 10^(10^{len(str(abs(digits)))})"


def why(nodes: Nodes, undefined: Undefined) -> str:
    """What is not defined, in words: ``log(x), which needs a number above 0 and has -2``."""
    return f"{as_it_stands(nodes, undefined.node)}, which needs {undefined.needs} and has {undefined.got}"


def change(nodes: Nodes, of: int, wrt: int, inputs: Mapping[int, Fraction], at: Value) -> tuple[float, float] | None:
    """d(of)/d(wrt) by central differences, from forward values alone, and how small a derivative they could see.

    None where a step leaves the domain, and where the values before, at and after the point lie on no line: at a kink,
    and where a function turns faster than any step is small.
    """
    order = nodes.below([of], lambda node: node not in inputs and node != wrt)
    for bits in BITS[BITS.index(at.context.prec) :]:
        if bits == BITS[-1] and len(order) > MOST_PRECISE:
            return None
        context = _context(bits)
        point = context.mpf(at)
        step = context.ldexp(min(abs(point), context.one) or context.one, -bits // 3)
        ends, is_sure = [], True
        for moved in (point - step, point, point + step):
            values, sure = _Pass(nodes, bits, inputs, {wrt: moved}).run(order)
            if isinstance(values[of], Undefined):
                return None
            ends.append(context.mpf(values[of]))
            is_sure = is_sure and sure
        before, there, after = ends
        found, bend = after - before, after - 2 * there + before
        noise = context.ldexp(abs(there), SAME - bits)
        is_seen = is_sure and abs(found) > noise
        if (is_seen or bits == BITS[-1]) and abs(bend) <= context.ldexp(max(abs(found), step), -SAME):
            return as_float(found / (2 * step)), as_float(noise / step)
    return None


def _agree(a: Value, b: Value) -> bool:
    if isinstance(a, Undefined) or isinstance(b, Undefined):
        return isinstance(a, Undefined) and isinstance(b, Undefined)
    return bool(abs(b - a) <= b.context.ldexp(abs(b), -SAME))


def _digits(value: Real) -> str:
    """A number in a message."""
    return str(value.context.nstr(value, 6)).removesuffix(".0")


def _context(bits: int) -> Any:
    import mpmath

    context = mpmath.mp.clone()
    context.prec = bits
    return context


class _Pass:
    """One forward pass at one precision."""

    def __init__(
        self, nodes: Nodes, bits: int, inputs: Mapping[int, Fraction], moved: Mapping[int, Real] | None = None
    ) -> None:
        self.nodes, self.bits, self.inputs, self.moved = nodes, bits, inputs, moved or {}
        self.context = _context(bits)
        self.sure = True  # no sum was nothing but rounding

    def run(self, order: Iterable[int]) -> tuple[dict[int, Value], bool]:
        """The values of nodes in order, and whether each is sure."""
        values: dict[int, Value] = {}
        for node in order:
            values[node] = self.of(node, values)
        return values, self.sure

    def of(self, node: int, values: Mapping[int, Value]) -> Value:
        kind, parts, word = self.nodes.kinds[node], self.nodes.parts[node], self.nodes.words[node]
        if node in self.moved:
            return self.moved[node]
        if kind == "variable":
            if node in self.inputs:
                return self.rational(self.inputs[node])
            return values[parts[0]] if parts else Undefined(node, "a value", "none")
        if kind == "number":
            return self.rational(word)
        if kind == "constant":
            return +(self.context.pi if word == "pi" else self.context.e)
        arguments = [values[part] for part in parts]
        for argument in arguments:
            if isinstance(argument, Undefined):
                return argument
        try:
            return self.apply(node, kind, arguments)
        except _OutsideError as outside:
            return Undefined(node, outside.needs, outside.got)
        except (ArithmeticError, ValueError, self.context.NoConvergence):  # at numbers beyond all measure
            return Undefined(node, "numbers that can be computed with", "a larger or smaller one")

    def rational(self, value: Any) -> Real:
        return self.context.mpf(value.numerator) / value.denominator

    def apply(self, node: int, kind: str, arguments: list[Real]) -> Real:
        """An operation on numbers."""
        match kind:
            case "+":
                return self.sum(arguments)
            case "neg":
                return -arguments[0]
            case "*":
                return arguments[0] * arguments[1]
            case "/":
                if not arguments[1]:
                    raise _OutsideError("a divisor that is not 0", "0")
                return arguments[0] / arguments[1]
            case "^":
                return self.power(*arguments)
            case "max":
                return max(arguments)
            case "min":
                return min(arguments)
        if kind in BY_FORMULA:
            return self.formula(definition(kind), arguments[0])
        return self.function(kind, arguments[0])

    def sum(self, terms: list[Real]) -> Real:
        """A sum; one that is nothing but the rounding of its terms is 0."""
        context = self.context
        total = context.fsum(terms)
        largest = max((context.mag(term) for term in terms if term), default=None)
        if largest is None or (total and context.mag(total) > largest - self.bits + NOISE):
            return total
        self.sure = False
        return context.zero

    def function(self, name: str, x: Real) -> Real:
        """A function of its table."""
        row, context = FUNCTIONS[name], self.context
        if not row.inside(x):
            raise _OutsideError(row.needs, _digits(x))
        size = context.mag(x) if x else 0
        if not row.wide and size > MOST_BITS:
            if name == "exp" and x < 0:
                return context.zero
            raise _OutsideError("a number below 1e300", magnitude(x))
        found = row.value(context, x)
        small = NOISE - self.bits + (0 if name.startswith("log") else max(size, 0))
        if name in DIFFERENCES and found and context.mag(found) < min(small, size - NOISE if name in ODD else small):
            found = context.zero
        if name in POLES and context.mag(found) > self.bits - NOISE - max(size, 0):
            self.sure = False
            raise _OutsideError(POLES[name], f"{_digits(x)}, a pole of {name}")
        if name in DIFFERENCES and x and not found:
            self.sure = False
        return found

    def power(self, base: Real, exponent: Real) -> Real:
        """base^exponent."""
        context = self.context
        if context.isint(exponent):
            if not base and exponent < 0:
                raise _OutsideError("a base that is not 0 (its exponent is negative)", "0")
            if exponent and context.mag(exponent) > MOST_BITS:
                raise _OutsideError("an exponent below 1e300", magnitude(exponent))
            return base**exponent
        if base < 0:
            raise _OutsideError("a base that is not negative (its exponent is no whole number)", _digits(base))
        if not base:
            if exponent < 0:
                raise _OutsideError("a base that is not 0 (its exponent is negative)", "0")
            return context.zero
        if context.mag(exponent * context.log(base)) > MOST_BITS:
            raise _OutsideError("a power below 10^(10^300)", "a larger one")
        return base**exponent

    def formula(self, tree: t.Expr, a: Real) -> Real:
        """A small formula of the tables at a number."""
        parts = [self.formula(part, a) for part in t.children(tree)]
        match tree:
            case t.Number(written=written):
                return self.context.mpf(written)
            case t.Ref():
                return a
            case t.Neg():
                return -parts[0]
            case t.Add():
                return self.sum(parts)
            case t.Mul():
                return self.context.fprod(parts)
            case t.Div():
                return parts[0] / parts[1]
            case t.Pow():
                return self.power(*parts)
            case t.Call(function=function):
                return self.apply(-1, function, parts)
        raise TypeError(type(tree).__name__)


class _OutsideError(Exception):
    """An operation is not defined at its argument."""

    def __init__(self, needs: str, got: str) -> None:
        self.needs, self.got = needs, got
        super().__init__(needs)
