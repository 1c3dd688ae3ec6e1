"""The grammar of formulas in worksheets, plain or LaTeX."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chainrule.formula.tree import Expr
from chainrule.network.names import Notation
from chainrule.sheets.functions import UnreadError
from chainrule.sheets.names import Names
from chainrule.sheets.reader import tree_of
from chainrule.sheets.sums import is_any_unit
from chainrule.sheets.tokens import ENDS_VALUE, LEARNING_RATES, MOST_SIGNS, tokens

if TYPE_CHECKING:
    from lark import Lark

LONGEST_NAME = 200  # characters, with what is around it
_GRAMMAR = r"""
?start: sum
?sum: signed ((PLUS | MINUS) signed)*
?signed: MINUS signed -> negative
       | PLUS signed -> positive
       | product
?product: item (((TIMES | HADAMARD | OUTER | DIVIDE) operand) | implicit)*
?operand: MINUS operand -> negative
        | PLUS operand -> positive
        | item
?item: numeric | implicit
?numeric: NUMBER
        | NUMBER TRANSPOSED+ -> postfix
        | NUMBER _CARET exponent -> power
?implicit: postfix
         | postfix _CARET exponent -> power
         | EXP _CARET exponent -> exponential
         | BARE item -> apply
         | DIFFG implicit -> difference
         | DIFF signed -> difference
         | SUM signed -> total
?exponent: MINUS exponent -> negative
         | PLUS exponent -> positive
         | postfix
         | NUMBER
?postfix: atom
        | atom (TRANSPOSED | PRIME | SUMMED)+
?atom: NAME | OWN | RATIO
     | _LPAR truth _RPAR -> group
     | _LPAR sum (_COMMA sum)+ _RPAR -> array
     | _LBRACE truth _RBRACE -> group
     | _LSQB [truth (_COMMA truth)*] _RSQB -> array
     | _MOPEN row (_ROW row)* _MCLOSE -> matrix
     | _FRAC _LBRACE sum _RBRACE _LBRACE sum _RBRACE -> fraction
     | CALL _LPAR truth (_COMMA truth)* AXIS? _RPAR -> call
     | CALL _LBRACE sum _RBRACE -> call
?truth: sum
      | sum GREATER sum -> greater
      | sum LESS sum -> less
row: [sum (_AMP sum)*]
%declare PLUS MINUS TIMES HADAMARD OUTER DIVIDE NUMBER NAME OWN RATIO EXP BARE CALL DIFF DIFFG SUM TRANSPOSED PRIME
%declare SUMMED GREATER LESS AXIS
%declare _CARET _COMMA _AMP _ROW _LPAR _RPAR _LBRACE _RBRACE _LSQB _RSQB _MOPEN _MCLOSE _FRAC
"""


@lru_cache(maxsize=1)
def _parser() -> Lark:
    from lark import Lark
    from lark.lexer import Lexer

    class TokensAsGiven(Lexer):
        """Hands the parser the tokens that ``tokens`` has found."""

        def __init__(self, _: Any) -> None: ...

        def lex(self, data: Any) -> Iterator[Any]:  # type: ignore[override]
            return iter(data)

    return Lark(_GRAMMAR, parser="lalr", lexer=TokensAsGiven, propagate_positions=False)


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
    found = _kinds(text, names.depth, _own_in(text, names), True)
    kinds = [token.type for token in found]
    if kinds not in (["OWN"], ["OWN", "PRIME"]) or names.meaning(found[0].value) is not None:
        return None
    if is_general and is_any_unit(found[0].value, names):
        return None
    name = str(found[0].value.name) + "'" * (min(found[1].value, MOST_SIGNS) if len(found) == 2 else 0)
    return None if name in LEARNING_RATES - {"alpha", "α"} else name


def is_one_name(text: str, names: Names) -> bool:
    """Whether a text is one name that has a meaning."""
    if len(text) > LONGEST_NAME:
        return False
    found = _kinds(text, names.depth, _own_in(text, names), True)
    kinds = [token.type for token in found]
    return kinds in (["OWN"], ["OWN", "PRIME"]) and names.meaning(found[0].value) is not None


def _parsed(found: list[Any], text: str) -> Any:
    from lark.exceptions import UnexpectedInput

    try:
        return _parser().parse(found)
    except UnexpectedInput as error:
        token = getattr(error, "token", None)
        ended = token is None or token.type == "$END"
        place = len(found) if ended else next(i for i, t in enumerate(found) if t is token)
        before = found[place - 1].type if place else ""
        due = "an operator or the end" if before in ENDS_VALUE else "a number, a name or a bracket"
        if ended:
            due = "a closing bracket" if before in ENDS_VALUE else due
            raise UnreadError(len(text.rstrip()), f"expected {due}; got the end") from None
        at = token.start_pos if token is not None else 0
        raise UnreadError(at, f"expected {due}; got {text[at : at + 12].strip()!r}") from None
