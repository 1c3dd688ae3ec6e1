"""Numbers with a decimal comma, ``0,5``, in sheets that show as a whole that they are meant."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.formula.plain import has_sign
from chainrule.system.patterns import regex

LEAST = 2  # numbers that show it
_POINT = regex(r"[0-9]\.[0-9]")
_COMMA = regex(r"(?<![0-9.,_{\[(;])(?<![_{][0-9])([0-9]{1,9}),([0-9]{1,12})(?![0-9]*[,.][0-9])(?![0-9]*[\]}])")
_BETWEEN_DIGITS = regex(r"(?<![_0-9])(?<!_\{)(?<![0-9],)([0-9]{1,9}),([0-9]{1,12})(?![0-9]|,[0-9])")


def with_points(lines: Sequence[str]) -> Sequence[str]:
    """The lines with points for decimal commas and commas for the semicolons of lists; each keeps its length.

    A sheet means decimal commas if it has two numbers with one outside of lists, and no number with a point. Otherwise
    the lines are given back as they are.

    >>> with_points(["z = 0,5 + 0,25", "h = [0,5; 0,3]"])
    ['z = 0.5 + 0.25', 'h = [0.5, 0.3]']
    >>> with_points(["z = [0,5]"])
    ['z = [0,5]']
    """
    claims = [line for line in lines if has_sign(line) or "|" in line or "\t" in line]
    if any(map(_POINT.search, claims)) or sum(len(_COMMA.findall(line)) for line in claims) < LEAST:
        return lines
    return [_in_lists(_BETWEEN_DIGITS.sub(r"\1.\2", line)) for line in lines]


def _in_lists(line: str) -> str:
    """Semicolons within brackets as commas."""
    depth, characters = 0, list(line)
    for at, character in enumerate(line):
        depth += (character in "[(") - (character in "])")
        if character == ";" and depth > 0:
            characters[at] = ","
    return "".join(characters)
