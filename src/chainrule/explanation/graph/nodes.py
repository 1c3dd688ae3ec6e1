"""The graph of all operations: each is there once, after what it uses, and so is each derivative.

A node is a number, its place. What it uses has a lower one, so a loop over the numbers is a forward pass, and one over
them from the top down a backward pass. Derivatives are nodes too, built from the same operations: their numbers come
from the same forward pass, and a derivative can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from typing import TypeAlias

from chainrule.explanation.graph.functions import BY_FORMULA, FUNCTIONS
from chainrule.explanation.graph.language import read
from chainrule.formula import tree as t

Rational: TypeAlias = int | Fraction
MOST_BITS = 4096  # of a number that is multiplied out


class Nodes:
    """Nodes in the order of their making, none twice.

    Attributes:
        kinds: of each: ``number``, ``constant``, ``variable``, ``+``, ``*``, ``/``, ``^``, ``neg``, a function's name.
        parts: the nodes that each uses.
        words: the number of a number, the name of a constant and of a variable.
        definitions: of a variable, the node that its formula gives; none for an input.
        inputs: variables without a formula, and those whose formulas are numbers.
    """

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.parts: list[tuple[int, ...]] = []
        self.words: list[Rational | str | None] = []
        self.definitions: dict[int, int] = {}
        self.inputs: set[int] = set()
        self._known: dict[tuple[str, tuple[int, ...], Rational | str | None], int] = {}
        self.zero, self.one, self.minus_one = self.number(0), self.number(1), self.number(-1)

    def __len__(self) -> int:
        return len(self.kinds)

    def raw(self, kind: str, parts: tuple[int, ...] = (), word: Rational | str | None = None) -> int:
        """The node of an operation, made where it is not there yet."""
        key = kind, parts, word
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self.kinds)
            self.kinds.append(kind)
            self.parts.append(parts)
            self.words.append(word)
        return found

    def variable(self, name: str, definition: int | None = None) -> int:
        """The node of a variable."""
        node = self.raw("variable", () if definition is None else (definition,), name)
        if definition is not None:
            self.definitions[node] = definition
        if definition is None or not self.reading(definition):
            self.inputs.add(node)
        return node

    def below(self, targets: Iterable[int], through: Callable[[int], bool] = lambda node: True) -> list[int]:
        """What some nodes are made from, and they themselves, in order; not beyond nodes that ``through`` refuses."""
        seen = set(targets)
        waiting = list(seen)
        while waiting:
            node = waiting.pop()
            if through(node):
                new = [part for part in self.parts[node] if part not in seen]
                seen.update(new)
                waiting += new
        return sorted(seen)

    def reading(self, node: int) -> list[int]:
        """The variables in a formula, in the order of reading, each once."""
        waiting, found, seen = [node], dict[int, None](), set[int]()
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            if self.kinds[one] == "variable":
                found[one] = None
            else:
                waiting += reversed(self.parts[one])
        return list(found)

    # ------------------------------------------------------------ operations, with what is plain left out

    def number(self, value: Rational) -> int:
        """A number."""
        return self.raw("number", (), value.numerator if value.denominator == 1 else value)

    def value(self, node: int) -> Rational | None:
        """The number of a node that is one."""
        word = self.words[node]
        return None if isinstance(word, str) else word

    def add(self, terms: Iterable[int]) -> int:
        """A sum; a term and its negative are nothing."""
        constant: Rational = 0
        times = dict[int, int]()  # how often each is there, a negative counted below 0
        for term in terms:
            value = self.value(term)
            if value is not None:
                constant += value
            elif self.kinds[term] == "neg":
                times[self.parts[term][0]] = times.get(self.parts[term][0], 0) - 1
            else:
                times[term] = times.get(term, 0) + 1
        kept = [one if n > 0 else self.negative(one) for one, n in times.items() for _ in range(abs(n))]
        if constant or not kept:
            kept.append(self.number(constant))
        return kept[0] if len(kept) == 1 else self.raw("+", tuple(kept))

    def negative(self, node: int) -> int:
        """A negative."""
        value = self.value(node)
        if value is not None:
            return self.number(-value)
        return self.parts[node][0] if self.kinds[node] == "neg" else self.raw("neg", (node,))

    def times(self, a: int, b: int) -> int:
        """A product of two."""
        if self.one in (a, b):
            return b if a == self.one else a
        one, two = self.value(a), self.value(b)
        if one is not None and two is not None and _bits(one) + _bits(two) <= MOST_BITS:
            return self.number(one * two)
        for value, other in ((one, b), (two, a)):
            if value == 0:
                return self.zero
            if value == -1:
                return self.negative(other)
        if self.kinds[a] == "neg" or self.kinds[b] == "neg":
            signs = (self.kinds[a] == "neg") + (self.kinds[b] == "neg")
            found = self.times(*(self.parts[n][0] if self.kinds[n] == "neg" else n for n in (a, b)))
            return self.negative(found) if signs == 1 else found
        return self.raw("*", (a, b))

    def over(self, a: int, b: int) -> int:
        """A quotient."""
        if self.value(b) == 1 or (self.value(a) == 0 and self.value(b) is None):
            return a
        return self.raw("/", (a, b))

    def power(self, a: int, b: int) -> int:
        """A power."""
        exponent = self.value(b)
        if exponent == 1:
            return a
        return self.one if exponent == 0 else self.raw("^", (a, b))

    def call(self, function: str, *arguments: int) -> int:
        """A function of nodes."""
        return self.raw(function, arguments)

    # ------------------------------------------------------------ local derivatives

    def slope(self, node: int, place: int) -> int:
        """The derivative of a node by one of its parts, the others held fixed, as a node."""
        kind, parts = self.kinds[node], self.parts[node]
        match kind:
            case "variable" | "+":
                return self.one
            case "neg":
                return self.minus_one
            case "*":
                a, b = parts
                return b if place == 0 else a
            case "/":
                a, b = parts
                return self.over(self.one, b) if place == 0 else self.negative(self.over(node, b))
            case "^":
                return self._slope_of_power(node, place)
            case "max" | "min":
                first, second = parts
                ahead = (second, first) if kind == "max" else (first, second)
                is_second = self.call("step", self.add((ahead[0], self.negative(ahead[1]))))
                return is_second if place else self.add((self.one, self.negative(is_second)))
        return self.formula(_slope(kind), {"a": parts[0], "h": node})

    def _slope_of_power(self, node: int, place: int) -> int:
        a, b = self.parts[node]
        if place == 0:
            value = self.value(b)
            less = self.number(value - 1) if value is not None else self.add((b, self.minus_one))
            return self.times(b, self.power(a, less))
        is_e = self.kinds[a] == "constant" and self.words[a] == "e"
        return node if is_e else self.times(node, self.call("log", a))

    def formula(self, tree: t.Expr, letters: dict[str, int]) -> int:
        """A small formula of the tables as a node, with nodes for its letters."""
        parts = [self.formula(part, letters) for part in t.children(tree)]
        match tree:
            case t.Number(value=value, written=written):
                return self.number(Fraction(written or repr(value)))
            case t.Ref(name=name):
                return letters[str(name)] if name in letters else self.raw("constant", (), str(name))
            case t.Neg():
                return self.negative(parts[0])
            case t.Add():
                return self.add(parts)
            case t.Mul():
                found = parts[0]
                for part in parts[1:]:
                    found = self.times(found, part)
                return found
            case t.Div():
                return self.over(*parts)
            case t.Pow():
                return self.power(*parts)
            case t.Call(function=function):
                return self.call(function, *parts)
        raise TypeError(type(tree).__name__)


def _bits(value: Rational) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()


@cache
def _slope(function: str) -> t.Expr:
    """The derivative of a function as its table has it."""
    row = BY_FORMULA.get(function)
    return read(row.dformula if row else FUNCTIONS[function].slope)


@cache
def definition(function: str) -> t.Expr:
    """An activation's own formula, in a."""
    return read(BY_FORMULA[function].formula)
