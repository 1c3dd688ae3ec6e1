"""To which precision a set is judged: that of its arrays, or single precision that is kept in double arrays.

What came out of float32 arithmetic and was put into double arrays afterwards (JSON, ``.tolist()``, a C++ float) shows
it in two ways: every value is its own float32 rounding, or all right values are off by what float32 arithmetic
explains, by no common factor.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.gradcheck.given.arrays import EPS
from chainrule.gradcheck.given.factors import Factors
from chainrule.gradcheck.given.fits import Evidence
from chainrule.gradcheck.given.layouts import LaidOut
from chainrule.network.arrays import Array

EXACT = 1e-10  # relative: double arithmetic of no great condition is nearer
SPREAD = 0.5  # share of the entries that rounding to single must have moved
LEAST = 2  # entries that are told apart from a factor


def of_arrays(precisions: Sequence[str]) -> str:
    """The coarsest precision of a set of arrays."""
    return max(precisions, key=lambda name: EPS[name])


def kept_in_double(pieces: Sequence[LaidOut], factors: Factors, evidence: Evidence) -> str:
    """Why the double arrays of a set are judged to single precision, in words; "" where they are not."""
    double = [piece for piece in pieces if piece.precision == "float64"]
    if double and _are_rounded([piece.value for piece in double]):
        return "every value is a float32 number"
    return "all errors are those of float32 arithmetic" if _have_its_errors(double, factors, evidence) else ""


def _are_rounded(arrays: list[Array]) -> bool:
    """Whether every number is its own float32 rounding, and some have more bits than people write."""
    values = np.concatenate([array.ravel() for array in arrays])
    with np.errstate(over="ignore"):
        single = values.astype(np.float32).astype(np.float64)
        half = values.astype(np.float16).astype(np.float64)
    return bool((single == values).all() and (half != values).any())


def _have_its_errors(pieces: list[LaidOut], factors: Factors, evidence: Evidence) -> bool:
    gaps, dues = [], []
    for piece in pieces:
        factor = factors.of(piece)
        if not evidence.fit(piece, factors.each).at(factor):
            continue
        due = evidence.due(piece.quantity, factors.each)
        gap = piece.value / factor - due
        if not (np.abs(gap) <= evidence.bound(piece.quantity, factors.each)).all():
            continue
        largest = float(np.abs(due).max(initial=0.0)) or 1.0
        gaps.append(gap.ravel()[due.ravel() != 0] / largest)
        dues.append(due.ravel()[due.ravel() != 0] / largest)
    if not gaps:
        return False
    gap, due = np.concatenate(gaps), np.concatenate(dues)
    moved = np.abs(gap) > EXACT * np.abs(due)
    if gap.size < LEAST or moved.mean() < SPREAD:
        return False
    rest = gap - due * float(gap @ due) / float(due @ due)
    return float(np.linalg.norm(rest)) > 0.1 * float(np.linalg.norm(gap))
