"""The chain rule in any graph of formulas: one backward pass, its paths counted and the largest found, and formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from chainrule.errors import InputError
from chainrule.explanation.graph.answer import Answer
from chainrule.explanation.graph.build import parent
from chainrule.explanation.graph.circuit import Circuit, circuit, free_names, in_order
from chainrule.explanation.graph.functions import CONSTANTS
from chainrule.explanation.graph.gradients import Gradients
from chainrule.explanation.graph.jacobian import GraphJacobian, jacobian
from chainrule.explanation.graph.language import Statement, statements
from chainrule.explanation.graph.of_network import network_formulas
from chainrule.explanation.graph.questions import Question, listed_names, question
from chainrule.explanation.graph.records import GraphDerivative
from chainrule.explanation.graph.second import GraphSecondDerivative, second_derivative
from chainrule.explanation.graph.table import GraphGradients
from chainrule.explanation.graph.tokens import plain_name
from chainrule.formula.tree import Expr
from chainrule.network.network import Network

GraphAnswer: TypeAlias = GraphDerivative | GraphJacobian | GraphSecondDerivative


@dataclass(frozen=True, eq=False)
class Graph:
    """An acyclic graph of formulas: ``Graph("y1 = x^2; y2 = x^3; z = log(y1/y2)")``.

    Formulas are separated by semicolons or lines; each gives one variable. Functions: exp, ln or log, log2, log10,
    sqrt, abs, max, min, step, sign; sin, cos, tan, cot, sec, csc, sinh, cosh, tanh and their inverses (asin or arcsin);
    each activation of a network by its name, sigma for sigmoid. pi and e are constants where no formula gives them.

    Raises:
        InputError: a formula that cannot be read, a variable given twice, a circle.

    >>> found = cr.Graph("y1 = x^2; y2 = x^3; z = log(y1/y2)").derivative("dz/dx", at={"x": 2.0})
    >>> found.formula, found.value
    ('-1/x', -0.5)
    >>> [(path.nodes, path.value) for path in found.paths]
    [(('x', 'y1', 'z'), 1.0), (('x', 'y2', 'z'), -1.5)]
    """

    source: str
    _statements: Mapping[str, Statement] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_statements", in_order(statements(self.source)))

    @classmethod
    def of_network(cls, network: Network, x: Any, y: Any = None) -> Graph:
        """A network with one example as a graph, in its own names, with all its numbers.

        Args:
            x: (d,). y: as for ``Network.backward``; None leaves the loss out.

        Raises:
            InputError: several examples, more than 5,000 parameters, input that does not fit.

        >>> net = cr.Network([[[2.0]]], [[1.0]], output="identity", loss="half_squared_error")
        >>> graph = cr.Graph.of_network(net, [3.0], [5.0])
        >>> graph.derivative("dL/dW_111").value, graph.derivative("d2L/dW_111db_11").value
        (6.0, 3.0)
        """
        return cls(network_formulas(network, x, y))

    @property
    def formulas(self) -> dict[str, Expr]:
        """The tree of each variable's formula, each after those it uses."""
        return {name: statement.tree for name, statement in self._statements.items()}

    @property
    def inputs(self) -> tuple[str, ...]:
        """Variables that no formula gives."""
        return tuple(sorted(name for name in free_names(self._statements) if name not in CONSTANTS))

    def derivative(
        self, name: str, at: Mapping[str, Any] | None = None, top: int = 20, formula: bool = False
    ) -> GraphAnswer:
        """The derivative of one variable by another, with its paths.

        Args:
            name: ``dz/dx``; a second derivative is ``d2z/dx^2`` or ``d2z/dxdw``.
            at: values of the inputs; with all that are needed there are numbers too.
            top: list so many paths: all in the order of the formulas, or, where there are more, the largest; all are
                counted and summed.
            formula: write the formula also where it is long; without, it is left out then.

        Raises:
            InputError: an unknown variable, a value that is missing or not finite, no path, a derivative that is not
                defined there.

        >>> cr.Graph("z = sin(x)*w").derivative("d2z/dxdw").formula
        'cos(x)'

        With a vector or a matrix on one side, or vectors on both, the answer is an array:

        >>> graph = cr.Graph("W = [[1, 2], [3, 4]]; x = [1, -1]; h = tanh(W x); L = sum(h^2)")
        >>> graph.derivative("dL/dx").value
        array([-2.55880003, -3.83820005])
        """
        at = {plain_name(key): value for key, value in (at or {}).items()}
        asked = self._question(name, at)
        made = self._circuit(at, (asked.of, asked.wrt, asked.then))
        at = {key: _plain(value) for key, value in at.items()}
        formulas = tuple(f"{one.name} = {one.written}" for one in self._statements.values())
        tops, ends = _found(made, name, asked.of), _found(made, name, asked.wrt)
        is_numeric = self._has_numbers(made, [int(node) for node in np.ravel(tops)], at)
        if asked.then:
            return second_derivative(made, asked, formulas, at, lambda one: _found(made, name, one), is_numeric)
        if np.ndim(tops) or np.ndim(ends):
            if not is_numeric:
                raise InputError("at", f"values of the inputs, as {name} is an array of numbers", "none")
            return jacobian(made, asked.of, asked.wrt, tops, ends, formulas, at)
        return Answer(made, tops, ends, is_numeric).record(formulas, at, max(top, 1), formula)

    def gradients(self, of: str = "", at: Mapping[str, Any] | None = None) -> GraphGradients:
        """The derivatives of one variable by every node below it.

        Args:
            of: the variable; the last formula's where none is named.
            at: values of the inputs; with all that are needed there are numbers, else formulas.

        Raises:
            InputError: an unknown variable, a value that is missing or not finite.
        """
        at = {plain_name(key): value for key, value in (at or {}).items()}
        name = plain_name(of) if of else list(self._statements)[-1]
        if name not in self._statements and parent(name, self._statements) not in self._statements:
            known = listed_names(list(self._statements))
            raise InputError(f"variable {name!r}", f"one that a formula gives: {known}", "another")
        made = self._circuit(at, (name,))
        node = _found(made, name, name)
        if np.ndim(node):
            raise InputError(f"variable {name!r}", f"a number, such as {name}_1", "a vector or a matrix")
        is_numeric = self._has_numbers(made, [node], at)
        written = {name: statement.written for name, statement in self._statements.items()}
        return Gradients(made, node, is_numeric, written).record()

    def _question(self, name: str, at: Mapping[str, Any]) -> Question:
        """What is asked, of the variables that there are."""
        free = free_names(self._statements)
        listed = [*sorted(one for one in free if one not in CONSTANTS), *self._statements]
        used = (one for statement in self._statements.values() for one in statement.uses)
        return question(name, listed, {*listed, *free, *at, *used})

    def _circuit(self, at: Mapping[str, Any], asked: Sequence[str]) -> Circuit:
        """The nodes of the graph; pi and e are variables where a value is given for them or they are asked."""
        given = [name for name in at if name in self._statements]
        if given:
            raise InputError("at", "values of variables that no formula gives", f"one for {', '.join(given)}")
        used = {name for one in self._statements.values() for name in one.uses}
        known = {*used, *(parent(name, at) for name in used)}
        try:
            return circuit(self._statements, {name: at[name] for name in at if name in known}, asked)
        except InputError as error:
            missing = [name for name in self.inputs if name not in at and parent(name, at) == name]
            if not missing or not any(map(np.ndim, at.values())):
                raise
            expected = f"values of all inputs where some are vectors ({error})"
            raise InputError("at", expected, f"none for {listed_names(missing)}") from None

    def _has_numbers(self, made: Circuit, of: list[int], at: Mapping[str, Any]) -> bool:
        """Whether each input that is needed has a value; where only some have, an error."""
        needed = [n for n in made.nodes.below(of) if made.nodes.kinds[n] == "variable" and not made.nodes.parts[n]]
        wanted = sorted(made.variables[node] for node in needed)
        missing = sorted(made.variables[node] for node in needed if node not in made.given)
        unknown = [name for name in at if name not in made.built]
        has_arrays = any(np.ndim(built) for built in made.built.values())
        if (at or has_arrays) and (missing or unknown):
            got = [f"none for {', '.join(missing)}"] * bool(missing) + [f"one for {', '.join(unknown)}"] * bool(unknown)
            raise InputError("at", f"a value for each of {listed_names(wanted) or 'no variable'}", " and ".join(got))
        return not missing


def _plain(value: Any) -> Any:
    """A number as a double, a vector or a matrix as lists."""
    return np.asarray(value, dtype=float).tolist()


def _found(made: Circuit, question: str, name: str) -> Any:
    """The node of a variable, or the array of nodes of one that is an array."""
    found = made.named(name)
    if found is None:
        found = made.together(name)
    if found is None:
        if not name.rpartition("_")[0]:
            raise InputError(f"name {question!r}", "a name that stands in the graph (a product is written x*y)", name)
        raise InputError(f"name {question!r}", f"an entry that {name.rpartition('_')[0]} has", name)
    return found
