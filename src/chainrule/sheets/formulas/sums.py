"""What the letters of a worksheet's formulas count: how far a sum runs without a bound, and units of which layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from chainrule.formula import tree as t
from chainrule.network.names import Quantity
from chainrule.sheets.formulas.parser import Token
from chainrule.sheets.names.plain import Index, Names, Operand, Own, Written

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
    if (known := _counted_by_meaning(letter, operand, names, bound)) is not None:
        yield operand.symbol in ("W", "w"), known
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


def _counted_by_meaning(letter: str, operand: Written, names: Names, bound: Mapping[str, int]) -> int | None:
    """The width of a letter in a name whose letters, with numbers for them, mean a quantity to the author."""

    def numbered(number: int) -> Written:
        at = {**bound, letter: number}
        return replace(
            operand,
            indices=tuple(Index("", at.get(i.letter, 1) + i.number) if i.letter else i for i in operand.indices),
        )

    first = names.given(numbered(1))
    if not isinstance(first, Quantity) or first.layer is None:
        return None
    count = 1
    while count < MOST and isinstance(one := names.given(numbered(count + 1)), Quantity) and one.layer == first.layer:
        count += 1
    return count


def _is_known(name: Own, number: int, names: Names) -> bool:
    """Whether a name with a number for its letter is one of the author's, or means a quantity."""
    written = f"{name.word}_{number}"
    return written in names.own or names.meaning(replace(name, name=written, index=str(number))) is not None


class Counted(NamedTuple):
    """What a letter counts: the units of a layer, 0 for the inputs."""

    layer: int


def counted(letter: str, body: Any, names: Names) -> Counted | None:
    """The layer whose units a letter counts that stands alone below z, a, h or δ; None where nothing says it.

    With one layer of weights it is that layer; below p, y or with e^z it is the last; of two layers, h is of the first,
    what weights join to h or x is of the layer behind, and errors that are weighed are of the last.
    """
    found = list(_operands(body))
    plain = [o for o in found if isinstance(o, Written) and o.above is None]
    below = [o for o in plain if [index.letter for index in o.indices] == [letter]]
    weights = [o for o in found if _is_weight_of(letter, o)]
    symbols = {operand.symbol for operand in below}
    if "x" in symbols:
        return Counted(0)
    if symbols & {"y", "yhat"} or any(_is_output(letter, operand, names) for operand in found):
        return Counted(names.depth)
    if not (symbols & {"z", "a", "h", "δ"}):
        return None
    kinds = {token.type for token in tokens_in(body)}
    if names.depth == 1 or (symbols <= {"z", "a"} and kinds & {"EXP", "CALL"} and not weights):
        return Counted(names.depth)
    if names.depth != 2:
        return None
    if "h" in symbols:
        return Counted(1)
    others = {index.letter for weight in weights for index in weight.indices} - {letter}  # type: ignore[union-attr]
    beside = {o.symbol for o in found if isinstance(o, Written) and others & {i.letter for i in o.indices}} - {"W", "w"}
    if beside & {"x", "h"}:
        return Counted(1 if "x" in beside else 2)
    errors = {o.symbol for o in below if o.symbol == "δ"} | {
        token.value.wrt.symbol for token in tokens_in(body) if token.type == "RATIO" and token.value.wrt in below
    }
    return Counted(2 if errors else 1) if weights and (errors or symbols <= {"a"}) else None


def of_weights(letter: str, body: Any, counts: Mapping[str, Counted], names: Names) -> Counted | None:
    """What a letter counts that stands below a weight beside another: the layer next to the other's."""
    for operand in _operands(body):
        if not _is_weight_of(letter, operand):
            continue
        assert isinstance(operand, Written)
        other = next((i.letter for i in operand.indices if i.letter != letter), "")
        if other in counts:
            layer = counts[other].layer
            return Counted(layer - 1 if layer == names.depth else layer + 1)
    return None


def is_weighed(letter: str, body: Any) -> bool:
    """Whether a letter is below a weight with two indices and no layer."""
    return any(_is_weight_of(letter, operand) for operand in _operands(body))


