"""What came back of a call, and what of it may be the gradients."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from chainrule.errors import InputError
from chainrule.gradcheck.code.instance import Weights, kept_gradients, kept_values
from chainrule.gradcheck.code.roles import Role
from chainrule.gradcheck.code.values import CallValues
from chainrule.gradcheck.given.containers import TakenApart, leaves
from chainrule.network.arrays import Array

#: keys under which the gradients are, beside other things
_GRADIENTS = ("grads", "gradients", "grad", "gradient")
MOST = 4_000_000  # numbers that may come back


class CodeSet(NamedTuple):
    """What may be the gradients of one call.

    Attributes:
        kind: ``returned``, ``kept`` as attributes, or the ``steps`` that weights took.
        loss: the number beside it.
        forward: values of the forward pass by name.
    """

    kind: str
    taken: TakenApart
    loss: float | None = None
    forward: TakenApart | None = None


#: what may be the gradients, the likeliest first
Returned: TypeAlias = tuple[CodeSet, ...]


def of_forward(passed: Any) -> dict[str, Any]:
    """What a forward pass gave, as the values of the roles yhat and cache."""
    if isinstance(passed, tuple):
        arrays = [part for part in passed if isinstance(part, np.ndarray)]
        others = [part for part in passed if isinstance(part, (dict, list, tuple))]
        return ({"yhat": arrays[0]} if len(arrays) == 1 else {}) | {"cache": others[-1] if others else passed}
    if isinstance(passed, np.ndarray):
        return {"yhat": passed}
    return {} if passed is None else {"cache": passed}


def returned(result: Any, names: Mapping[str, Any], weights: Weights, method: bool = True) -> Returned:
    """The readings of what came back: as it is, without its loss, a dictionary in it, gradients that it keeps.

    Args:
        names: of its object, or of its module. method: they are of an object.

    Raises:
        InputError: nothing in it can be gradients.
    """
    found: list[CodeSet] = []
    refused: list[InputError] = []

    def add(value: Any, kind: str = "returned", loss: float | None = None) -> None:
        try:
            taken = tuple(leaves(value))
        except InputError as error:
            refused.append(error)
            return
        if sum(leaf.value.size for leaf in taken) > MOST:
            raise InputError("the gradients", f"at most {MOST} numbers", "more")
        if any(leaf.value.size > 1 or (leaf.value.ndim and len(taken) > 1) for leaf in taken):
            found.append(CodeSet(kind, TakenApart(taken), loss))

    if inspect.isgenerator(result):
        result = list(result)
    loss = float(result) if _is_number(result) else None
    if isinstance(result, (tuple, list)) and not all(map(_is_number, result)):
        numbers = [float(part) for part in result if _is_number(part)]
        loss = numbers[0] if len(numbers) == 1 and (_is_number(result[0]) or _is_number(result[-1])) else None
        rest = [part for part in result if not _is_number(part)]
        dictionaries = [part for part in rest if isinstance(part, dict)]
        for part in dictionaries:
            add(part, loss=loss)
        if not dictionaries:
            add(result)
        if not dictionaries and loss is not None:
            add(rest[0] if len(rest) == 1 else rest, loss=loss)
    elif isinstance(result, Mapping) and (key := next(filter(_GRADIENTS.__contains__, result), None)) is not None:
        numbers = [float(result[name]) for name in ("loss", "cost", "J", "L") if _is_number(result.get(name))]
        loss = numbers[0] if numbers else None
        add(result[key], loss=loss)
    elif result is not None and loss is None and (not method or not isinstance(result, np.ndarray)):
        add(result)
    if (method or not found) and (kept := kept_gradients(names)):
        only = next(iter(kept.values())) if len(kept) == 1 else None  # grads = [dW1, db1, …]
        add(only if isinstance(only, list) and isinstance(only[0], np.ndarray) else kept, "kept", loss)
    if changes := weights.changes():
        add(changes, "steps", loss)
    elif (steps := _steps(found[0].taken, weights) if found and found[0].kind == "returned" else None) is not None:
        add(steps, "steps", loss)
    if not found:
        raise refused[0] if refused else InputError(
            "what it returns", "gradients by name, in a list or as a vector",
            "nothing" if result is None else f"{type(result).__name__}, and no attribute such as dW1",
        )  # fmt: skip
    return tuple(found)


def passed_values(names: Any, own: dict[str, Any], values: CallValues) -> TakenApart | None:
    """The values of a forward pass by name, of an object or a cache and of what ``of_forward`` found."""
    depth = values.depth
    found = kept_values(names, depth)
    if "yhat" in own:
        logits = values.of(Role("a", depth))
        is_logits = np.shape(own["yhat"]) == np.shape(logits) and np.allclose(own["yhat"], logits)
        found[f"a_{depth}" if is_logits else "yhat"] = own["yhat"]
    try:
        return TakenApart(tuple(leaves(found))) if found else None
    except InputError:  # they may hold anything
        return None


def is_turned(found: Returned, values: CallValues) -> bool:
    """Whether gradients have the shapes of the weights transposed; no forward pass says then how the weights lie."""
    shapes = {leaf.value.shape for leaf in found[0].taken.leaves}
    due = {values.weights(i).shape for i in range(1, values.depth + 1)}
    return not shapes & due and bool(shapes & {shape[::-1] for shape in due})


def _steps(returned: TakenApart, weights: Weights) -> dict[str, Array] | None:
    """What was subtracted from each array, if what came back are new ones, in the order of those that were given."""
    arrays, before = [leaf.value for leaf in returned.leaves], [array for _, _, array in weights.given.values()]
    if [array.shape for array in arrays] != [array.shape for array in before]:
        return None
    return {name: old - new for name, old, new in zip(weights.given, before, arrays, strict=True)}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) or (isinstance(value, np.ndarray) and value.ndim == 0)
