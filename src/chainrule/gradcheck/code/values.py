"""What a stranger's parameters are given: the arrays of a network and its examples, in one of the usual layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from chainrule.gradcheck.code.drawn import CodeCase
from chainrule.gradcheck.code.roles import Role, roles_of
from chainrule.network.arrays import Array

HOLDERS = {
    "network": "", "names": "'W1', 'b1', …", "names from 0": "'W0', 'b0', …", "list": "[W1, b1, …]",
    "pairs": "[(W1, b1), …]", "dictionaries": "[{'W', 'b'}, …]", "flat": "one vector, W and b in turn",
    "flat columns": "one vector, each b as the first column of its W", "weights": "[W1, W2, …]",
}  # fmt: skip
_BIASES = {"flat": "(m,)", "row": "(1, m)", "column": "(m, 1)", "number": "a number"}
_INSIDE = ("first", "last")  # columns of W that are b
RATE = 0.1  # of code that asks for one


class CallLayout(NamedTuple):
    """How what is given lies.

    Attributes:
        columns: examples in columns. in_out: weights (in, out). bias: ``flat`` (m,), ``row`` (1, m), ``column`` (m, 1),
            ``number``, of one unit, whose weights are a vector, or ``first`` and ``last``, a column of W (out, in).
        single: one example at a time. targets: ``units`` as the outputs, ``classes`` (n,), ``class row``, ``flat``.
        holder: what holds all parameters, of ``HOLDERS``.
    """

    columns: bool
    in_out: bool
    bias: str
    single: bool
    targets: str = "units"
    holder: str = "names"

    @property
    def inside(self) -> bool:
        """Whether W holds b."""
        return self.bias in _INSIDE

    def words(self, roles: set[str]) -> str:
        """What is told of it, of the parameters that there are."""
        vector = "one example at a time, x (d, 1)" if self.columns else "one example at a time, x (d,)"
        several = "examples in columns, x (d, n)" if self.columns else "examples in rows, x (n, d)"
        parts = [vector if self.single else several]
        if roles & {"W", "params", "network"} and self.holder != "network":
            parts.append(f"W {'(d,)' if self.bias == 'number' else '(in, out)' if self.in_out else '(out, in)'}")
        if self.inside:
            parts.append(f"b as the {self.bias} {'row' if self.in_out else 'column'} of W")
        elif roles & {"b", "params", "network"} and self.holder not in ("network", "weights", "flat columns"):
            parts.append(f"b {_BIASES[self.bias]}")
        if roles & {"params", "network", "flat"} and HOLDERS[self.holder]:
            parts.append(f"parameters as {HOLDERS[self.holder]}")
        if self.targets != "units":
            parts.append("y as class numbers" if "class" in self.targets else "y (n,)")
        return ", ".join(parts)


#: examples in rows, in columns, and one at a time: (columns, in_out, bias, single)
_PLACES = (
    (False, True, "flat", False), (False, True, "row", False), (False, False, "flat", False),
    (False, False, "row", False), (True, False, "column", False), (True, True, "column", False),
    (True, False, "column", True), (True, True, "column", True), (False, False, "flat", True),
    (False, True, "flat", True),
)  # fmt: skip
#: the same for W that holds b
_PLACES_INSIDE = tuple((columns, in_out, bias, False) for columns in (False, True) for bias in _INSIDE
                       for in_out in (False, True))  # fmt: skip


def layouts(case: CodeCase, roles: set[str], alone: bool, inside: bool) -> Iterator[CallLayout]:
    """Every layout that is to be tried, the usual ones first.

    Args:
        alone: the parameters are weights without biases, so that they may be in any holder.
        inside: it is given no biases beside the weights, which may hold them.
    """
    net = case.network
    targets = ["units"]
    if "y" in roles:
        targets += ["classes", "class row"] if net.output == "softmax" else ["flat"] if net.sizes[-1] == 1 else []
    first, *usual, in_turn, as_columns, last = HOLDERS
    holders = usual[:1]
    if "flat" in roles:
        holders = [as_columns, in_turn]
    elif roles & {"params", "network"}:
        holders = [*([first] if "network" in roles else [last] if alone else []), *usual]
    places = (*_PLACES, (False, False, "number", False)) if net.sizes[1:] == (1,) else _PLACES
    for holder, place, target in product(holders, places, targets):
        yield CallLayout(*place, target, holder)
    if inside:
        for place, target in product(_PLACES_INSIDE, targets):
            yield CallLayout(*place, target, last if alone else usual[0])


class _ByName(dict[str, Any]):
    """The arrays under the usual names, and under any other name that means one of them."""

    def __init__(self, usual: dict[str, Any], find: Callable[[str], Any]) -> None:
        super().__init__(usual)
        self.find = find

    def __missing__(self, key: Any) -> Any:
        value = self.find(key) if isinstance(key, str) else None
        if value is None:
            raise KeyError(key)
        return value


class CallValues:
    """The values of roles for one case in one layout; new arrays each time, since the code may write into them."""

    def __init__(self, case: CodeCase, layout: CallLayout) -> None:
        self.case = case.one if layout.single else case
        self.layout = layout
        self.forward = self.case.network.forward(self.case.x)

    @property
    def depth(self) -> int:
        """L."""
        return self.case.network.depth

    def of(self, role: Role) -> Any:
        """What a parameter of that role is given."""
        kind, i = role
        sizes = list(self.case.network.sizes)
        if kind in ("W", "b", "a", "h") and i is None:
            return self._all(kind)
        if kind in ("W", "b"):
            assert i is not None
            return self.weights(i) if kind == "W" else self.bias(i)
        if kind in ("a", "h"):
            assert i is not None
            return self._units(self.forward.a[i - 1] if kind == "a" else self.forward.h[i])
        plain: dict[str, Callable[[], Any]] = {
            "x": lambda: self._units(self.case.x),
            "y": self._targets,
            "yhat": lambda: self._units(self.forward.h[-1]),
            "params": self._holder,
            "network": self._holder,
            "flat": self._holder,
            "cache": lambda: _ByName(self._cache(), self._named),
            "n": lambda: len(self.case.x),
            "sizes": lambda: sizes,
            "depth": lambda: self.depth,
            "rate": lambda: RATE,
            "zero": lambda: 0.0,
            "drop": lambda: 0.0,
            "one": lambda: 1.0,
            "activation": lambda: (self.case.network.hidden or (self.case.network.output,))[0],
            "inputs": lambda: sizes[0],
            "outputs": lambda: sizes[-1],
            "hidden": lambda: sizes[1] if self.depth == 2 else sizes[1:-1],
            "hiddens": lambda: sizes[1:-1],
        }
        return plain[kind]()

    def weights(self, i: int) -> Array:
        """W_i in the layout."""
        W = self.case.network.weights[i - 1]
        if self.layout.bias == "number":
            return np.array(W[0])
        if self.layout.inside:
            b = self.case.network.biases[i - 1][:, None]
            W = np.hstack([b, W] if self.layout.bias == "first" else [W, b])
        return np.array(W.T if self.layout.in_out else W, order="C")

    def bias(self, i: int) -> Any:
        """b_i in the layout."""
        b = np.array(self.case.network.biases[i - 1])
        if self.layout.inside:
            return b
        return {"flat": b, "row": b[None], "column": b[:, None], "number": float(b[0])}[self.layout.bias]

    def _units(self, value: Array) -> Array:
        if self.layout.columns:
            return np.array(value.T, order="C")
        return np.array(value[0] if self.layout.single else value)

    def _targets(self) -> Any:
        y, target = self.case.y, self.layout.targets
        if target == "units":
            return self._units(y)
        found: Array = y[:, 0].copy() if target == "flat" else y.argmax(axis=1)
        if self.layout.single:
            return found[0]
        return found if target != "class row" else found[None] if self.layout.columns else found[:, None]

    def _all(self, kind: str) -> list[Array]:
        if kind == "h":
            return [self._units(h) for h in self.forward.h]
        return [self.of(Role(kind, i)) for i in range(1, self.depth + 1)]

    def _holder(self) -> Any:
        W, b, holder = self._all("W"), self._all("b"), self.layout.holder
        pairs = list(zip(W, b, strict=True))
        match holder:
            case "network":
                return self.case.network
            case "list":
                return [array for pair in pairs for array in pair]
            case "pairs":
                return pairs
            case "dictionaries":
                return [_ByName({"W": w, "b": v}, partial(_either, w, v)) for w, v in pairs]
            case "weights":
                return W
            case "flat":
                return np.concatenate([array.ravel() for pair in pairs for array in pair])
            case "flat columns":
                return np.concatenate([np.column_stack([np.ravel(v), w]).ravel() for w, v in pairs])
        first = 0 if holder == "names from 0" else 1
        usual = {f"{s}{i}": value for i, pair in enumerate(pairs, first) for s, value in zip("Wb", pair, strict=True)}
        return _ByName(usual, self._named)

    def _cache(self) -> dict[str, Array]:
        usual = {"A0": self._units(self.case.x)}
        for i in range(1, self.depth + 1):
            usual |= {f"Z{i}": self.of(Role("a", i)), f"A{i}": self._units(self.forward.h[i])}
        return usual

    def _named(self, key: str) -> Any:
        role = roles_of([key], self.depth).get(key)
        return None if role is None or role.kind in ("params", "network", "cache") else self.of(role)


def _either(W: Array, b: Array, key: str) -> Array | None:
    role = roles_of([key], 1).get(key)
    return None if role is None else W if role.kind == "W" else b if role.kind == "b" else None
