"""The records of an explanation: its steps, its contributions, its check."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chainrule.explanation import printed
from chainrule.formula.tree import Expr, Symbol
from chainrule.network.names import Name, Notation
from chainrule.network.network import Network
from chainrule.render.document import Document, Rendered


@dataclass(frozen=True, eq=False)
class Step:
    """One step: a quantity by an equation.

    Attributes:
        equation: the equation's id.
        title: what the step does, in words.
        stage: the part of the way it belongs to, as the notes say it ("Talk to the output layer").
        quantity: what it gives.
        value: a float; a vector (m,); a matrix. In delta notation the matrix of w^l, transposed.
        note: a declared shortcut, a convention at a kink, what a long sum leaves out.
    """

    equation: str
    title: str
    stage: str
    quantity: Symbol
    tree: Expr
    values: dict[Symbol, Any] = field(repr=False)
    value: Any
    notation: Notation
    full: bool
    note: str = ""

    @property
    def name(self) -> str:
        """The quantity as text."""
        return printed.name(self)

    @property
    def symbolic(self) -> str:
        """The right side with names: ``dL/da_21*h_12``."""
        return printed.symbolic(self)

    @property
    def substituted(self) -> str:
        """The same with this network's numbers; computed as it stands it gives ``value`` to the digits printed."""
        return printed.substituted(self)

    @property
    def result(self) -> str:
        """The value as printed."""
        return printed.result(self)


@dataclass(frozen=True)
class Contribution:
    """What one example of a batch adds to a derivative (or to the loss). ``example`` counts from 1."""

    example: int
    value: float


@dataclass(frozen=True)
class Check:
    """The value beside the one by numerical differentiation, at ``entry``: of an array the entry that differs most."""

    value: float
    numerical: float
    entry: str
    tolerance: float = 1e-6

    @property
    def ok(self) -> bool:
        """Whether they agree within the tolerance, relative, or are both 0 to rounding."""
        return self.relative_error <= self.tolerance or max(abs(self.value), abs(self.numerical)) < 1e-12

    @property
    def relative_error(self) -> float:
        """|value - numerical| over the larger of the two."""
        size = max(abs(self.value), abs(self.numerical))
        return abs(self.value - self.numerical) / size if size else 0.0


@dataclass(frozen=True, eq=False)
class Explanation(Rendered):
    """Where one quantity comes from.

    Attributes:
        quantity: what was asked; ``name`` is it as text.
        value: as ``Backward[name]`` gives it, of the whole batch.
        steps: in the notes' order, from the output layer back to what was asked; of one example.
        given: values of the forward pass that the steps use.
        contributions: for a batch, of each example, largest first; empty for one example.
        example: the example of the batch that the steps explain, counted from 1; None for one example.
        coefficient: of that example in the batch's loss; the steps have it in them.
        check: beside numerical differentiation; None for a forward value.
        shortcut: the declared pair used for grad a_L, in words, or "".
    """

    network: Network
    quantity: Name
    value: Any
    steps: tuple[Step, ...]
    given: tuple[tuple[Name, Any], ...]
    notation: Notation
    contributions: tuple[Contribution, ...] = ()
    example: int | None = None
    coefficient: float = 1.0
    check: Check | None = None
    shortcut: str = ""
    full: bool = False

    @property
    def name(self) -> str:
        """What was asked, as text."""
        return printed.symbol(self.quantity, self.notation)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: names, formulas as text, numbers."""
        return printed.explanation_dict(self)

    def document(self) -> Document:
        """The record as a document."""
        from chainrule.explanation.pages import explanation_page

        return explanation_page(self)
