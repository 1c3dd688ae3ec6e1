"""How far the sums of a worksheet run where no bound is given: as far as the quantity that their letter counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from chainrule.sheets.names import Names, Operand, Own

MOST = 10_000  # numbers that a letter is tried with


def width(letter: str, body: Any, names: Names, bound: Mapping[str, int]) -> int | None:
    """How far a letter runs in a parsed formula; None where nothing says so.

    A vector that has it as its index is asked before a matrix, whose indices may be swapped.
    """
    widths = [pair for operand in _operands(body) for pair in _widths(letter, operand, names, bound)]
    return next((width for wanted in (False, True) for is_matrix, width in widths if is_matrix is wanted), None)


def _widths(letter: str, operand: Operand, names: Names, bound: Mapping[str, int]) -> Iterator[tuple[bool, int]]:
    """For each place of the letter in a name: whether that is a matrix, and its width there."""
    if isinstance(operand, Own):
        count = 0
        while operand.index == letter and count < MOST and _is_known(operand, count + 1, names):
            count += 1
        if count:
            yield False, count
        return
    if not any(index.letter == letter for index in operand.indices):
        return
    sizes, units, above = names.sizes, operand.indices, operand.above
    if operand.symbol in ("x", "y", "yhat"):
        yield False, sizes[0] if operand.symbol == "x" else sizes[-1]
        return
    layer = names.number(units[0] if above is None else above, bound)
    if layer is None:
        return
    is_matrix = operand.symbol in ("W", "w")
    ends = [layer, layer - 1] if is_matrix else [layer]
    if operand.symbol == "w" and above is not None:
        ends.reverse()
    for index, end in zip(units[above is None :], ends, strict=False):
        if index.letter == letter and 0 <= end < len(sizes):
            yield is_matrix, sizes[end]


def _is_known(name: Own, number: int, names: Names) -> bool:
    """Whether a name with a number for its letter is one of the author's, or means a quantity."""
    written = f"{name.word}_{number}"
    return written in names.own or names.meaning(replace(name, name=written, index=str(number))) is not None


def tokens_in(node: Any) -> Iterator[Any]:
    """The tokens of a parsed formula, in order."""
    from lark import Token

    if isinstance(node, Token):
        return iter((node,))
    found: Iterator[Any] = node.scan_values(lambda value: isinstance(value, Token))
    return found


def _operands(node: Any) -> Iterator[Operand]:
    """The names in a parsed formula."""
    for token in tokens_in(node):
        if token.type in ("NAME", "OWN"):
            yield token.value
        elif token.type == "RATIO":
            yield from (token.value.of, token.value.wrt)


def free_letters(body: Any, bound: Mapping[str, int]) -> set[str]:
    """The letters that stand for indices in a parsed formula and that nothing binds."""
    names = [operand for operand in _operands(body) if not isinstance(operand, Own)]
    return {index.letter for name in names for index in name.indices if index.letter} - {*bound, "L"}
