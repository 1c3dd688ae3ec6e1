"""Upright bars that stand for a norm or an absolute value: ``||y - t||^2``, a pair of ``\\|``, ``|y - t|``."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.system.patterns import regex

_OPEN = r"(?:\\left\s*\\(?:\||lVert|Vert)|\\lVert|\\Vert|\\\||‖)"
_CLOSE = r"(?:\\right\s*\\(?:\||rVert|Vert)|\\rVert|\\Vert|\\\||‖)"
_BELOW = r"(?:\s*_\s*(?:\{\s*2\s*\}|2))?"
_NORM = regex(rf"(?P<open>{_OPEN})(?P<inside>[^|‖\n=]{{1,160}}?)(?P<close>{_CLOSE}{_BELOW})")
_DOUBLE = regex(rf"(?P<open>\|\|)(?P<inside>(?=\S)[^|\n=]{{1,160}}(?<=\S))(?P<close>\|\|{_BELOW})(?=\s*(?:\^|²|\*\*))")
_SINGLE = regex(
    r"(?<![|A-Za-z\\])(?P<open>\|)(?![|\s])(?P<inside>[^|\n=]{1,160})(?<!\s)(?<!\\)(?P<close>\|)(?=[\s^²*)+=,.}$-]|$)"
)
_BEHIND = regex(r"\s*\^\s*(?:\{\s*2\s*\}|2)(?P<below>\s*_\s*(?:\{\s*2\s*\}|2))")


def bars(written: str) -> Iterator[tuple[int, int, str]]:
    r"""Where bars stand, in order: (start, end, what they become).

    >>> list(bars("||y - t||^2"))
    [(0, 2, 'norm('), (7, 9, ')')]
    >>> list(bars("| a | b |"))
    []
    """
    if "|" not in written and "‖" not in written and "Vert" not in written:
        return
    found: list[tuple[int, int, str]] = []
    for shape, name in ((_NORM, "norm("), (_DOUBLE, "norm("), (_SINGLE, "abs(")):
        if shape is _SINGLE and (found or written.count("|") > 2 or written.lstrip().startswith("|")):
            break  # a row of a table
        for match in shape.finditer(written):
            found += [(*match.span("open"), name), (*match.span("close"), ")")]
            behind = _BEHIND.match(written, match.end())
            if behind and name == "norm(":
                found.append((*behind.span("below"), ""))
    last = 0
    for start, end, text in sorted(found):
        if start >= last:
            yield start, end, text
            last = end
