"""An audit, and its page for the author of the sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chainrule.auditing.records import ACCEPTED, Contradiction, Convention
from chainrule.auditing.report.line_details import SIGNS, line_details, line_name, verdict_words
from chainrule.auditing.report.records import LineAudit
from chainrule.auditing.report.wording import name_part, sentence, short, value
from chainrule.render.blocks import Block, Bullets, Code, Heading, Math, Paragraph, Table, line
from chainrule.render.document import Document, Rendered

MOST_ROWS = 400  # of the table of lines
MOST_DETAILED = 60  # lines that are told one by one


@dataclass(frozen=True, eq=False)
class Audit(Rendered):
    """The audit of a sheet.

    Attributes:
        path, title: of the sheet.
        network: in words, as its ``repr``.
        lines: one record each, in the order of the sheet; prose is left out.
        conventions: held throughout, not mistakes.
        contradictions: of the header's numbers.
        rounding: ``rounds``, ``truncates`` or ``both``: what the lines show.
        sizes: units of each layer of the network, the inputs first.
        notes: how the sheet is read where it leaves something open, a sentence each.
        arrays: it is of somebody's arrays: each line is one of them.
        unread: the numbers of lines that have numbers of their own and of which nothing was read.

    >>> net = cr.Network([[[0.5, -0.6]]], output="identity", loss="half_squared_error")
    >>> audit = cr.audit_gradients(net, [1, 2], [1], {"dL/dyhat": [-1.7], "dL/dW_1": [[-1.7, 3.4]]})
    >>> audit.ok, audit.score, audit.first_wrong.name
    (False, 0.5, 'dL/dW_1')
    >>> [line.verdict for line in audit.lines]
    ['right', 'wrong']
    """

    path: str
    title: str
    network: str
    lines: tuple[LineAudit, ...]
    conventions: tuple[Convention, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    rounding: str = "rounds"
    sizes: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    arrays: bool = False
    unread: tuple[int, ...] = ()

    @property
    def ok(self) -> bool:
        """True when no line is wrong or unreadable, and the header's numbers fit."""
        return not self.contradictions and all(line.verdict not in ("wrong", "unreadable") for line in self.lines)

    @property
    def noun(self) -> str:
        """What its lines are: ``line`` of a sheet, or ``array``."""
        return "array" if self.arrays else "line"

    @property
    def first_wrong(self) -> LineAudit | None:
        """The first line that is wrong: the root; what follows from it is ``follows``."""
        return next((line for line in self.lines if line.verdict == "wrong"), None)

    @property
    def score(self) -> float:
        """Share of the lines that are right, or follow from the author's own; 1 for a sheet without lines."""
        good = sum(line.verdict in (*ACCEPTED, "follows") for line in self.lines)
        return good / len(self.lines) if self.lines else 1.0

    def document(self) -> Document:
        """What is right so far, the first line that is not, and each line with its verdict."""
        return _document(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        first = self.first_wrong
        return {
            "path": self.path,
            "title": self.title,
            "network": self.network,
            "ok": self.ok,
            "score": self.score,
            "first_wrong": None if first is None else first.number,
            "rounding": self.rounding,
            "notes": list(self.notes),
            "conventions": [asdict(c) | {"lines": list(c.lines)} for c in self.conventions],
            "contradictions": [asdict(c) | {"lines": list(c.lines)} for c in self.contradictions],
            "lines": [a.to_dict() for a in self.lines],
            "unread": list(self.unread),
        }


def _document(audit: Audit) -> Document:
    blocks: list[Block] = [Heading(1, line(audit.title.strip() or "Worksheet"))]
    blocks += [Paragraph(line(f"{audit.network}.")), Paragraph(line(*summary(audit)))]
    if audit.notes:
        blocks.append(Heading(2, line("How the arrays are read" if audit.arrays else "How the sheet is read")))
        blocks.append(Bullets(tuple(line(f"{sentence(note)}.") for note in audit.notes)))
    if audit.conventions:
        blocks.append(
            Heading(
                2, line(f"Conventions of {'these arrays' if audit.arrays else 'this sheet'}, which are not mistakes")
            )
        )
        blocks.append(Bullets(tuple(line(sentence(c.words), _at(audit.noun, c.lines)) for c in audit.conventions)))
    if audit.contradictions:
        blocks.append(Heading(2, line("The given numbers contradict the lines")))
        blocks.append(Bullets(tuple(line(sentence(c.words), _at(audit.noun, c.lines)) for c in audit.contradictions)))
    if audit.lines:
        blocks.append(Heading(2, line(f"{audit.noun.capitalize()} by {audit.noun}")))
        header = (line(audit.noun), line("verdict"), line("as given" if audit.arrays else "as written"))
        shown = audit.lines[:MOST_ROWS]
        rows = tuple((line(str(a.number)), line(_verdict(audit.noun, a)), line(Code(short(a.text)))) for a in shown)
        blocks += [Table(header, rows), *_left_out(audit.noun, len(audit.lines) - len(shown))]
    detailed = [a for a in audit.lines if a.verdict not in (*ACCEPTED, "follows") or _says_more(a)]
    if detailed:
        blocks.append(Heading(2, line("A closer look")))
        for a in detailed[:MOST_DETAILED]:
            blocks += line_details(a, audit.noun)
        blocks += _left_out(audit.noun, len(detailed) - MOST_DETAILED)
    blocks += _remarks(audit)
    blocks += _followers(audit.noun, [a for a in audit.lines if a.verdict == "follows"])
    return Document(tuple(blocks))


def _left_out(noun: str, count: int) -> list[Block]:
    return [Paragraph(line(f"… and {count} more {noun}s."))] if count > 0 else []


def _says_more(a: LineAudit) -> bool:
    """A line that is right as a whole can have a part that is not; one that follows, a mistake of its own."""
    return any(p.verdict not in (*ACCEPTED, "follows") for p in a.parts)


def _remarks(audit: Audit) -> Iterator[Block]:
    """What is to say of lines that are right; digits that are cut throughout are told once, as a convention."""
    told = any(c.id == "truncates" for c in audit.conventions)
    lines = [a for a in audit.lines if a.verdict in ACCEPTED and a.message and not _says_more(a)]
    remarks = [(*line_name(a, audit.noun), f": {a.message}") for a in lines if not (told and a.verdict == "truncated")]
    if remarks:
        yield Heading(2, line("Right, with a remark"))
        yield Bullets(tuple(remarks[:MOST_DETAILED]))
        yield from _left_out(audit.noun, len(remarks) - MOST_DETAILED)


# ---------------------------------------------------------------- in a sentence


def summary(audit: Audit) -> tuple[str | Math | Code, ...]:
    """What is right so far, the first line that is not, and how many follow from it."""
    lines, noun = audit.lines, audit.noun
    if not lines:
        return ("No line claims anything: there is nothing to check.", *_unread(audit))
    first = next((i for i, a in enumerate(lines) if a.verdict not in ACCEPTED), None)
    if first is None:
        digits = {"truncates": "; digits are cut off, not rounded", "both": "; some digits are cut off, not rounded"}
        other = "".join(
            f" {sentence(c.words)}." for c in audit.conventions if audit.arrays and c.id in ("negative", "step")
        )
        read = _all(noun, len(lines))
        if audit.unread:
            read = f"All {len(lines)} {noun}s that were read are" if len(lines) > 1 else "The only line read is"
        return (f"{read} right{digits.get(audit.rounding, '')}.{other}", *_unread(audit))
    parts: list[str | Math | Code] = [_so_far(noun, first, lines)]
    root = audit.first_wrong
    if root is None:
        parts.append(f"No {noun} is shown to be wrong.")
    else:
        parts += ["The first that is wrong is ", *line_name(root, noun), "."]
        following = sum(a.verdict == "follows" and _roots(a, lines) == root.number for a in lines)
        if following:
            parts.append(
                f" {_several(following, f'later {noun}')} only because of it, and would be right with it mended."
            )
        wrong = [a for a in lines if a.verdict == "wrong" and a is not root]
        again = [a.number for a in wrong if a.repeats is not None]
        if again:
            parts.append(f" {_lines(noun, again).capitalize()} {'repeats' if len(again) == 1 else 'repeat'} a mistake.")
        more = [a.number for a in wrong if a.repeats is None]
        if more:
            parts.append(
                f" {_lines(noun, more).capitalize()} {'has a mistake' if len(more) == 1 else 'have mistakes'} too."
            )
    for verdict, words in (("undecided", "cannot be decided"), ("unreadable", "cannot be read")):
        numbers = [a.number for a in lines if a.verdict == verdict]
        if numbers:
            parts.append(f" {_lines(noun, numbers).capitalize()} {words}.")
    return (*parts, *_unread(audit))


def _unread(audit: Audit) -> Iterator[str]:
    """What is to say of lines that look as if they claim something and were not read."""
    if audit.unread:
        one = len(audit.unread) == 1
        count = "1 line" if one else f"{len(audit.unread)} lines"
        yield f" {count} with numbers {'was' if one else 'were'} not read: {_lines('line', audit.unread)}."


def _all(noun: str, count: int) -> str:
    return f"The only {noun} is" if count == 1 else f"All {count} {noun}s are"


def _so_far(noun: str, first: int, lines: Sequence[LineAudit]) -> str:
    """What is right comes first."""
    count, right = len(lines), sum(a.verdict in ACCEPTED for a in lines)
    if first == 0:
        return f"{right} of {count} {noun}s {'are' if right > 1 else 'is'} right. " if right else ""
    return f"The first {f'{first} {noun}s are' if first > 1 else f'{noun} is'} right, of {count}. "


def _several(count: int, what: str) -> str:
    return f"1 {what} is off" if count == 1 else f"{count} {what}s are off"


def _roots(a: LineAudit, lines: Sequence[LineAudit]) -> int | None:
    """The line that everything before this one follows from."""
    by_number = {other.number: other for other in lines}
    number, seen = a.root, set[int]()
    while number is not None and number not in seen and number in by_number:
        seen.add(number)
        earlier = by_number[number]
        if earlier.verdict != "follows":
            break
        number = earlier.root
    return number


def _lines(noun: str, numbers: Sequence[int]) -> str:
    """``line 4``, ``lines 4, 5 and 9``."""
    shown = [str(n) for n in numbers[:8]] + ([f"{len(numbers) - 8} more"] if len(numbers) > 8 else [])
    if len(shown) == 1:
        return f"{noun} {shown[0]}"
    return f"{noun}s {', '.join(shown[:-1])} and {shown[-1]}"


def _at(noun: str, numbers: Sequence[int]) -> str:
    return f" ({_lines(noun, numbers)})" if numbers else ""


# ---------------------------------------------------------------- line by line


def _verdict(noun: str, a: LineAudit) -> str:
    root = f" from {noun} {a.root}" if a.verdict == "follows" and a.root is not None else ""
    return f"{SIGNS[a.verdict]} {verdict_words(a.verdict)}{root}"


def _followers(noun: str, lines: Sequence[LineAudit]) -> Iterator[Block]:
    """The lines that follow from a wrong one: what they would be without it."""
    rows = [
        (line(str(a.number)), name_part(a.name), line(value(a.claimed, a.digits)), line(value(a.right, a.digits)))
        for a in lines
        if a.claimed is not None and a.right is not None
    ]
    if rows:
        yield Heading(2, line(f"{noun.capitalize()}s that follow"))
        because = f"These are off only because of an earlier {noun}. With that {noun} mended they would be:"
        yield Paragraph(line(because))
        header = (line(noun), line("quantity"), line("written" if noun == "line" else "given"), line("due"))
        yield Table(header, tuple((n, line(q), w, d) for n, q, w, d in rows[:MOST_ROWS]))
        yield from _left_out(noun, len(rows) - MOST_ROWS)
