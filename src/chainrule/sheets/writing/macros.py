r"""An author's own commands of LaTeX, ``\newcommand{\pd}[2]{…}``, ``\def\yh{…}``, written out where they are used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from chainrule.formula.grammar import LONGEST
from chainrule.system.patterns import regex

MOST = 200  # commands of a sheet
DEEPEST = 8  # commands within commands
_DEFINED = regex(
    r"\\(?:(?:re)?newcommand|providecommand|DeclareMathOperator)\*?\s*(?:\{\s*\\(?P<braced>[A-Za-z]{1,30})\s*\}"
    r"|\\(?P<bare>[A-Za-z]{1,30}))\s*(?:\[\s*(?P<count>[0-9])\s*\])?\s*(?:\[(?P<default>[^\]\n]{0,100})\])?\s*\{"
)
_DEF = regex(r"\\def\s*\\(?P<bare>[A-Za-z]{1,30})\s*(?P<places>(?:#[1-9]){0,9})\s*\{")
_USED = regex(r"\\([A-Za-z]{1,30})")
_PLACE = regex(r"#([1-9])")
_GIVEN = regex(r"\s*\[([^\]\n]{0,100})\]")
_SPACE = regex(r"\s*")
_TOKEN = regex(r"\\[A-Za-z]+|[^\s\\{}]")


class Macro(NamedTuple):
    """A command: how many arguments it takes, the first of them where it is left out, and what it stands for."""

    takes: int
    default: str | None
    body: str


def with_macros(lines: Sequence[str]) -> list[str]:
    r"""The lines with the author's own commands written out; those that define them are empty.

    >>> with_macros([r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}", r"$\pd{L}{a} = 3$"])
    ['', '$\\frac{\\partial L}{\\partial a} = 3$']
    """
    known: dict[str, Macro] = {}
    found = [_with_fractions(line) if "\\over" in line and len(line) <= LONGEST else line for line in lines]
    for at, line in enumerate(found):
        if "\\" in line and ("command" in line or "\\def" in line or "DeclareMath" in line) and len(line) <= LONGEST:
            found[at] = _taken(line, known)
    if not known:
        return found
    return [_expanded(line, known) if "\\" in line and len(line) <= LONGEST else line for line in found]


_OVER = regex(r"\\over(?![A-Za-z])")


def _with_fractions(line: str) -> str:
    r"""``\frac{1}{2}`` for ``{1 \over 2}``."""
    for _ in range(MOST):
        match = _OVER.search(line)
        start, end = (-1, -1) if match is None else (_opening(line, match.start()), _closing_from(line, match.end()))
        if match is None or start < 0 or end < 0:
            break
        over, under = line[start + 1 : match.start()].strip(), line[match.end() : end].strip()
        line = f"{line[:start]}\\frac{{{over}}}{{{under}}}{line[end + 1 :]}"
    return line


def _opening(line: str, at: int) -> int:
    """The brace that is open at a place; -1 for none."""
    depth = 0
    for place in range(at - 1, -1, -1):
        depth += (line[place] == "}") - (line[place] == "{")
        if depth < 0:
            return place
    return -1


def _closing_from(line: str, at: int) -> int:
    """The brace that closes the one that is open at a place; -1 for none."""
    depth = 0
    for place in range(at, len(line)):
        depth += (line[place] == "{") - (line[place] == "}")
        if depth < 0:
            return place
    return -1


def _taken(line: str, known: dict[str, Macro]) -> str:
    """The line without its definitions."""
    for shape in (_DEFINED, _DEF):
        while (match := shape.search(line)) is not None and len(known) < MOST:
            end = _closing(line, match.end() - 1)
            if end < 0:
                break
            groups = match.groupdict()
            name = groups.get("braced") or match["bare"]
            count = int(groups.get("count") or 0) or len(groups.get("places") or "") // 2
            known[name] = Macro(count, groups.get("default"), line[match.end() : end])
            line = line[: match.start()] + line[end + 1 :]
    return line


def _closing(text: str, at: int) -> int:
    """The place of the brace that closes the one at a place; -1 where there is none."""
    depth = 0
    for i in range(at, len(text)):
        if text[i] in "{}" and text[i - 1 : i] != "\\":
            depth += 1 if text[i] == "{" else -1
            if not depth:
                return i
    return -1


def _expanded(line: str, known: dict[str, Macro]) -> str:
    """A line with the commands written out; as it is where that has no end."""
    whole = line
    for _ in range(DEEPEST):
        parts, at, changed = [], 0, False
        for match in _USED.finditer(whole):
            macro = known.get(match[1])
            if macro is None or match.start() < at:
                continue
            found = _arguments(whole, match.end(), macro)
            if found is None:
                continue
            arguments, end = found
            written = _filled(macro.body, arguments)
            space = " " if written[-1:].isalpha() and whole[end : end + 1].isalpha() else ""
            parts += [whole[at : match.start()], written, space]
            at, changed = end, True
        if not changed:
            return whole
        whole = "".join([*parts, whole[at:]])
        if len(whole) > LONGEST:
            return line
    return line


def _filled(body: str, arguments: list[str]) -> str:
    """What a command stands for, with its arguments in it."""
    return _PLACE.sub(lambda place: arguments[int(place[1]) - 1] if int(place[1]) <= len(arguments) else "", body)


def _arguments(text: str, at: int, macro: Macro) -> tuple[list[str], int] | None:
    """The arguments behind a command, and the place behind them; None where some are missing."""
    arguments: list[str] = []
    if macro.takes and macro.default is not None:
        given = _GIVEN.match(text, at)
        arguments.append(given[1] if given else macro.default)
        at = given.end() if given else at
    while len(arguments) < macro.takes:
        space = _SPACE.match(text, at)
        at = space.end() if space else at
        if text[at : at + 1] == "{":
            end = _closing(text, at)
            if end < 0:
                return None
            arguments.append(text[at + 1 : end])
            at = end + 1
            continue
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        arguments.append(token[0])
        at = token.end()
    return arguments, at
