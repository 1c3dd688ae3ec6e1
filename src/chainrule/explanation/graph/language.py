"""Reading a graph: its statements, and each formula to its tree, in time proportional to its length."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from chainrule.errors import InputError
from chainrule.explanation.graph.functions import ALIASES, KNOWN
from chainrule.explanation.graph.signs import ROOTS, with_bars_apart, with_brackets
from chainrule.explanation.graph.tokens import LONGEST_NUMBER, NAME, Lexeme, plain_name, shown, tokens
from chainrule.formula import tree as t

_BARS = {"|": "abs", "||": "norm", "‖": "norm"}
DEEPEST = 1_000  # brackets within brackets
MOST_FORMULAS = 20_000


@dataclass(frozen=True)
class Statement:
    """A formula for a variable.

    Attributes:
        name: of the variable.
        written: the right side as it was written.
        tree: of the formula.
        uses: the names in it, in the order of reading.
    """

    name: str
    written: str
    tree: t.Expr
    uses: tuple[str, ...]


def statements(source: str) -> dict[str, Statement]:
    """The formulas of a graph by their variables, in the order of writing.

    Raises:
        InputError: a formula that cannot be read, a variable given twice, none at all.
    """
    parts = _parts(source)
    if len(parts) > MOST_FORMULAS:
        raise InputError("graph", f"at most {MOST_FORMULAS} formulas", str(len(parts)))
    names = [_name(part) for part in parts]
    known, found = frozenset(names), dict[str, Statement]()
    for name, part in zip(names, parts, strict=True):
        if name in found:
            raise InputError("graph", "each variable given once", f"{name} twice")
        right = part.partition("=")[2].strip()
        tree = _tree(right, known)
        found[name] = Statement(name, " ".join(right.split()), tree, tuple(names_in(tree)))
    if not found:
        raise InputError("graph", "at least one formula", "none")
    return found


def read(formula: str) -> t.Expr:
    """A formula alone."""
    return _tree(formula, frozenset())


def _tree(formula: str, variables: frozenset[str]) -> t.Expr:
    """The tree of a formula; where two bars together are no norm, of one with single bars.

    Raises:
        InputError: it cannot be read.
    """
    words = with_brackets(formula, tokens(formula))
    try:
        return _GraphReader(formula, words, variables).tree()
    except InputError:
        apart = with_bars_apart(words)
        if apart == words:
            raise
    return _GraphReader(formula, apart, variables).tree()


def names_in(tree: t.Expr) -> dict[str, None]:
    """The names in a formula, in the order of reading, each once."""
    waiting, found = [tree], dict[str, None]()
    while waiting:
        one = waiting.pop()
        if isinstance(one, t.Ref):
            found[str(one.name)] = None
        waiting += reversed(t.children(one))
    return found


def _parts(source: str) -> list[str]:
    """Formulas end at semicolons, and at the ends of lines outside of brackets; # begins a remark."""
    found: list[str] = []
    for chunk in "\n".join(line.partition("#")[0] for line in source.splitlines()).split(";"):
        part, depth = "", 0
        for line in chunk.split("\n"):
            if depth <= 0:
                found.append(part)
                part, depth = "", 0
            part += f" {line}"
            depth += sum((sign in "([{") - (sign in ")]}") for sign in line)
        found.append(part)
    return [part.strip() for part in found if part.strip()]


def _name(part: str) -> str:
    name, equals, _ = part.partition("=")
    if not equals or re.fullmatch(NAME, name.strip()) is None:
        raise InputError("graph", "formulas such as z = log(y1/y2)", repr(part[:60]))
    return plain_name(name.strip())


