"""From a parsed formula of a worksheet to its tree: names resolved, sums written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network import names as notation
from chainrule.network.names import LOSS, Derivative, Name, Quantity
from chainrule.sheets.formulas.functions import GeneralError, UnreadError, called
from chainrule.sheets.formulas.operators import Product, exceeds, is_whole_matrix, later, made, nested, power
from chainrule.sheets.formulas.parser import Token
from chainrule.sheets.formulas.sums import (
    Counted,
    counted,
    free_letters,
    is_any_unit,
    is_weighed,
    tokens_in,
    width,
    with_layer,
    with_only,
)
from chainrule.sheets.formulas.tokens import LEARNING_RATES, MOST_SIGNS, Over, Ratio
from chainrule.sheets.names.plain import Index, Names, Own, Written
from chainrule.sheets.names.surfaces import is_loss

LARGEST = 1_000  # names of a formula, its sums written out
MOST_NUMBERS = 20_000  # of a formula, its sums written out
MOST_NESTED = 3  # derivatives of derivatives

_KINDS: dict[str, Product] = {"DIVIDE": t.Div, "HADAMARD": t.Hadamard, "OUTER": t.Call}


def tree_of(
    parsed: Any, names: Names, bound: Mapping[str, int] | None = None, counts: Mapping[str, Counted] | None = None
) -> tuple[t.Expr, bool]:
    """The tree of a parsed formula, and whether a name with a caret is in it.

    Args:
        bound: numbers that letters stand for. counts: the layers whose units they count.

    Raises:
        UnreadError: an unknown name, an index without a number, a quantity that no network has.
    """
    reader = _FormulaReader(names, bound or {}, counts or {})
    return reader.top(parsed), reader.has_caret


@dataclass
class _FormulaReader:
    """From the parser's tree to ours.

    Attributes:
        bound: the numbers that letters stand for within sums, or in a formula for any unit.
        counts: the layers whose units letters count that say no layer.
        has_caret: a name with a caret has been met.
        names_left, numbers_left: how many may still come.
    """

    names: Names
    bound: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, Counted] = field(default_factory=dict)
    has_caret: bool = False
    names_left: int = LARGEST
    numbers_left: int = MOST_NUMBERS

    def top(self, node: Any) -> t.Expr:
        """The tree of a whole part, or of an item of an array: ``[x]`` is a vector there, elsewhere a bracket."""
        if getattr(node, "data", "") != "array":
            return self.tree(node)
        items = tuple(self.top(part) for part in node.children if part is not None)
        framed = len(items) == 1 and getattr(node.children[0], "data", "") == "matrix"  # an environment of LaTeX
        return items[0] if framed else t.Array(items)

    def tree(self, node: Any) -> t.Expr:
        """The tree of a parsed node."""
        if isinstance(node, Token):
            return self.leaf(node)
        parts = node.children
        match node.data:
            case "sum":
                return self.sum(parts)
            case "product":
                return self.product(parts)
            case "negative":
                return t.Neg(self.tree(parts[-1]))
            case "positive" | "group":
                return self.tree(parts[-1])
            case "power":
                return power(self.tree(parts[0]), self.tree(parts[1]))
            case "exponential":
                return t.Call("exp", (self.tree(parts[1]),))
            case "postfix":
                return self.postfix(parts)
            case "call" | "apply":
                return self.call(*parts)
            case "greater":
                return exceeds(parts[1].value, self.tree(parts[0]), self.tree(parts[2]))
            case "less":
                return exceeds(parts[1].value, self.tree(parts[2]), self.tree(parts[0]))
            case "fraction":
                return t.Div(self.tree(parts[0]), self.tree(parts[1]))
            case "difference":
                wrt = self.symbol(parts[0].value.wrt, parts[0].start_pos)
                item = self.tree(parts[1])
                if getattr(parts[1], "data", "") == "array" and isinstance(item, t.Array) and len(item.items) == 1:
                    (item,) = item.items
                if nested(item) >= MOST_NESTED:
                    raise UnreadError(
                        parts[0].start_pos, f"at most {MOST_NESTED} derivatives of derivatives can be read"
                    )
                return t.Diff(item, wrt)
            case "total":
                return self.total(*parts)
            case "array":
                return self.array(node)
            case "matrix":
                return self.matrix(parts)
            case _:
                raise TypeError(node.data)

    def leaf(self, token: Any) -> t.Expr:
        self.names_left -= token.type != "NUMBER"
        self.numbers_left -= token.type == "NUMBER"
        if min(self.names_left, self.numbers_left) < 0:
            most = f"at most {LARGEST} names and {MOST_NUMBERS} numbers"
            raise UnreadError(token.start_pos, f"{most} can be read in a formula, with sums written out")
        match token.type:
            case "NUMBER":
                return t.Number(float(token.value), str(token.value))
            case "RATIO":
                return self.ratio(token.value, token.start_pos)
            case _:
                return self.operand(token.value, token.start_pos)

    # ---- operators

    def sum(self, parts: list[Any]) -> t.Expr:
        terms = [self.tree(parts[0])]
        for sign, part in zip(parts[1::2], parts[2::2], strict=True):
            term = self.tree(part)
            terms.append(term if sign.type == "PLUS" else t.Neg(term))
        return t.Add(tuple(terms))

    def product(self, parts: list[Any]) -> t.Expr:
        """Left to right; runs of one operator become one node."""
        factors, nodes = [self.tree(parts[0])], 0
        before: Product | None = None
        for operator, right in self.operands(parts[1:]):
            kind = _KINDS.get(operator, t.Mul)
            if kind is before and kind in (t.Mul, t.Hadamard):
                factors.append(right)
                continue
            tree = made(before, factors)
            nodes, before, factors = nodes + 1, kind, [tree, right]
            if nodes > 3 * MOST_SIGNS:
                start = next((token.start_pos for token in tokens_in(parts[0])), 0)
                raise UnreadError(start, "expected fewer products and quotients in turn; got too many")
        return made(before, factors)

    def operands(self, parts: list[Any]) -> Iterator[tuple[str, t.Expr]]:
        """Operators with what follows each; in ``σ'(a_1) ⊙ W_2^T δ_2`` the matrix is multiplied first."""
        pairs: list[tuple[str, t.Expr]] = []
        rest = iter(parts)
        for part in rest:
            operator = getattr(part, "type", "")
            right = self.tree(next(rest) if operator in ("TIMES", "HADAMARD", "OUTER", "DIVIDE") else part)
            pairs.append((operator, right))
        at = 0
        while at < len(pairs):
            operator, right = pairs[at]
            at += 1
            if operator in ("HADAMARD", "OUTER") and is_whole_matrix(right):
                ends = ("HADAMARD", "OUTER", "DIVIDE")
                end = next((i for i in range(at, len(pairs)) if pairs[i][0] in ends), len(pairs))
                if end > at:
                    right = t.Mul((right, *(factor for _, factor in pairs[at:end])))
                    at = end
            yield operator, right

    def call(self, function: Any, *arguments: Any) -> t.Expr:
        """A call; ``sum(x, axis=0)`` is a sum over the rows."""
        *rest, last = arguments
        if getattr(last, "type", "") == "AXIS":
            return called(f"{function.value}_{last.value}", tuple(map(self.tree, rest)), function.start_pos)
        return called(function.value, tuple(map(self.tree, arguments)), function.start_pos)

    def postfix(self, parts: list[Any]) -> t.Expr:
        first, marks = parts[0], parts[1:]
        is_own = getattr(first, "type", "") == "OWN" and self.names.meaning(first.value) is None
        if is_own and marks[0].type == "PRIME":
            name = first.value.name + "'" * min(marks[0].value, MOST_SIGNS)
            tree: t.Expr = t.Ref(self.own(name, first.start_pos))  # e_1' is a name of its own
            marks = marks[1:]
        else:
            tree = self.tree(first)
        for mark in marks:
            match mark.type:
                case "TRANSPOSED":
                    tree = t.Transpose(tree)
                case "SUMMED":
                    tree = t.Call(mark.value, (tree,))
                case _:
                    tree = later(tree, mark.value, mark.start_pos)
        return tree

    # ---- arrays

    def array(self, node: Any) -> t.Expr:
        """``[x]`` within a formula is a bracket, unless it holds a number or a row."""
        found = self.top(node)
        if not isinstance(found, t.Array) or len(found.items) != 1:
            return found
        (item,) = found.items
        return found if isinstance(item.item if isinstance(item, t.Neg) else item, t.Number | t.Array) else item

    def matrix(self, rows: list[Any]) -> t.Expr:
        """The environments of LaTeX; one column is a vector."""
        found = [tuple(self.tree(p) for p in row.children if p is not None) for row in rows]
        found = [row for row in found if row]
        if all(len(row) == 1 for row in found):
            return t.Array(tuple(row[0] for row in found))
        return t.Array(tuple(t.Array(row) for row in found))

    # ---- sums written out

    def total(self, token: Any, body: Any) -> t.Expr:
        over: Over | None = token.value
        if over is None and len(free := free_letters(body, self.bound)) == 1:
            over = Over(free.pop(), 1, None)
        if over is None:
            return t.Call("sum", (self.tree(body),))
        high = over.high if over.high is not None else width(over.letter, body, self.names, self.bound)
        counts = self.counts
        if over.letter not in counts and (count := counted(over.letter, body, self.names)) is not None:
            if high is None or is_weighed(over.letter, body):
                self.counts = {**counts, over.letter: count}
            high = self.names.sizes[count.layer] if high is None else high
        if high is None:
            raise GeneralError(token.start_pos, f"nothing says how far the sum over {over.letter} runs")
        if high < over.low or high - over.low >= MOST_NUMBERS:
            raise UnreadError(token.start_pos, f"a sum from {over.low} to {high} cannot be written out")
        outer, terms = self.bound, []
        for number in range(over.low, high + 1):
            self.bound = {**outer, over.letter: number}
            terms.append(self.tree(body))
        self.bound, self.counts = outer, counts
        return terms[0] if len(terms) == 1 else t.Add(tuple(terms))

    # ---- names

    def number(self, index: Index, at: int) -> int:
        found = self.names.number(index, self.bound)
        if found is None:
            raise GeneralError(at, f"index {index.letter} has no number; a claim about this network needs numbers")
        return found

    def numbered(self, value: Written | Own) -> Written | Own:
        """The name with the numbers that its letters stand for within a sum."""
        if not self.bound:
            return value
        if isinstance(value, Own):
            number = self.bound.get(value.index)
            if number is None or value.name in self.names.own:
                return value
            return replace(value, name=f"{value.word}_{number}", index=str(number))
        indices = tuple(
            Index("", self.bound[i.letter] + i.number) if i.letter in self.bound else i for i in value.indices
        )
        plainly = value if indices == value.indices else replace(value, indices=indices)
        if not self.counts or self.names.meaning(plainly) is not None:
            return plainly
        found = with_layer(value, self.bound, self.counts, self.names.depth)
        self.names.guessed.update(i.letter for i in value.indices if found != plainly)
        return found

    def operand(self, value: Written | Own, at: int) -> t.Expr:
        value = self.numbered(value)
        if isinstance(value, Own) and value.name == self.names.rate and not self.is_own(value):
            return t.Ref("eta")
        if (meaning := self.names.meaning(value)) is not None:
            tree = t.Ref(meaning)
            return t.Transpose(tree) if isinstance(value, Written) and value.flipped else tree
        if isinstance(value, Own):
            if value.name in self.bound:
                return t.Number(float(self.bound[value.name]), str(self.bound[value.name]))
            if value.name in ("m", "n", "N") and value.name not in self.names.own:
                return t.Number(float(self.names.examples), str(self.names.examples))
            return t.Ref(self.own_name(value, at))
        name, flips = self.written(value, at)
        named = t.Ref(t.Timed(name, value.after) if value.after else name)
        return t.Transpose(named) if flips else named

    def own_name(self, value: Own, at: int) -> str:
        if value.name not in self.names.own and value.index in self.bound:
            return self.own(f"{value.word}_{self.bound[value.index]}", at)
        if value.name in LEARNING_RATES and value.name not in self.names.own:
            return "eta"
        if value.name not in self.names.own and is_any_unit(value, self.names):
            raise GeneralError(at, f"index {value.index} has no number; a claim about this network needs numbers")
        return self.own(value.name, at)

    def own(self, name: str, at: int) -> str:
        if name in self.names.own:
            return name
        raise UnreadError(at, f"unknown name {name!r}", str(name))

    def is_own(self, value: Written | Own) -> bool:
        """Whether the author has introduced a name."""
        return isinstance(value, Own) and value.name in self.names.own

    def symbol(self, value: Written | Own, at: int) -> t.Symbol:
        value = self.numbered(value)
        if (meaning := self.names.meaning(value)) is not None:
            return meaning
        return self.own_name(value, at) if isinstance(value, Own) else self.written(value, at)[0]

    def ratio(self, value: Ratio, at: int) -> t.Expr:
        assert value.of is not None
        stands_for_loss = is_loss(value.of) and self.names.meaning(value.of) is None and not self.is_own(value.of)
        of: t.Symbol = LOSS if stands_for_loss else self.symbol(value.of, at)
        wrt = self.symbol(value.wrt, at)
        if not isinstance(of, Quantity) or not isinstance(wrt, Quantity):
            if isinstance(of, t.Delta) or isinstance(wrt, t.Delta):
                raise UnreadError(at, "δ is a derivative itself; within one stands z or a")
            return t.Diff(t.Ref(of), wrt)
        written = self.numbered(value.wrt)
        plainly = isinstance(written, Written) and self.names.meaning(written) is None
        flips = plainly and isinstance(written, Written) and self.written(written, at)[1]
        name: t.Symbol = Derivative(of, wrt)
        tree: t.Expr = t.Ref(t.Timed(Derivative(of, wrt), value.after) if value.after else name)
        return t.Transpose(tree) if flips else tree

    def written(self, value: Written, at: int) -> tuple[Quantity | t.Delta, bool]:
        """The quantity, and whether what is written is its transpose (w^l is W_l^T)."""
        symbol, numbers = value.symbol, [self.number(index, at) for index in value.indices]
        if value.above is not None:
            quantity, flips = self.above(value, self.number(value.above, at), numbers, at)
        else:
            flips = False
            if symbol in ("a", "h", "b", "W", "w", "z", "δ") and not numbers and self.names.depth == 1:
                numbers = [1]
            is_activation = symbol == "a" and self.names.has_z and not self.names.has_h
            letter = "h" if is_activation else {"w": "W", "z": "a", "δ": "a"}.get(symbol, symbol)
            quantity = self.checked(letter, letter, numbers, at)
        if symbol == "δ":
            assert quantity.layer is not None
            return t.Delta(quantity.layer, quantity.index), value.flipped
        if value.flipped and symbol in "Ww" and numbers:
            raise UnreadError(at, "a weight with its indices has no transpose; got one")
        return quantity, flips is not value.flipped

    def above(self, value: Written, layer: int, units: list[int], at: int) -> tuple[Quantity, bool]:
        """A name with its layer above the line."""
        symbol = value.symbol
        if symbol in ("x", "y", "yhat"):
            due = 0 if symbol == "x" else self.names.depth
            if layer != due:
                raise UnreadError(
                    at, f"{symbol} is the {'input' if symbol == 'x' else 'output'}, layer {due}; got layer {layer}"
                )
            return self.checked(symbol, symbol, units, at), False
        textbook = value.bracketed and self.names.has_h
        self.has_caret |= symbol != "h" and not textbook
        if symbol in ("h", "W") or (symbol == "a" and textbook):
            units = with_only(layer, units, self.names.sizes) if symbol == "W" else units
            return self.checked(symbol, symbol, [layer, *units], at), False
        units = with_only(layer, units, self.names.sizes)[:: -1 if len(units) == 1 else 1] if symbol == "w" else units
        found = self.checked(f"{symbol}^{{{layer}}}", symbol, units, at)
        return found, symbol == "w" and not units

    def checked(self, head: str, letter: str, numbers: list[int], at: int) -> Quantity:
        """The quantity as ``notation`` reads it: it knows how many indices there are."""
        if any(number < 0 for number in numbers):
            raise UnreadError(at, f"{letter} has indices from 1; got {min(numbers)}")
        inside = ",".join(map(str, numbers)) + ("," if len(numbers) == 1 else "")
        try:
            name = _read(f"{head}_{{{inside}}}" if numbers else head)
        except InputError as error:
            raise UnreadError(at, f"expected {error.expected}; got {error.got}") from None
        return name.wrt if isinstance(name, Derivative) else name


_read: Callable[[str], Name] = lru_cache(maxsize=4096)(lambda text: notation.read(text)[0])
