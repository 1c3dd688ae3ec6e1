"""Where a name is on the drawing: units, biases, weights, whole layers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chainrule import notation as names
from chainrule.auditing.wording import PRIMED
from chainrule.errors import InputError
from chainrule.notation import Derivative, Quantity

#: symbol -> the part of a layer in which it is drawn
_PARTS = {"x": "act", "y": "target", "yhat": "act", "L": "loss", "a": "pre", "h": "act", "b": "bias", "W": "weight"}


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
        match = PRIMED.fullmatch(text.strip())
        try:
            name, _ = names.find(match["base"] if match else text, sizes)
        except InputError:
            continue
        parts = [name.wrt] if isinstance(name, Derivative) else [name]
        if isinstance(name, Derivative) and name.of.symbol != "L":
            parts.append(name.of)
        found += [where for q in parts if (where := place(q, len(sizes) - 1)) not in found]
    return found
