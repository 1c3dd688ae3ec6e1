"""Reading formulas: one grammar, three sets of names.

``textbook`` and ``delta`` read the names of ``notation``; ``free`` reads any identifier, for graphs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any, Literal

from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.formula.evaluate import FUNCTIONS
from chainrule.network import names as notation

if TYPE_CHECKING:
    from lark import Lark

Names = Literal["textbook", "delta", "free"]
LONGEST = 20_000  # characters of a formula
DEEPEST = 60  # brackets within brackets
LONGEST_NUMBER = 40  # characters

_GRAMMAR = r"""
?start: sum
?sum: product (SIGN product)*
?product: unary (TIMES unary)*
?unary: "-" unary -> negative
      | "+" unary
      | power
?power: postfix ("^" exponent)?
?exponent: "-" exponent -> negative
         | postfix
?postfix: atom TRANSPOSED*
?atom: NUMBER -> number
     | MORE -> more
     | SLOPE -> slope
     | FUNCTION "(" [sum ("," sum)*] ")" -> call
     | NAME -> name
     | "(" sum ")"
     | "[" [sum ("," sum)*] "]" -> array

SIGN: "+" | "-" | "−"
TIMES: "*" | "·" | "×" | "/" | "⊙"
TRANSPOSED.9: "^T" | "ᵀ"
NUMBER.3: /(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/
MORE.8: /…\s*\d+ more terms?(\s*\([-+.eE\d]+\))?/
FUNCTION.7: /(%(functions)s)(?=\s*\()/
SLOPE.6: /g'\(a_\d+,?\)|σ'\(z\^\d+\)/
NAME.5: /%(names)s/
%%import common.WS
%%ignore WS
"""

_INDEX = r"(_(\{[\d, ]*\}|\d+(,\d+)*,?(?![\w])|\d[\d,]*))?"
_TEXTBOOK = rf"(yhat|ŷ|[xyahWbL])(?![A-Za-z]){_INDEX}"
_DELTA = rf"(delta|[zaδwb])\^(\{{\d+\}}|\d+){_INDEX}"
_QUANTITY = rf"({_DELTA}|{_TEXTBOOK})"
_PATTERNS: dict[str, str] = {
    "textbook": rf"[d∂]{_TEXTBOOK}\/[d∂]{_TEXTBOOK}|{_TEXTBOOK}",
    "delta": rf"[d∂]{_QUANTITY}\/[d∂]{_QUANTITY}|{_QUANTITY}",
    "free": r"[A-Za-z_]\w*",
}


def parse(formula: str, names: Names = "textbook") -> t.Expr:
    """Read a formula to its tree.

    Raises:
        InputError: it cannot be read; the message has the column, counted from 1, and what stands there.
    """
    _check_size(formula)
    from lark.exceptions import UnexpectedCharacters, UnexpectedInput

    try:
        parsed = _parser(names).parse(formula)
    except UnexpectedCharacters as error:
        raise _unreadable(formula, error.pos_in_stream or 0) from None
    except UnexpectedInput as error:
        token = getattr(error, "token", None)
        at = len(formula) if token is None or token.type == "$END" else token.start_pos
        raise _unreadable(formula, at or 0) from None
    return _TreeBuilder(free=names == "free").tree(parsed)


def _check_size(formula: str) -> None:
    if len(formula) > LONGEST:
        raise InputError("formula", f"at most {LONGEST} characters", str(len(formula)))
    if (deepest := deepest_bracket(formula)) > DEEPEST:
        raise InputError("formula", f"at most {DEEPEST} brackets within brackets", str(deepest))


def deepest_bracket(text: str) -> int:
    """How many brackets of any kind are open at once, at most."""
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _unreadable(formula: str, position: int) -> InputError:
    if position >= len(formula.rstrip()):
        return InputError(f"formula {_shown(formula)}", "more after its end", "the end")
    at = formula[position : position + 12].split("\n")[0]
    return InputError(f"formula {_shown(formula)}", f"{_due(formula, position)} at column {position + 1}", repr(at))


def _due(formula: str, position: int) -> str:
    """What could stand at a place where something cannot be read."""
    before, here = formula[:position].rstrip(), formula[position:].lstrip()
    if here.startswith("*") and before.endswith("*"):
        return "one * (a power is written x^2)"
    ended = bool(before) and (before[-1].isalnum() or before[-1] in "_)]")
    if ended and here.startswith("("):
        return f"an operator (functions are {', '.join(sorted(n for n in FUNCTIONS if n.isalpha()))})"
    if before and before[-1].isdigit() and here[:1].isalpha():
        return "an operator (a product is written 2*x)"
    if here.startswith("^"):
        return "an operator (of powers of powers one needs brackets)"
    return "an operator or the end" if ended else "a number or a name"


def _shown(formula: str) -> str:
    return repr(formula if len(formula) <= 60 else formula[:57] + "…")


@lru_cache
def _parser(names: Names) -> Lark:
    from lark import Lark

    functions = "|".join(sorted(FUNCTIONS, key=len, reverse=True)) + "|σ"
    grammar = _GRAMMAR % {"functions": functions, "names": _PATTERNS[names]}
    return Lark(grammar, parser="lalr", lexer="contextual", propagate_positions=False)


@dataclass(frozen=True)
class _TreeBuilder:
    """From lark's tree to ours. ``free``: names are variables, whatever they look like."""

    free: bool

    def tree(self, node: Any) -> t.Expr:
        """The tree of a parsed node."""
        from lark import Tree

        if not isinstance(node, Tree):
            raise TypeError(f"not a tree: {node!r}")
        parts = node.children
        match node.data:
            case "sum":
                return self._sum(parts)
            case "product":
                return self._product(parts)
            case "power":
                return t.Pow(self.tree(parts[0]), self.tree(parts[1]))
            case "postfix":
                return reduce(lambda tree, _: t.Transpose(tree), parts[1:], self.tree(parts[0]))
            case "negative":
                return t.Neg(self.tree(parts[0]))
            case "number":
                return self._number(str(parts[0]))
            case "more":
                inside = str(parts[0]).partition("(")[2].rstrip(")")
                if not inside:
                    raise InputError("formula", "the sum of the terms left out, in brackets", repr(str(parts[0])))
                return self._number(inside)
            case "slope":
                return t.Ref(t.Slope(int("".join(c for c in str(parts[0]) if c.isdigit()))))
            case "call":
                function = "sigma" if parts[0] == "σ" else str(parts[0])
                return t.Call(function, tuple(self.tree(p) for p in parts[1:] if p is not None))
            case "name":
                return self._name(str(parts[0]))
            case "array":
                return t.Array(tuple(self.tree(p) for p in parts if p is not None))
            case _:
                raise TypeError(node.data)

    def _name(self, written: str) -> t.Expr:
        """A name of the notes (w^l is W_l^T), or a variable."""
        if self.free:
            return t.Ref(written)
        try:
            name, way = notation.read(written)
        except InputError:
            return t.Ref(written)
        return t.Transpose(t.Ref(name)) if way == "delta" and t.is_matrix(name) else t.Ref(name)

    def _number(self, written: str) -> t.Expr:
        if len(written) > LONGEST_NUMBER:
            raise InputError("number", f"at most {LONGEST_NUMBER} characters", str(len(written)))
        value = float(written)
        return t.Neg(t.Number(-value, written[1:])) if written.startswith("-") else t.Number(value, written)

    def _sum(self, parts: list[Any]) -> t.Expr:
        terms = [self.tree(parts[0])]
        for sign, part in zip(parts[1::2], parts[2::2], strict=True):
            term = self.tree(part)
            terms.append(term if sign == "+" else t.Neg(term))
        return t.Add(tuple(terms))

    def _product(self, parts: list[Any]) -> t.Expr:
        """Left to right; runs of one operator become one node."""
        tree = self.tree(parts[0])
        for sign, part in zip(parts[1::2], parts[2::2], strict=True):
            right = self.tree(part)
            if sign == "/":
                tree = t.Div(tree, right)
            else:
                kind = t.Hadamard if sign == "⊙" else t.Mul
                tree = kind((*t.children(tree), right)) if isinstance(tree, kind) else kind((tree, right))
        return tree
