"""Write sheets/formulas/formulas.json, the tables of the parser of formulas, anew: ``python tools/grammar.py``."""

import json
from pathlib import Path
from typing import Any

from lark import Lark
from lark.grammar import Rule
from lark.lexer import Lexer
from lark.parsers.lalr_analysis import Shift

SHEETS = Path(__file__).parent.parent / "src" / "chainrule" / "sheets" / "formulas"
GRAMMAR, TABLES = SHEETS / "formulas.lark", SHEETS / "formulas.json"


class NoLexer(Lexer):
    """The tokens are found elsewhere."""

    def __init__(self, _: Any) -> None: ...

    def lex(self, *_: Any) -> Any:
        """Nothing."""


def tables() -> str:
    """The text of formulas.json: states in the order in which they are met, whatever lark numbers them."""
    lark = Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer=NoLexer)
    table = lark.parser.parser._parse_table
    rules = sorted(
        {arg for state in table.states.values() for action, arg in state.values() if action is not Shift}, key=repr
    )
    states = [table.start_states["start"]]
    for state in states:
        rows = sorted(table.states[state].items())
        states += dict.fromkeys(arg for _, (action, arg) in rows if action is Shift and arg not in states)
    number = {state: place for place, state in enumerate(states)} | {rule: -1 - i for i, rule in enumerate(rules)}
    actions = [{kind: number[arg] for kind, (_, arg) in sorted(table.states[state].items())} for state in states]
    parts = {
        "end": json.dumps(number[table.end_states["start"]]),
        "rules": lines([written(rule) for rule in rules]),
        "actions": lines(actions),
    }
    return "{\n" + ",\n".join(f'"{key}": {text}' for key, text in parts.items()) + "\n}\n"


def lines(items: list[Any]) -> str:
    """A list, each of its items on a line."""
    return "[\n" + ",\n".join(json.dumps(item, separators=(",", ":")) for item in items) + "\n]"


def written(rule: Rule) -> list[Any]:
    """What a rule makes of its parts, as ``parser`` reads it; where one that may be left out is, a null stands."""
    kept: list[Any] = []
    parts = iter(enumerate(rule.expansion))
    for is_left_out in rule.options.empty_indices or [False] * len(rule.expansion):
        if is_left_out:
            kept.append(None)
            continue
        place, part = next(parts)
        if not (part.is_term and part.filter_out):
            kept.append([place, not part.is_term and part.name.startswith("_")])
    alone = rule.options.expand1 and not rule.alias
    return [str(rule.origin.name), len(rule.expansion), str(rule.alias or rule.origin.name), kept, bool(alone)]


if __name__ == "__main__":
    TABLES.write_text(tables(), encoding="utf-8")
