"""The one reader of somebody's gradients: whatever people hold, as quantities of the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.gradcheck.given import factors as multiples
from chainrule.gradcheck.given import precision as precisions
from chainrule.gradcheck.given.arrays import EPS
from chainrule.gradcheck.given.by_name import by_name, is_named
from chainrule.gradcheck.given.by_order import in_order, of_one
from chainrule.gradcheck.given.choice import Chosen, chosen
from chainrule.gradcheck.given.containers import Leaf, leaves, without_loss
from chainrule.gradcheck.given.fits import Evidence, of_gradient
from chainrule.gradcheck.given.layouts import IN_OUT, LaidOut
from chainrule.gradcheck.given.readings import SetReading
from chainrule.gradcheck.given.records import GivenArray, GivenConvention, GivenGradients
from chainrule.network.arrays import Array
from chainrule.network.backward import Backward
from chainrule.network.names import Name

MOST = 1_000  # readings of one set that are looked at


def read_gradients(
    b: Backward, given: Any, learning_rate: float | None = None, *,
    added: Mapping[Name, Array] = MappingProxyType({}), in_out: bool | None = None,
) -> GivenGradients:  # fmt: skip
    """Read a set of gradients, and of units' values, as somebody's code has them.

    Names, numbering, order, layouts and factors are decided over the whole set: by shapes and counts, then by what most
    numbers fit. What was decided is told in the record.

    Args:
        b: the right backward pass, of a network in float64.
        given: a dictionary by name (nested or not), a list of arrays or of layers, pairs (dW, db), one flat vector, a
            PyTorch module; arrays of any library, float64 to float16.
        learning_rate: of the step that the code makes.
        added: what the gradients hold beside those of the loss, as of a penalty: it is taken out.
        in_out: how the weights lie, where that is known and no shape can say it.

    Raises:
        InputError: a name or a shape that fits nothing, with what it would fit; values that are missing, masked or not
            finite; readings that nothing decides between.
    """
    with np.errstate(all="ignore"):  # what somebody gives may be of any size
        return _read(b, given, learning_rate, added, in_out)


def _read(
    b: Backward, given: Any, learning_rate: float | None, added: Mapping[Name, Array], in_out: bool | None
) -> GivenGradients:
    found, loss = without_loss(leaves(given))
    coarsest = precisions.of_arrays([leaf.precision for leaf in found])
    evidence = Evidence(b, max(coarsest, "float32", key=lambda name: EPS[name]), added)
    read = chosen(_readings(found, b.forward.network.sizes), evidence, learning_rate, in_out)
    why = precisions.kept_in_double(read.pieces, read.factors, evidence)
    kept = multiples.kept_sign(read.factors, b)
    of = {name: Evidence(b, name, added) for name in EPS}
    arrays = tuple(_array(piece, kept, of, bool(why)) for piece in read.pieces)
    conventions = tuple(GivenConvention(*one) for one in multiples.words(kept, read.pieces, learning_rate))
    return GivenGradients(arrays, (*_layout(read), *conventions), tuple(_notes(read, why, loss)))


def _readings(found: list[Leaf], sizes: Sequence[int]) -> list[SetReading]:
    """Every reading of a set, each once.

    Raises:
        InputError: two names mean one array in all of them.
    """
    if any(map(is_named, found)):
        readings = by_name(found, sizes)
    else:
        readings = of_one(found[0], sizes) if len(found) == 1 else in_order(found, sizes)
    different: dict[tuple[object, ...], SetReading] = {}
    twice: InputError | None = None
    for reading in islice(readings, MOST):
        if len(set(reading.quantities)) == len(reading.items):
            different.setdefault((*reading.quantities, *(item.leaf.value.size for item in reading.items)), reading)
        else:
            twice = twice or _given_twice(reading)
    if twice is not None and not different:
        raise twice
    return list(different.values())


def _given_twice(reading: SetReading) -> InputError:
    """Of a reading under which two names are one quantity."""
    seen: dict[Name, str] = {}
    for item in reading.items:
        if item.quantity in seen:
            return InputError("gradients", f"{item.quantity} once", f"{seen[item.quantity]} and {item.leaf.name}")
        seen[item.quantity] = item.leaf.name
    raise AssertionError("no quantity is there twice")


def _array(piece: LaidOut, factors: multiples.Factors, of: dict[str, Evidence], single: bool) -> GivenArray:
    value = piece.value / factors.of(piece)
    if factors.each and piece.of_units and of_gradient(piece.quantity):
        c = of[piece.precision].b.coefficients
        value = value * c.reshape(-1, *[1] * (value.ndim - 1))
    value = value - of[piece.precision].added.get(piece.quantity, 0.0)
    precision = "float32" if single and piece.precision == "float64" else piece.precision
    bound = of[precision].bound(piece.quantity)
    return GivenArray(piece.name, piece.quantity, np.ascontiguousarray(value), precision, bound, piece.done)


def _layout(read: Chosen) -> list[GivenConvention]:
    turned = [piece for piece in read.pieces if IN_OUT in piece.done]
    if not turned:
        return []
    return [GivenConvention("transposed", "weights have a row for each unit before: they are (in, out)")]


def _notes(read: Chosen, single: str, loss: bool) -> list[str]:
    notes = ["the number in front of the gradients is taken for the loss, and left out"] if loss else []
    notes += [read.naming.words] if read.naming.words else []
    if single:
        notes.append(f"the double arrays hold single precision, and are judged to it: {single}")
    given = {piece.precision for piece in read.pieces} - {"float64"}
    if given:
        notes.append(f"arrays of {' and '.join(sorted(given))} are judged to that precision")
    return notes
