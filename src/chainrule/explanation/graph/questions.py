"""What is asked of a graph: ``dz/dx``, ``d2z/dx2``, ``∂²L/∂w∂b``."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from chainrule.errors import InputError
from chainrule.explanation.graph.build import index_below, parent
from chainrule.explanation.graph.tokens import plain_name

MOST_LISTED = 30  # variables in a message
_TWICE = re.compile(r"d(?:\^?2|\^\{2\}|²)(?P<of>.+)/d(?P<below>.+)")
_SQUARE = re.compile(r"(?P<wrt>.+?)(?:\^2|\^\{2\}|²)")


@dataclass(frozen=True)
class Question:
    """A derivative of ``of`` by ``wrt``, and, where it is a second one, of that by ``then``."""

    of: str
    wrt: str
    then: str = ""


def question(name: str, listed: Sequence[str], known: Collection[str]) -> Question:
    """Read a question.

    Args:
        listed: the variables that a message names. known: all names that may be asked.

    Raises:
        InputError: it is none, of unknown variables, or may mean two things.
    """
    compact = "".join(name.split()).replace("∂", "d")

    def is_known(one: str) -> bool:
        return one in known or parent(one, known) in known or any(index_below(other, one) for other in known)

    top, slash, bottom = compact.partition("/")
    of, wrt = plain_name(top[1:]), plain_name(bottom[1:])
    if slash and top[:1] == "d" == bottom[:1] and is_known(of) and is_known(wrt) and of != wrt:
        return Question(of, wrt)
    twice = _TWICE.fullmatch(compact)
    if twice is not None and is_known(plain_name(twice["of"])):
        pairs = _pairs(twice["below"], is_known)
        if len(pairs) == 1:
            return Question(plain_name(twice["of"]), *next(iter(pairs)))
        if pairs:
            raise InputError(f"name {name!r}", "one that means one thing, such as d2z/dx^2 or d2z/dxdw", "one of two")
    example = f"a derivative such as dz/dx of variables {listed_names(listed)}"
    unknown = [one for one in (of, wrt) if one and not is_known(one)] if slash and top[:1] == "d" == bottom[:1] else []
    got = f"{unknown[0]}, which does not stand in the graph (a product is written x*y)" if unknown else "another"
    raise InputError(f"name {name!r}", example, got)


def _pairs(below: str, is_known: Callable[[str], bool]) -> set[tuple[str, str]]:
    """The pairs of variables that may be meant by what stands below: ``x2``, ``x^2``, ``xdw``."""
    found: set[tuple[str, str]] = set()
    square = _SQUARE.fullmatch(below) or re.fullmatch(r"(?P<wrt>.*[^\d_,{])2", below)
    if square is not None and is_known(plain_name(square["wrt"])):
        found.add((plain_name(square["wrt"]), plain_name(square["wrt"])))
    for place in (match.start() for match in re.finditer("d", below)):
        first, second = plain_name(below[:place]), plain_name(below[place + 1 :])
        if first and second and is_known(first) and is_known(second):
            found.add((first, second))
    return found


def listed_names(names: Sequence[str]) -> str:
    """Names in a message."""
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(names[:MOST_LISTED]) + more
