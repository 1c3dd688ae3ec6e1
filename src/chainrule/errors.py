"""The one kind of error that bad input raises."""

from __future__ import annotations


class InputError(ValueError):
    """Something given does not fit: names the quantity, what was expected and what came."""

    def __init__(self, quantity: str, expected: str, got: str) -> None:
        self.quantity = quantity
        self.expected = expected
        self.got = got
        super().__init__(f"{quantity}: expected {expected}; got {got}")

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        return InputError, (self.quantity, self.expected, self.got)
