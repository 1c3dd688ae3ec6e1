"""The grammar of formulas in worksheets, plain or LaTeX."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from chainrule.formula.plain import JOIN
from chainrule.formula.tree import Expr
from chainrule.network.names import Notation
from chainrule.sheets.formulas.functions import UnreadError
from chainrule.sheets.formulas.parser import Token, UnparsedError, parsed
from chainrule.sheets.formulas.reader import tree_of
from chainrule.sheets.formulas.sums import is_any_unit
from chainrule.sheets.formulas.tokens import ENDS_VALUE, LEARNING_RATES, MOST_SIGNS, tokens
from chainrule.sheets.names.plain import Names
from chainrule.system.patterns import regex

LONGEST_NAME = 200  # characters, with what is around it


def parse_part(text: str, names: Names, is_subject: bool = False) -> tuple[Expr, Notation]:
    """Read one formula; with it the notation it is written in.

    Args:
        text: plain (``plain.plain``).
        is_subject: it stands before the first sign of equality.

    Raises:
        UnreadError: with the place in ``text``.
    """
    tree, has_caret = tree_of(parsed_part(text, names, is_subject), names)
    return tree, "delta" if has_caret else "textbook"


def parsed_part(text: str, names: Names, is_subject: bool = False) -> Any:
    """What the parser makes of one formula, whatever its names mean.

    Raises:
        UnreadError: with the place in ``text``.
    """
    return _tree(text, names.depth, _own_in(text, names), is_subject)


def _own_in(text: str, names: Names) -> frozenset[str]:
    """The author's names that may be in a text."""
    return frozenset(name for name in names.own if name.rstrip("'") in text)


@lru_cache(maxsize=4096)
def _tree(text: str, depth: int, own: frozenset[str], is_subject: bool) -> Any:
    """What the parser makes of a text, whatever its names mean: a sheet is read under several namings."""
    return _parsed(tokens(text, depth, own, is_subject), text)


@lru_cache(maxsize=4096)
def _kinds(text: str, depth: int, own: frozenset[str], is_subject: bool) -> tuple[Any, ...]:
    """The tokens of a short text; none where it has what no formula has."""
    try:
        return tuple(tokens(text, depth, own, is_subject))
    except UnreadError:
        return ()


def new_name(text: str, names: Names, is_general: bool = False) -> str | None:
    """The name that a line introduces whose subject is nothing but this: ``e_1``, ``E_{total}``, ``Δw_23``.

    Args:
        is_general: there is no number behind it; ``p_k`` is any of the outputs then.
    """
    if len(text) > LONGEST_NAME:
        return None
    if _RUN.fullmatch(run := text.replace(JOIN, "").strip()):
        return run
    found = _kinds(text, names.depth, _own_in(text, names), True)
    kinds = [token.type for token in found]
    if kinds not in (["OWN"], ["OWN", "PRIME"]) or names.meaning(found[0].value) is not None:
        return None
    if is_general and is_any_unit(found[0].value, names):
        return None
    name = str(found[0].value.name) + "'" * (min(found[1].value, MOST_SIGNS) if len(found) == 2 else 0)
    return None if name == names.rate or name in LEARNING_RATES - {"alpha", "α"} else name


_RUN = regex(r"(?:[a-z][0-9]{1,2}){3,6}")  # x1w1x2w2, what people call the sum of x1w1 and x2w2


def is_one_name(text: str, names: Names) -> bool:
    """Whether a text is one name that has a meaning."""
    if len(text) > LONGEST_NAME:
        return False
    found = _kinds(text, names.depth, _own_in(text, names), True)
    kinds = [token.type for token in found]
    return kinds in (["OWN"], ["OWN", "PRIME"]) and names.meaning(found[0].value) is not None


def _parsed(found: list[Token], text: str) -> Any:
    try:
        return parsed(found)
    except UnparsedError as error:
        place = error.place
        before = found[place - 1].type if place else ""
        due = "an operator or the end" if before in ENDS_VALUE else "a number, a name or a bracket"
        if place == len(found):
            due = "a closing bracket" if before in ENDS_VALUE else due
            raise UnreadError(len(text.rstrip()), f"expected {due}; got the end") from None
        at = found[place].start_pos
        raise UnreadError(at, f"expected {due}; got {text[at : at + 12].strip()!r}") from None
