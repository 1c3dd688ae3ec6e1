"""The parser of formulas of worksheets: the tables that lark makes of ``formulas.lark``, made ahead.

``tools/grammar.py`` writes them to ``formulas.json``. Making them takes longer than reading a whole sheet does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple


class Token(NamedTuple):
    """A token: its kind, what it stands for, and its place in the plain text."""

    type: str
    value: Any
    start_pos: int


class Branch(NamedTuple):
    """A rule of the grammar that has been met, by its name, with what it is made of: nodes, tokens and None."""

    data: str
    children: list[Any]


class UnparsedError(Exception):
    """``place`` counts the tokens before the one that cannot stand where it does; all of them where more is missing."""

    def __init__(self, place: int) -> None:
        super().__init__(f"token {place}")
        self.place = place


class _Rule(NamedTuple):
    """A rule of the grammar.

    Attributes:
        origin: what it makes. size: of how many parts. name: of its node.
        kept: which of the parts stay, and whether the parts of one take its place; None stands for one left out.
        alone: where one part is left it stands for itself.
    """

    origin: str
    size: int
    name: str
    kept: list[tuple[int, bool] | None]
    alone: bool


class _Tables(NamedTuple):
    """What to do in each state with each kind of token or rule: go on to a state, or apply rule ``-1 - action``."""

    actions: list[dict[str, int]]
    rules: list[_Rule]
    end: int


@cache
def _tables() -> _Tables:
    read = json.loads(Path(__file__).with_name("formulas.json").read_text(encoding="utf-8"))
    return _Tables(read["actions"], [_Rule(*rule) for rule in read["rules"]], read["end"])


def parsed(tokens: Sequence[Token]) -> Branch | Token:
    """What the grammar makes of the tokens of a formula.

    Raises:
        UnparsedError: they are none.

    >>> parsed([Token("NUMBER", "3", 0), Token("PLUS", "+", 1), Token("NUMBER", "4", 2)]).data
    'sum'
    """
    actions, rules, end = _tables()
    states, found = [0], list[Any]()
    for place, kind in enumerate((*(token.type for token in tokens), "$END")):
        while (action := actions[states[-1]].get(kind)) is None or action < 0:
            if action is None:
                raise UnparsedError(place)
            rule = rules[-1 - action]
            cut = len(states) - rule.size
            found[cut - 1 :] = [_made(rule, found[cut - 1 :])]
            states[cut:] = [actions[states[cut - 1]][rule.origin]]
            if kind == "$END" and states[-1] == end:
                break
        else:
            states.append(action)
            found.append(tokens[place])
    made: Branch | Token = found[0]
    return made


def _made(rule: _Rule, parts: list[Any]) -> Any:
    children: list[Any] = []
    for kept in rule.kept:
        if kept is None:
            children.append(None)
        elif kept[1]:
            children += parts[kept[0]].children
        else:
            children.append(parts[kept[0]])
    return children[0] if rule.alone and len(children) == 1 else Branch(rule.name, children)
