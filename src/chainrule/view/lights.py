"""Where a name is on the drawing: units, biases, weights, whole layers; and the paths that a mistake leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from chainrule.auditing.report.wording import PRIMED
from chainrule.errors import InputError
from chainrule.network import names
from chainrule.network.names import Derivative, Name, Quantity

#: symbol -> the part of a layer in which it is drawn
_PARTS = {"x": "act", "y": "target", "yhat": "act", "L": "loss", "a": "pre", "h": "act", "b": "bias", "W": "weight"}

#: mistake -> whether it leaves out the way from unit j of a layer to unit m of the next, which has ``size`` units
_LEFT_OUT: dict[str, Callable[[int, int, int], bool]] = {
    "softmax_cross_terms_dropped": lambda m, j, size: m != j,
    "missed_paths_diagonal": lambda m, j, size: m != j,
    "missed_paths_first_only": lambda m, j, size: m != 1,
    "missed_last_path": lambda m, j, size: m == size,
}


def place(quantity: Quantity, depth: int) -> dict[str, Any]:
    """``{"part", "layer", "unit", "from"}``: ``unit`` and ``from`` are null for a whole vector or matrix."""
    layer = {"x": 0, "y": depth, "yhat": depth, "L": depth}.get(quantity.symbol, quantity.layer)
    unit, before = (*quantity.index, None, None)[:2]
    return {"part": _PARTS[quantity.symbol], "layer": layer, "unit": unit, "from": before}


def lights(texts: Iterable[str], sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """The places of names, each once; of a derivative, of what it is by, and of what it is of unless that is L.

    What is no name of this network has no place.
    """
    found: list[dict[str, Any]] = []
    for text in texts:
        name = _read(text, sizes)
        if name is None:
            continue
        parts = [name.wrt] if isinstance(name, Derivative) else [name]
        if isinstance(name, Derivative) and name.of.symbol != "L":
            parts.append(name.of)
        found += [where for q in parts if (where := place(q, len(sizes) - 1)) not in found]
    return found


def missed_paths(mistake: str, at: str, line: str, sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """The lines of the drawing that a mistake leaves out: weights, or edges of the output function.

    Args:
        at: where the mistake is made, ``dL/dh_1`` or ``dyhat/da_2``.
        line: what is claimed; where it is about one unit of that layer, only that unit's are missed.
    """
    made, claimed = _read(at, sizes), _read(line, sizes)
    if mistake not in _LEFT_OUT or not isinstance(made, Derivative):
        return []
    crosses = made.of.symbol == "yhat"
    layer = place(made.wrt, len(sizes) - 1)["layer"]
    after = layer if crosses else layer + 1
    part = "crossing" if crosses else "weight"
    unit = None
    if isinstance(claimed, Derivative):
        where = place(claimed.wrt, len(sizes) - 1)
        unit = where["unit"] if where["layer"] == layer else None
    if unit is None:
        return [{"part": part, "layer": after, "unit": None, "from": None}]
    missed = _LEFT_OUT[mistake]
    to = [m for m in range(1, sizes[after] + 1) if missed(m, unit, sizes[after])]
    return [{"part": part, "layer": after, "unit": m, "from": unit} for m in to]


def _read(text: str, sizes: tuple[int, ...]) -> Name | None:
    match = PRIMED.fullmatch(text.strip())
    try:
        return names.find(match["base"] if match else text, sizes)[0]
    except InputError:
        return None
