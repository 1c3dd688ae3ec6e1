"""Formulas as text and as LaTeX, with names or with numbers in their place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from chainrule.formula import tree as t
from chainrule.formula.evaluate import evaluate
from chainrule.formula.plain import GREEK
from chainrule.network import names
from chainrule.network.names import Notation, Quantity

#: how tightly a node binds; a part that binds less tightly than its place asks is put in brackets
_SUM, _NEGATIVE, _PRODUCT, _POWER, _ATOM = range(5)

_COMMAND_OF = {letter: command for command, letter in reversed(GREEK.items())}  # epsilon before varepsilon

Values: TypeAlias = Callable[[t.Symbol], Any] | None  # the number or the array of each name
Mark: TypeAlias = Callable[[t.Symbol, tuple[int, ...], str], str]  # a name, the index of its entry from 1, its LaTeX
LONGEST = 8  # entries of a vector, or rows and columns of a matrix, that are shown


def number_text(value: float, digits: int) -> str:
    """A number with so many significant digits, without needless zeros: 0.5, -0.13038, 4.386e-04."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    written = f"{value:.{digits}g}"
    if "e" in written:
        mantissa, exponent = written.split("e")
        return f"{mantissa}e{int(exponent)}"
    return written


def text(
    tree: t.Expr, notation: Notation = "textbook", values: Values = None, digits: int = 6, whole: bool = True
) -> str:
    """The formula as text that ``parse`` reads back.

    Args:
        values: the number or array of each name, printed in its place; None prints the names.
        digits: significant digits of those numbers.
        whole: False shortens long vectors and matrices.
    """
    return _Text(notation, values, digits, whole).of(tree)[0]


def latex(
    tree: t.Expr, notation: Notation = "textbook", values: Values = None, digits: int = 6, whole: bool = True,
    mark: Mark | None = None,
) -> str:  # fmt: skip
    """The formula as LaTeX; arguments as for ``text``.

    Args:
        mark: what is written for a name or for one of its numbers, given its LaTeX (of a number without its sign).
    """
    if mark is not None:
        return _MarkedLatex(notation, values, digits, whole, mark).of(tree)[0]
    return _Latex(notation, values, digits, whole).of(tree)[0]


def symbol_text(name: t.Symbol, notation: Notation) -> str:
    """A name as text."""
    if isinstance(name, t.Slope):
        return f"σ'(z^{name.layer})" if notation == "delta" else f"g'({Quantity('a', name.layer)})"
    if isinstance(name, t.Delta):
        return names.to_text(name.name, "delta")
    if isinstance(name, t.Timed):
        return symbol_text(name.name, notation) + ("'" if name.after == 1 else f"'{{{name.after}}}")
    return name if isinstance(name, str) else names.to_text(name, notation)


def symbol_latex(name: t.Symbol, notation: Notation) -> str:
    """A name as LaTeX."""
    if isinstance(name, t.Slope):
        return f"\\sigma'(z^{{{name.layer}}})" if notation == "delta" else f"g'(a_{{{name.layer}}})"
    if isinstance(name, t.Delta):
        return names.to_latex(name.name, "delta")
    if isinstance(name, t.Timed):
        written = symbol_latex(name.name, notation)
        one = f"{{{written}}}" if "^" in written else written  # a name with a superscript takes no second one
        return f"{one}'" + (f"^{{({name.after})}}" if name.after != 1 else "")
    if not isinstance(name, str):
        return names.to_latex(name, notation)
    return _own_latex(name)


def _own_latex(name: str) -> str:
    """A variable, or a name of an author's own: ``u_{1}``, ``E_{\\mathrm{total}}``, ``\\Delta w_{23}``."""
    unprimed = name.rstrip("'")
    word, _, index = unprimed.partition("_")
    letters = word.rstrip("0123456789")
    if not letters:
        return rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"
    below = word[len(letters) :] + ("," if word != letters and index else "") + index
    if below and not all(c.isdigit() or c == "," for c in below) and len(below) > 1:
        below = rf"\mathrm{{{_spelled(below)}}}"
    change = r"\Delta " if letters[0] == "Δ" and len(letters) > 1 else ""
    letters = letters.removeprefix("Δ") if change else letters
    one = len(letters) == 1 or letters == "eta"
    head = _spelled(letters) if one else rf"\mathrm{{{_spelled(letters)}}}"
    return change + head.strip() + (f"_{{{below}}}" if below else "") + name[len(unprimed) :]


def _spelled(word: str) -> str:
    """A word with its Greek letters as commands, and its underscores."""
    if word == "eta":
        return r"\eta"
    return "".join(rf"\{_COMMAND_OF[c]} " if c in _COMMAND_OF else r"\_" if c == "_" else c for c in word)


