"""How much work one sheet may cause: a count, not a clock, so that a sheet is marked alike wherever it is marked.

A unit is about a microsecond on a laptop. What a person writes takes a hundredth of what is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chainrule.auditing.model.problem import Problem

MARKING = 1_000_000.0  # units for marking a sheet once
EXPLAINING = 3_000_000.0  # for finding the mistakes behind its wrong lines; then lines are marked, not explained
READINGS = 6_000_000.0  # for marking it under other conventions and with the header changed; then no more are tried
LAYER = 150  # units of a replay, a layer
ENTRIES = 100  # weights times examples of a replay, a unit
FORMULA = 4  # units of computing a formula, a node
LOOK = 10  # units of looking up one value
AGAIN = 3  # replays that a value after an update takes


class Spent(Exception):
    """The work allowed is done."""


@dataclass(eq=False)
class Effort:
    """What may still be done.

    Attributes:
        replay: units of one replay of the network.
        left: units left for marking. to_explain: for explaining.
    """

    replay: float = 0.0
    left: float = math.inf
    to_explain: float = math.inf

    @classmethod
    def of(cls, problem: Problem, left: float = MARKING) -> Effort:
        """The effort that a sheet about this network may take."""
        entries = problem.network.parameter_count * problem.n
        return cls(LAYER * problem.depth + entries / ENTRIES, left, EXPLAINING)

    def spend(self, units: float) -> None:
        """Count work that is about to be done.

        Raises:
            Spent: none is left.
        """
        self.left -= units
        if self.left < 0:
            raise Spent

    def spent_since(self, left: float) -> float:
        """How much has been spent since so much was left."""
        return left - self.left if math.isfinite(left) else 0.0

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """What is spent within is spent on explaining."""
        marking, self.left = self.left, self.to_explain
        try:
            yield
        finally:
            self.left, self.to_explain = marking, self.left
