"""What an author's names could mean in a network: ``z_3``, ``net_{h1}``, ``w5``, ``out_o1``, ``dW2``, ``E_total``.

A ``Naming`` is one way to read all names of a sheet: whether one index counts layers or units, whether units are
counted through the layers, how weights are numbered, which words stand for what. The design's names need none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network import names as notation
from chainrule.network.names import LOSS, Derivative, Quantity
from chainrule.sheets.names.plain import Index, Operand, Own, Written
from chainrule.sheets.names.surfaces import WEAK, Item, Surface, as_written, kinds, of_first_example, surface
from chainrule.system.patterns import regex

UNITS = ("layer", "through", "hidden", "output", "nodes", "inputs")
WEIGHTS = (
    "layer", "rows", "columns", "unit", "first", "last", "nodes", "from_nodes", "single", "inputs", "to_unit",
    "rows_columns", "columns_rows",
)  # fmt: skip
_ENDS = regex(r"([xXiIhH])([hHoOyY])")  # of W_xh
NUMBERED = "numbered"  # what W is where W1, W2, … are single weights
#: of these the weights are numbered through: into one unit after another, or out of one after another
_THROUGH = ("rows", "columns", "rows_columns", "columns_rows")
#: of these the two digits of ``w12`` are two indices
_UNIT_BY_UNIT = ("unit", "to_unit", "first", "last", "nodes", "from_nodes", "single")
#: how a layer above the line counts: behind the inputs; with the inputs as the first; of units alone so
LAYERS = ("behind", "to", "inputs", "units", "through")
BIASES = ("layer", "shared", "through", "hidden", "output", "nodes", "inputs")


@dataclass(frozen=True)
class Naming:
    """One way to read the names of a sheet.

    Attributes:
        sizes: units of each layer, the inputs first.
        units: what one index of z, a, h, δ counts: ``layer``s, units ``through`` the layers behind the inputs, units of
            the one ``hidden`` layer, of the ``output``s, or ``nodes``, the inputs too; layers with the ``inputs`` as
            the first.
        weights: how one or two indices of a weight count: ``layer``; all weights numbered by ``rows`` (those into one
            unit after another) or by ``columns`` (those out of one unit after another), or the first layer so and the
            second so; ``unit`` counted through and input, or input and then ``to_unit``; of the ``first`` or ``last``
            layer; ``nodes`` to and from, or ``from_nodes`` and to; of a layer of a ``single`` unit; ``inputs`` as for
            units.
        biases: what one index of a bias counts; ``shared``: one bias for a layer.
        deltas: what one index of δ counts, where it is not what those of z, a, h do.
        layers: what a layer above the line counts: ``behind`` the inputs, as the design has it; so, and w_ij^l goes
            ``to`` unit i; with the ``inputs`` as the first; so for ``units`` alone, while weights and biases count
            from the first that there are; units ``through`` the layers, in the place of layers, for all but those.
        words: a word, small -> its kind, where it is not the likeliest; "" for a name of the author's own. "W" is
            ``NUMBERED`` where W1, W2, … are no matrices.
        declared: a name as written -> a name of the design, from the header.
        shared: layers whose biases are equal, so that one name may stand for all of them.
    """

    sizes: tuple[int, ...]
    units: str = "layer"
    weights: str = "layer"
    biases: str = "layer"
    deltas: str = ""
    layers: str = "behind"
    words: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)
    shared: frozenset[int] = frozenset()
    _known: dict[Operand, t.Symbol | None] = field(default_factory=dict, repr=False, compare=False)

    @property
    def depth(self) -> int:
        """Layers."""
        return len(self.sizes) - 1

    def meaning(self, operand: Operand) -> t.Symbol | None:
        """The quantity that a name stands for under this naming; None where it is read as ever."""
        if operand not in self._known:
            self._known[operand] = self._meaning(operand)
        return self._known[operand]

    def _meaning(self, operand: Operand) -> t.Symbol | None:
        found = surface(operand)
        if self.is_declared(operand):
            return self._declared(operand.name if isinstance(operand, Own) else as_written(operand), found)
        if found is None:
            return None
        for kind in self.kinds_of(found):
            quantity = self._quantity(found, kind)
            if quantity is None or not _fits(quantity, self.sizes):
                continue
            if isinstance(operand, Written) and not found.of_loss and self._is_usual(found, kind):
                return None
            return _symbol(found, kind, quantity)
        return None

    def is_declared(self, operand: Operand) -> bool:
        """Whether the header says what a name stands for."""
        found = surface(operand)
        name = operand.name if isinstance(operand, Own) else as_written(operand)
        return name in self.declared or (found is not None and found.word in self.declared)

    def kinds_of(self, found: Surface) -> tuple[str, ...]:
        """What kinds of quantity a name may be under this naming, the likeliest first."""
        word, known = found.word.lower(), kinds(found)
        if found.layer is not None and word in ("a", "θ") and word not in self.words:
            return ("h",) if word == "a" else ("W",)
        chosen = self.words.get(word, "" if word in WEAK and not found.of_loss else None)
        if chosen is not None:
            return tuple(kind for kind in (chosen,) if kind in known)
        if word == "y":
            return tuple(kind for kind in known if kind != "h")
        counts = self.units in ("through", "nodes") and bool(found.digits)
        return tuple(reversed(known)) if counts and known == ("yhat", "h") else known

    def _is_usual(self, found: Surface, kind: str) -> bool:
        """Whether a name of the design is read as the design has it."""
        if found.word.lower() in self.words:
            return False
        if found.layer is not None:
            return self.layers == "behind" or (self.layers == "to" and not (kind == "W" and found.items))
        if not found.items and kind in ("a", "h", "b", "δ"):
            return self.depth == 1
        scheme = {"W": self.weights, "b": self.biases, "δ": self.deltas or self.units}.get(kind, self.units)
        return scheme == "layer" or kind in ("x", "y", "yhat", "L")

    def _declared(self, name: str, found: Surface | None) -> t.Symbol | None:
        text = self.declared.get(name)
        try:
            if text is not None:
                return notation.resolve(notation.read(text)[0], self.sizes)
            assert found is not None
            symbol = self.declared[found.word]
            below = ",".join(item.digits for item in found.items)
            meant = notation.resolve(notation.read(f"{symbol}_{{{below}}}" if below else symbol)[0], self.sizes)
            return Derivative(LOSS, meant) if found.of_loss and isinstance(meant, Quantity) else meant
        except InputError:
            return None

    # ---- from indices to quantities

    def _quantity(self, found: Surface, kind: str) -> Quantity | None:
        items, digits = found.items, found.digits
        layer = None if found.layer is None else self._layer(found.layer, kind)
        letters = [item.letters for item in items]
        if self.layers == "through" and layer is not None and not items and kind in ("a", "h", "δ", "logits"):
            return self._counted("a" if kind in ("δ", "logits") else kind, layer, "through")
        if kind == "L":
            return LOSS if not items or of_first_example(found) else None
        if kind in ("W", "dW"):
            if layer is not None:
                index = tuple(int(c) for c in (digits if len(items) == 1 else [i.digits for i in items]) if c)
                return Quantity("W", layer, index)
            return self._weight(items, digits, "W" if kind == "dW" else found.word)
        if kind in ("x", "y", "yhat"):
            if layer is not None:
                return None
            return self._end(kind, items)
        if kind == "logits":
            place = self._end("yhat", items)
            return None if place is None else Quantity("a", self.depth, place.index)
        symbol = "a" if kind == "δ" else kind
        if layer is not None:
            return self._unit(symbol, layer, int(digits) if digits else None)
        if not items:
            only = self._only_layer(found.word, kind)
            return None if only is None else self._unit(symbol, only, 1 if kind == "b" and found.word == "c" else None)
        if any(letters):
            return self._lettered(symbol, items)
        if len(items) == 1:
            counts = (self.deltas or self.units) if kind == "δ" else self.units
            scheme = counts if kind != "b" else "output" if found.word == "c" else self.biases
            return self._counted(symbol, int(digits), scheme)
        if len(items) == 2:
            first = (self.biases if kind == "b" else self.units) == "inputs"
            return self._unit(symbol, int(items[0].digits) - first, int(items[1].digits))
        return None

    def _layer(self, above: Index, kind: str) -> int:
        """The layer that stands above the line."""
        units = kind not in ("W", "dW", "b")
        if above.letter:
            return self.depth + above.number + (self.layers == "units" and not units)
        return above.number - (self.layers == "inputs" or (self.layers == "units" and units))

    def _end(self, symbol: str, items: tuple[Item, ...]) -> Quantity | None:
        if not items:
            return Quantity(symbol)
        letters, digits = items[-1]
        if len(items) > 1 or letters not in ("", "o", "y", "out", "k", "i", "x", "output") or not digits:
            if len(items) == 1 and symbol == "yhat" and letters in ("o", "out", "y"):
                return Quantity(symbol)
            return None
        number = int(digits)
        if symbol == "y" and self.units in ("through", "nodes") and not letters:
            place = self.node(number, inputs=self.units == "nodes")
            if place is not None and place[0] == self.depth:  # t_6 is the target of unit 6
                return None if number <= self.sizes[-1] != place[1] else Quantity("y", None, (place[1],))
        return Quantity(symbol, None, (number,))

    def _only_layer(self, word: str, kind: str) -> int | None:
        """The layer of a name without an index."""
        if self.depth == 1:
            return 1
        if word == "c" and kind == "b":
            return self.depth if self.sizes[-1] == 1 else None
        if word.lower() in ("h", "hidden", "act", "activation"):
            return 1 if self.depth == 2 else None
        if word in ("b", "W", "w", "a"):
            return None
        is_hidden = kind == "h" and word == "z" and self.depth == 2  # beside a name for its pre-activation
        return {"hidden": 1, "output": self.depth}.get(self.units, 1 if is_hidden else self.depth)

    def _unit(self, symbol: str, layer: int, unit: int | None = None) -> Quantity | None:
        index = () if unit is None else (unit,)
        if not 0 <= layer <= self.depth or (layer == 0 and symbol != "h"):
            return None
        if symbol == "h" and layer in (0, self.depth):
            return Quantity("x" if layer == 0 else "yhat", None, index)
        return Quantity(symbol, layer, index)

    def _lettered(self, symbol: str, items: tuple[Item, ...]) -> Quantity | None:
        """``h1``, ``o2``, ``out``."""
        if len(items) != 1:
            return None
        letters, digits, depth = items[0].letters.lower(), items[0].digits, self.depth
        unit = int(digits) if digits else None
        if letters in ("o", "out", "output", "y", "k", "final"):
            return self._unit(symbol, depth, unit)
        if letters in ("h", "hidden", "hid", "j"):
            if depth == 2:
                return self._unit(symbol, 1, unit)
            return None if unit is None else self._unit(symbol, unit)
        if letters in ("i", "x", "in", "input") and symbol == "h":
            return self._unit(symbol, 0, unit)
        return None

    def _counted(self, symbol: str, number: int, scheme: str) -> Quantity | None:
        """A unit, or a layer, by one number."""
        match scheme:
            case "layer" | "inputs":
                return self._unit(symbol, number - (scheme == "inputs"))
            case "hidden":
                return self._unit(symbol, 1, number) if self.depth > 1 else None
            case "output":
                return self._unit(symbol, self.depth, number)
            case "shared":
                return self._unit(symbol, number, 1) if number in self.shared else None
            case _:
                place = self.node(number, inputs=scheme == "nodes")
                return None if place is None else self._unit(symbol, *place)

    def node(self, number: int, inputs: bool = False) -> tuple[int, int] | None:
        """Layer and unit of a unit counted through the layers."""
        sizes = self.sizes if inputs else self.sizes[1:]
        before = 0
        for layer, end in enumerate(accumulate(sizes), start=0 if inputs else 1):
            if before < number <= end:
                return layer, number - before
            before = end
        return None

    def weight(self, index: tuple[int, ...]) -> Quantity | None:
        """The weight with these indices."""
        digits = "".join(map(str, index))
        return self._weight(tuple(Item("", str(one)) for one in index), digits, "w") if digits else None

    def _weight(self, items: tuple[Item, ...], digits: str, word: str) -> Quantity | None:
        if word in ("v", "V"):  # of the last layer, beside the w of the first
            index = [int(c) for c in (digits if len(items) == 1 else [i.digits for i in items]) if c]
            index = [1, *index] if len(index) == 1 and self.sizes[-1] == 1 else index
            return Quantity("W", self.depth, tuple(index)) if len(index) != 1 else None
        unit_by_unit = len(digits) == 2 and self.weights in _UNIT_BY_UNIT
        numbered = unit_by_unit or (self.weights in _THROUGH and self.words.get("W") == NUMBERED)
        if len(items) == 1 and word[0].isupper() and not items[0].letters and not numbered:
            return Quantity("W", int(digits) - (self.weights == "inputs"))
        if not items:
            return Quantity("W", 1) if self.depth == 1 else None
        if any(item.letters for item in items):
            return self._lettered_weight(items)
        if len(items) == 2 and len(items[0].digits) == 1 and len(items[1].digits) == 2 and word[0].isupper():
            items = (items[0], *(Item("", one) for one in items[1].digits))  # W2_11
        numbers = [int(item.digits) for item in items]
        if len(items) == 1 and unit_by_unit:
            numbers = [int(c) for c in digits]
        match self.weights, numbers:
            case way, _ if way in _THROUGH:
                return self._numbered(int(digits), way.split("_"))
            case "layer", [layer]:
                return Quantity("W", layer)
            case (
                ("layer" | "unit" | "to_unit" | "first" | "last" | "nodes" | "from_nodes" | "single"),
                [layer, unit, source],
            ):
                return Quantity("W", layer, (unit, source))
            case "inputs", [layer, *units] if len(units) in (0, 2):
                return Quantity("W", layer - 1, tuple(units))
            case ("unit" | "to_unit") as way, [one, other]:
                unit, source = (one, other) if way == "unit" else (other, one)
                place = self.node(unit)
                return None if place is None else Quantity("W", place[0], (place[1], source))
            case "first", [unit, source]:
                return Quantity("W", 1, (unit, source))
            case "first", [source] if self.depth == 2 and self.sizes[-1] == 1:  # w_1 beside w_11
                return Quantity("W", 2, (1, source))
            case "last", [unit, source]:
                return Quantity("W", self.depth, (unit, source))
            case "single", [layer, source] if 0 < layer <= self.depth and self.sizes[layer] == 1:
                return Quantity("W", layer, (1, source))
            case ("nodes" | "from_nodes") as way, [one, other]:
                to, source = (other, one) if way == "from_nodes" else (one, other)
                return self._between(self.node(to, inputs=True), self.node(source, inputs=True))
            case _:
                return None

    def _numbered(self, number: int, ways: list[str]) -> Quantity | None:
        """A weight by its number; the weights into each layer are numbered in the one way, or each in its own."""
        if len(ways) not in (1, self.depth):
            return None
        for layer in range(1, self.depth + 1):
            columns = ways[min(layer, len(ways)) - 1] == "columns"
            rows, width = self.sizes[layer], self.sizes[layer - 1]
            if number <= rows * width:
                first, second = divmod(number - 1, rows if columns else width)
                index = (second + 1, first + 1) if columns else (first + 1, second + 1)
                return Quantity("W", layer, index) if number > 0 else None
            number -= rows * width
        return None

    def _between(self, to: tuple[int, int] | None, source: tuple[int, int] | None) -> Quantity | None:
        if to is None or source is None or to[0] != source[0] + 1:
            return None
        return Quantity("W", to[0], (to[1], source[1]))

    def _lettered_weight(self, items: tuple[Item, ...]) -> Quantity | None:
        """``w_{x1h2}``, ``w_{h1,o1}``, in either direction; ``W_out``, all of a layer."""
        if len(items) == 1 and (ends := _ENDS.fullmatch(items[0].letters)) and len(items[0].digits) in (0, 2):
            first, second = items[0].digits[:1], items[0].digits[1:]
            items = (Item(ends[1], first), Item(ends[2], second))
            if not first:  # W_xh, W_hy: all weights of a layer
                return Quantity("W", 2 if ends[1] in "hH" else 1) if self.depth == 2 else None
        if len(items) == 1 and not items[0].digits:
            whole = self._lettered("b", items)
            return None if whole is None else Quantity("W", whole.layer)
        places = [self._end_of(item) for item in items]
        if len(places) != 2:
            return None
        return self._between(places[1], places[0]) or self._between(places[0], places[1])

    def _end_of(self, item: Item) -> tuple[int, int] | None:
        if item.letters.lower() in ("o", "y", "out", "output") and not item.digits and self.sizes[-1] == 1:
            item = Item(item.letters, "1")  # w_{h2,o}, where one output is all
        quantity = self._lettered("h", (item,)) if item.digits else None
        if quantity is None or not quantity.index:
            return None
        layer = {"x": 0, "yhat": self.depth}.get(quantity.symbol, quantity.layer)
        return None if layer is None else (layer, quantity.index[0])

    # ---- others

    def shared_by(self, operands: set[Operand]) -> frozenset[int]:
        """The layers whose biases have one name under this naming."""
        if self.biases != "shared":
            return frozenset()
        meanings = [
            self.meaning(o) for o in operands if (s := surface(o)) is not None and s.word.lower() in ("b", "bias")
        ]
        names = [m.name if isinstance(m, t.Timed) else m for m in meanings]
        quantities = [name.subject for name in names if isinstance(name, Quantity | Derivative)]
        return frozenset(
            q.layer for q in quantities if q.symbol == "b" and q.layer is not None and q.layer in self.shared
        )


def _symbol(found: Surface, kind: str, quantity: Quantity) -> t.Symbol:
    symbol: t.Symbol = quantity
    if kind == "δ":
        assert quantity.layer is not None
        symbol = t.Delta(quantity.layer, quantity.index)
    elif found.of_loss or kind == "dW":
        symbol = Derivative(LOSS, quantity)
    return t.Timed(symbol, found.after) if found.after else symbol  # type: ignore[arg-type]


def _fits(quantity: Quantity, sizes: tuple[int, ...]) -> bool:
    try:
        notation.resolve(quantity, sizes)
    except ValueError:
        return False
    return True
