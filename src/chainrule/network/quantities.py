"""The quantities of a pass as a mapping: by their names, in the order in which they are computed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.errors import InputError

MOST_ROWS = 20  # of one screen
MOST_NUMBERS = 6  # of one row


class Quantities(Mapping[str, Any]):
    """Quantities by name. Its keys are the whole vectors and matrices; every name that fits the network is in it."""

    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The whole quantities that it has, in the order in which they are computed."""

    @abstractmethod
    def _title(self) -> str:
        """What it is, in a line."""

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        try:
            self[name]
        except InputError:
            return False
        return True

    def get(self, name: str, default: Any = None) -> Any:
        """The quantity of that name, or ``default`` where there is none."""
        return self[name] if name in self else default  # noqa: SIM401  a mapping's own get catches another error

    __eq__, __hash__ = object.__eq__, object.__hash__  # each pass is itself: arrays have no one truth

    def __repr__(self) -> str:
        rows = [(name, *_shown(self[name])) for name in self.names()]
        if len(rows) > MOST_ROWS:
            first = MOST_ROWS // 2
            rows = [*rows[:first], ("…", "", f"{len(rows) - MOST_ROWS + 1} more"), *rows[first - MOST_ROWS + 1 :]]
        wide, shapes = (max(len(row[i]) for row in rows) for i in (0, 1))
        lines = (f"  {name:{wide}}  {shape:{shapes}}  {numbers}".rstrip() for name, shape, numbers in rows)
        return "\n".join([self._title(), *lines])


def _shown(value: Any) -> tuple[str, str]:
    """The shape of a quantity, and its numbers where they are few."""
    array = np.asarray(value)
    if array.size > MOST_NUMBERS:
        return " x ".join(map(str, array.shape)), ""
    numbers = np.array2string(array, separator=", ", formatter={"float_kind": _number}).replace("\n", "")
    return " x ".join(map(str, array.shape)), numbers


def _number(value: Any) -> str:
    return f"{value + 0.0:.4g}"  # 0, not -0
