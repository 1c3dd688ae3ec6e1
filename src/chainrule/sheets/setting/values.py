"""The values that lines of a sheet give: what is claimed of each name where nothing is computed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from chainrule.formula import tree as t
from chainrule.formula.plain import JOIN
from chainrule.sheets.formulas.functions import UnreadError
from chainrule.sheets.formulas.grammar import parse_part
from chainrule.sheets.names.plain import Names
from chainrule.sheets.setting.facts import WORDS, parameter
from chainrule.sheets.setting.rate import CALLED
from chainrule.sheets.setting.spellings import ROWS, matrix_text
from chainrule.sheets.writing.statements import claims
from chainrule.system.patterns import regex

#: x1, t_o2: one input or target
NUMBERED = regex(r"(?P<word>x|i|input|y|t|d|yd|target|label|T|X|Y)_?(?P<index>[1-9][0-9]?|0|o[1-9])")
#: a^{(1)}, which some call the inputs
FIRST = regex(r"a\^(?:1|\{?[(\[]?1[)\]]?\}?)")
_NAME = regex(r"(?:[A-Za-zηαβθΘ]|\\[a-z]+)[\w{}^()\[\],\\]*(?:\s*[_^]\s*[\w{(\[][\w{}()\[\],]*)*\s*$")
_SAID = regex(rf"{CALLED}(?:\s+[^\s=]{{1,3}})?\s*$")
_INLINE = regex(r"(?<![$\\])\$([^$]+)\$(?!\$)")
_AND = regex(r"\s+(?:and|with|und|et|con|mit|\|)\s+|[.;:]\s+(?![^\[]*\])")
_OUTSIDE = regex(r"[\s,;.]*(?=[A-Za-zηαθ][\w^]{0,8}\s*=\s*[-\[(0-9.])")  # what is given beside formulas in dollars
_LONE = regex(r"\s*=\s*-?[0-9.]+")
_NUMBER_ALONE = regex(r"[-−–]?[0-9]*\.?[0-9]+|[\[(][-−–+0-9.,;\s\[\]()]*[\])]")
_OBJECT = regex(r"(?:Value|Scalar|Variable|Parameter)\(\s*(-?[0-9.]+)\s*(?:,[^()]*)?\)")
_CALLED = regex(r"(?:(?:np|numpy|torch|jnp)\.)?(?:array|Array|tensor|Tensor)\((.*)\)")
_TUPLE = regex(r"\([^()A-Za-z]*\)")
_TOLD = regex(r"([^A-Za-z\\⟦]*[0-9\])])\s*(?:[,;]?\s+|\(\s*)[A-Za-z][^=]*")
_TURNED = regex(r"(?<=\))\s*(?:\^\s*\{?\s*(?:T|\\top|\\intercal)(?![A-Za-z])\s*\}?|⊤|ᵀ)")
_AROUND = regex(r"\^\s*\{?(?:T|\\top)(?![A-Za-z])\s*\}?|[⟦⟧⏎&,;()\[\]]")
LONGEST = 20_000  # characters of a value


class Value(NamedTuple):
    """What a line claims of a name: in lines from ``line`` to ``end``; None where something is computed."""

    line: int
    end: int
    name: str
    value: Any


def values(lines: Sequence[str]) -> Iterator[Value]:
    """What the lines claim of each name.

    ``x = a^1 = [1, 2]`` gives both names their value, as ``x = y = [1, 2]`` does.
    """
    names = Names((1, 1))
    pieces = list(_pieces(lines))
    for claim in claims([text for _, text in pieces], 1):
        start = pieces[claim.number - 1][0]
        last = claim.parts[-1] if claim.parts else None
        end = start if last is None else pieces[min(last.where(len(last.text))[0], len(pieces)) - 1][0]
        subject = claim.parts[0].text.replace(JOIN, " ").strip() if claim.parts else ""
        called = _NAME.search(subject)
        further = [part.text.replace(JOIN, " ").strip() for part in claim.parts[1:-1]]
        single = len(claim.parts) == 2 or (
            len(claim.parts) > 2 and all(may_be_given(one) or _lists_names(one) for one in (subject, *further))
        )
        value = None if claim.error or not single or called is None else _read(claim.parts[-1].text, names)
        if called is not None and subject[: called.start()].rstrip()[-1:] in tuple("/∂+-*^_(["):
            value = None  # a derivative, or another formula
        spoken = _SAID.search(subject)
        name = "learning_rate" if spoken else called[0].strip() if called else ""
        yield from (
            Value(start, end, one, value)
            for one in (name, *(filter(may_be_given, further) if value is not None else ()))
        )


def may_be_given(name: str) -> bool:
    """Whether a name is one of an input, a target, a weight or a bias."""
    bare = re.sub(r"[\s{}]", "", name)
    known = bare in WORDS["x"] or bare in WORDS["y"] or NUMBERED.fullmatch(bare) or FIRST.fullmatch(bare)
    return len(name) < 30 and (bool(known) or parameter(bare) is not None)


def _lists_names(written: str) -> bool:
    """Whether it is the entries of a vector by their names: ``[x_1, x_2]``, a matrix of them."""
    names = _AROUND.sub(" ", written).split()
    return len(names) > 1 and all(map(may_be_given, names))


def _pieces(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """(line, text): what stands between two ``$``, and the parts of a sentence, each as a line of its own."""
    for number, line in enumerate(lines, 1):
        row = _row(line.replace("$", "")) if "|" in line else None
        if row is not None:
            yield number, f"{row[0]} = {row[1]}"
        elif _INLINE.search(line):
            yield from ((number, text) for text in _beside_dollars(line))
        elif "\\" in line or "$" in line:
            yield number, line
        else:
            yield from ((number, text) for text in _AND.split(line))


def _beside_dollars(line: str) -> Iterator[str]:
    """What stands between dollars, and what is given in plain text beside it: ``x_1 = 1, $y = 0.9$``, ``$y$ = 0.9``."""
    at = 0
    for inside in (*_INLINE.finditer(line), None):
        outside = line[at : inside.start() if inside else len(line)]
        if (at and _LONE.match(outside)) or _OUTSIDE.match(outside):
            yield from _AND.split(outside.lstrip(" ,;."))
        if inside is not None:
            yield inside[1]
            at = inside.end()


def _row(line: str) -> tuple[str, str] | None:
    """A name and its value in a row of a table, where its other cells describe it in words or say what it joins."""
    cells = [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
    if len(cells) < 2 or "=" in line or not line.lstrip().startswith("|"):
        return None
    name, *rest = cells
    if re.match(r"[^\W\d]|\\", name) is None:
        return None
    if len(rest) == 1:
        return (name, rest[0]) if name and rest[0] else None
    values = [cell for cell in rest if _NUMBER_ALONE.fullmatch(cell)]
    told = all(_NUMBER_ALONE.fullmatch(cell) or not cell or re.search(r"[^\W\d_]", cell) for cell in rest)
    return (name, values[0]) if len(values) == 1 and told and name else None


def _read(written: str, names: Names) -> Any:
    """The numbers of a value, words behind it left out; None where it is no value."""
    if len(written) > LONGEST:
        return None
    written = _OBJECT.sub(lambda match: match[1], written)
    called = _CALLED.fullmatch(written.strip().rstrip(". "))
    written = called[1] if called else written.strip().rstrip(". ")
    written = _TURNED.sub("", written)
    told = _TOLD.fullmatch(written)
    written = told[1] if told else written
    if _TUPLE.fullmatch(written):
        written = f"[{written[1:-1]}]"
    if ROWS.fullmatch(written):
        written = matrix_text(written)
    try:
        return _plain(parse_part(written, names)[0])
    except UnreadError:
        return None


def _plain(tree: t.Expr) -> Any:
    """A number, or lists of numbers; None for anything that is computed."""
    match tree:
        case t.Number(value=value, written=written):
            return int(value) if written.isdigit() else value
        case t.Neg(item=t.Number(value=value)):
            return -value
        case t.Transpose(item=item):
            return _plain(item)
        case t.Array(items=items):
            found = [_plain(item) for item in items]
            return None if any(one is None for one in found) else found
        case _:
            return t.fraction(tree)
