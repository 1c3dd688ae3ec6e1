"""One line in detail: what it says, what is right in it, what was probably done, what is due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.auditing.records import Found
from chainrule.auditing.report.records import LineAudit, PartAudit
from chainrule.auditing.report.wording import array, decimals_apart, name_part, number, sentence, short
from chainrule.render.blocks import Block, Bullets, Code, Heading, Line, Math, Paragraph, Verbatim, line
from chainrule.render.from_tex import from_tex

SIGNS = {
    "right": "✓", "rounded": "≈", "truncated": "≈", "follows": "→", "wrong": "✗", "undecided": "?", "unreadable": "?",
}  # fmt: skip
_WORDS = {"rounded": "right, rounded", "truncated": "right, cut off"}
MOST_WRITTEN = 1200  # letters of a line on its own
MOST_ENTRIES = 5  # of an array that are told one by one


def verdict_words(verdict: str) -> str:
    """A verdict in words."""
    return _WORDS.get(verdict, verdict)


def line_name(a: LineAudit, noun: str = "line") -> tuple[str | Math | Code, ...]:
    """``line 24, dL/dW_212``."""
    name = name_part(a.name)
    return (f"{noun} {a.number}", ", ", name) if name else (f"{noun} {a.number}",)


def line_details(a: LineAudit, noun: str = "line") -> Iterator[Block]:
    """A line that is not right: what it says, what is right in it, what was probably done, what is due."""
    yield Heading(3, (f"{SIGNS[a.verdict]} ", *line_name(a, noun), f": {verdict_words(a.verdict)}"))
    yield Verbatim(short(a.text, MOST_WRITTEN))
    if a.message:
        yield Paragraph(line(sentence(a.brief or a.message, ".")))
    if len({p.verdict for p in a.parts}) > 1:
        yield Bullets(tuple(_part(p, a.message) for p in a.parts))
    elif a.parts and a.parts[0].message and a.parts[0].message not in a.message:
        yield Paragraph(line(sentence(a.parts[0].message, ".")))
    if a.verdict in ("wrong", "undecided"):
        yield from _found(a)
        due = _due(a)
        if due:
            yield Paragraph(line(due))
        yield from a.derivation


def _part(p: PartAudit, said: str) -> Line:
    message = f": {p.message}" if p.message and p.message.lower() not in said.lower() else ""
    return line(f"{SIGNS[p.verdict]} the {p.kind} ", Code(short(p.text)), f" {_is(p.verdict)}{message}")


def _is(verdict: str) -> str:
    return "follows from the lines before" if verdict == "follows" else f"is {verdict_words(verdict)}"


def _found(a: LineAudit) -> Iterator[Block]:
    found = a.found or tuple(f for p in a.parts for f in p.found)[:3]
    said = all(f.words.lower() in a.message.lower() for f in found)
    if len(found) > 1:
        if not said:
            yield Paragraph(line(f"{len(found)} mistakes give this line; the likeliest first:"))
        starts = ("the first", "the second", "the third") if said else tuple(f.words for f in found)
        items = [_mistake(start, f) for start, f in zip(starts, found, strict=False) if f.wrong or f.right or not said]
        if items:
            yield Bullets(tuple(items))
    elif found:
        if not said:
            sure = found[0].id in ("arithmetic", "inconsistent_with_own_line")
            yield Paragraph(line(sentence(found[0].words if sure else f"probably {found[0].words}", ".")))
        if found[0].wrong or found[0].right:
            yield Bullets(tuple(_equations(found[0])))


def _mistake(start: str, f: Found) -> Line:
    parts: list[str | Math | Code] = [start]
    if f.wrong:
        parts += [": ", _formula(f.wrong)]
    if f.right:
        parts += [" for ", _formula(f.right)] if f.wrong else [": it should be ", _formula(f.right)]
    return tuple(parts)


def _equations(f: Found) -> Iterator[Line]:
    if f.wrong:
        yield line("what seems to be done: ", _formula(f.wrong))
    if f.right:
        yield line("what it should be: ", _formula(f.right))


def _formula(latex: str) -> Math:
    return Math(from_tex(latex), latex)


def _due(a: LineAudit) -> str:
    """What is due, in as many digits as the line has; nothing where the message says it already."""
    if a.right is None or a.claimed is None:
        return ""
    if np.ndim(a.right):
        return _entries(a)
    digits = decimals_apart(a.right, a.claimed, a.digits)
    due = number(a.right, digits)
    written = number(a.claimed, digits)
    parts = [] if due in a.message or due == written else [f"Written is {written}; it should be {due}."]
    if a.accepted is not None and np.ndim(a.accepted[0]) == 0:
        low, high = (number(end, None if a.digits is None else a.digits + 1) for end in a.accepted)
        if low != high and low not in a.message:
            parts.append(f"From your own lines before it, anything from {low} to {high} would do.")
    return " ".join(parts)


def _entries(a: LineAudit) -> str:
    """The entries of an array that are not as they should be."""
    claimed, right = np.asarray(a.claimed), np.asarray(a.right)
    if claimed.shape != right.shape:
        return f"Written has the shape {_shape(claimed)}, it should have {_shape(right)}: {array(right, a.digits)}."
    off = np.ones(right.shape, dtype=bool) if a.fits is None else ~np.asarray(a.fits)
    places = list(zip(*np.nonzero(off), strict=True)) if off.any() else []
    digits = decimals_apart(right, claimed, a.digits, off)
    if not places or off.all():
        due = array(right, a.digits) if right.size != 1 else number(right.item(), digits)
        return "" if due in a.message else f"It should be {due}."
    said = [
        f"{number(claimed[p], digits)} at {_place(p)} (it should be {number(right[p], digits)})"
        for p in places[:MOST_ENTRIES]
    ]
    more = f" and {len(places) - MOST_ENTRIES} more" if len(places) > MOST_ENTRIES else ""
    return f"Not right: {', '.join(said)}{more}; the rest is."


def _place(place: Sequence[Any]) -> str:
    return f"entry {', '.join(str(int(i) + 1) for i in place)}"


def _shape(value: Any) -> str:
    return " x ".join(map(str, value.shape)) or "a number"
