"""What marking and diagnosis tell of a sheet: verdicts, mistakes found, conventions and contradictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["right", "rounded", "truncated", "follows", "wrong", "undecided", "unreadable"]
VERDICTS: tuple[Verdict, ...] = ("right", "rounded", "truncated", "follows", "wrong", "undecided", "unreadable")
#: verdicts of a line that is right to the digits it gives
ACCEPTED: tuple[Verdict, ...] = ("right", "rounded", "truncated")


@dataclass(frozen=True, eq=False)
class Found:
    """A mistake that reproduces what a line claims.

    Attributes:
        id: of the table of mistakes, such as ``hidden_derivative_missing``.
        where: the quantity at which it is made, as text: ``dL/da_1``. It need not be the line's own.
        words: what was done, in words, with this network's names: ``the derivative of the activation is left out``.
        wrong, right: the wrong equation and the one due, as LaTeX.
        value: what the mistake gives for the line; None where only the formula shows it.
    """

    id: str
    where: str
    words: str
    wrong: str = ""
    right: str = ""
    value: Any = None


@dataclass(frozen=True)
class Convention:
    """A convention that the sheet holds throughout and that differs from its header or from the design.

    ``id``: half, no_half, mean_outputs, sum_batch, mean_batch, minus_delta, swapped, transposed, row_vectors, …
    """

    id: str
    words: str
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class Contradiction:
    """Numbers of the header that cannot give the author's first lines, and the one change that would.

    Attributes:
        name: the entry, such as ``W_122``.
        printed, needed: its value in the header, and the one that gives the lines.
        lines: the lines that need it.
    """

    name: str
    printed: float
    needed: float
    lines: tuple[int, ...]
    words: str
