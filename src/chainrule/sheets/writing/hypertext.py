"""Sheets copied as HTML: entities as the characters that they stand for, rows of tables between bars, no other tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

from chainrule.system.patterns import regex

_SHOWN = regex(
    r"</?(?:p|div|td|th|tr|li|span|sub|sup)\b[^<>]{0,200}>|&(?:[a-z]{2,8}[0-9]{0,2}|#[0-9]{2,5});", re.IGNORECASE
)
_CELL = regex(r"\s*</t[dh]>\s*<t[dh]\b[^<>]{0,200}>\s*", re.IGNORECASE)
_EDGE = regex(r"\s*(?:<tr\b[^<>]{0,200}>\s*)?<t[dh]\b[^<>]{0,200}>|</t[dh]>(?:\s*</tr>)?\s*", re.IGNORECASE)
_TAG = regex(
    r"</?(?:html|body|head|p|div|span|b|i|u|em|strong|code|pre|ul|ol|li|dl|dt|dd|h[1-6]|table|thead|tbody|tr|hr|var|"
    r"font|small|a|center|section|article)\b[^<>]{0,200}>",
    re.IGNORECASE,
)
LONGEST = 20_000  # characters of a line


def without_tags(lines: Sequence[str]) -> list[str]:
    """The lines as a browser shows them; indices stay between their tags, and lines keep their number.

    >>> without_tags(["<p>w<sub>1</sub> = &minus;0.5, E = &frac12;(t &minus; o)<sup>2</sup></p>"])
    ['w<sub>1</sub> = −0.5, E = ½(t − o)<sup>2</sup>']
    >>> without_tags(["<tr><td>h</td><td>0.62</td></tr>"])
    ['| h | 0.62 |']
    """
    return [_shown(line) if _is_marked(line) else line for line in lines]


def _is_marked(line: str) -> bool:
    return len(line) <= LONGEST and ("<" in line or "&" in line) and _SHOWN.search(line) is not None


def _shown(line: str) -> str:
    line = _CELL.sub(" | ", line)
    line = _EDGE.sub(lambda match: "| " if "</" not in match[0] else " |", line)
    return unescape(_TAG.sub("", line)).replace("\u00a0", " ")
