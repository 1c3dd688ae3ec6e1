"""The one kind of error that bad input raises."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """Something given does not fit: names the quantity, what was expected and what came. It is a ValueError.

    >>> cr.Network([[[0.5, -0.6]], [[1.0, 2.0]]])
    Traceback (most recent call last):
    chainrule.errors.InputError: W_2: expected 1 columns, one for each row of W_1; got shape (1, 2)
    """

    def __init__(self, quantity: str, expected: str, got: str) -> None:
        self.quantity = quantity
        self.expected = expected
        self.got = got
        super().__init__(f"{quantity}: expected {expected}; got {got}")

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        return InputError, (self.quantity, self.expected, self.got)


def unknown(quantity: str, name: object, known: Iterable[str], expected: str = "") -> InputError:
    """The error of a name that is not among those known: it tells the nearest of them.

    >>> raise unknown("loss", "hubr", ["huber", "poisson"])
    Traceback (most recent call last):
    chainrule.errors.InputError: loss: expected one of huber, poisson; got 'hubr' (did you mean 'huber'?)
    """
    known = list(known)
    near = nearest(name, known)
    guess = f" (did you mean {near!r}?)" if near else ""
    return InputError(quantity, expected or f"one of {', '.join(known)}", f"{name!r}{guess}")


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The known name that is spelled most alike, if any is; signs and capitals do not count."""
    bare = {_bare(one): one for one in reversed(list(known))}
    found = get_close_matches(_bare(name), bare, 1, 0.7) if isinstance(name, str) else []
    return bare[found[0]] if found else None


def _bare(name: str) -> str:
    """The letters and digits alone: dL/dW_2 is written dL/dW2, cross_entropy Cross-Entropy."""
    return "".join(filter(str.isalnum, name.casefold())) or name
