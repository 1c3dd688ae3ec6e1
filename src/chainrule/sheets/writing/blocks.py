"""From the lines of a worksheet to its blocks: displays of LaTeX, formulas between dollars, matrices, rows of tables.

A block that is never closed takes no other line with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chainrule.formula.grammar import LONGEST
from chainrule.sheets.writing.libraries import without_settings
from chainrule.system.patterns import regex

TALLEST = 100  # lines of one block of LaTeX, or of one matrix
#: what a program prints: ``z1: [0.27 -0.18]``
PRINTED = regex(
    r"^((?:[\s*•>-]*)(?:d?[A-Za-zδ]{1,2}[0-9]{0,2}(?:_[A-Za-z0-9]{1,6})?'?|y_?hat|y_pred|[Ll]oss|[Cc]ost)\s*):"
    r"(?=[^\n]*[.\[])(?=\s*[-+\[(0-9.][-+0-9.eE,\s\[\]()]{0,2000}$)",
    re.MULTILINE,
)
_GOES_ON = regex(r"(?:=|≈|\\approx)[\s$]*$")
_ARRAY = regex(r"\s*(?:(?:np\.)?array\s*\()?\s*[\[(]")
_DISPLAY = regex(r"\s*\[\s*")


def blocks(lines: Sequence[str], first_line: int) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, those of one block put together."""
    at = 0
    while at < len(lines):
        end = _closing_dollar(lines, at) if _has_odd_dollars(lines[at]) else at + 1
        if _DISPLAY.fullmatch(lines[at]) and (closed := _closing_display(lines, at)):
            yield first_line + at + 1, "\n".join(lines[at + 1 : closed])
            at = closed + 1
            continue
        if end == at + 1 and _is_open(lines[at]):
            end = _closing(lines, at)
        elif end == at + 1 and _GOES_ON.search(lines[at]) and at + 1 < len(lines) and _ARRAY.match(lines[at + 1]):
            end = _closing_array(lines, at + 1)
        while end < len(lines) and end - at < TALLEST and _is_more_of_row(lines[end - 1], lines[end]):
            end += 1
        if end == at + 1 and "$" not in lines[at]:
            end = _behind_factors(lines, at)
        yield first_line + at, "\n".join(lines[at:end])
        at = end


def _closing_display(lines: Sequence[str], at: int) -> int:
    """The line with ``]`` alone that closes one with ``[`` alone, as chats are pasted; 0 where there is none."""
    for end in range(at + 1, min(len(lines), at + TALLEST)):
        if lines[end].strip() in ("]", "],", "]."):
            return end if end > at + 1 else 0
        if _DISPLAY.fullmatch(lines[end]):
            return 0
    return 0


def _has_odd_dollars(line: str) -> bool:
    return line.count("$") % 2 == 1 and "$$" not in line and len(line) <= LONGEST


def _closing_dollar(lines: Sequence[str], at: int) -> int:
    """Behind the line that closes a formula between single dollars; there is no empty line in one."""
    for end in range(at + 1, min(len(lines), at + TALLEST)):
        if not lines[end].strip() or "$$" in lines[end] or sum(map(len, lines[at : end + 1])) > LONGEST:
            break
        if _has_odd_dollars(lines[end]):
            return end + 1
    return at + 1


def _closing_array(lines: Sequence[str], at: int) -> int:
    """Behind the line that closes an array that begins on a line of its own."""
    open_brackets = length = 0
    for end in range(at, min(len(lines), at + TALLEST)):
        length += len(lines[end])
        if length > LONGEST or "=" in lines[end]:
            break
        open_brackets += sum(map(lines[end].count, "[(")) - sum(map(lines[end].count, "])"))
        if open_brackets <= 0:
            return end + 1
    return at


def _is_more_of_row(line: str, following: str) -> bool:
    """Whether a row of a LaTeX table goes on: ``& $…$`` in the next line."""
    return "&" in line and "$" in line and re.match(r"\s*&", following) is not None and "$" in following


def _behind_factors(lines: Sequence[str], at: int) -> int:
    """Behind the lines in plain text that go on with a product or a sum, a sign before it or behind the last.

    A star and a plus may be markers of a list as well: they begin a factor without a sign of equality below a
    line that is no item, or below another such line.
    """
    end, starred = at + 1, False
    if ("=" not in lines[at] and "≈" not in lines[at]) or lines[at].lstrip()[:2] in ("* ", "- ", "+ "):
        return end
    while end < len(lines) and end - at < MOST_FACTORS and len(lines[end]) < 400:
        is_star = _STARRED.match(lines[end]) is not None
        goes_on = _SIGNED.match(lines[end]) or (_OPEN_PRODUCT.search(lines[end - 1]) and lines[end].strip())
        if not goes_on and not (is_star and (starred or "=" not in lines[end])):
            break
        starred = starred or is_star
        end += 1
    return end


MOST_FACTORS = 12  # lines of one formula in plain text
_FACTOR = r"(?:[d∂][A-Za-zŷ_]|[-−]?[0-9.(]|[A-Za-zα-ω](?:[_0-9(^']|\s*(?:[-+*=·×]|$)))"
_SIGNED = regex(rf"\s*[·×⋅∙⊙]\s*{_FACTOR}")
_STARRED = regex(rf"\s*[*+]\s+{_FACTOR}")
_OPEN_PRODUCT = regex(r"[\w)\]]\s*[*·×⋅∙⊙+]\s*$")


def _balance(line: str) -> tuple[int, int, int]:
    """What a line leaves open: ``$$`` (odd or even), LaTeX blocks, square brackets of a claim."""
    blocks = line.count(r"\begin") - line.count(r"\end") + line.count(r"\[") - line.count(r"\]")
    brackets = line.count("[") - line.count("]") if "=" in line or PRINTED.match(line) else 0
    return line.count("$$") % 2, blocks, brackets


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
        if length > LONGEST or (is_matrix and "=" in without_settings(line)):
            break
        dollars = (dollars + line.count("$$")) % 2
        blocks += _balance(line)[1]
        brackets += line.count("[") - line.count("]")
        if not dollars and blocks <= 0 and (not is_matrix or brackets <= 0):
            return end + 1
    return at + 1
