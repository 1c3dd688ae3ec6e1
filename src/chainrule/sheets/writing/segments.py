"""What a block says in formulas and what in words: text outside ``$`` is prose; cells of a row are parts of a claim."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from chainrule.formula.plain import BREAK, CLOSE, JOIN, OPEN, THEN, Plain
from chainrule.system.patterns import regex


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


@dataclass(frozen=True)
class Segment:
    """A stretch of a block that is read by itself.

    Attributes:
        place: where it stands.
        is_prose: it stands outside dollars, in a block that has some.
    """

    place: Place
    is_prose: bool = False


_DOLLAR = regex(r"\$|\\[()\[\]]")
_S = rf"[\s{JOIN}]*"
_JOINS = regex(rf"{_S}[-+*/=⊙⊗^(){{}}\[\]0-9.…]+{_S}")  # $a$ = $b$
_GOES_ON = regex(rf"{_S}[-+*/=⊙⊗^]")
_UNFINISHED = regex(rf"[-+*/=⊙⊗^({{\[]{_S}$")
_WORD_BEHIND = regex(rf"(?<=[\w)\]}}.,;]){_S}[.,;]?[\s]+[^\W\d_]{{2,}}(?=[\s.,;:]|$)")
_RULED = regex(r"\s*\|.*\|\s*")
_DASH = regex(rf"[\s{JOIN}]-[\s{JOIN}]{{0,9}}$")
_ALIGNED = regex(r"\\begin\s*\{(?:align|gather|split|equation|cases|eqnarray)")
_ROW_NUMBER = regex(rf"{_S}(?:\(?[0-9]{{1,3}}[.):]?|[#№]{_S}[0-9]*|\\?[A-Za-z]?line){_S}")
_END = r"(?:[A-Za-zα-ω][A-Za-z0-9]{0,9}(?:_\{?\w{1,6}\}?)?)"
#: a cell that says nothing, or what a weight joins: x_1 → h_1
_EMPTY_CELL = regex(rf"[\s{JOIN}:—–✓✔-]*|{_S}{_END}(?:{_S}(?:{THEN}|[–—]){_S}{_END}){{1,4}}{_S}")


def segments(block: Place, words: Callable[[str], int]) -> list[Segment]:
    """The formulas and the prose of a block, in order; the whole where it has no dollars, or an odd number of them.

    Args:
        words: how many words of a language a text has.
    """
    edges = _dollars(block)
    if len(edges) < 2 or len(edges) % 2:
        return [Segment(block)]
    bounds = [block.start, *(at for edge in edges for at in edge), block.end]
    spans = [(start, end, i % 2 == 0) for i, (start, end) in enumerate(zip(bounds[::2], bounds[1::2], strict=True))]
    found: list[Segment] = []
    for start, end, outside in spans:
        text = block.source.text[start:end]
        before = found[-1] if found else None
        if outside:
            cut = _formula_behind(text, before, words)
            if before is not None and before.place.text.rstrip(f" {JOIN}").endswith("=") and words(text) > 1:
                cut = len(text)  # $a =$ put in the numbers
            if cut and before is not None:
                found[-1] = Segment(Place(block.source, block.line, before.place.start, start + cut))
                start += cut
            if block.source.text[start:end].strip(f" \t\n{JOIN}"):
                found.append(Segment(Place(block.source, block.line, start, end), is_prose=True))
            continue
        if before is not None and _is_dash(before, text):
            dash = _DASH.search(before.place.text)
            assert dash is not None
            found[-1] = Segment(Place(block.source, block.line, before.place.start, before.place.start + dash.start()))
            found.append(Segment(Place(block.source, block.line, start, end)))
        elif before is not None and _is_joined(before, text, words):
            found[-1] = Segment(Place(block.source, block.line, before.place.start, end))
        else:
            found.append(Segment(Place(block.source, block.line, start, end)))
    return found


def _dollars(block: Place) -> list[tuple[int, int]]:
    """Where the dollars of a block stand in its plain text."""
    source = block.source
    if "$" not in source.written and "\\(" not in source.written:
        return []
    found: list[tuple[int, int]] = []
    for at in range(block.start, block.end):
        if source.text[at] == " " and _DOLLAR.match(source.written, source.origin(at)):
            found.append((at, at + 1))
    return found


def _formula_behind(text: str, before: Segment | None, words: Callable[[str], int]) -> int:
    """How much of the text behind a formula goes on with it: `` = 0.34`` of `` = 0.34 and so on``."""
    if before is None or before.is_prose:
        return 0
    if _JOINS.fullmatch(text) and (_GOES_ON.match(text) or _UNFINISHED.search(before.place.text)):
        return len(text)
    if not _GOES_ON.match(text) or text.lstrip()[:2] == "- ":
        return 0
    word = _WORD_BEHIND.search(text)
    cut = word.start() if word else len(text)
    return cut if words(text[:cut]) == 0 and re.search(r"\w", text[:cut]) else 0


def _is_dash(before: Segment, text: str) -> bool:
    """Whether a dash stands between two claims: ``$z_1 = 0.5$ - $z_2 = 0.3$``."""
    name, sign, _ = text.partition("=")
    written = before.place.text
    return "=" in written and _DASH.search(written) is not None and sign != "" and is_one_name(name)


def _is_joined(before: Segment, text: str, words: Callable[[str], int]) -> bool:
    """Whether a formula goes on with what stands before it."""
    written = before.place.text
    if before.is_prose:
        goes_on = _GOES_ON.match(text) is not None or _UNFINISHED.search(written) is not None
        return goes_on and words(written) == 0 and re.search(r"[^\W\d_]", written) is not None
    return _GOES_ON.match(text) is not None or _UNFINISHED.search(written) is not None


# ---------------------------------------------------------------- rows of tables


def rows(block: Place) -> Iterator[tuple[Place, ...]]:
    """The rows of a table, each as its cells; nothing where a block is none."""
    written = block.source.written
    if all(_RULED.fullmatch(line) for line in written.split("\n")):
        edge = "|"
    elif "\t" in written.strip() and "\n" not in written:
        edge = "\t"
    elif "$" in written and "&" in written and _ALIGNED.search(written) is None and _outer_ampersand(block):
        edge = "&"
    else:
        return
    cells: list[Place] = []
    for start, end, ends in _cells(block, edge):
        cell = block.within(start - block.start, end - block.start)
        if _EMPTY_CELL.fullmatch(cell.text) is None:
            cells.append(cell)
        if ends:
            yield tuple(cells)
            cells = []


def _outer_ampersand(block: Place) -> bool:
    """Whether there is an & outside dollars and matrices."""
    dollars = _dollars(block)
    inside = [(a[0], b[0]) for a, b in zip(dollars[::2], dollars[1::2], strict=False)]
    places = [i for i in range(block.start, block.end) if block.source.text[i] == "&"]
    return any(not any(a < i < b for a, b in inside) for i in places)


def _cells(block: Place, edge: str) -> Iterator[tuple[int, int, bool]]:
    """Start and end of each cell, and whether it is the last one of its row."""
    text, depth, quoted, start = block.source.text, 0, False, block.start
    dollars = {at for at, _ in _dollars(block)}
    for at in range(block.start, block.end):
        character = text[at]
        quoted ^= at in dollars
        depth += (character in (OPEN, "(", "[", "{")) - (character in (CLOSE, ")", "]", "}"))
        if quoted or (edge != "&" and depth > 0):
            continue
        ends = character == BREAK if edge == "&" else character == "\n"
        if character == edge or ends:
            yield start, at, ends
            start = at + 1
            depth = 0
    yield start, block.end, True


_NAME = r"(?:[A-Za-zα-ωΑ-Ω][A-Za-z0-9]{0,12}|∇)'*"
_INDEXED = rf"{_S}{_NAME}(?:{_S}[_^]{_S}(?:\{{[^{{}}]{{1,20}}\}}|\w{{1,9}}|\(\w\))|'){{0,4}}{_S}"
_ONE_NAME = regex(
    rf"(?:{_INDEXED}|{_S}[d∂]{_INDEXED}/{_S}[d∂]{_INDEXED}|{_S}\\frac{_S}\{{{_S}[d∂]{_INDEXED}\}}{_S}\{{{_S}[d∂]{_INDEXED}\}}{_S})"
)
_NUMBER = regex(rf"{_S}=?{_S}-?{_S}[0-9]*\.?[0-9]+{_S}")


def is_one_name(text: str) -> bool:
    """Whether a plain text is one name: ``z``, ``W^{(2)}``, ``dL/dw_5``."""
    return len(text) < 200 and _ONE_NAME.fullmatch(text) is not None


def parts_of_row(cells: tuple[Place, ...], words: Callable[[str], int]) -> list[list[Place]]:
    """The claims of a row, each as its cells: row numbers and words are left out, a cell with a name begins anew."""
    kept = [found for cell in cells for found in _formula_of(cell, words)]
    if kept and kept[0] is cells[0] and len(kept) > 1 and _ROW_NUMBER.fullmatch(kept[0].text):
        del kept[0]
    groups: list[list[Place]] = []
    for cell in kept:
        first, sign, _ = cell.text.partition("=")
        if not groups or (sign and is_one_name(first)) or (not sign and is_one_name(cell.text)):
            groups.append([cell])
        else:
            groups[-1].append(cell)
    return [part for group in groups for part in _several(group)]


def _several(group: list[Place]) -> list[list[Place]]:
    """The claims of a row whose cells each hold as many names, formulas or values, a comma between them."""
    split = [_at_commas(cell) for cell in group]
    several = len(group) > 1 and len({len(parts) for parts in split}) == 1
    if not several or len(split[0]) < 2 or not all(is_one_name(name.text) for name in split[0]):
        return [group]
    if len({"/" in name.text or "frac" in name.text for name in split[0]}) > 1:
        return [group]  # of ∂L/∂w_1, w_2 the second may be a derivative too
    return [list(parts) for parts in zip(*split, strict=True)]


def _at_commas(cell: Place) -> list[Place]:
    """What stands between the commas of a cell that no bracket holds."""
    text, depth, edges = cell.text, 0, [-1]
    for at, character in enumerate(text):
        depth += (character in (OPEN, "(", "[", "{")) - (character in (CLOSE, ")", "]", "}"))
        if character == "," and depth <= 0 and text[at + 1 : at + 2].strip() == "":
            edges.append(at)
    return [cell.within(start + 1, end) for start, end in pairwise([*edges, len(text)])]


def _formula_of(cell: Place, words: Callable[[str], int]) -> list[Place]:
    """The cell, if it has no words in it; of ``loss $L$`` the formula."""
    if not words(cell.text):
        return [cell]
    text, start, end = cell.source.text, cell.start, cell.end
    while start > 0 and text[start - 1] == " ":
        start -= 1
    while end < len(text) and text[end] == " ":
        end += 1  # dollars at its ends are white space
    whole = Place(cell.source, cell.line, start, end)
    found = [segment.place for segment in segments(whole, words) if not segment.is_prose]
    return [place.within(0, len(place.text)) for place in found if len(found) == 1 and not words(place.text)]


def is_number(text: str) -> bool:
    """Whether a plain text is one number."""
    return _NUMBER.fullmatch(text) is not None
