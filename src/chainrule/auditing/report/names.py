"""How the names of a sheet were read, in words."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.auditing.marking.naming import ReadSheet
from chainrule.formula.printing import symbol_text
from chainrule.formula.tree import Delta, Symbol, Timed
from chainrule.network.names import Derivative, Quantity
from chainrule.sheets.names.naming import Naming
from chainrule.sheets.names.plain import Operand, Own
from chainrule.sheets.names.surfaces import as_written, surface

MOST = 6  # names of one kind that are told
_UNITS = {
    "through": "one index counts the units through the layers",
    "hidden": "one index counts the units of the hidden layer",
    "output": "one index counts the outputs",
    "nodes": "one index counts all units through the layers, the inputs too",
    "inputs": "layers are counted with the inputs as the first",
}
_WEIGHTS = {
    "rows": "the weights are numbered row by row",
    "columns": "the weights are numbered by the arrows, first all out of the first input",
    "rows_columns": "the weights are numbered row by row into layer 1, by the arrows into layer 2",
    "columns_rows": "the weights are numbered by the arrows into layer 1, row by row into layer 2",
    "to_unit": "w_ij goes from the i-th before it to unit j, counted through the layers",
    "unit": "w_ij goes to unit i, counted through the layers, from the j-th before it",
    "first": "w_ij is of the first layer",
    "last": "w_ij is of the last layer",
    "nodes": "w_ij goes to unit i from unit j, counted through the layers, the inputs too",
    "from_nodes": "w_ij goes from unit i to unit j, counted through the layers, the inputs too",
    "single": "w_ij is of layer i, which has one unit",
    "inputs": "layers are counted with the inputs as the first",
}
_LAYERS = {
    "to": "w_ij goes to unit i from unit j",
    "inputs": "layers are counted with the inputs as the first",
    "through": "what stands above the line counts the units through the layers",
    "units": "layers of units are counted with the inputs as the first, weights are not",
}
_BIASES = {**_UNITS, "shared": "a layer has one bias"}


def in_words(read: ReadSheet) -> tuple[str, ...]:
    """A sentence for each kind of name that is not the design's: what the names of it are."""
    found: dict[str, dict[str, str]] = {}
    for operand in _in_order(read):
        meaning = read.naming.meaning(operand)
        if meaning is not None:
            text = operand.name if isinstance(operand, Own) else as_written(operand)
            found.setdefault(_how(read.naming, operand, meaning), {})[text] = symbol_text(meaning, "textbook")
    return tuple(_sentence(how, names, len(read.ties)) for how, names in found.items())


def _in_order(read: ReadSheet) -> Iterator[Operand]:
    for one in read.lines:
        yield from sorted(one.names, key=lambda name: (str(name), repr(name)))


def _how(naming: Naming, operand: Operand, meaning: Symbol) -> str:
    if naming.is_declared(operand):
        return "as given"
    name = meaning.name if isinstance(meaning, Timed) else meaning
    quantity = name.subject if isinstance(name, Quantity | Derivative) else None
    found = surface(operand)
    if found is not None and found.layer is not None:
        return _LAYERS.get(naming.layers, "")
    if found is None or not found.digits or naming.words.get(found.word.lower()) == "logits":
        return ""
    if quantity is not None and quantity.symbol == "W":
        return _WEIGHTS.get(naming.weights, "")
    if quantity is not None and quantity.symbol == "b":
        return _BIASES.get(naming.biases, "")
    if isinstance(name, Delta) or (quantity is not None and quantity.symbol in ("a", "h", "yhat")):
        return _UNITS.get(naming.units, "")
    return ""


def _sentence(how: str, names: dict[str, str], ties: int) -> str:
    shown = [f"{name} is {means}" for name, means in list(names.items())[:MOST] if name != means]
    more = len(names) - MOST
    told = ", ".join(shown) + (f" and {more} more likewise" if more > 0 else "")
    also = "; another way of counting fits as well" if ties and how else ""
    return told + (f": {how}" if how else "") + also
