"""An object of a stranger's class: where its weights stand, and the gradients that it keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.gradcheck.code.roles import Role, roles_of
from chainrule.gradcheck.code.values import CallValues
from chainrule.gradcheck.given.names import read_label
from chainrule.network.arrays import Array


@dataclass(eq=False)
class Weights:
    """The weights and biases of a call, to be told from what they become: name -> (the array, as it was given)."""

    given: dict[str, tuple[Any, Any, Array]] = field(default_factory=dict)

    def keep(self, name: str, holder: Any, key: Any) -> None:
        """Remember what stands at a place."""
        self.given[name] = (holder, key, np.array(holder[key]))

    def changes(self) -> dict[str, Array]:
        """What was subtracted from each, where anything was."""
        found = {}
        for name, (holder, key, before) in self.given.items():
            now = np.asarray(holder[key])
            if now.shape != before.shape:
                return {}
            found[name] = before - now
        return found if any(change.any() for change in found.values()) else {}


def fill(made: Any, values: CallValues, weights: Weights) -> bool:
    """Put the weights and biases of a network into an object; gives whether it has biases.

    Raises:
        InputError: it has none, or of other shapes than the layout has.
    """
    places = dict(_places(vars(made), values.depth))
    depth = values.depth
    missing = [i for i in range(1, depth + 1) if ("W", i) not in places]
    if missing:
        title = type(made).__name__
        raise InputError(title, "weights in its attributes, such as W1, weights or params['W1']", f"no W{missing[0]}")
    for (symbol, i), (holder, key) in places.items():
        new = values.weights(i) if symbol == "W" else values.bias(i)
        old = holder[key]
        if old is not None and np.shape(old) != np.shape(new):
            raise InputError(f"{symbol}{i}", f"shape {np.shape(new)}", f"shape {np.shape(old)}")
        holder[key] = new
        weights.keep(f"{symbol}{i}", holder, key)
    return values.layout.inside or any(symbol == "b" for symbol, _ in places)


def _places(names: Mapping[Any, Any], depth: int) -> Iterator[tuple[tuple[str, int], tuple[Any, Any]]]:
    """(symbol, layer) and (what holds it, its key there) of all weights among the attributes, or keys, of a thing."""
    roles = roles_of([name for name in names if isinstance(name, str)], depth)
    for name, value in list(names.items()):
        role = roles.get(name)
        if role is not None and role.kind in ("W", "b") and not isinstance(value, dict):
            if role.layer is not None:
                yield (role.kind, role.layer), (names, name)
            elif isinstance(value, list) and len(value) == depth:
                yield from (((role.kind, i), (value, i - 1)) for i in range(1, depth + 1))
        elif role is not None and role.kind in ("W", "b") and _by_layer(value, depth):
            yield from (((role.kind, i), (value, key)) for i, key in enumerate(sorted(value), 1))
        elif isinstance(value, dict) and value:
            yield from _places(value, depth)
        elif isinstance(value, list) and value and all(hasattr(layer, "__dict__") for layer in value):
            owners = [dict(_places(vars(layer), 1)) for layer in value]
            owners = [owner for owner in owners if ("W", 1) in owner]
            for i, owner in enumerate(owners, 1):
                yield from (((symbol, i), place) for (symbol, _), place in owner.items())


def _by_layer(value: Any, depth: int) -> bool:
    """Whether it is a dictionary with a whole number for each layer."""
    return isinstance(value, dict) and len(value) == depth and all(isinstance(key, int) for key in value)


def kept_gradients(names: Mapping[str, Any]) -> dict[str, Any]:
    """The gradients among the attributes of an object, or of its layers."""
    found: dict[str, Any] = {}
    for name, value in names.items():
        if isinstance(value, list) and value and all(hasattr(layer, "__dict__") for layer in value):
            inner = [own for layer in value if (own := kept_gradients(vars(layer)))]
            found |= {name: inner} if inner else {}
        elif _is_gradient(name) and value is not None:
            found[name] = value
    return found


def _is_gradient(name: str) -> bool:
    """Whether an attribute is named as gradients of weights or biases are: dW1, grads, nabla_b."""
    if name.lower().strip("_") in ("grads", "grad", "gradients", "gradient"):
        return True
    try:
        label = read_label((name,))
    except InputError:
        return False
    return label.marked and label.kinds[0] in ("W", "b")


def kept_values(names: Any, depth: int) -> dict[str, Any]:
    """The values of a forward pass among names, Z1, A1, yhat, or in a list of dictionaries with Z; arrays alone."""
    if isinstance(names, list):
        each = [kept_values(one, 1) if isinstance(one, dict) else {} for one in names]
        return {f"a_{i}": one["a_1"] for i, one in enumerate(each, 1) if "a_1" in one and len(each) == depth}
    if not isinstance(names, Mapping):
        return {}
    roles = roles_of([name for name in names if isinstance(name, str)], depth)
    wanted = {Role("yhat"): "yhat"} | {Role(s, i): f"{s}_{i}" for s in "ah" for i in range(1, depth + 1)}
    return {wanted[role]: names[name] for name, role in roles.items()
            if role in wanted and isinstance(names[name], np.ndarray)}  # fmt: skip
