"""The chain rule in any graph of formulas: every path with its product, in symbols and in numbers.

Formulas are read by the package's own grammar and handed to SymPy as trees; SymPy's parser is never used.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any

from chainrule.errors import InputError
from chainrule.explanation.graph_records import Edge, GraphDerivative, GraphPath
from chainrule.explanation.symbolic import as_text, check, to_sympy
from chainrule.formula import evaluate, parse, text
from chainrule.formula.tree import Expr, refs

MOST_OPERATIONS = 60  # of a sum that is written in the inputs and simplified: SymPy may take minutes over a larger one


@dataclass(frozen=True, eq=False)
class Graph:
    """An acyclic graph of formulas: ``Graph("y1 = x^2; y2 = x^3; z = log(y1/y2)")``.

    Formulas are separated by semicolons or lines; each gives one variable. Functions: exp, log, sqrt, sin, cos,
    tan, tanh, sigma, relu, softplus, abs.

    Raises:
        InputError: a formula that cannot be read, a variable given twice, a circle.

    >>> found = cr.Graph("y1 = x^2; y2 = x^3; z = log(y1/y2)").derivative("dz/dx", at={"x": 2.0})
    >>> found.formula, found.value
    ('-1/x', -0.5)
    >>> [(path.nodes, path.value) for path in found.paths]
    [(('x', 'y1', 'z'), 1.0), (('x', 'y2', 'z'), -1.5)]
    """

    source: str
    formulas: Mapping[str, Expr] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found: dict[str, Expr] = {}
        for written in self.source.replace("\n", ";").split(";"):
            if not written.strip():
                continue
            name, equals, right = written.partition("=")
            name = name.strip()
            if not equals or not name.isidentifier():
                raise InputError("graph", "formulas such as z = log(y1/y2)", repr(written.strip()))
            if name in found:
                raise InputError("graph", "each variable given once", f"{name} twice")
            found[name] = parse(right.strip(), "free")
            check(found[name])
        if not found:
            raise InputError("graph", "at least one formula", "none")
        object.__setattr__(self, "formulas", found)
        object.__setattr__(self, "formulas", {name: found[name] for name in self._in_order()})

    @property
    def inputs(self) -> tuple[str, ...]:
        """Variables that no formula gives."""
        used = {str(r) for tree in self.formulas.values() for r in refs(tree)}
        return tuple(sorted(used - set(self.formulas)))

    def derivative(self, name: str, at: Mapping[str, float] | None = None, top: int = 20) -> GraphDerivative:
        """The derivative of one variable by another, with every path.

        Args:
            name: ``dz/dx``.
            at: values of the inputs; with all of them there are numbers too.
            top: list so many paths, in the order of the formulas; all are counted and summed.

        Raises:
            InputError: an unknown variable, a value that is missing or not finite, no path.
        """
        of, wrt = self._variables(name)
        at = dict(at or {})
        values = self._values(at) if at else {}
        symbols, trees = self._sympy()
        local = {}
        for below, above in self._edges():
            import sympy

            local[below, above] = sympy.diff(trees[above], symbols[below])
        chains = list(islice(self._chains(wrt, of), max(top, 1)))
        if not chains:
            raise InputError(f"name {name!r}", f"a variable that {of} depends on", wrt)
        edges = {step: _edge(step, d, symbols, values) for step, d in local.items()}
        found = tuple(_path(chain, local, edges) for chain in chains)
        return self._sum(of, wrt, found, local, symbols, trees, at, values)

    # ------------------------------------------------------------ structure

    def _in_order(self) -> list[str]:
        """Variables so that each stands after those it uses."""
        order: list[str] = []
        state: dict[str, int] = {}
        for start in self.formulas:
            stack = [(start, False)]
            while stack:
                name, done = stack.pop()
                if done:
                    state[name] = 2
                    order.append(name)
                elif name in self.formulas and state.get(name, 0) == 0:
                    state[name] = 1
                    stack.append((name, True))
                    for used in set(refs(self.formulas[name])):
                        if state.get(str(used)) == 1:
                            raise InputError("graph", "no circle", f"{name} depends on itself through {used}")
                        stack.append((str(used), False))
        return order

    def _edges(self) -> Iterator[tuple[str, str]]:
        for above, tree in self.formulas.items():
            for below in dict.fromkeys(str(r) for r in refs(tree)):
                yield below, above

    def _variables(self, name: str) -> tuple[str, str]:
        known = [*self.inputs, *self.formulas]
        compact = "".join(name.split()).replace("∂", "d")
        top, slash, bottom = compact.partition("/")
        of, wrt = top[1:], bottom[1:]
        if not slash or top[:1] != "d" or bottom[:1] != "d" or of not in known or wrt not in known or of == wrt:
            raise InputError(f"name {name!r}", f"a derivative such as dz/dx of variables {', '.join(known)}", "another")
        return of, wrt

    def _chains(self, wrt: str, of: str) -> Iterator[tuple[str, ...]]:
        """All paths from wrt to of, in the order of the formulas."""
        onward: dict[str, list[str]] = {}
        for below, above in self._edges():
            onward.setdefault(below, []).append(above)
        reaches = {of}
        for name in reversed([*self.inputs, *self.formulas]):
            if any(above in reaches for above in onward.get(name, [])):
                reaches.add(name)
        stack: list[tuple[str, ...]] = [(wrt,)] if wrt in reaches else []
        while stack:
            chain = stack.pop()
            if chain[-1] == of:
                yield chain
                continue
            stack += [(*chain, above) for above in reversed(onward.get(chain[-1], [])) if above in reaches]

    def _count(self, wrt: str, of: str) -> int:
        """How many paths there are, without listing them."""
        counts = {wrt: 1}
        for above in self.formulas:
            if above != wrt:
                below = dict.fromkeys(str(r) for r in refs(self.formulas[above]))
                counts[above] = sum(counts.get(name, 0) for name in below)
        return counts[of]

    # ------------------------------------------------------------ numbers and symbols

    def _values(self, at: Mapping[str, float]) -> dict[str, float]:
        given = [name for name in at if name in self.formulas]
        if given:
            raise InputError("at", "values of variables that no formula gives", f"one for {', '.join(given)}")
        missing = [name for name in self.inputs if name not in at]
        unknown = [name for name in at if name not in self.inputs]
        if missing or unknown:
            got = [f"none for {', '.join(missing)}"] * bool(missing) + [f"one for {', '.join(unknown)}"] * bool(unknown)
            raise InputError("at", f"a value for each of {', '.join(self.inputs) or 'no variable'}", " and ".join(got))
        values = {name: float(value) for name, value in at.items()}
        for name, tree in self.formulas.items():
            values[name] = float(evaluate(tree, lambda n: values[str(n)]))
        for name, value in values.items():
            if not math.isfinite(value):
                raise InputError(f"value of {name}", "a finite number", str(value))
        return values

    def _sympy(self) -> tuple[dict[str, Any], dict[str, Any]]:
        import sympy

        symbols = {name: sympy.Symbol(name, real=True) for name in (*self.inputs, *self.formulas)}
        return symbols, {name: to_sympy(tree, symbols) for name, tree in self.formulas.items()}

    def _sum(
        self, of: str, wrt: str, found: tuple[GraphPath, ...],
        local: dict[tuple[str, str], Any], symbols: dict[str, Any], trees: dict[str, Any],
        at: Mapping[str, float], values: Mapping[str, float],
    ) -> GraphDerivative:  # fmt: skip
        import sympy

        back: dict[str, Any] = {of: sympy.Integer(1)}
        for above in reversed(list(self.formulas)):  # the sum over all paths, from the top down
            if above in back:
                for below in dict.fromkeys(str(r) for r in refs(self.formulas[above])):
                    back[below] = back.get(below, 0) + back[above] * local[below, above]
        total = back[wrt]
        for name in reversed(list(self.formulas)):
            if name != wrt and sympy.count_ops(total) <= MOST_OPERATIONS:
                total = total.subs(symbols[name], trees[name])
        if sympy.count_ops(total) <= MOST_OPERATIONS:
            total = sympy.simplify(total)
        numbers = {symbols[name]: value for name, value in values.items()}
        value = _number((wrt, of), back[wrt].subs(numbers)) if values else None
        numerical = self._numerical(of, wrt, values) if values else None
        formulas = tuple(f"{name} = {text(tree)}" for name, tree in self.formulas.items())
        sum_of = found, self._count(wrt, of), as_text(total), sympy.latex(total)
        return GraphDerivative(of, wrt, formulas, at, values, *sum_of, value, numerical)

    def _numerical(self, of: str, wrt: str, values: Mapping[str, float]) -> float | None:
        """By central differences (SciPy's), with ``wrt`` moved by itself; None where no step works."""
        import numpy as np
        from scipy.differentiate import derivative

        def moved(at: float) -> float:
            now = dict(values) | {wrt: at}
            after = False
            for name, tree in self.formulas.items():
                if name == wrt:
                    continue
                after = after or wrt in self.inputs or wrt in {str(r) for r in refs(tree)}
                if after:
                    now[name] = float(evaluate(tree, lambda n, now=now: now[str(n)]))  # type: ignore[misc]
            return now[of]

        def each(points: Any) -> Any:
            return np.array([moved(float(p)) for p in np.ravel(points)]).reshape(np.shape(points))

        at = values[wrt]
        with np.errstate(all="ignore"):
            scale = min(abs(at), 1.0) if abs(at) > 1e-6 else 1e-2
            for step in (0.1 * scale, 1e-3 * scale):
                found = derivative(each, np.array(at), initial_step=step, tolerances={"rtol": 1e-9, "atol": 0.0})
                if np.isfinite(found.df) and found.error <= 1e-5 * abs(found.df) + 1e-12:
                    return float(found.df)
        return None


def _number(step: tuple[str, str], expression: Any) -> float:
    """A derivative as a finite number."""
    below, above = step
    if not (expression.is_number and expression.is_real and expression.is_finite):
        raise InputError(f"d{above}/d{below}", "a finite number at these values", str(expression))
    return float(expression)


def _edge(step: tuple[str, str], d: Any, symbols: Mapping[str, Any], values: Mapping[str, float]) -> Edge:
    """A local derivative under its names, with its number where there are values."""
    import sympy

    below, above = step
    used = {symbols[name]: value for name, value in values.items() if symbols[name] in d.free_symbols}
    return Edge(above, below, as_text(d), sympy.latex(d), _number(step, d.subs(used)) if values else None)


def _path(
    chain: tuple[str, ...], local: Mapping[tuple[str, str], Any], edges: Mapping[tuple[str, str], Edge]
) -> GraphPath:
    import sympy

    steps = list(pairwise(chain))
    product = sympy.prod([local[step] for step in steps])
    found = tuple(edges[step] for step in steps)
    numbers = [edge.value for edge in found if edge.value is not None]
    value = math.prod(numbers) if len(numbers) == len(found) else None
    return GraphPath(chain, found, as_text(product), sympy.latex(product), value)
