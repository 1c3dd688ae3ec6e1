"""Where names are on the drawing: units, biases, weights, whole layers; and the paths that a mistake leaves out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal

from chainrule.formula.printing import Mark, symbol_text
from chainrule.formula.tree import Slope, Symbol, Timed
from chainrule.network.names import LOSS, Derivative, Name, Quantity
from chainrule.view.answers import DrawnPlace

DrawnPart = Literal["act", "target", "loss", "pre", "bias", "weight"]
#: symbol -> the part of a layer in which it is drawn
_PARTS: dict[str, DrawnPart] = {
    "x": "act", "y": "target", "yhat": "act", "L": "loss", "a": "pre", "h": "act", "b": "bias", "W": "weight",
}  # fmt: skip

#: mistake -> whether it leaves out the way from unit j of a layer to unit m of the next, which has ``size`` units
_LEFT_OUT: dict[str, Callable[[int, int, int], bool]] = {
    "softmax_cross_terms_dropped": lambda m, j, size: m != j,
    "missed_paths_diagonal": lambda m, j, size: m != j,
    "missed_paths_first_only": lambda m, j, size: m != 1,
    "missed_last_path": lambda m, j, size: m == size,
}


def place(quantity: Quantity, depth: int) -> DrawnPlace:
    """Where a quantity is drawn in a network of so many layers."""
    layer = {"x": 0, "y": depth, "yhat": depth, "L": depth}.get(quantity.symbol, quantity.layer or 0)
    unit, before = (*quantity.index, None, None)[:2]
    return DrawnPlace(part=_PARTS[quantity.symbol], layer=layer, unit=unit, from_=before)


def highlights(asked: Iterable[Name | None], depth: int) -> list[DrawnPlace]:
    """The places of names, each once; of a derivative, of what it is by, and of what it is of unless that is L.

    None, what is no name of this network, has no place.
    """
    found: list[DrawnPlace] = []
    for name in asked:
        if isinstance(name, Derivative):
            quantities = [name.wrt] if name.of == LOSS else [name.wrt, name.of]
        else:
            quantities = [] if name is None else [name]
        found += [where for q in quantities if (where := place(q, depth)) not in found]
    return found


def missed_paths(mistake: str, at: Name | None, claimed: Name | None, sizes: tuple[int, ...]) -> list[DrawnPlace]:
    """The lines of the drawing that a mistake leaves out: weights, or edges of the output function.

    Args:
        mistake: its id in the table of mistakes.
        at: where it is made, dL/dh_1 or dyhat/da_2.
        claimed: by the line; where it is about one unit of that layer, only that unit's are missed.
    """
    if mistake not in _LEFT_OUT or not isinstance(at, Derivative):
        return []
    crosses = at.of.symbol == "yhat"
    part: Literal["crossing", "weight"] = "crossing" if crosses else "weight"
    layer = place(at.wrt, len(sizes) - 1).layer
    after = layer if crosses else layer + 1
    unit = None
    if isinstance(claimed, Derivative):
        where = place(claimed.wrt, len(sizes) - 1)
        unit = where.unit if where.layer == layer else None
    if unit is None:
        return [DrawnPlace(part=part, layer=after, unit=None, from_=None)]
    missed = _LEFT_OUT[mistake]
    to = [m for m in range(1, sizes[after] + 1) if missed(m, unit, sizes[after])]
    return [DrawnPlace(part=part, layer=after, unit=m, from_=unit) for m in to]


def mark_at(depth: int) -> Mark:
    """What the page finds names and numbers of a formula by: ``\\htmlData{at=weight:2:1:3,factor=W_2}{0.5}``.

    ``at`` is the key of a box or a line of the drawing, or the beginning of several keys; ``factor`` is the whole name.
    """

    def mark(symbol: Symbol, index: tuple[int, ...], written: str) -> str:
        name = symbol.name if isinstance(symbol, Timed) else symbol
        if isinstance(name, Slope):
            name = Derivative(Quantity("h", name.layer), Quantity("a", name.layer))
        if not isinstance(name, Quantity | Derivative) or (isinstance(name, Derivative) and name.of.index):
            return written
        whole = isinstance(name, Derivative) and name.of != LOSS
        where = place(name.subject if whole or not index else name.at(index).subject, depth)
        numbers = (where.layer, where.unit, where.from_)
        key = where.part if where.part == "loss" else ":".join(str(n) for n in (where.part, *numbers) if n is not None)
        factor = re.sub(r"[{},\\ ]", "", symbol_text(symbol, "textbook"))
        return rf"\htmlData{{at={key},factor={factor}}}{{{written}}}"

    return mark