@dataclass(frozen=True)
class _Text:
    notation: Notation
    values: Values
    digits: int
    whole: bool
    times, hadamard, space, transposed = "*", " ⊙ ", " ", "^T"

    def number(self, value: float) -> str:
        return number_text(value, self.digits)

    def of(self, tree: t.Expr) -> tuple[str, int]:
        """The text of a node and how tightly it binds."""
        match tree:
            case t.Number(value=value, written=written):
                return (written or self.number(value)), (_NEGATIVE if value < 0 else _ATOM)
            case t.Ref(name=name):
                return self.ref(name)
            case t.Neg(item=item):
                return "-" + self.within(item, _PRODUCT), _NEGATIVE
            case t.Add(terms=terms):
                return self.sum(terms), _SUM
            case t.More(terms=terms):
                return self.more(terms), _PRODUCT
            case t.Mul(factors=factors):
                return self.product(factors), _PRODUCT
            case t.Hadamard(factors=factors):
                return self.hadamard.join(self.within(f, _POWER) for f in factors), _PRODUCT
            case t.Div(top=top, bottom=bottom):
                return self.quotient(top, bottom)
            case t.Pow(base=base, exponent=exponent):
                return self.power(base, exponent), _POWER
            case t.Transpose(item=item):
                return self.transpose(item)
            case t.Array(items=items):
                return self.array(items), _ATOM
            case t.Call(function=function, arguments=arguments):
                written = self.call(function, [self.of(a)[0] for a in arguments])
                return written, _POWER if written.startswith("e^") else _ATOM
            case t.Diff(item=item, wrt=wrt):
                return self.difference(wrt, self.of(item)[0]), _POWER

    def within(self, tree: t.Expr, least: int) -> str:
        written, binds = self.of(tree)
        return written if binds >= least else self.bracket(written)

    def bracket(self, written: str) -> str:
        return f"({written})"

    def sum(self, terms: tuple[t.Expr, ...]) -> str:
        first, *others = (self.within(term, _NEGATIVE) for term in terms)
        return " ".join([first, *(f"- {one[1:]}" if one.startswith("-") else f"+ {one}" for one in others)])

    def product(self, factors: tuple[t.Expr, ...]) -> str:
        first, *others = factors
        return self.times.join([self.within(first, _NEGATIVE), *(self.within(f, _POWER) for f in others)])

    def quotient(self, top: t.Expr, bottom: t.Expr) -> tuple[str, int]:
        return f"{self.within(top, _NEGATIVE)}/{self.within(bottom, _POWER)}", _PRODUCT

    def power(self, base: t.Expr, exponent: t.Expr) -> str:
        return f"{self.within(base, _ATOM)}^{self.within(exponent, _ATOM)}"

    def more(self, terms: tuple[t.Expr, ...]) -> str:
        count = self.left_out(len(terms), "more terms")
        if self.values is None:
            return count
        return f"{count}{self.space}({self.number(evaluate(t.Add(terms), self.values))})"

    def ref(self, name: t.Symbol) -> tuple[str, int]:
        flips = self.notation == "delta" and t.is_matrix(name)
        if self.values is None:
            written = self.symbol(name)
            if flips:
                return self.bracket(written) + self.transposed, _POWER
            return written, _POWER if "^" in written else _ATOM
        value = np.asarray(self.values(name))
        if value.ndim == 0:
            number = self.number(float(value))
            return number, _NEGATIVE if number.startswith("-") else _ATOM
        if flips:
            return self.numbers(value.T) + self.transposed, _POWER
        return self.numbers(value), _ATOM

    def transpose(self, item: t.Expr) -> tuple[str, int]:
        """x^T; in delta notation W_l^T is w^l itself."""
        if self.notation == "delta" and isinstance(item, t.Ref) and t.is_matrix(item.name):
            if self.values is None:
                return self.symbol(item.name), _POWER
            return self.numbers(np.asarray(self.values(item.name)).T), _ATOM
        return self.within(item, _ATOM) + self.transposed, _POWER

    def symbol(self, name: t.Symbol) -> str:
        return symbol_text(name, self.notation)

    def numbers(self, value: Any) -> str:
        """An array of numbers, shortened where it is long."""
        return f"[{', '.join(self.shortened(value, self.numbers if value.ndim == 2 else self.entry))}]"

    def entry(self, value: Any) -> str:
        """One number of an array."""
        return self.number(float(value))

    def shortened(self, parts: Sequence[Any], written: Callable[[Any], str]) -> list[str]:
        """Each part written; of a long array the first ones and the last."""
        shown = [written(parts[i]) for i in self.shown(len(parts))]
        left = len(parts) - len(shown)
        return [*shown[:-1], self.left_out(left), shown[-1]] if left else shown

    def shown(self, count: int) -> Sequence[int]:
        """Which parts of an array of so many are shown, from 0."""
        return range(count) if self.whole or count <= LONGEST else [*range(LONGEST - 2), count - 1]

    def left_out(self, count: int, what: str = "more") -> str:
        """What stands for entries or terms that are not shown."""
        return f"… {count} {what}"

    def array(self, items: tuple[Any, ...]) -> str:
        return f"[{', '.join(self.shortened(items, lambda item: self.of(item)[0]))}]"

    def call(self, function: str, arguments: list[str]) -> str:
        return f"{function}({', '.join(arguments)})"

    def difference(self, wrt: t.Symbol, item: str) -> str:
        return f"d/d{self.symbol(wrt)}[{item}]"


