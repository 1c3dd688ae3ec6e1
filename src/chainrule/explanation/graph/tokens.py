"""The words of a graph's formulas: numbers, names, signs, and sums over an index written out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from unicodedata import normalize

from chainrule.errors import InputError

LONGEST = 20_000  # characters of a formula
LONGEST_NUMBER = 40  # characters
MOST_TOKENS = 100_000  # of a formula whose sums are written out
_LOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₗₘₙ", "0123456789ijklmn")
_HIGH = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_LETTER = r"[^\W\d⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₗₘₙ]"
_MORE = r"[^\W⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₗₘₙ]|[\u0300-\u036f]"
#: a name; below it an index: ``w_12``, ``w₁₂``, ``w_{1,2}``, ``w[1,2]``
NAME = rf"{_LETTER}(?:{_MORE})*(?:[₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₗₘₙ]+|(?<=_)\{{[\w\s,+*-]*\}}|\[[\w\s,+*-]*\])?['′]*"
_INDEX = r"[^\W\d_]"
_WHOLE = r"-?\d{1,9}"
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<summed>(?:sum|Σ|∑)_\{{?\s*(?P<index>{_INDEX})\s*=\s*(?P<first>{_WHOLE})\s*\}}?
        \s*\^\s*\{{?\s*(?P<last>{_WHOLE})\s*\}}?)
    |(?P<range>,\s*(?P<index2>{_INDEX})\s*=\s*(?P<first2>{_WHOLE})\s*(?:\.\.\.?|…|\bto\b)\s*(?P<last2>{_WHOLE}))
    |(?P<unbounded>(?:sum|Σ|∑)_(?=\{{?\s*{_INDEX}\s*=|{_INDEX}\b)|,\s*{_INDEX}\s*=)
    |(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<transposed>\^\s*(?:\{{\s*[T⊤]\s*\}}|[T⊤])(?![\w(])|ᵀ)
    |(?P<high>[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)
    |(?P<name>{NAME})
    |(?P<norm>(?:\|\||‖)(?:_(?:2|\{{\s*2\s*\}})(?!\w))?)
    |(?P<sign>[-+−*·×⋅/÷⊙∘@^,()\[\]{{}}|√∛∜])
    |(?P<unknown>.)""",
    re.VERBOSE,
)
_SAME = {"−": "-", "·": "*", "×": "*", "⋅": "*", "@": "*", "÷": "/", "∘": "⊙", "{": "(", "}": ")"}
_ARITHMETIC = re.compile(r"\s*(-?\d+)\s*(?:([-+*])\s*(\d+)\s*)?")

Kind = Literal["number", "name", "sign", "transposed", "summed", "range", "unknown", "end"]


@dataclass(frozen=True)
class Lexeme:
    """A word of a formula.

    Attributes:
        at: where it stands in the formula, counted from 0.
        spaced: whether a space stands before it.
        bounds: of a sum: the first and the last value of its index, which is ``text``.
    """

    kind: Kind
    text: str
    at: int
    spaced: bool = False
    bounds: tuple[int, int] = (0, 0)


def tokens(formula: str) -> list[Lexeme]:
    """The words of a formula, with each sum over an index written out; the last is its end.

    Raises:
        InputError: too long, a sum that has no terms or too many.
    """
    if len(formula) > LONGEST:
        raise InputError("formula", f"at most {LONGEST} characters", str(len(formula)))
    found = list(_scanned(formula))
    indices = {token.text for token in found if token.kind in ("summed", "range")}
    for place in range(len(found) - 1, -1, -1):  # inner sums first
        if found[place].kind == "summed":
            found = _written_out(found, place, indices)
    while (place := next((i for i, token in enumerate(found) if token.kind == "range"), -1)) >= 0:
        found = _written_out_range(formula, found, place, indices)
    return [*found, Lexeme("end", "", len(formula))]


def shown(formula: str) -> str:
    """A formula in a message."""
    return repr(formula if len(formula) <= 60 else formula[:57] + "…")


def plain_name(written: str) -> str:
    """One spelling of a name: ``w₁``, ``w_{1}`` and ``w[1]`` are ``w_1``; ``w_{1,2}`` is ``w_12``."""
    name = normalize("NFC", written).replace("′", "'")
    if name.isascii() and name.isidentifier():
        return name
    primes = len(name) - len(name.rstrip("'"))
    head, index = name[: len(name) - primes], ""
    if head.endswith("}"):
        head, _, index = head[:-1].partition("_{")
    elif head.endswith("]"):
        head, _, index = head[:-1].partition("[")
    else:
        letters = head.rstrip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₗₘₙ")
        head, index = letters, head[len(letters) :].translate(_LOW)
    return head + (below(index.split(",")) if index else "") + "'" * primes


def below(parts: list[str]) -> str:
    """An index below a name: ``_12`` for 1 and 2; with a number above 9 ``_{10,2}``."""
    stripped = [part.strip() for part in parts]
    stripped = [_computed(part) for part in stripped]
    if len(stripped) > 1 and any(len(part) > 1 for part in stripped):
        return f"_{{{','.join(stripped)}}}"
    joined = "".join(stripped)
    return f"_{joined}" if joined.isalnum() else f"_{{{joined}}}"


