"""The tables of the parser are those that lark makes of the grammar, and give what lark's own parser gives."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Lark, Tree
from lark.exceptions import UnexpectedInput
from lark.lexer import Lexer
from lark.lexer import Token as LarkToken

from chainrule.sheets.formulas.parser import Branch, Token, UnparsedError, parsed
from tests.support.loading import tool

grammar = tool("grammar")
TABLES = json.loads(grammar.TABLES.read_text(encoding="utf-8"))
KINDS = sorted({kind for state in TABLES["actions"] for kind in state if kind.isupper()} - {"$END"})
#: rule of a drawn formula -> kinds of tokens, and other rules, in turn
RULES = {
    "sum": ("item", "item PLUS sum", "MINUS item", "item TIMES item", "item DIVIDE sum", "item item", "SUM item"),
    "item": (
        "NUMBER", "NAME", "OWN", "RATIO", "NAME PRIME TRANSPOSED", "NUMBER _CARET NUMBER", "_LPAR sum _RPAR",
        "_LPAR sum _COMMA sum _RPAR", "_LSQB sum _COMMA sum _RSQB", "_LSQB _RSQB",
        "_MOPEN sum _AMP sum _ROW sum _MCLOSE",
        "_MOPEN _MCLOSE", "_FRAC _LBRACE sum _RBRACE _LBRACE sum _RBRACE", "CALL _LPAR sum _COMMA sum AXIS _RPAR",
        "CALL _LBRACE sum _RBRACE", "BARE item", "DIFFG item", "DIFF item", "EXP _CARET item",
        "_LSQB sum LESS sum _RSQB",
    ),
}  # fmt: skip


class AsGiven(Lexer):
    """Hands lark's parser the tokens as they are."""

    def __init__(self, _): ...

    def lex(self, data):
        return iter(data)


LARK = Lark(grammar.GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer=AsGiven)


def by_lark(kinds):
    """What lark makes of these kinds of tokens, or the place of the one that it does not take."""
    tokens = [LarkToken(kind, str(place), place) for place, kind in enumerate(kinds)]
    try:
        return plain(LARK.parse(tokens))
    except UnexpectedInput as error:
        return next((place for place, token in enumerate(tokens) if token is error.token), len(tokens))


def by_tables(kinds):
    try:
        return plain(parsed([Token(kind, str(place), place) for place, kind in enumerate(kinds)]))
    except UnparsedError as error:
        return error.place


def plain(node):
    """A tree as tuples: a node has a name and a list, a token its kind and its place."""
    if isinstance(node, Branch | Tree):
        return str(node.data), [plain(part) for part in node.children]
    return node and (node.type, node.start_pos)


@st.composite
def formulas(draw, rule="sum", depth=0):
    """The kinds of the tokens of a formula."""
    ways = RULES[rule] if depth < 6 else ("NUMBER",)
    parts = draw(st.sampled_from(ways)).split()
    return [kind for part in parts for kind in (draw(formulas(part, depth + 1)) if part in RULES else [part])]


def test_the_tables_are_those_of_the_grammar():
    assert grammar.TABLES.read_text(encoding="utf-8") == grammar.tables(), "run python tools/grammar.py"


@given(formulas())
def test_a_formula_is_read_as_lark_reads_it(kinds):
    found = by_tables(kinds)
    assert found == by_lark(kinds)


@given(formulas(), st.data())
def test_a_spoilt_formula_is_refused_at_the_same_token(kinds, data):
    at = data.draw(st.integers(0, len(kinds)))
    other = data.draw(st.lists(st.sampled_from(KINDS), max_size=2))
    kinds = [*kinds[:at], *other, *kinds[at + data.draw(st.integers(0, 1)) :]]
    assert by_tables(kinds) == by_lark(kinds)


@pytest.mark.parametrize("kind", KINDS)
def test_one_token_alone(kind):
    assert by_tables([kind]) == by_lark([kind])


def test_no_tokens_are_no_formula():
    assert by_tables([]) == by_lark([]) == 0