@dataclass
class _Frame:
    """What is read so far within one pair of brackets."""

    kind: str  # of the whole formula "", of brackets "(", "[", "|", "||", "‖", of a function "call"
    function: str = ""  # of a call
    pending: str = ""  # a function whose brackets come next
    items: list[t.Expr] = field(default_factory=list)
    terms: list[t.Expr] = field(default_factory=list)
    negative: bool = False  # the sign before the term that is read
    product: list[t.Expr] = field(default_factory=list)  # factors of the run that is read
    run: str = ""  # the operator of the run: *, ⊙ or, of a quotient, /
    operator: str = ""  # before the factor that is read
    minuses: int = 0  # before the factor
    base: t.Expr | None = None  # of a power whose exponent is read
    exponent_minuses: int = 0
    current: t.Expr | None = None

    def finish_factor(self) -> None:
        """Put what is read into the product."""
        assert self.current is not None
        factor = self.current
        if self.base is not None:
            factor = t.Pow(self.base, _negated(factor, self.exponent_minuses))
        factor = _negated(factor, self.minuses)
        self.base = self.current = None
        self.minuses = self.exponent_minuses = 0
        if not self.operator:
            self.product, self.run = [factor], ""
        elif self.operator == "/":
            self.product, self.run = [t.Div(self.whole_product(), factor)], "/"
        elif self.run == self.operator:
            self.product.append(factor)
        else:
            self.product, self.run = [self.whole_product(), factor], self.operator
        self.operator = ""

    def whole_product(self) -> t.Expr:
        """The factors so far, as one."""
        if len(self.product) == 1:
            return self.product[0]
        return (t.Hadamard if self.run == "⊙" else t.Mul)(tuple(self.product))

    def finish_term(self) -> None:
        """Put the product into the sum."""
        self.finish_factor()
        term = self.whole_product()
        self.terms.append(t.Neg(term) if self.negative else term)
        self.product, self.run, self.negative = [], "", False

    def finish_item(self) -> None:
        """Put the sum among what stands between commas."""
        self.finish_term()
        self.items.append(self.terms[0] if len(self.terms) == 1 else t.Add(tuple(self.terms)))
        self.terms = []


def _negated(tree: t.Expr, times: int) -> t.Expr:
    for _ in range(times):
        tree = t.Neg(tree)
    return tree