def _is_weight_of(letter: str, operand: Operand) -> bool:
    """Whether a name is a weight with unit and source, the letter one of them, and no layer."""
    is_weight = isinstance(operand, Written) and operand.symbol in "Ww" and operand.above is None
    return is_weight and len(operand.indices) == 2 and letter in [i.letter for i in operand.indices]  # type: ignore[union-attr]


def _is_output(letter: str, operand: Operand, names: Names) -> bool:
    """Whether a name of the author's with the letter is an output or a target: ``p_k``, ``o_k``."""
    if not isinstance(operand, Own) or operand.index != letter:
        return False
    found = names.meaning(replace(operand, name=f"{operand.word}_1", index="1"))
    name = found.name if isinstance(found, t.Timed) else found
    return isinstance(name, Quantity) and name.symbol in ("y", "yhat")


def with_layer(operand: Written, bound: Mapping[str, int], counts: Mapping[str, Counted], depth: int) -> Written:
    """A name with the layer that its letters show, and with numbers for them; as it is where they show none."""
    letters = [index.letter for index in operand.indices]
    units = [Index("", bound[i.letter] + i.number) if i.letter in bound else i for i in operand.indices]
    numbered = replace(operand, indices=tuple(units))
    if operand.above is not None or not any(letter in counts for letter in letters):
        return numbered
    if operand.symbol in "zahδb" and len(units) == 1:
        layer = counts[letters[0]].layer
        if not layer:
            return replace(operand, symbol="x", indices=tuple(units))
        return replace(operand, indices=(Index("", layer), *units))
    if operand.symbol in "Ww" and len(units) == 2:
        place = next(i for i in (0, 1) if letters[i] in counts)
        other = counts.get(letters[1 - place])
        layer = counts[letters[place]].layer
        is_unit = layer == depth if other is None else other.layer < layer
        if other is not None and abs(other.layer - layer) != 1:
            return numbered
        if is_unit is (place == 1):
            units.reverse()
        return replace(operand, indices=(Index("", layer if is_unit else layer + 1), *units))
    return numbered


def with_only(layer: int, units: list[int], sizes: tuple[int, ...]) -> list[int]:
    """Unit and unit before of a weight that is written with one of them, where of the other there is but one."""
    if len(units) != 1 or not 0 < layer < len(sizes):
        return units
    if sizes[layer] == 1:
        return [1, *units]
    return [*units, 1] if sizes[layer - 1] == 1 else units


def tokens_in(node: Any) -> Iterator[Any]:
    """The tokens of a parsed formula, in order."""
    if isinstance(node, Token):
        yield node
    elif node is not None:
        for part in node.children:
            yield from tokens_in(part)


def _operands(node: Any) -> Iterator[Operand]:
    """The names in a parsed formula."""
    for token in tokens_in(node):
        if token.type in ("NAME", "OWN"):
            yield token.value
        elif token.type == "RATIO":
            yield from (token.value.of, token.value.wrt)


def free_letters(body: Any, bound: Mapping[str, int], names: Names | None = None) -> set[str]:
    """The letters that stand for indices in a parsed formula and that nothing binds, no sum in it either.

    Args:
        names: those of the author that mean quantities are looked at too: ``p_k``.
    """
    found = list(_operands(body))
    letters = {index.letter for name in found if isinstance(name, Written) for index in name.indices if index.letter}
    if names is not None:
        letters |= {o.index for o in found if isinstance(o, Own) and is_any_unit(o, names)}
        letters -= {token.value.letter for token in tokens_in(body) if token.type == "SUM" and token.value is not None}
    return letters - {*bound, "L"}


def is_any_unit(operand: Operand, names: Names) -> bool:
    """Whether a name of the author's is a quantity of the network with a letter for its unit: ``p_k``."""
    return isinstance(operand, Own) and _is_letter(operand.index) and _is_known(operand, 1, names)


def _is_letter(index: str) -> bool:
    return len(index) == 1 and index.isalpha()
