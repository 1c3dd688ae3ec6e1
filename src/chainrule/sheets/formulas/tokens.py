"""The tokens of a formula of a worksheet, from its plain text: names whole, with their layers and indices.

Whether ``dW_212`` is a differential, and a word a function or a name, is settled here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from chainrule.formula.grammar import DEEPEST, LONGEST_NUMBER
from chainrule.formula.plain import BREAK, CLOSE, JOIN, OPEN, POWER, WIDE
from chainrule.sheets.formulas.functions import UnreadError, function_at, with_powers_behind
from chainrule.sheets.formulas.parser import Token
from chainrule.sheets.formulas.pieces import piece_at
from chainrule.sheets.names import plain as n
from chainrule.system.patterns import regex

MOST_SIGNS = 20  # signs, functions without brackets, or marks behind a name, in a row
MOST_EXPONENT = 99  # of ten
_NUMBER = regex(r"(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE](?P<exponent>[+-]?[0-9]++))?")
_TRANSPOSED = regex(r"\^\s*(?:\{\s*[T⊤]\s*\}|T(?![A-Za-z0-9_])|⊤)|⊤|\.T(?![A-Za-z0-9_])")
_EXPONENTIAL = regex(r"e(?=\s*\^)")
_SUM = regex(
    r"(?:∑|sum(?=\s*_\s*(?:\{|[a-z](?![A-Za-z0-9]))))"
    r"(?:\s*\^\s*(?:\{(?P<top>[^{}]{1,20})\}|(?P<high>\w)))?"
    r"(?:\s*_\s*(?:\{(?P<under>[^{}]{1,30})\}|(?P<letter>[a-z])))?"
    r"(?:\s*\^\s*(?:\{(?P<over>[^{}]{1,20})\}|(?P<above>\w)))?"
)
_BOUND = regex(r"\s*([a-z])\s*(?:=\s*([0-9]{1,6})\s*)?")
_TWO_NAMES = regex(r"[Ww][0-9]?[xXhaA]|[xXhH][Ww]")
_D = regex(r"[d∂]\s*")
_LOSS = n.Written("L")
_SHORT = regex(r"d\s*(?=[WwbzahZA](?![A-Za-z0-9]))")  # dW^{[2]} for dL/dW^{[2]}
_BELOW_LINE = regex(r"(?:/[\s({]*|\}\s*\{\s*)$")
_ABOVE_LINE = regex(r"[\s)}]*(?:/|\}\s*\{)[\s({]*[d∂]")
_NABLA = regex(r"∇\s*(?P<below>_\s*(?P<brace>\{\s*)?)?")
_ARGUMENTS = regex(
    r"\s*\(\s*[A-Za-zα-ω][\w^{}\[\]\s]{0,12}(?:[,;|]\s*[A-Za-zα-ω][\w^{}\[\]\s]{0,12}){0,4}\)(?=\s*(?:\}|/|$))"
)
_ALL_ARGUMENTS = regex(_ARGUMENTS.pattern.replace(r"(?=\s*(?:\}|/|$))", r"(?=\s*$)"))
_FRAC = regex(r"\\frac\s*")
_SPACE, _GAP = regex(rf"[\s{JOIN}{POWER}]*"), regex(r"\s*")
_DIGIT = regex(r"\s*([0-9])")
_OPENED = regex(r"\s*[(\[{]")
_BRACE, _BRACE_CLOSED, _CLOSED = regex(r"\s*\{\s*"), regex(r"\s*\}\s*"), regex(r"\s*\}")
_BRACKET, _BRACKET_CLOSED = regex(r"\s*\(\s*"), regex(r"\s*\)")
_BY, _BY_FRAMED = regex(r"\s*/\s*[d∂]\s*"), regex(r"\s*\}\s*\{\s*[d∂]\s*")
_ONE_THING = regex(r"\\?[A-Za-z]+|.", re.DOTALL)

_OPERATORS = {
    "+": "PLUS", "-": "MINUS", "*": "TIMES", "/": "DIVIDE", "⊙": "HADAMARD", "⊗": "OUTER", "^": "_CARET",
    ",": "_COMMA", ";": "_SEMI", "&": "_AMP", BREAK: "_ROW", "(": "_LPAR", ")": "_RPAR", "[": "_LSQB", "]": "_RSQB",
    "{": "_LBRACE", "}": "_RBRACE", OPEN: "_MOPEN", CLOSE: "_MCLOSE",
}  # fmt: skip
_ROWS = regex(r"\[(?:[^\[\];]{0,400};){1,100}[^\[\];]{0,400}\]")
_OF_ROWS = {"_COMMA": "_AMP", "_SEMI": "_ROW", "_RSQB": "_MCLOSE"}
_OPENING = frozenset(("_ROWS", "_LPAR", "_LSQB", "_LBRACE", "_MOPEN"))
_CLOSING = frozenset(("_RPAR", "_RSQB", "_RBRACE", "_MCLOSE"))
#: kinds of tokens behind which an operator or the end is due
ENDS_VALUE = frozenset((*_CLOSING, "NUMBER", "NAME", "OWN", "RATIO", "TRANSPOSED", "PRIME", "SUMMED"))
_PREFIXES = frozenset(("MINUS", "PLUS", "BARE"))
_MARKS = frozenset(("TRANSPOSED", "PRIME"))
LEARNING_RATES = frozenset(("eta", "η", "lr", "learning_rate", "alpha", "α"))


@dataclass(frozen=True)
class Ratio:
    """A derivative as written, after so many updates; without ``of``, the operator d/dx."""

    of: n.Operand | None
    wrt: n.Operand
    after: int = 0

    def __str__(self) -> str:
        return f"d/d{self.wrt}"


@dataclass(frozen=True)
class Over:
    """What a sum runs over: a letter, its first value, its last one or None for all there are."""

    letter: str
    low: int
    high: int | None

    def __str__(self) -> str:
        return self.letter


@dataclass
class _Scanner:
    """One pass over a plain text; ``own`` are the names that the author has introduced."""

    text: str
    depth: int
    own: frozenset[str] | set[str]
    is_subject: bool = False
    at: int = 0
    tokens: list[Any] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)  # tokens before each

    def scan(self) -> list[Any]:
        rules = (self.of_python, self.ratio, self.short, self.total, self.fraction, self.word, self.number)
        while True:
            start = self.at
            self.at = _SPACE.match(self.text, start).end()  # type: ignore[union-attr]
            if self.at >= len(self.text):
                return self.tokens
            self.separate(self.text[start : self.at])
            if not any(rule() for rule in rules):
                self.operator()
            self.check()

    # ---- emitting

    def put(self, kind: str, value: Any, end: int) -> bool:
        self.tokens.append(Token(kind, value, self.at))
        self.at = end
        return True

    @property
    def last(self) -> str:
        return self.tokens[-1].type if self.tokens else ""

    def check(self) -> None:
        """Nothing piles up without end."""
        if len(self.open) > DEEPEST:
            raise UnreadError(self.at - 1, f"at most {DEEPEST} brackets within brackets can be read")
        kind = self.last
        row = _PREFIXES if kind in _PREFIXES else _MARKS if kind in _MARKS else None
        if row is not None and len(self.tokens) > MOST_SIGNS and all(t.type in row for t in self.tokens[-MOST_SIGNS:]):
            raise UnreadError(self.at - 1, f"at most {MOST_SIGNS} signs in a row can be read")
        if kind in ("SUM", "DIFF") and sum(t.type in ("SUM", "DIFF") for t in self.tokens) > MOST_SIGNS:
            raise UnreadError(self.at - 1, f"at most {MOST_SIGNS} sums in a formula can be read")

    def separate(self, gap: str) -> None:
        """A space between the entries of a vector is its comma; between the rows of a matrix, nothing may be."""
        if not (self.open and self.open[-1] in ("_LSQB", "_ROWS") and self.last in ENDS_VALUE):
            return
        is_row = self.text[self.at] == "[" and self.last == "_RSQB"
        if is_row and [token.type for token in self.tokens[self.opened[-1] :][:2]] == ["_LSQB", "_LSQB"]:
            self.put("_COMMA", ",", self.at)
        if not gap or is_row:
            return
        here, following = self.text[self.at], self.text[self.at + 1 : self.at + 2]
        signed = here == "-" and (following.isdigit() or following == ".")
        number = here.isdigit() or here == "." or signed
        value = number or here.isalpha() or here in "(\\"
        if (number and self.last == "NUMBER") or (value and WIDE in gap):
            self.put("_AMP" if self.open[-1] == "_ROWS" else "_COMMA", ",", self.at)

    def operator(self) -> None:
        transposed = _TRANSPOSED.match(self.text, self.at)
        if transposed:
            self.put("TRANSPOSED", "^T", transposed.end())
            return
        primes = n.PRIMES.match(self.text, self.at) or n.NEW.match(self.text, self.at)
        if primes and self.last in ENDS_VALUE:
            self.put("PRIME", n.updates(primes), primes.end())
            return
        character = self.text[self.at]
        kind = _OPERATORS.get(character)
        if kind is None or (character == ";" and (not self.open or self.open[-1] != "_ROWS")):
            raise UnreadError(self.at, f"{_named(self.text, self.at)} cannot be read here")
        if kind == "_LSQB" and _ROWS.match(self.text, self.at):
            kind = "_ROWS"  # [1 2; 3 4]
        within = self.open[-1] if self.open else ""
        if kind in _OPENING:
            self.open.append(kind)
            self.opened.append(len(self.tokens))
        elif kind in _CLOSING and self.open:
            self.open.pop()
            self.opened.pop()
        if within == "_ROWS":
            kind = _OF_ROWS.get(kind, kind)
        kind = "_MOPEN" if kind == "_ROWS" else kind
        if kind in ("_AMP", "_ROW") and (not self.open or self.open[-1] not in ("_MOPEN", "_ROWS")):
            self.at += 1  # where lines are aligned, not in a matrix
            return
        self.put(kind, character, self.at + 1)

    def of_python(self) -> bool:
        """Comparisons, and what Python puts behind a name."""
        found = piece_at(self.text, self.at, self.last in ENDS_VALUE, self.own)
        if found is None:
            return False
        if not found.kind:
            self.at = found.end  # it means nothing here
            return True
        return self.put(found.kind, found.value, found.end)

    # ---- numbers, fractions, sums

    def number(self) -> bool:
        match = _NUMBER.match(self.text, self.at)
        if match is None:
            return False
        if match.end() - self.at > LONGEST_NUMBER:
            got = match.end() - self.at
            raise UnreadError(self.at, f"expected a number of at most {LONGEST_NUMBER} characters; got one of {got}")
        if abs(int(match["exponent"] or 0)) > MOST_EXPONENT:
            due = f"a power of ten from -{MOST_EXPONENT} to {MOST_EXPONENT}"
            raise UnreadError(self.at, f"expected {due}; got {match[0]}")
        if self.follows_factor(match[0]):
            self.put("TIMES", "*", self.at)
        return self.put("NUMBER", match[0], match.end())

    def follows_factor(self, number: str) -> bool:
        """Whether a number stands behind a factor, as in ``(1 - h) 2`` and ``h_1 0.5``, and makes a product with it.

        A whole number behind a name may be the index of that name, torn off in copying.
        """
        before = self.text[max(0, self.at - 3) : self.at]
        if self.last not in ENDS_VALUE or (before.isspace() and len(before) == 3):
            return False
        if self.last == "NUMBER":
            return before[-1:].isspace() and self.tokens[-2:-1] != [] and self.tokens[-2].type == "_CARET"
        if self.is_subject and len(self.open) == 0 and not any(t.type in _CLOSING for t in self.tokens):
            return False
        return "." in number or (self.last in _CLOSING and not self.is_subject)

    def fraction(self) -> bool:
        match = _FRAC.match(self.text, self.at)
        if match is None:
            return False
        self.put("_FRAC", match[0], match.end())
        for _ in range(2):  # \frac12
            digit = _DIGIT.match(self.text, self.at)
            if digit is None:
                break
            self.at = digit.start(1)
            self.put("_LBRACE", "{", self.at)
            self.put("NUMBER", digit[1], self.at + 1)
            self.put("_RBRACE", "}", self.at)
        return True

    def total(self) -> bool:
        match = _SUM.match(self.text, self.at)
        if match is None:
            return False
        under = match["under"] or match["letter"]
        above = match["over"] or match["above"] or match["top"] or match["high"]
        if under is None:
            return self.put("SUM", None, match.end())
        bound = _BOUND.fullmatch(under)
        if bound is None:
            raise UnreadError(self.at, "a sum runs over one letter, as in sum_{i=1}^{2} or sum_i")
        high = int(above) if above and above.strip().isdecimal() else None
        return self.put("SUM", Over(bound[1], int(bound[2] or 1), high), match.end())

    # ---- words

    def word(self) -> bool:
        if not self.text[self.at].isalpha():
            return False
        if "e" not in self.own and (match := _EXPONENTIAL.match(self.text, self.at)):
            return self.put("EXP", "e", match.end())
        if self.function():
            return True
        found = self.name(self.at)
        if found is None:
            return False
        value, end = n.entry_of(*found, self.text) if self.is_subject and not self.tokens else found
        if not self.tokens and (arguments := _ALL_ARGUMENTS.match(self.text, end)) and _is_loss(value):
            end = arguments.end()  # J(W, b), where nothing else stands
        return self.put("OWN" if isinstance(value, n.Own) else "NAME", value, end)

    def function(self) -> bool:
        found = function_at(self.text, self.at, self.own)
        return found is not None and self.put("CALL" if found.called else "BARE", found.name, found.end)

    def ratio(self) -> bool:
        r"""dL/dW_212, \frac{dL}{dW_212}, the operators d/dx and \frac{d}{dx}, and ∇_W L."""
        if (match := _NABLA.match(self.text, self.at)) is not None:
            return self.nabla(match)
        framed = _FRAC.match(self.text, self.at)
        at = self.at
        if framed:
            at = self.passed(_BRACE, framed.end())
        d = _D.match(self.text, at) if at >= 0 else None
        if d is None or self.introduced(at):
            return False
        of = self.differentiated(d.end())
        at = d.end() if of is None else of[1]
        at = self.passed(_BY_FRAMED if framed else _BY, at)
        wrt = self.differentiated(at) if at >= 0 else None
        if wrt is None:
            return False
        end, after = (wrt[1], wrt[2]) if framed else (wrt[3], 0)
        end = self.passed(_CLOSED, end) if framed else end
        if end < 0:
            return False
        if of is not None:
            return self.put("RATIO", Ratio(self.loss(of[0]), wrt[0], after), end)
        bracket = _OPENED.match(self.text, end)
        return self.put("DIFFG" if bracket else "DIFF", Ratio(None, wrt[0]), end)

    def differentiated(self, at: int) -> tuple[n.Operand, int, int, int] | None:
        """A name within a derivative, braces around it and what it is a function of left out: ``{J}(W, b)``.

        With the place behind it and its primes, how many updates they are, and the place before them.
        """
        braced = _BRACE.match(self.text, at)
        found = self.name(braced.end() if braced else at)
        if found is None:
            return None
        bare = self.passed(_CLOSED, found[1]) if braced else found[1]
        if bare < 0:
            return None
        end, after = n.after_primes(self.text, bare)
        called = _ARGUMENTS.match(self.text, end) if isinstance(found[0], n.Own) or found[0].symbol == "L" else None
        return found[0], called.end() if called else end, after, bare

    def introduced(self, at: int) -> bool:
        match = n.IDENTIFIER.match(self.text, at)
        return match is not None and match[0] in self.own

    def nabla(self, match: re.Match[str]) -> bool:
        """``∇_{W_1} L``; ``∇loss(scores)`` is the gradient with respect to what stands in the bracket."""
        wrt = self.name(match.end())
        if match["below"] is None:
            bracket = self.passed(_BRACKET, wrt[1]) if wrt is not None else -1
            inner = self.name(bracket) if bracket >= 0 else None
            end = -1 if inner is None else self.passed(_BRACKET_CLOSED, inner[1])
            if wrt is None or inner is None or end < 0:
                raise UnreadError(self.at, "a gradient is written ∇_{W_1} L")
            return self.put("RATIO", Ratio(self.loss(wrt[0]), inner[0]), end)
        end = -1 if wrt is None else self.passed(_BRACE_CLOSED if match["brace"] else _GAP, wrt[1])
        of = self.differentiated(end) if end >= 0 else None
        if wrt is None or of is None:
            raise UnreadError(self.at, "a gradient is written ∇_{W_1} L")
        by = n.Written("a", above=n.Index("L", 0)) if wrt[0] == n.Written("a") else wrt[0]  # ∇_a C: of the last layer
        return self.put("RATIO", Ratio(self.loss(of[0]), by), of[1])

    def short(self) -> bool:
        """``dW^{[2]}``, which is dL/dW^{[2]} unless it is part of a quotient of differentials."""
        d = _SHORT.match(self.text, self.at)
        if d is None or self.introduced(self.at) or _BELOW_LINE.search(self.text[max(0, self.at - 20) : self.at]):
            return False
        wrt = self.name(d.end())
        if wrt is None or not (isinstance(wrt[0], n.Written) and wrt[0].bracketed):
            return False
        if _ABOVE_LINE.match(self.text, wrt[1]):
            return False
        return self.put("RATIO", Ratio(_LOSS, wrt[0]), wrt[1])

    def loss(self, of: n.Operand) -> n.Operand:
        """J is the loss in a derivative, unless the author has introduced it; ``reader`` knows other names for it."""
        return _LOSS if isinstance(of, n.Own) and of.name == "J" and "J" not in self.own else of

    def name(self, at: int) -> tuple[n.Operand, int] | None:
        is_own = self.text[at : at + 1] in ("Z", "A") and self.introduced(at)
        found = n.own_name(self.text, at) if is_own else n.operand(self.text, at, self.depth)
        if found is not None and (end := n.before_square(self.text, at, found[1], self.depth)):
            found = n.operand(self.text[:end], at, self.depth)
        if found is None or not isinstance(found[0], n.Own) or found[0].name in self.own:
            return found
        if _TWO_NAMES.fullmatch(found[0].name):  # Wx is W x
            return n.operand(self.text[: at + len(found[0].name) - 1], at, self.depth)
        return n.with_layer(found[0], self.text, found[1])

    def passed(self, pattern: re.Pattern[str], at: int) -> int:
        """The place behind a pattern, or -1."""
        match = pattern.match(self.text, at)
        return match.end() if match else -1


def _is_loss(value: n.Operand) -> bool:
    return value.symbol == "L" if isinstance(value, n.Written) else value.word in ("J", "C", "E", "loss", "Loss")


def _named(text: str, at: int) -> str:
    """What stands at a place, as far as it is one thing."""
    match = _ONE_THING.match(text, at)
    return repr(match[0][:20] if match else "")


def tokens(text: str, depth: int, own: frozenset[str] | set[str], is_subject: bool = False) -> list[Token]:
    """The tokens of a plain text.

    Args:
        depth: layers of the network.
        own: names that the author has introduced.
        is_subject: it stands before the first sign of equality.

    Raises:
        UnreadError: a character that no formula has, a number too long, too many brackets.
    """
    return _Scanner(with_powers_behind(text.replace(JOIN, " ")), depth, own, is_subject).scan()
