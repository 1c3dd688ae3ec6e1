"""The answer to one question: a derivative in a circuit, with its paths, its formula and its check."""

from __future__ import annotations

import math
from functools import reduce
from itertools import pairwise
from operator import mul
from typing import Any

from chainrule.errors import InputError
from chainrule.explanation.graph import routes, symbolic
from chainrule.explanation.graph.circuit import Circuit
from chainrule.explanation.graph.kinks import Kink, candidates, kink_words, met
from chainrule.explanation.graph.numbers import Undefined, Value, as_float, change, magnitude, numbers, why
from chainrule.explanation.graph.records import Edge, GraphDerivative, GraphPath
from chainrule.explanation.graph.reverse import adjoints
from chainrule.formula import latex, text
from chainrule.formula.tree import Expr

NOTHING = 1e-30  # what central differences leave of a derivative that is 0
NEAR = 1e-6  # relative: at a kink numerical differentiation may agree, and is shown only where it does
LONGEST_PATH = 40  # edges of a path whose derivatives are written as formulas
LONGEST_PRODUCT = 16  # factors of a path's product that are written as one formula


class Answer:
    """The derivative of one number by another in a circuit.

    Args:
        of, wrt: their nodes.
        is_numeric: all inputs that are needed have values.

    Raises:
        InputError: no path, a value or a derivative that is not defined.
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
        self._told: dict[tuple[tuple[int, int], bool], Edge] = {}
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

    def record(self, formulas: tuple[str, ...], at: dict[str, Any], top: int, long: bool) -> GraphDerivative:
        """The answer as a record.

        Args:
            formulas: of the graph, as they are written. at: the numbers that were given, by name.
            top: list so many paths. long: write the formula also where it is long.

        Raises:
            InputError: a formula that is asked for and longer than the bound.
        """
        count = routes.count(self.way, self.onward, self.wrt, self.of)
        paths = tuple(map(self._path, self._chosen(count, top)))
        most = symbolic.LARGEST if long else symbolic.SMALL
        total = symbolic.formula(self.made.nodes, self.back[self.wrt], True, most, self.wrt)
        if total is None:
            total = symbolic.formula(self.made.nodes, self.back[self.wrt], False, most)
        if total is None and long:
            raise InputError(f"formula of {self.name}", f"one of at most {symbolic.LARGEST} signs", "a longer one")
        kinks = met(self.made.nodes, self.possible, self.numbers)
        exact = self.numbers[self.back[self.wrt]] if self.is_numeric else None
        double = as_float(exact) if self.is_numeric else None
        value = None if double is None or math.isinf(double) else double
        values = {self.made.variables[n]: as_float(self.numbers[n]) for n in self._variables() if self.is_numeric}
        return GraphDerivative(
            self.of_name, self.wrt_name, formulas, at, values, paths, count, *_written(total),
            value, self._numerical(value, kinks), kink_words(self.made.nodes, kinks, self.numbers),
            _beyond(exact, double),
        )  # fmt: skip

    # ------------------------------------------------------------ structure

    def _variables(self) -> list[int]:
        below = set(self.below)
        return [node for node in self.made.variables if node in below]

    def _edges(self) -> dict[tuple[int, int], int]:
        """(below, above) -> the node of the derivative along an edge on a way, in the order of the formulas."""
        nodes, found, way = self.made.nodes, {}, set(self.way)
        for high in self.way:
            if high == self.wrt or high not in nodes.definitions:
                continue
            definition = nodes.definitions[high]
            local = adjoints(nodes, definition, way, lambda node: nodes.kinds[node] != "variable")
            for low in nodes.reading(definition):
                if low in local and low in way:
                    found[low, high] = local[low]
        return found

    def _chosen(self, count: int, top: int) -> list[routes.Chain]:
        if count <= top or not self.is_numeric:
            return routes.first(self.onward, self.wrt, self.of, top)
        known = {edge: self.numbers[node] for edge, node in self.edges.items()}
        factors = {edge: 0 if isinstance(value, Undefined) else value for edge, value in known.items()}
        return routes.largest(self.way, self.onward, factors, self.wrt, self.of, top)

    def _path(self, chain: routes.Chain) -> GraphPath:
        steps = list(pairwise(chain))
        is_short = len(steps) <= LONGEST_PATH
        edges = tuple(self._edge(step, is_short) for step in steps)
        factors = [self.edges[step] for step in steps]
        product = symbolic.product(self.made.nodes, factors) if len(factors) <= LONGEST_PRODUCT else None
        numbers = [self.numbers.get(factor) for factor in factors]
        is_known = self.is_numeric and not any(isinstance(number, Undefined) for number in numbers)
        value = as_float(reduce(mul, numbers)) if is_known else None
        return GraphPath(tuple(self.made.variables[node] for node in chain), edges, *_written(product), value)

    def _edge(self, step: tuple[int, int], in_symbols: bool) -> Edge:
        """A local derivative under its names, with its number where there are values; paths share their edges."""
        if (step, in_symbols) not in self._told:
            self._told[step, in_symbols] = self._new_edge(step, in_symbols)
        return self._told[step, in_symbols]

    def _new_edge(self, step: tuple[int, int], in_symbols: bool) -> Edge:
        low, high = step
        node = self.edges[step]
        number = self.numbers.get(node)
        value = None if number is None or isinstance(number, Undefined) else as_float(number)
        tree = symbolic.formula(self.made.nodes, node, False) if in_symbols else None
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
            raise InputError(f"value of {self.of_name}", "a finite number", why(self.made.nodes, found[self.of]))
        if isinstance(found[back], Undefined):
            raise InputError(self.name, "a finite number at these values", why(self.made.nodes, found[back]))
        return found

    def _numerical(self, value: float | None, kinks: list[Kink]) -> float | None:
        if value is None:
            return None
        found = change(self.made.nodes, self.of, self.wrt, self.made.given, self.numbers[self.wrt])
        if found is None:
            return None
        number, smallest = found
        size = max(abs(value), abs(number))
        is_blind = value != 0 and smallest > NEAR * size
        if not math.isfinite(number) or is_blind or (kinks and abs(number - value) > NEAR * size):
            return None
        return 0.0 if value == 0 and abs(number) <= max(smallest, NOTHING) else number


def _beyond(exact: Value, double: float | None) -> tuple[str, ...]:
    """What is said of a number that no double holds."""
    if exact is None or double is None or not exact or (double and math.isfinite(double)):
        return ()
    size = "large" if double else "small"
    return (f"As a number the derivative is {magnitude(exact)}, too {size} for double precision.",)


def _written(tree: Expr | None) -> tuple[str, str]:
    """A formula as text and as LaTeX."""
    return ("", "") if tree is None else (text(tree), latex(tree))
