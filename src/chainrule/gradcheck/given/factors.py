"""What a whole set is multiplied with: the sign, the rate of a step, each example's own loss. These are no mistakes.

What has a cause of its own is left to the diagnosis: the sum for the mean, a 1/2 or a 2, the number of outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from chainrule.gradcheck.given.fits import SAME, Evidence, Fit, of_gradient
from chainrule.gradcheck.given.layouts import LaidOut
from chainrule.gradcheck.given.relations import holding
from chainrule.network.backward import Backward

LEAST = 2  # arrays that speak for a sign or a factor


@dataclass(frozen=True)
class Factors:
    """What the gradients of a set are multiplied with.

    Attributes:
        parameters, units: those by W and b; those by units.
        each: those by units are of each example's own loss, and the mean comes with W and b.
    """

    parameters: float = 1.0
    units: float = 1.0
    each: bool = False

    def of(self, piece: LaidOut) -> float:
        """What one array is multiplied with, beside the coefficients of the examples."""
        if not of_gradient(piece.quantity):
            return 1.0
        return self.parameters if piece.quantity.subject.symbol in "Wb" else self.units


PLAIN = Factors()


def found_factors(pieces: Sequence[LaidOut], evidence: Evidence, rate: float | None) -> tuple[Factors, int]:
    """What a set is multiplied with, and how many of its arrays are then right."""
    best, count = PLAIN, _right(pieces, evidence, PLAIN)
    if count == len(pieces):
        return best, count
    for factors in _possible(pieces, evidence, rate):
        right = _right(pieces, evidence, factors)
        if right > count and _is_told(pieces, evidence, factors, rate) and _from_the_output(pieces, evidence, factors):
            best, count = factors, right
    if not count and _has_both(pieces, evidence) and holding(pieces, evidence, True) > holding(pieces, evidence):
        best = Factors(each=True)  # all is wrong, but W and b come from the units so
    return best, count


def _has_both(pieces: Sequence[LaidOut], evidence: Evidence) -> bool:
    """Whether derivatives by units and by parameters are there, and the loss of one example is another than of all."""
    parameters = {piece.quantity.subject.symbol in "Wb" for piece in pieces if of_gradient(piece.quantity)}
    return len(parameters) > 1 and not evidence.b.forward.single and not np.allclose(evidence.b.coefficients, 1.0)


def _is_told(pieces: Sequence[LaidOut], evidence: Evidence, factors: Factors, rate: float | None) -> bool:
    """Whether more than biases speak for a factor: behind one output they all have one, whatever is wrong with it."""
    if abs(factors.parameters) in (1.0, rate):
        return True
    others = [piece for piece in pieces if of_gradient(piece.quantity) and piece.quantity.subject.symbol != "b"]
    return not others or any(evidence.fit(piece, factors.each).at(factors.of(piece)) for piece in others)


def _right(pieces: Sequence[LaidOut], evidence: Evidence, factors: Factors) -> int:
    return sum(evidence.fit(piece, factors.each).at(factors.of(piece)) for piece in pieces)


def _possible(pieces: Sequence[LaidOut], evidence: Evidence, rate: float | None) -> Iterator[Factors]:
    """Every convention that two arrays or more speak for, or that the rate is known of; the simplest first."""
    gradients = [piece for piece in pieces if of_gradient(piece.quantity)]
    parameters = [piece for piece in gradients if piece.quantity.subject.symbol in "Wb"]
    units = [piece for piece in gradients if piece.quantity.subject.symbol not in "Wb"]
    b = evidence.b
    own = [False]
    if _has_both(pieces, evidence):
        own.append(True)
        yield Factors(each=True)
    known = () if rate is None else (rate, -rate)
    for each, group in product(own, (gradients, parameters)):
        fits = [evidence.fit(piece, each) for piece in group]
        for factor in _common(fits, known, b):
            if units and group is gradients and factor in known and _has_cause(factor, b):
                continue  # nobody multiplies the errors with the rate
            yield Factors(factor, factor if group is gradients else 1.0, each)


def _common(fits: list[Fit], known: tuple[float, ...], b: Backward) -> list[float]:
    """Factors other than 1 that arrays share and that are no mistakes."""
    found: list[float] = []
    multiples = [fit for fit in fits if fit.exact and not fit.empty]
    for fit in multiples:
        factor = next((k for k in (*known, -1.0) if abs(fit.factor - k) <= SAME * abs(k)), _rounded(fit.factor))
        if factor in found or abs(factor - 1.0) <= SAME:
            continue
        known_one = factor in known or factor == -1.0
        count = sum(other.at(factor) for other in (fits if known_one else multiples))
        several = count >= LEAST or (len(fits) >= LEAST and all(other.at(factor) for other in fits))
        if factor in known or (several and (known_one or _is_free(factor, b) or _has_cause(-factor, b))):
            found.append(factor)
    return found


def _rounded(factor: float) -> float:
    """The number that a person would have written, where one is that near."""
    short = float(f"{factor:.4g}")
    return short if abs(short - factor) <= 1e-6 * abs(factor) else factor


def _is_free(factor: float, b: Backward) -> bool:
    """Whether no mistake is known by such a factor: a step is minus a rate, and no more than one."""
    digits = 2 if b.forward.network.sizes[-1] <= LEAST else 3
    if b.forward.n == 1 and float(f"{factor:.{digits}g}") != factor:
        return False  # one error alone: a mistake at the output is a factor of all gradients
    if factor < 0:
        return -factor < 1.0
    return not _has_cause(factor, b)


def _has_cause(factor: float, b: Backward) -> bool:
    """Whether it is a factor that losses and means of the one kind or another differ by."""
    n, sizes = b.forward.n, b.forward.network.sizes
    k = sizes[-1]
    halves, batch, outputs = (1.0, 2.0, 0.5), (1.0, float(n), 1 / n), (1.0, float(k), 1 / k)
    causes = [h * e * o for h, e, o in product(halves, batch, outputs) if e >= 1.0 or o >= 1.0]
    causes += [h * e for h, e in product(halves, (n / size for size in sizes))]
    causes += [c * e for c, e in product((np.log(10), np.log(2), 1 / np.log(10), 1 / np.log(2)), batch)]
    return any(abs(factor - cause) <= SAME * cause for cause in causes)


def _from_the_output(pieces: Sequence[LaidOut], evidence: Evidence, factors: Factors) -> bool:
    """Whether it holds from the output on: what is another multiple further back goes wrong there.

    Derivatives of each example's own loss also need one by W or b that is right: else the mean is missing everywhere.
    """
    depth = evidence.b.forward.network.depth
    right, others = list[int](), list[int]()
    means = 0
    for piece in pieces:
        fit = evidence.fit(piece, factors.each)
        own = of_gradient(piece.quantity) and piece.of_units and factors.each
        if fit.empty or not fit.exact:
            continue
        is_right, layer = fit.at(factors.of(piece)), piece.quantity.subject.layer_in(depth)
        means += is_right and not piece.of_units
        if own or factors.of(piece) != 1.0:
            (right if is_right else others).append(layer)
    if not right or (factors.each and not means):
        return False
    first = max(right)
    return max(others, default=-1) <= first and others.count(first) <= right.count(first)


def words(factors: Factors, pieces: Sequence[LaidOut], rate: float | None) -> Iterator[tuple[str, str]]:
    """(id, what is said) of each convention."""
    own = {piece.quantity.subject.symbol in "Wb" for piece in pieces if of_gradient(piece.quantity)}
    factor = factors.parameters
    which = "all arrays are" if len(own) == 1 or factors.units == factor else "the arrays of W and b are"
    if factors.each:
        said = "derivatives by units are of each example's own loss; the mean is taken with those by W and b"
        yield "each_example", said
    if factor == -1.0:
        yield "negative", f"{which} minus the gradient"
    elif factor < 0:
        of_rate = " (the learning rate)" if rate is not None and factor == -rate else ""
        yield "step", f"{which} {factor:.6g} times the gradient{of_rate}: the step that is added"
    elif factor != 1.0:
        of_rate = " (the learning rate)" if rate is not None and factor == rate else ""
        yield "step", f"{which} {factor:.6g} times the gradient{of_rate}: the step that is subtracted"


def kept_sign(factors: Factors, b: Backward) -> Factors:
    """Of minus a factor that has a cause only the sign is a convention: the rest is left to the diagnosis."""

    def sign(factor: float) -> float:
        return -1.0 if factor < -1.0 and _has_cause(-factor, b) else factor

    return replace(factors, parameters=sign(factors.parameters), units=sign(factors.units))
