"""An author who works through a network line by line: keys of exercises, sheets with a known mistake in them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from chainrule.auditing.model.claims import QuantityPlace, Reader, Reading
from chainrule.auditing.model.other_numbers import read_problem
from chainrule.auditing.model.problem import Problem
from chainrule.auditing.model.replay import Replay, Wrong
from chainrule.formula.tree import Symbol, Timed
from chainrule.network.arrays import Array
from chainrule.network.names import LOSS, Derivative, Name, Quantity, shape, to_text
from chainrule.network.network import Network

NOISE = 1e-13  # what is left of a sum that is 0
Cut = Literal["never", "always", "sometimes"]


@dataclass(frozen=True)
class Style:
    """How an author writes.

    Attributes:
        digits: decimals, or with ``significant`` significant digits.
        cut: digits cut instead of rounded.
        carry: the author goes on with the printed numbers; else with all digits.
        delta: in delta notation, δ for dL/da.
        rows: vectors as rows, [[1, 2]].
        reading: the conventions held.
        components: which wholes are written entry by entry.
    """

    digits: int = 4
    significant: bool = False
    cut: Cut = "never"
    carry: bool = True
    delta: bool = False
    rows: bool = False
    reading: Reading = field(default_factory=Reading)
    components: Callable[[Name], bool] = lambda name: False


@dataclass(frozen=True, eq=False)
class WrittenLine:
    """One line of an author's: the name as written, and the numbers with their digits.

    Attributes:
        place: what it is. value: before it was rounded. printed: after.
    """

    label: str
    place: QuantityPlace
    value: Array
    printed: Array
    text: str

    @property
    def line(self) -> str:
        """The line of the sheet."""
        return f"{self.label} = {self.text}"


def names(problem: Problem, update: bool = True, again: bool = False) -> list[Symbol]:
    """The quantities of a full derivation: forward, backward, update; ``again`` adds a second pass with new weights."""
    depth = problem.depth
    found: list[Symbol] = [*_forward(depth), LOSS, *_backward(depth, problem)]
    if not update:
        return found
    for i in range(depth, 0, -1):
        found.append(Timed(Quantity("W", i), 1))
        if problem.update_biases:
            found.append(Timed(Quantity("b", i), 1))
    if again:
        found += [Timed(n, 1) for n in (*_forward(depth), LOSS, *_backward(depth, problem))]
    return found


def _forward(depth: int) -> Iterator[Name]:
    for i in range(1, depth + 1):
        yield Quantity("a", i)
        yield Quantity("h", i) if i < depth else Quantity("yhat")


def _backward(depth: int, problem: Problem) -> Iterator[Name]:
    yield Derivative(LOSS, Quantity("yhat"))
    for i in range(depth, 0, -1):
        yield Derivative(LOSS, Quantity("a", i))
        yield Derivative(LOSS, Quantity("W", i))
        yield Derivative(LOSS, Quantity("b", i))
        if i > 1:
            yield Derivative(LOSS, Quantity("h", i - 1))


def write(
    problem: Problem,
    wanted: Sequence[Symbol],
    style: Style,
    rng: np.random.Generator,
    wrong: Sequence[Wrong] = (),
    tamper: Callable[[Symbol, Array], Array | None] | None = None,
) -> list[WrittenLine]:
    """The lines of an author who derives ``wanted``, perhaps with mistakes.

    Args:
        problem: as in the header; the author's conventions are those of the style.
        wrong: equations that the author gets wrong.
        tamper: (name, value) -> another value to be written in its place, or None.
    """
    own = read_problem(problem, style.reading)
    reader = Reader(own, style.reading, 0.01)
    replay = Replay(own, wrong=tuple(wrong))
    lines: list[WrittenLine] = []
    for symbol in wanted:
        for part in _parts(symbol, own, style):
            lines.append(_one(own, reader, replay, part, style, rng, tamper))
    return lines


def _one(
    own: Problem,
    reader: Reader,
    replay: Replay,
    symbol: Symbol,
    style: Style,
    rng: np.random.Generator,
    tamper: Callable[[Symbol, Array], Array | None] | None,
) -> WrittenLine:
    place = Reader(own, Reading(), 0.01).place(symbol)  # in the network's own terms
    assert place.node is not None
    value = np.asarray(replay.computed(place.node), dtype=float)
    where: tuple[Any, ...] = (..., *place.index)
    if place.examples and own.single:
        where = (0, *where)
    picked = np.array(value[where])
    if tamper is not None:
        other = tamper(symbol, picked)
        picked = picked if other is None else np.asarray(other, dtype=float)
    cut = style.cut == "always" or (style.cut == "sometimes" and bool(rng.random() < 0.5))
    shown = np.vectorize(lambda v: written_number(v, style.digits, style.significant, cut), otypes=[object])(picked)
    printed = np.vectorize(float, otypes=[float])(shown)
    mask = np.zeros(value.shape, dtype=bool)
    mask[where] = True
    kept = np.zeros(value.shape)
    kept[where] = printed if style.carry else picked
    replay.write(place.node, kept, mask)
    sign = -1.0 if _is_delta(symbol) and style.delta and style.reading.minus_delta else 1.0
    if sign < 0:
        shown = np.vectorize(_negated, otypes=[object])(shown)
    if style.reading.swapped and place.node.kind in ("W", "dW") and not place.index:
        shown = shown.T
    if style.delta and place.node.kind in ("W", "dW") and not place.index:
        shown = shown.T
    return WrittenLine(label(symbol, style), place, picked * sign, printed * sign, _text(shown, style.rows))


def _parts(symbol: Symbol, problem: Problem, style: Style) -> Iterator[Symbol]:
    """The whole, or each of its entries."""
    after, name = (symbol.after, symbol.name) if isinstance(symbol, Timed) else (0, symbol)
    assert isinstance(name, (Quantity, Derivative))
    if not problem.single or name.subject.symbol == "L" or not style.components(name):
        yield symbol
        return
    for index in np.ndindex(*shape(name.subject, problem.sizes)):
        component = name.at(tuple(i + 1 for i in index))
        yield Timed(component, after) if after else component


def _is_delta(symbol: Symbol) -> bool:
    name = symbol.name if isinstance(symbol, Timed) else symbol
    return isinstance(name, Derivative) and name.of == LOSS and name.wrt.symbol == "a"


def label(symbol: Symbol, style: Style) -> str:
    """A name as the author writes it."""
    after, name = (symbol.after, symbol.name) if isinstance(symbol, Timed) else (0, symbol)
    assert isinstance(name, (Quantity, Derivative))
    if style.reading.swapped:
        name = name.swapped
    return to_text(name, "delta" if style.delta else "textbook") + "'" * after


# ---------------------------------------------------------------- numbers


def written_number(value: float, digits: int, significant: bool = False, cut: bool = False) -> str:
    """A number in so many decimals or significant digits, rounded half to even, or cut."""
    if not math.isfinite(value):
        return "0"
    value = 0.0 if abs(value) < NOISE else value
    decimals = digits
    if significant and value:
        decimals = digits - 1 - math.floor(math.log10(abs(value)))
    scaled = abs(value) * 10.0**decimals
    whole = math.floor(scaled * (1 + 1e-12)) if cut else round(scaled)
    sign = "-" if value < 0 and whole else ""
    if decimals >= 0:
        digits_text = str(whole).rjust(decimals + 1, "0")
        return sign + (f"{digits_text[:-decimals]}.{digits_text[-decimals:]}" if decimals else digits_text)
    mantissa = str(whole)
    point = f"{mantissa[0]}.{mantissa[1:]}" if len(mantissa) > 1 else mantissa
    return f"{sign}{point}e{len(mantissa) - 1 - decimals}"


def _negated(text: str) -> str:
    if not text.strip("-0."):
        return text
    return text[1:] if text.startswith("-") else f"-{text}"


def _text(shown: Any, rows: bool) -> str:
    if np.ndim(shown) == 0:
        return str(shown)
    if np.ndim(shown) == 1:
        inner = ", ".join(shown)
        return f"[[{inner}]]" if rows else f"[{inner}]"
    return "[" + ", ".join("[" + ", ".join(row) + "]" for row in shown) + "]"


# ---------------------------------------------------------------- the header


def header(network: Network, x: Any, y: Any, title: str = "", learning_rate: float | None = None) -> str:
    """The header of a worksheet."""
    lines = ["+++", f"title = {json.dumps(title, ensure_ascii=False)}"]
    if learning_rate is not None:
        lines.append(f"learning_rate = {learning_rate!r}")
    hidden = ", ".join(f'"{name}"' for name in network.hidden)
    lines += ["[network]", f"hidden = [{hidden}]"]
    lines += [f'output = "{network.output}"', f'loss = "{network.loss}"', f'reduction = "{network.reduction}"']
    lines += [f"x = {_plain(x)}"] + ([f"y = {_plain(y)}"] if y is not None else [])
    for W, b in zip(network.weights, network.biases, strict=True):
        lines += ["[[network.layer]]", f"W = {_plain(W)}", f"b = {_plain(b)}"]
    return "\n".join([*lines, "+++"])


def _plain(value: Any) -> str:
    return repr(np.asarray(value, dtype=float).tolist())
