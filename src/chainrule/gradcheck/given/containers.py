"""What holds somebody's arrays, taken apart: dictionaries, lists of layers, pairs, nested or not, modules, records.

Nothing is known here of networks: each array comes with the keys and positions that lead to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np

from chainrule.errors import InputError
from chainrule.gradcheck.given.arrays import holds_numbers, read_array
from chainrule.network.arrays import Array

MOST = 10_000  # arrays of one set
DEEPEST = 8  # containers within each other
WHAT = (
    "gradients by name, such as {'dW1': …, 'db1': …}, a list of arrays in the order of the layers, pairs (dW, db), "
    "or one flat vector"
)

Path = tuple[str | int, ...]


class Leaf(NamedTuple):
    """One array: the keys (text) and positions (from 0) that lead to it, its numbers, how they were got."""

    path: Path
    value: Array
    precision: str
    done: str = ""

    @property
    def name(self) -> str:
        """As a person would write where it stands."""
        return path_name(self.path)


@dataclass(frozen=True, eq=False)
class TakenApart:
    """A set that has been taken apart, as in another process."""

    leaves: tuple[Leaf, ...]


def path_name(path: Path) -> str:
    """``coefs_[0]``, ``Dense_0.kernel``; of positions alone ``array 3`` or ``[1][0]``, counted as in Python."""
    if not path:
        return "the array"
    if len(path) == 1 and isinstance(path[0], int):
        return f"array {path[0] + 1}"
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def leaves(given: Any) -> list[Leaf]:
    """Every array of a set, in order.

    Raises:
        InputError: nothing that holds arrays, something in it that is none, too many.
    """
    if isinstance(given, TakenApart):
        return list(given.leaves)
    found: list[Leaf] = []
    try:
        for path, value in _walk((), given, 0):
            if len(found) == MOST:
                raise InputError("gradients", f"at most {MOST} arrays", "more")
            found.append(Leaf(path, *read_array(_subject(path), value)))
    except InputError:
        raise
    except Exception as error:  # whatever a container of somebody's raises
        raise InputError("gradients", WHAT, f"{type(given).__name__} ({' '.join(str(error).split())[:80]})") from None
    if not found:
        raise InputError("gradients", "at least one array by name", "none")
    return found


def without_loss(found: list[Leaf]) -> tuple[list[Leaf], bool]:
    """A set without the one number that stands in front of all containers, as ``(loss, grads)`` has it."""
    first, *others = found
    is_loss = first.path == (0,) and first.value.size == 1 and bool(others)
    return (others, True) if is_loss and all(len(leaf.path) > 1 for leaf in others) else (found, False)


def _subject(path: Path) -> str:
    return path_name(path) if path else "gradients"


def _walk(path: Path, value: Any, depth: int) -> Iterator[tuple[Path, Any]]:
    if depth > DEEPEST:
        raise InputError(_subject(path), f"at most {DEEPEST} containers within each other", "more")
    inside = _inside(path, value)
    if inside is None:
        yield path, value
        return
    for key, item in inside:
        if item is not None and not (isinstance(item, Sequence | Mapping) and len(item) == 0):
            yield from _walk((*path, key), item, depth + 1)


def _inside(path: Path, value: Any) -> list[tuple[str | int, Any]] | None:
    """The items of a container by key or position; None for an array."""
    if value is None or isinstance(value, str | bytes):
        raise InputError(_subject(path), "real numbers" if path else WHAT, repr(value)[:40])
    if isinstance(value, Mapping):
        return [(key if isinstance(key, int) else str(key), item) for key, item in value.items()]
    if hasattr(value, "named_parameters"):
        return _of_module(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return list(value._asdict().items())
    if is_dataclass(value) and not isinstance(value, type):
        return [(field.name, getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim:
        return list(enumerate(value.ravel()))
    if isinstance(value, np.void) and value.dtype.names:  # a struct of Matlab
        return [(name, value[name]) for name in value.dtype.names]
    if holds_numbers(value):
        return None
    if isinstance(value, Sequence):
        return list(enumerate(value)) if _is_container(value, _is_bias(path)) else None
    if isinstance(attributes := getattr(value, "__dict__", None), dict) and attributes:
        return [(name, item) for name, item in attributes.items() if not name.startswith("_")]
    raise InputError(_subject(path), WHAT if not path else "an array of numbers", type(value).__name__)


def _of_module(module: Any) -> list[tuple[str | int, Any]]:
    """The gradients of a PyTorch module's parameters."""
    pairs = [(name, getattr(parameter, "grad", None)) for name, parameter in module.named_parameters()]
    missing = [name for name, own in pairs if own is None]
    if len(missing) == len(pairs):
        raise InputError("gradients", "a module after loss.backward(), its parameters with .grad", "none has a .grad")
    return [(f"{name}.grad", own) for name, own in pairs]


def _is_bias(path: Path) -> bool:
    """Whether the key above says that vectors are in it: a list of lists is then one vector for each layer."""
    last = next((part for part in reversed(path) if isinstance(part, str)), "").lower()
    return any(word in last for word in ("bias", "intercept")) or last in ("b", "db", "bs", "dbs", "grad_b", "nabla_b")


def _is_container(value: Sequence[Any], vectors: bool) -> bool:
    """Whether a list holds arrays, rather than the numbers of one: of plain numbers, one vector or one matrix."""
    if all(map(_is_entry, value)):
        return False
    rows = [item for item in value if isinstance(item, Sequence)]
    if len(rows) < len(value) or not all(_is_entry(entry) for row in rows for entry in row):
        return True  # arrays in it, or numbers beside lists: a bias of one unit, written as a number
    lengths = {len(row) for row in rows}
    return len(lengths) > 1 or (vectors and len(rows) > 1 and lengths != {1})


def _is_entry(value: Any) -> bool:
    """Whether it is one number of an array; None and text stand where a number is missing."""
    return value is None or isinstance(value, int | float | complex | np.generic | str)
