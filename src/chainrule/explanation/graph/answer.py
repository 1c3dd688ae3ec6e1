"""The answer to one question: a derivative in a circuit, with its paths, its formula and its check."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache, reduce
from itertools import pairwise
from operator import mul

from chainrule.errors import InputError
from chainrule.explanation.graph import routes, symbolic
from chainrule.explanation.graph.circuit import Circuit
from chainrule.explanation.graph.kinks import Kink, candidates, met
from chainrule.explanation.graph.nodes import Nodes
from chainrule.explanation.graph.numbers import Undefined, Value, as_float, change, magnitude, numbers
from chainrule.explanation.graph.records import Edge, GraphDerivative, GraphPath
from chainrule.explanation.graph.reverse import above, adjoints
from chainrule.formula import latex, text
from chainrule.formula.tree import Expr

NEAR = 1e-6  # relative: at a kink numerical differentiation may agree, and is shown only where it does
LONGEST_PRODUCT = 16  # factors of a path's product that are written as one formula
LARGEST_DOUBLE = "1.8e308"


class Answer:
    """The derivative of one number by another in a circuit.

    Args:
        of, wrt: their nodes.
        at: the numbers that were given, by name.
        formulas: of the graph, as they are written.
    """

    def __init__(self, made: Circuit, of: int, wrt: int, is_numeric: bool) -> None:
        self.made, self.of, self.wrt, self.is_numeric = made, of, wrt, is_numeric
        nodes = made.nodes
        self.below = nodes.below([of])
        self.back = adjoints(nodes, of, [wrt])
        if wrt not in self.back:
            raise InputError(f"name {self.name!r}", f"a variable that {self.of_name} depends on", self.wrt_name)
        self.way = [node for node in made.variables if node in self.back]  # each after those it uses
        self.edges = self._edges()
        self.onward: dict[int, list[int]] = {}
        for low, high in self.edges:
            self.onward.setdefault(low, []).append(high)
        self.possible = candidates(nodes, self.back) if is_numeric else []
        self.numbers = self._numbers() if is_numeric else {}

    @property
    def of_name(self) -> str:
        """The variable above."""
        return self.made.variables[self.of]

    @property
    def wrt_name(self) -> str:
        """The variable below."""
        return self.made.variables[self.wrt]

    @property
    def name(self) -> str:
        """``dz/dx``."""
        return f"d{self.of_name}/d{self.wrt_name}"

    def record(self, formulas: tuple[str, ...], at: dict[str, float], top: int, long: bool) -> GraphDerivative:
        """The answer as a record."""
        count = routes.count(self.way, self.onward, self.wrt, self.of)
        paths = tuple(map(self._path, self._chosen(count, top)))
        most = symbolic.LARGEST if long else symbolic.SMALL
        total = symbolic.formula(self.made.nodes, self.back[self.wrt], True, most)
        if total is None:
            total = symbolic.formula(self.made.nodes, self.back[self.wrt], False, most)
        if total is None and long:
            raise InputError(f"formula of {self.name}", f"one of at most {symbolic.LARGEST} signs", "a longer one")
        kinks = met(self.made.nodes, self.possible, self.numbers)
        value = self._double(self.numbers[self.back[self.wrt]], self.name) if self.is_numeric else None
        values = {self.made.variables[n]: as_float(self.numbers[n]) for n in self._variables() if self.is_numeric}
        return GraphDerivative(
            self.of_name, self.wrt_name, formulas, at, values, paths, count, *_written(total),
            value, self._numerical(value, kinks), (*map(self._kink_words, kinks), *self._tiny(value)),
        )  # fmt: skip

    # ------------------------------------------------------------ structure

    def _variables(self) -> list[int]:
        below = set(self.below)
        return [node for node in self.made.variables if node in below]

    def _edges(self) -> dict[tuple[int, int], int]:
        """(below, above) -> the node of the derivative along an edge on a way, in the order of the formulas."""
        nodes, found = self.made.nodes, {}
        for high in self.way:
            if high == self.wrt or high not in nodes.definitions:
                continue
            definition = nodes.definitions[high]
            local = adjoints(nodes, definition, self.way, lambda node: nodes.kinds[node] != "variable")
            for low in nodes.reading(definition):
                if low in local and low in self.back:
                    found[low, high] = local[low]
        return found

    def _chosen(self, count: int, top: int) -> list[routes.Chain]:
        if count <= top or not self.is_numeric:
            return routes.first(self.onward, self.wrt, self.of, top)
        factors = {edge: self.numbers[node] for edge, node in self.edges.items()}
        return routes.largest(self.way, self.onward, factors, self.wrt, self.of, top)

    def _path(self, chain: routes.Chain) -> GraphPath:
        steps = list(pairwise(chain))
        edges = tuple(map(self._edge, steps))
        factors = [self.edges[step] for step in steps]
        product = symbolic.product(self.made.nodes, factors) if len(factors) <= LONGEST_PRODUCT else None
        value = None
        if self.is_numeric:
            value = as_float(reduce(mul, (self.numbers[factor] for factor in factors)))
        return GraphPath(tuple(self.made.variables[node] for node in chain), edges, *_written(product), value)

    @cache  # noqa: B019 - an answer lives as long as its question
    def _edge(self, step: tuple[int, int]) -> Edge:
        """A local derivative under its names, with its number where there are values."""
        low, high = step
        node = self.edges[step]
        value = as_float(self.numbers[node]) if self.is_numeric else None
        tree = symbolic.formula(self.made.nodes, node, False)
        return Edge(self.made.variables[high], self.made.variables[low], *_written(tree), value)

    # ------------------------------------------------------------ numbers

    def _numbers(self) -> dict[int, Value]:
        nodes = self.made.nodes
        back = self.back[self.wrt]
        parts = [part for one in self.possible for part in nodes.parts[one.node]]
        slopes = [one.slope for one in self.possible]
        wanted = [*self._variables(), *self.edges.values(), back, *parts, *slopes]
        found = numbers(nodes, wanted, self.made.given)
        if isinstance(found[self.of], Undefined):
            raise InputError(f"value of {self.of_name}", "a finite number", self._why(found[self.of]))
        for node in (*self.edges.values(), back):
            if isinstance(found[node], Undefined):
                raise InputError(self.name, "a finite number at these values", self._why(found[node]))
        return found

    def _double(self, value: Value, name: str) -> float:
        found = as_float(value)
        if math.isinf(found):
            raise InputError(name, f"a number of at most {LARGEST_DOUBLE}", magnitude(value))
        return found

    def _tiny(self, value: float | None) -> list[str]:
        exact = self.numbers.get(self.back[self.wrt])
        if value != 0 or not exact:
            return []
        return [f"The derivative is not 0 but too small for a double: {magnitude(exact)}."]

    def _why(self, undefined: Undefined) -> str:
        written = _short(self.made.nodes, undefined.node)
        return f"{written}, which takes {undefined.needs}, of {undefined.got}"

    def _numerical(self, value: float | None, kinks: list[Kink]) -> float | None:
        if value is None:
            return None
        found = change(self.made.nodes, self.of, self.wrt, self.made.given, self.numbers[self.wrt])
        if found is None:
            return None
        number = as_float(found)
        if not math.isfinite(number) or (kinks and abs(number - value) > NEAR * abs(value)):
            return None
        return number

    def _kink_words(self, kink: Kink) -> str:
        nodes = self.made.nodes
        part = _short(nodes, kink.part)
        value = as_float(self.numbers[kink.part])
        slope = as_float(self.numbers[kink.slope])
        what = "jumps" if kink.jump else "has a kink"
        at = f" at {part} = {value:.6g}" if nodes.kinds[kink.part] != "number" else ""
        return f"{_short(nodes, kink.node)} {what}{at}: it has no derivative there, and {slope:.6g} is taken by convention."


def _short(nodes: Nodes, node: int) -> str:
    """A node in a message."""
    tree = symbolic.formula(nodes, node, False, 30)
    return text(tree) if tree is not None else f"a term with {nodes.kinds[node]}"


def _written(tree: Expr | None) -> tuple[str, str]:
    """A formula as text and as LaTeX."""
    return ("", "") if tree is None else (text(tree), latex(tree))