_LATEX_FUNCTIONS = {
    "sigma": r"\sigma",
    "Phi": r"\Phi",
    "phi": r"\varphi",
    **{name: rf"\{name}" for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min")},
}


class _Latex(_Text):
    times, hadamard, space = r" \cdot ", r" \odot ", r"\ "

    def number(self, value: float) -> str:
        written = number_text(value, self.digits)
        if "e" in written:
            mantissa, exponent = written.split("e")
            return rf"{mantissa} \cdot 10^{{{exponent}}}"
        return written.replace("inf", r"\infty").replace("nan", r"\mathrm{nan}")

    def bracket(self, written: str) -> str:
        return rf"\left({written}\right)"

    def quotient(self, top: t.Expr, bottom: t.Expr) -> tuple[str, int]:
        return rf"\frac{{{self.of(top)[0]}}}{{{self.of(bottom)[0]}}}", _POWER

    def power(self, base: t.Expr, exponent: t.Expr) -> str:
        return f"{self.within(base, _ATOM)}^{{{self.of(exponent)[0]}}}"

    def symbol(self, name: t.Symbol) -> str:
        return symbol_latex(name, self.notation)

    def ref(self, name: t.Symbol) -> tuple[str, int]:
        written, binds = super().ref(name)
        return written, min(binds, _PRODUCT) if r"\cdot" in written else binds

    def numbers(self, value: Any) -> str:
        if value.ndim == 1:
            value = value[:, None]
        rows = self.shortened(value, lambda row: " & ".join(self.shortened(row, self.entry)))
        return r"\left[\begin{matrix} " + r" \\ ".join(rows) + r" \end{matrix}\right]"

    def left_out(self, count: int, what: str = "more") -> str:
        return rf"\dots\ \text{{{count} {what}}}"

    def array(self, items: tuple[Any, ...]) -> str:
        def row(item: Any) -> str:
            parts = item.items if isinstance(item, t.Array) else (item,)
            return " & ".join(self.shortened(parts, lambda part: self.of(part)[0]))

        return r"\left[\begin{matrix} " + r" \\ ".join(self.shortened(items, row)) + r" \end{matrix}\right]"

    def call(self, function: str, arguments: list[str]) -> str:
        if function == "exp":
            return f"e^{{{arguments[0]}}}"
        if function == "sqrt":
            return rf"\sqrt{{{arguments[0]}}}"
        if function == "abs":
            return rf"\left|{arguments[0]}\right|"
        if function == "step":
            return rf"[{arguments[0]} > 0]"
        head = _LATEX_FUNCTIONS.get(function, rf"\operatorname{{{function}}}")
        return rf"{head}\left({', '.join(arguments)}\right)"

    def difference(self, wrt: t.Symbol, item: str) -> str:
        return rf"\frac{{\partial}}{{\partial {self.symbol(wrt)}}}\left[{item}\right]"


@dataclass(frozen=True)
class _MarkedLatex(_Latex):
    mark: Mark

    def __post_init__(self) -> None:
        if self.values is not None:
            plain = self.values
            object.__setattr__(self, "values", lambda name: self.marked(name, np.asarray(plain(name))))

    def marked(self, name: t.Symbol, value: Any) -> Any:
        """An array with each number that is shown as it will stand there."""
        if not value.ndim:
            return value
        written = np.empty(value.shape, dtype=object)
        for index in product(*map(self.shown, value.shape)):
            written[index] = self.signed(name, tuple(i + 1 for i in index), self.number(float(value[index])))
        return written

    def signed(self, name: t.Symbol, index: tuple[int, ...], written: str) -> str:
        """A number with its mark; a sign stays before it, where sums look for it."""
        sign = "-" if written.startswith("-") else ""
        return sign + self.mark(name, index, written.removeprefix("-"))

    def symbol(self, name: t.Symbol) -> str:
        return self.mark(name, (), super().symbol(name))

    def ref(self, name: t.Symbol) -> tuple[str, int]:
        written, binds = super().ref(name)
        scalar = self.values is not None and not np.ndim(self.values(name))
        return (self.signed(name, (), written) if scalar else written), binds

    def entry(self, value: Any) -> str:
        return str(value)
