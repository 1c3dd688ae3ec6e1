"""A set of gradients as it was read."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.network.arrays import Array
from chainrule.network.names import Name

MOST_TOLD = 12  # arrays whose reading is told one by one


@dataclass(frozen=True, eq=False)
class GivenArray:
    """One array in the layout of the design.

    Attributes:
        name: as given. quantity: what it is.
        value: float64, divided by what the set is multiplied with; (n, m) of a batch, (m,) of one example.
        precision: float64, float32, float16 or bfloat16: what it is judged to.
        bound: how far rounding in that precision can move it, shaped as ``value``, or as its transpose.
        done: what was done to it, in words: ``transposed: it is (in, out)``.
    """

    name: str
    quantity: Name
    value: Array
    precision: str
    bound: Array
    done: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """How it was read, "" where there is nothing to say."""
        as_what = "" if self.name == str(self.quantity) else f"{self.name} is {self.quantity}"
        if not self.done:
            return as_what
        return f"{as_what or self.name}, {', '.join(self.done)}"


@dataclass(frozen=True)
class GivenConvention:
    """What holds of a whole set and is no mistake. ``id``: negative, step, transposed, each_example."""

    id: str
    words: str


@dataclass(frozen=True, eq=False)
class GivenGradients:
    """A set of gradients, read.

    Attributes:
        arrays: in the order in which they were given.
        conventions: of the whole set. notes: how names, order and precision are read, a sentence each.
    """

    arrays: tuple[GivenArray, ...]
    conventions: tuple[GivenConvention, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that is to be told of how the set is read."""
        each = [array.words for array in self.arrays if array.words]
        more = [f"and {len(each) - MOST_TOLD} more arrays in the same way"] if len(each) > MOST_TOLD else []
        return (*self.notes, *each[:MOST_TOLD], *more)