def _computed(part: str) -> str:
    """An index that is written as arithmetic of whole numbers, as one number."""
    match = _ARITHMETIC.fullmatch(part)
    if match is None or match[2] is None:
        return part
    a, b = int(match[1]), int(match[3])
    return str({"+": a + b, "-": a - b, "*": a * b}[match[2]])


def _scanned(formula: str) -> Iterator[Lexeme]:
    at, spaced = 0, False
    while at < len(formula):
        match = _TOKEN.match(formula, at)
        assert match is not None
        kind, text = match.lastgroup, match[0]
        if match["summed"] is not None:
            yield Lexeme("summed", match["index"], at, spaced, (int(match["first"]), int(match["last"])))
        elif kind == "unbounded":
            expected = f"a sum between numbers, such as sum_{{i=1}}^{{3}} x_i, at column {at + 1}"
            raise InputError(f"formula {shown(formula)}", expected, repr(formula[at : at + 12]))
        elif match["range"] is not None:
            yield Lexeme("range", match["index2"], at, spaced, (int(match["first2"]), int(match["last2"])))
        elif kind == "number":
            yield Lexeme("number", text, at, spaced)
        elif kind == "transposed":
            yield Lexeme("transposed", text, at, spaced)
        elif kind == "unknown":
            yield Lexeme("unknown", text, at, spaced)
        elif kind == "high":
            yield Lexeme("sign", "^", at, spaced)
            yield from (Lexeme("sign", "-", at),) * text.startswith("⁻")
            yield Lexeme("number", text.translate(_HIGH).lstrip("-"), at)
        elif kind == "name":
            yield Lexeme("name", plain_name(text), at, spaced)
        elif kind == "norm":
            yield Lexeme("sign", "‖" if text.startswith("‖") else "||", at, spaced)
        elif kind == "sign":
            yield Lexeme("sign", _SAME.get(text, text), at, spaced)
        spaced = kind == "space"
        at = match.end()


def _written_out(found: list[Lexeme], place: int, indices: set[str]) -> list[Lexeme]:
    """A sum that stands before its terms: it reaches to the next + or - outside of brackets."""
    depth, end = 0, place + 1
    while end < len(found):
        token = found[end]
        opens, closes = token.text in "([" and token.kind == "sign", token.text in ")]" and token.kind == "sign"
        first = end == place + 1
        if depth == 0 and token.kind in ("sign", "range") and not first:
            is_end = closes or token.text in "+-," or token.kind == "range"
            if is_end and not (token.text == "-" and found[end - 1].text in ("*", "/", "^")):
                break
        depth += opens - closes
        end += 1
    return [*found[:place], *_sum(found[place], found[place + 1 : end], indices), *found[end:]]


def _written_out_range(formula: str, found: list[Lexeme], place: int, indices: set[str]) -> list[Lexeme]:
    """``sum(w_i*x_i, i=1..3)``."""
    start, depth = place, 0
    while start > 0 and depth >= 0:
        start -= 1
        token = found[start]
        if token.kind == "sign":
            depth += (token.text in ")]") - (token.text in "([")
    closed = place + 1 < len(found) and found[place + 1].text == ")"
    if depth >= 0 or not closed or start == 0 or found[start - 1].text not in ("sum", "Σ", "∑"):
        at = found[place].at
        raise InputError(
            f"formula {shown(formula)}", "a sum such as sum(w_i*x_i, i=1..3)", f"{formula[at : at + 20]!r}"
        )
    terms = _sum(found[place], found[start + 1 : place], indices)
    return [*found[: start - 1], *terms, *found[place + 2 :]]


def _sum(head: Lexeme, body: list[Lexeme], indices: set[str]) -> list[Lexeme]:
    first, last = head.bounds
    if last < first:
        raise InputError(f"sum over {head.text}", f"a last value of {first} or more", str(last))
    if (last - first + 1) * (len(body) + 3) > MOST_TOKENS:
        raise InputError(f"sum over {head.text}", f"at most {MOST_TOKENS} signs when written out", "more")
    written = [Lexeme("sign", "(", head.at, head.spaced)]
    for value in range(first, last + 1):
        written += [Lexeme("sign", "+", head.at)] * (value > first) + [Lexeme("sign", "(", head.at)]
        written += [_at(token, head.text, value, indices) for token in body]
        written.append(Lexeme("sign", ")", head.at))
    return [*written, Lexeme("sign", ")", head.at)]


def _at(token: Lexeme, index: str, value: int, indices: set[str]) -> Lexeme:
    """A word of a sum's terms with a number for the index."""
    if token.kind != "name":
        return token
    if token.text == index:
        return Lexeme("number", str(value), token.at, token.spaced)
    head, line, under = token.text.partition("_")
    if not line or index not in under:
        return token
    inside = under.strip("{}")
    braced = under.startswith("{")
    if not braced and not all(c.isdigit() or c in indices for c in inside):
        return token  # a word below the name: E_total
    parts = inside.split(",") if braced else list(inside) if not inside.isdigit() else [inside]
    replaced = [re.sub(rf"(?<![^\W\d_]){re.escape(index)}(?![^\W\d_])", str(value), part) for part in parts]
    return Lexeme("name", head + below(replaced), token.at, token.spaced)
