"""From the lines of a worksheet to its claims: blocks put together, lists and sentences taken apart, parts found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from chainrule.formula.grammar import DEEPEST, LONGEST, deepest_bracket
from chainrule.formula.plain import BREAK, CLOSE, OPEN, THEN, WIDE, Plain, plain
from chainrule.sheets.functions import function_named
from chainrule.sheets.tokens import LEARNING_RATES
from chainrule.sheets.updates import with_primes

TALLEST = 100  # lines of one block of LaTeX, or of one matrix
_SHOWN = 200  # characters that are shown of a line too long to be read


@dataclass(frozen=True)
class Place:
    """Part of a plain text that begins in a line of the file."""

    source: Plain
    line: int
    start: int
    end: int

    @property
    def text(self) -> str:
        """The part as plain text."""
        return self.source.text[self.start : self.end]

    @property
    def written(self) -> str:
        """The part as the author wrote it, on one line."""
        return " ".join(self.source.slice(self.start, self.end).split()) if self.end > self.start else ""

    @property
    def is_empty(self) -> bool:
        """Whether there is no character in it."""
        return self.end <= self.start

    def where(self, at: int) -> tuple[int, int]:
        """Line and column of a place in ``text``."""
        origin = self.source.origin(self.start + at)
        before = self.source.written[:origin]
        return self.line + before.count("\n"), origin - (before.rfind("\n") + 1) + 1

    def within(self, start: int, end: int) -> Place:
        """A part of it without the white space, and the marks of alignment, around it."""
        text = self.source.text
        start, end = self.start + start, self.start + end
        while start < end and (text[start].isspace() or text[start] == "&"):
            start += 1
        while end > start and (text[end - 1].isspace() or text[end - 1] == "&"):
            end -= 1
        return Place(self.source, self.line, start, end)


@dataclass
class Claim:
    """A claim before it is read: its parts, and what is wrong with it as it stands."""

    parts: list[Place] = field(default_factory=list)
    number: int = 0
    text: str = ""
    error: str = ""
    signs: int = 0  # of equality


def claims(lines: Sequence[str], first_line: int) -> Iterator[Claim]:
    """The claims of a sheet, those that go over several lines put together."""
    waiting: Claim | None = None
    for line, text in _blocks(lines, first_line):
        if refused := _refused(line, text):
            if waiting is not None and waiting.signs:
                yield waiting
            waiting = None
            if "=" in text:
                yield refused
            continue
        whole = plain(text)
        whole = replace(whole, text=with_primes(whole.text))
        for piece in _pieces(Place(whole, line, 0, len(whole.text))):
            parts, signs = _parts(piece)
            if waiting is not None and signs and parts[0].is_empty:
                waiting.parts += parts[1:]  # it begins with =
                waiting.signs += signs
            elif waiting is not None and not signs and waiting.parts[-1].is_empty and not words(piece.text):
                waiting.parts[-1] = piece  # the line before ends with =
            elif signs or _is_formula(piece.text):  # and not prose between a claim and what continues it
                if waiting is not None and waiting.signs:
                    yield waiting
                waiting = Claim(parts, piece.where(0)[0], signs=signs)
    if waiting is not None and waiting.signs:
        yield waiting


def _blocks(lines: Sequence[str], first_line: int) -> Iterator[tuple[int, str]]:
    """Lines, with those of one block of LaTeX or one matrix put together."""
    at = 0
    while at < len(lines):
        end = at + 1
        if _is_open(lines[at]):
            end = _closing(lines, at)
        yield first_line + at, "\n".join(lines[at:end])
        at = end


def _balance(line: str) -> tuple[int, int, int]:
    """What a line leaves open: ``$$`` (odd or even), LaTeX blocks, square brackets of a claim."""
    blocks = line.count(r"\begin") - line.count(r"\end") + line.count(r"\[") - line.count(r"\]")
    return line.count("$$") % 2, blocks, line.count("[") - line.count("]") if "=" in line else 0


def _is_open(line: str) -> bool:
    dollars, blocks, brackets = _balance(line)
    return len(line) <= LONGEST and (dollars != 0 or blocks > 0 or brackets > 0)


def _closing(lines: Sequence[str], at: int) -> int:
    """Behind the line that closes what one opens; the next line where none does."""
    dollars, blocks, brackets = _balance(lines[at])
    if r"\[" in lines[at] and blocks > 0:
        brackets = 0
    is_matrix, length = not dollars and blocks <= 0, len(lines[at])
    for end in range(at + 1, min(len(lines), at + TALLEST)):
        line = lines[end]
        length += len(line) + 1
        if length > LONGEST or (is_matrix and "=" in line):
            break
        dollars = (dollars + line.count("$$")) % 2
        blocks += _balance(line)[1]
        brackets += line.count("[") - line.count("]")
        if not dollars and blocks <= 0 and (not is_matrix or brackets <= 0):
            return end + 1
    return at + 1


def _refused(line: int, text: str) -> Claim | None:
    """A line that is too long or too deep to be looked at any closer."""
    if len(text) > LONGEST:
        why = f"at most {LONGEST} characters can be read; got {len(text)}"
    elif (deepest := deepest_bracket(text)) > 2 * DEEPEST:
        why = f"at most {DEEPEST} brackets within brackets can be read; got {deepest}"
    else:
        return None
    return Claim(number=line, text=short(text), error=f"line {line}, column 1: {why}")


def short(text: str) -> str:
    """The beginning of a line that is too long to be read, as messages show it."""
    text = text.strip()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


# ---------------------------------------------------------------- from a block to its pieces

_CONTINUES = re.compile(r"[\s⁠]*[-+*/⊙=^)\]}]")
_UNFINISHED = re.compile(r"[-+*/⊙=^(\[{,][\s⁠]*$")
_MARKERS = re.compile(
    r"(?:[\s⇒&]+|[*>#•‣◦▪–—-](?=\s)|[①-⑳]|\(?[0-9]{1,3}(?:st|nd|rd|th)?[.):](?=\s)|[0-9]{1,2}(?:st|nd|rd|th)\b"
    r"|\(?[a-z]\)(?=\s)|…)+"
)
_LEAD = re.compile(
    r"(?:[\s⁠]*(?:so|thus|then|hence|therefore|now|and|where|with|finally|also|but|next|let|we|get|have|gives|that|it|"
    r"follows|similarly|likewise|again|first|second|because|since)\b[,:]?[\s⁠]+)+",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[^=:]{1,80}:[\s⁠]+")


def _pieces(place: Place) -> Iterator[Place]:
    """The claims of one block, apart: at ``;``, at ``⇒``, at ends of lines, at commas between two claims."""
    text, separators = place.text, _separators(place.text)
    start, is_claim = 0, False
    for (at, kind), (after, following) in zip(separators, [*separators[1:], (len(text), "")], strict=False):
        if kind == "=":
            is_claim = True
            continue
        claims_next = following == "=" and not _CONTINUES.match(text, at + 1) and not text[at + 1 : after].isspace()
        if kind == "." or (kind == "," and not (is_claim and claims_next)):
            continue
        if kind == "\n" and (_CONTINUES.match(text, at + 1) or _UNFINISHED.search(text[max(start, at - 80) : at])):
            continue  # a formula goes on
        yield from _stripped(place.within(start, at))
        start, is_claim = at + 1, False
    yield from _stripped(place.within(start, len(text)))


def _separators(text: str) -> list[tuple[int, str]]:
    """Signs of equality and of ends outside all brackets; all of them where the brackets do not match."""
    depth = 0
    found: list[tuple[int, str]] = []
    inside: list[tuple[int, str]] = []
    for match in re.finditer(rf"[(\[{{{OPEN}]|[)\]}}{CLOSE}]|[=;{THEN}{BREAK}{WIDE}\n]|[,.](?=\s)", text):
        character = match[0]
        if character in "([{" or character == OPEN:
            depth += 1
        elif character in ")]}" or character == CLOSE:
            depth = max(0, depth - 1)
        else:
            kind = {BREAK: "\n", WIDE: ","}.get(character, character)
            (inside if depth else found).append((match.start(), kind))
    signs = [pair for pair in inside if pair[1] == "="]
    if depth and signs and not any(kind == "=" for _, kind in found):
        found = sorted([*found, *signs])
    return found


def _stripped(place: Place) -> Iterator[Place]:
    """A piece without markers of lists, words that lead in, and stops; nothing where nothing is left."""
    text, start, end = place.text, 0, place.end - place.start
    for pattern in (_MARKERS, _LABEL, _LEAD, _MARKERS):
        match = pattern.match(text, start)
        if match:
            start = match.end()
    while end > start and (text[end - 1].isspace() or text[end - 1] in ".,;:&"):
        end -= 1
    if end > start:
        yield place.within(start, end)


def _parts(piece: Place) -> tuple[list[Place], int]:
    """The parts between signs of equality, and how many signs there are; a comment behind the last is dropped."""
    text, separators = piece.text, _separators(piece.text)
    signs = [at for at, kind in separators if kind == "="]
    edges = [-1, *signs, len(text)]
    comment = next((at for at, kind in separators if signs and at > signs[-1] and kind in ",."), None)
    if comment is not None and words(text[comment + 1 :]) > 1 and not words(text[signs[-1] : comment]):
        edges[-1] = comment
    parts = [piece.within(start + 1, end) for start, end in pairwise(edges)]
    kept = [part for i, part in enumerate(parts) if i in (0, len(parts) - 1) or not part.is_empty]
    if len(kept) > 2 and kept[-1].is_empty:
        kept.pop()
    return kept, len(signs)


_WORD = re.compile(r"(?<![A-Za-z_\\0-9^])[A-Za-z]{2,}(?![A-Za-z0-9]|[\s⁠]{0,2}_)")
_DIFFERENTIAL = re.compile(r"d?(?:yhat|delta|[xyahbwWzLZAJ])")


def words(text: str, own: frozenset[str] | set[str] = frozenset()) -> int:
    """Words of a language, as opposed to names and functions."""
    return sum(
        not (word in own or word in LEARNING_RATES or function_named(word) or _DIFFERENTIAL.fullmatch(word))
        for word in _WORD.findall(text)
    )


def _is_formula(text: str) -> bool:
    """Whether a line without a sign of equality may be the subject of the next one."""
    return len(text) < 400 and words(text) == 0 and any(c.isalpha() for c in text)
