"""The one kind of error that bad input raises."""

from __future__ import annotations


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
