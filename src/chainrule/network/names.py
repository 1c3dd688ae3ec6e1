"""Names of quantities: read them, print them, hold them against a network.

Two notations. ``textbook``: pre-activation a, activation h, W_i with a row for each unit of
layer i. ``delta``: pre-activation z, activation a, δ^l = dL/dz^l, w^l = W_l^T with a row for
each unit of layer l-1. A name with a caret is in delta notation, any other in textbook notation.

A quantity has one meaning whatever it was written as: ``w^2_21`` and ``W_212`` are equal.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, TypeAlias

from chainrule.errors import InputError, nearest
from chainrule.system.patterns import regex

Notation = Literal["textbook", "delta"]
NOTATIONS: tuple[Notation, ...] = ("textbook", "delta")

#: symbol -> (has a layer, number of unit indices of one component)
SYMBOLS: dict[str, tuple[bool, int]] = {
    "x": (False, 1), "y": (False, 1), "yhat": (False, 1), "L": (False, 0),
    "a": (True, 1), "h": (True, 1), "b": (True, 1), "W": (True, 2),
}  # fmt: skip


@dataclass(frozen=True)
class Quantity:
    """One quantity: ``W_212`` is symbol W, layer 2, index (1, 2); ``a_2`` has no index.

    Layers and units count from 1. The index of W is (unit of layer i, unit of layer i-1).
    """

    symbol: str
    layer: int | None = None
    index: tuple[int, ...] = ()

    @property
    def is_component(self) -> bool:
        """True for one number (of one example), False for a vector or a matrix."""
        return len(self.index) == SYMBOLS[self.symbol][1]

    @property
    def whole(self) -> Quantity:
        """The vector or matrix this is a component of."""
        return replace(self, index=())

    @property
    def swapped(self) -> Quantity:
        """The name by which an author means it whose W_ij goes from unit i to unit j: W_212 for W_221."""
        return replace(self, index=self.index[::-1]) if self.symbol == "W" else self

    @property
    def subject(self) -> Quantity:
        """The quantity itself; of a derivative, what it is taken by."""
        return self

    def at(self, index: tuple[int, ...]) -> Quantity:
        """A component of it, by its units."""
        return replace(self, index=index)

    def layer_in(self, depth: int) -> int:
        """Its layer in a network of this depth: 0 for x, the last for yhat, y and L."""
        if self.layer is not None:
            return self.layer
        return 0 if self.symbol == "x" else depth

    def __str__(self) -> str:
        return to_text(self)


@dataclass(frozen=True)
class Derivative:
    """The derivative of one quantity with respect to another: ``dL/dW_212``."""

    of: Quantity
    wrt: Quantity

    @property
    def whole(self) -> Derivative:
        """The derivative by the vector or matrix that ``wrt`` is a component of."""
        return replace(self, wrt=self.wrt.whole)

    @property
    def swapped(self) -> Derivative:
        """The name by which an author means it whose W_ij goes from unit i to unit j."""
        return Derivative(self.of.swapped, self.wrt.swapped)

    @property
    def subject(self) -> Quantity:
        """What it is taken by: W_212 of dL/dW_212."""
        return self.wrt

    def at(self, index: tuple[int, ...]) -> Derivative:
        """The derivative by a component of ``wrt``, by its units."""
        return replace(self, wrt=self.wrt.at(index))

    def __str__(self) -> str:
        return to_text(self)


Name: TypeAlias = Quantity | Derivative
LOSS = Quantity("L")

_TEXTBOOK = regex(r"(?P<symbol>yhat|ŷ|[xyahWbL])(?:_(?:\{(?P<braced>[\d, ]*)\}|(?P<plain>\d[\d,]*)))?")
_DELTA = regex(
    r"(?P<symbol>delta|[zaδwb])\^(?:\{(?P<bracedlayer>\d+)\}|(?P<layer>\d+))"
    r"(?:_(?:\{(?P<braced>[\d, ]*)\}|(?P<plain>\d[\d,]*)))?"
)
_SPACE = regex(r"\s+")
_RATIO = regex(r"[d∂](?P<of>.+)/[d∂](?P<wrt>.+)")
_DELTA_SYMBOLS = {"z": "a", "a": "h", "w": "W", "b": "b", "δ": "a", "delta": "a"}
_DELTA_LETTERS = {"a": "z", "h": "a", "W": "w", "b": "b"}
_DELTAS = ("δ", "delta")
LONGEST = 60  # characters of a name
NEAR = 1000  # components, of which the one nearest to a mistyped name is looked for
_HOW = "a name such as x_3, a_21, h_13, yhat_1, W_212, b_2, L, dL/dW_212, dyhat_1/da_21, or z^2, a^2, δ^2, w^2_21"


# ---------------------------------------------------------------- reading


def read(text: str) -> tuple[Name, Notation]:
    """Read a name; returns it with the notation it was written in.

    Raises:
        InputError: the text is not a name of the design.
    """
    if not isinstance(text, str):
        raise InputError("name", _HOW, repr(text))
    if len(text) > LONGEST:
        raise InputError(f"name {text[:20]!r}…", f"at most {LONGEST} characters", str(len(text)))
    compact = _SPACE.sub("", unicodedata.normalize("NFC", text)).replace("ŷ", "yhat")
    ratio = _RATIO.fullmatch(compact)
    if ratio is None:
        quantity, written = _read_quantity(compact, text)
        return Derivative(LOSS, quantity) if compact.startswith(_DELTAS) else quantity, written
    if ratio["of"].startswith(_DELTAS) or ratio["wrt"].startswith(_DELTAS):
        raise InputError(f"name {text!r}", "z^2 within a derivative (δ^2 is itself one: dL/dz^2)", "δ")
    of, of_notation = _read_quantity(ratio["of"], text)
    wrt, wrt_notation = _read_quantity(ratio["wrt"], text)
    return Derivative(of, wrt), "delta" if "delta" in (of_notation, wrt_notation) else "textbook"


def _read_quantity(compact: str, text: str) -> tuple[Quantity, Notation]:
    match = _DELTA.fullmatch(compact)
    if match is not None:
        symbol = _DELTA_SYMBOLS[match["symbol"]]
        layer = int(match["bracedlayer"] or match["layer"])
        index = _indices(match, text, at_most=SYMBOLS[symbol][1])
        if symbol == "W":
            index = index[::-1]  # w_ij goes from unit i to unit j
        return _checked(Quantity(symbol, layer, index), text), "delta"
    match = _TEXTBOOK.fullmatch(compact)
    if match is None:
        raise InputError(f"name {text!r}", _HOW, "something else")
    symbol = match["symbol"]
    has_layer, units = SYMBOLS[symbol]
    numbers = _indices(match, text, at_most=has_layer + units)
    if has_layer and not numbers:
        raise InputError(f"name {text!r}", f"a layer, such as {symbol}_1", "none")
    if has_layer:
        return _checked(Quantity(symbol, numbers[0], numbers[1:]), text), "textbook"
    return _checked(Quantity(symbol, None, numbers), text), "textbook"


def _indices(match: re.Match[str], text: str, *, at_most: int) -> tuple[int, ...]:
    written = match["braced"] if match["braced"] is not None else match["plain"]
    if written is None:
        return ()
    if "," in written:
        parts = written.split(",")
        if not parts[-1].strip() and len(parts) == 2:
            parts.pop()  # a_10, is the whole layer 10
        if not all(part.strip() for part in parts):
            raise InputError(f"name {text!r}", "a number between commas", "none")
        numbers = tuple(int(part) for part in parts)
    elif at_most == 1:
        numbers = (int(written),)  # one index only: nothing to separate
    else:
        numbers = tuple(int(digit) for digit in written.strip())
    counted = numbers[1:] if match["symbol"] == "h" and "layer" not in match.groupdict() else numbers  # h_0 is x
    if len(numbers) > at_most or 0 in counted:
        raise InputError(
            f"name {text!r}",
            f"at most {at_most} {'index' if at_most == 1 else 'indices'}, counted from 1 (digits without commas are "
            "one index each: with an index above 9 commas are needed, as in 'W_2,10,3', or 'a_10,' for layer 10)",
            ", ".join(map(str, numbers)),
        )
    return numbers


def _checked(quantity: Quantity, text: str) -> Quantity:
    units = SYMBOLS[quantity.symbol][1]
    if len(quantity.index) not in (0, units):
        raise InputError(
            f"name {text!r}",
            f"{quantity.symbol} with no unit index (the whole) or with {units}",
            f"{len(quantity.index)} (with an index above 9 commas are needed, as in W_2,10,3)",
        )
    return quantity


# ---------------------------------------------------------------- printing


def to_text(name: Name, notation: Notation = "textbook", depth: int | None = None) -> str:
    """The name as plain text; ``depth`` lets delta notation write yhat as a^depth."""
    if isinstance(name, Derivative):
        if notation == "delta" and name.of.symbol == "L" and name.wrt.symbol == "a":
            return _delta_text(name.wrt, "δ")
        return f"d{to_text(name.of, notation, depth)}/d{to_text(name.wrt, notation, depth)}"
    if notation == "delta":
        name = _as_layer(name, depth)
        if name.layer is not None:
            return _delta_text(name, _DELTA_LETTERS[name.symbol])
    numbers = ((name.layer,) if name.layer is not None else ()) + name.index
    return name.symbol + _subscript(numbers, alone=name.layer is not None)


def to_latex(name: Name, notation: Notation = "textbook", depth: int | None = None) -> str:
    """The name as LaTeX."""
    if isinstance(name, Derivative):
        if notation == "delta" and name.of.symbol == "L" and name.wrt.symbol == "a":
            return _delta_latex(name.wrt, r"\delta")
        of, wrt = to_latex(name.of, notation, depth), to_latex(name.wrt, notation, depth)
        return rf"\frac{{\partial {of}}}{{\partial {wrt}}}"
    if notation == "delta":
        name = _as_layer(name, depth)
        if name.layer is not None:
            return _delta_latex(name, _DELTA_LETTERS[name.symbol])
    symbol = r"\hat{y}" if name.symbol == "yhat" else name.symbol
    numbers = ((name.layer,) if name.layer is not None else ()) + name.index
    return symbol + (f"_{{{_joined(numbers)}}}" if numbers else "")


def _as_layer(name: Quantity, depth: int | None) -> Quantity:
    if name.symbol == "x":
        return Quantity("h", 0, name.index)
    if name.symbol == "yhat" and depth is not None:
        return Quantity("h", depth, name.index)
    return name


def _delta_text(name: Quantity, letter: str) -> str:
    return f"{letter}^{name.layer}{_subscript(name.index[::-1])}"


def _delta_latex(name: Quantity, letter: str) -> str:
    return f"{letter}^{{{name.layer}}}" + (f"_{{{_joined(name.index[::-1])}}}" if name.index else "")


def _joined(numbers: Sequence[int]) -> str:
    return ("," if any(n > 9 for n in numbers) else "").join(map(str, numbers))


def _subscript(numbers: Sequence[int], alone: bool = False) -> str:
    """``_212``, ``_2,10,3``; a layer above 9 that stands alone is ``_10,``."""
    if not numbers:
        return ""
    return "_" + _joined(numbers) + ("," if alone and len(numbers) == 1 and numbers[0] > 9 else "")


# ---------------------------------------------------------------- against a network


def find(text: str | Name, sizes: Sequence[int]) -> tuple[Name, Notation]:
    """Read a name and hold it against a network: ``read``, then ``resolve``. Errors repeat the name as it was typed.

    A name that is read already is only resolved; its notation is ``textbook``.
    """
    if isinstance(text, Quantity | Derivative):
        return resolve(text, sizes), "textbook"
    try:
        name, notation = read(text)
    except InputError as error:
        raise InputError(error.quantity, error.expected, error.got + _nearest(text, sizes)) from None
    try:
        return resolve(name, sizes), notation
    except InputError as error:
        raise InputError(f"name {text!r}", error.expected, error.got) from None


def _nearest(text: str, sizes: Sequence[int]) -> str:
    """``(did you mean 'dL/dW_2'?)`` for dL/dW2 or dW2, of a network of these sizes; empty where no name is near."""
    wholes = [read(name)[0] for name in of_backward(sizes)]
    shapes = [shape(q.subject, sizes) if q != LOSS else () for q in wholes]
    few = sum(math.prod(units) for units in shapes) <= NEAR
    known = {}
    for q, units in zip(wholes, shapes, strict=True):
        for name in (q, *(q.at(index) for index in product(*(range(1, n + 1) for n in units)) if few and units)):
            known[str(name)] = str(name)
            if isinstance(name, Derivative):
                known[f"d{name.wrt}"] = str(name)
    near = nearest(text, known)
    return f" (did you mean {known[near]!r}?)" if near else ""


def of_forward(sizes: Sequence[int]) -> tuple[str, ...]:
    """What the forward pass of a network of these sizes has: x, W_1, b_1, a_1, h_1, …, a_L, yhat."""
    last = len(sizes) - 1
    found = [Quantity("x")]
    for i in range(1, last + 1):
        found += [*(Quantity(symbol, i) for symbol in "Wba"), Quantity("h", i) if i < last else Quantity("yhat")]
    return tuple(map(str, found))


def of_backward(sizes: Sequence[int]) -> tuple[str, ...]:
    """What the backward pass has beside: y, L, dL/dyhat, dL/da_L, dL/dW_L, dL/db_L, dL/dh_{L-1}, …, dL/dx."""
    by = [Quantity("yhat")]
    for i in range(len(sizes) - 1, 0, -1):
        by += [*(Quantity(symbol, i) for symbol in "aWb"), Quantity("h", i - 1) if i > 1 else Quantity("x")]
    return (*of_forward(sizes), "y", "L", *(str(Derivative(LOSS, wrt)) for wrt in by))


def resolve(name: Name, sizes: Sequence[int]) -> Name:
    """The name as this network knows it: h_0 is x, h_L is yhat; the layer and the units exist.

    Args:
        sizes: units of each layer, the inputs first.

    Raises:
        InputError: there is no such quantity; the message says what exists.
    """
    if isinstance(name, Derivative):
        of, wrt = _resolve(name.of, sizes), _resolve(name.wrt, sizes)
        if wrt.symbol in ("L", "y"):
            raise InputError(f"name {name}", f"a derivative with respect to one of {existing(sizes)}", f"d{wrt}")
        if of.symbol not in ("a", "h", "yhat", "L"):
            raise InputError(f"name {name}", "a derivative of L, yhat, h_i or a_i", f"d{of}")
        return Derivative(of, wrt)
    return _resolve(name, sizes)


class NoSuchUnit(InputError):
    """A quantity of a layer that the network has, with an index beyond its units."""


def _resolve(name: Quantity, sizes: Sequence[int]) -> Quantity:
    depth = len(sizes) - 1
    if name.symbol == "h" and name.layer == 0:
        name = Quantity("x", None, name.index)
    elif name.symbol == "h" and name.layer == depth:
        name = Quantity("yhat", None, name.index)
    if name.layer is not None and not 1 <= name.layer <= (depth - 1 if name.symbol == "h" else depth):
        raise InputError(f"name {name}", f"one of {existing(sizes)}", f"layer {name.layer}")
    for number, size in zip(name.index, shape(name.whole, sizes), strict=bool(name.index)):
        if not 1 <= number <= size:
            what = " x ".join(map(str, shape(name.whole, sizes)))
            error = InputError if name.layer is None else NoSuchUnit  # without a layer, units may be numbered through
            raise error(f"name {name}", f"indices within {name.whole}, which is {what}", f"index {number}")
    return name


def shape(name: Quantity, sizes: Sequence[int]) -> tuple[int, ...]:
    """Shape of a quantity for one example: ``W_2`` -> (units of layer 2, units of layer 1)."""
    if name.is_component:
        return ()
    if name.symbol == "x":
        return (sizes[0],)
    if name.symbol in ("y", "yhat"):
        return (sizes[-1],)
    assert name.layer is not None
    return (sizes[name.layer], sizes[name.layer - 1]) if name.symbol == "W" else (sizes[name.layer],)


def existing(sizes: Sequence[int]) -> str:
    """What a network of these sizes has, for messages: ``x (4), W_1 (4 x 4), …, yhat (2), L``."""
    depth = len(sizes) - 1

    def layer(i: int) -> str:
        whole = [Quantity("W", i), Quantity("b", i), Quantity("a", i)]
        if i < depth:
            whole.append(Quantity("h", i))
        return ", ".join(f"{q} ({' x '.join(map(str, shape(q, sizes)))})" for q in whole)

    layers = [layer(i) for i in range(1, depth + 1)]
    if depth > 4:
        layers = [layers[0], "…", layers[-1]]
    return f"x ({sizes[0]}), {', '.join(layers)}, yhat ({sizes[-1]}), y ({sizes[-1]}), L"