class _GraphReader:
    """Reads a formula from left to right with its own stack, so that no depth is too much for Python.

    Args:
        variables: that the graph gives; such a name is never a function or the sign of a transpose.
    """

    def __init__(self, formula: str, words: list[Lexeme], variables: frozenset[str]) -> None:
        self.formula, self.words, self.variables = formula, words, variables
        self.frames = [_Frame("")]

    def tree(self) -> t.Expr:
        """The tree of the formula."""
        *words, end = self.words
        for place, token in enumerate(words):
            before = words[place - 1] if place else None
            if token.kind == "number":
                self.number(token)
            elif token.kind == "name":
                self.name(token, before, self.words[place + 1])
            elif token.kind == "transposed":
                self.transposed(token)
            elif token.kind == "sign":
                self.sign(token, before)
            else:
                has = self.frames[-1].current is not None
                raise self.unreadable(token, "an operator or the end" if has else "a number or a name")
        top = self.frames[-1]
        if len(self.frames) > 1 or top.current is None:
            raise self.unreadable(end, "")
        top.finish_item()
        return top.items[0]

    def unreadable(self, token: Lexeme, expected: str) -> InputError:
        """What could stand at a place where something cannot be read."""
        what = f"formula {shown(self.formula)}"
        if token.kind == "end":
            return InputError(what, "more after its end", "the end")
        at = self.formula[token.at : token.at + 12].split("\n")[0]
        return InputError(what, f"{expected} at column {token.at + 1}", repr(at))

    # ------------------------------------------------------------ operands

    def number(self, token: Lexeme) -> None:
        """A number as it is written."""
        if self.frames[-1].current is not None:
            raise self.unreadable(token, "an operator or the end")
        if len(token.text) > LONGEST_NUMBER:
            raise InputError("number", f"at most {LONGEST_NUMBER} characters", str(len(token.text)))
        value = float(token.text)
        if value == float("inf") or (value == 0 and token.text.lower().partition("e")[0].strip("0.")):
            raise InputError("number", "0 or one between 1e-308 and 1e308", token.text)
        self.frames[-1].current = t.Number(value, token.text)

    def name(self, token: Lexeme, before: Lexeme | None, following: Lexeme) -> None:
        """A variable, or a function before its brackets."""
        if self.frames[-1].current is not None:
            self.beside(token, before)
        called = following.kind == "sign" and following.text == "("
        function = ALIASES.get(token.text, token.text)
        if token.text in self.variables or not (called or function in KNOWN):
            self.frames[-1].current = t.Ref(token.text)
        elif function not in KNOWN:
            raise self.unreadable(following, f"an operator (functions are {', '.join(sorted(KNOWN))})")
        elif not called:
            raise self.unreadable(following, f"brackets after {token.text}, such as {token.text}(x),")
        else:
            self.frames[-1].pending = function

    def beside(self, token: Lexeme, before: Lexeme | None) -> None:
        """A product without a sign: ``W x``, ``(a + b)(a - b)``."""
        top = self.frames[-1]
        bracket = before is not None and before.text in ")]"
        is_number = isinstance(top.current, t.Number) and top.base is None
        if is_number or not (token.spaced or bracket):
            raise self.unreadable(token, "an operator (a product is written 2*x)")
        if token.text == "(" and not bracket:
            raise self.unreadable(token, f"an operator (functions are {', '.join(sorted(KNOWN))})")
        if top.operator == "/" or top.run == "/":
            raise self.unreadable(token, "a sign * or brackets around what is divided by")
        top.finish_factor()
        top.operator = "*"

    def transposed(self, token: Lexeme) -> None:
        """``x^T``, where T is no variable of the graph."""
        top = self.frames[-1]
        if top.current is None:
            raise self.unreadable(token, "a number or a name")
        if token.text.startswith("^") and "T" in self.variables:
            self.power(token)
            top.current = t.Ref("T")
        else:
            top.current = t.Transpose(top.current)

    # ------------------------------------------------------------ signs

    def sign(self, token: Lexeme, before: Lexeme | None) -> None:
        """An operator or a bracket."""
        top, sign = self.frames[-1], token.text
        if sign in ("(", "[", *ROOTS) or (sign in _BARS and top.current is None):
            self.open(token, before)
        elif sign in "+-" and top.current is None:
            if top.base is None:
                top.minuses += sign == "-"
            else:
                top.exponent_minuses += sign == "-"
        elif top.current is None:
            doubled = sign == "*" and before is not None and before.text == "*"
            raise self.unreadable(token, "one * (a power is written x^2)" if doubled else "a number or a name")
        elif sign in "+-":
            top.finish_term()
            top.negative = sign == "-"
        elif sign in "*/⊙":
            top.finish_factor()
            top.operator = sign
        elif sign == "^":
            self.power(token)
        elif sign == "," and top.kind in ("call", "["):
            top.finish_item()
        else:
            self.close(token)

    def power(self, token: Lexeme) -> None:
        """What is read so far is the base."""
        top = self.frames[-1]
        if top.base is not None:
            raise self.unreadable(token, "an operator (of powers of powers one needs brackets)")
        top.base, top.current = top.current, None

    def open(self, token: Lexeme, before: Lexeme | None) -> None:
        """An opening bracket."""
        top, function = self.frames[-1], self.frames[-1].pending
        if top.current is not None:
            self.beside(token, before)
        if token.text in ROOTS:
            top.pending = ROOTS[token.text][0]
            return
        if function and token.text != "(":
            raise self.unreadable(token, f"brackets after {function}, such as {function}(x),")
        if len(self.frames) > DEEPEST:
            raise InputError("formula", f"at most {DEEPEST} brackets within brackets", "more")
        top.pending = ""
        self.frames.append(_Frame("call" if function else token.text, function))

    def close(self, token: Lexeme) -> None:
        """A closing bracket, of the kind of the last that is open."""
        top = self.frames[-1]
        if {"(": ")", "call": ")", "[": "]", **{bar: bar for bar in _BARS}}.get(top.kind) != token.text:
            raise self.unreadable(token, "an operator or the end")
        top.finish_item()
        self.frames.pop()
        if top.kind == "call":
            whole: t.Expr = t.Call(top.function, tuple(top.items))
        elif top.kind == "[":
            whole = t.Array(tuple(top.items))
        else:
            whole = t.Call(_BARS[top.kind], tuple(top.items)) if top.kind in _BARS else top.items[0]
        self.frames[-1].current = whole
