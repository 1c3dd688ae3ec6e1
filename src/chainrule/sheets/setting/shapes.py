"""The sizes of the layers that so many weights, given one by one, can have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

MOST_LAYERS = 40
MOST_HIDDEN = 3  # hidden layers of different sizes that are tried


def sizes_of(count: int, inputs: int, outputs: int | None, biases: Sequence[str]) -> list[list[int]]:
    """The sizes that so many weights can have: none hidden, one hidden layer, a chain; then more hidden layers.

    Args:
        outputs: where they are known.
        biases: the names of those that are given one by one, of which each unit or each layer has one.
    """
    if outputs is not None:
        return _with_outputs(count, inputs, outputs, biases)
    alone = [[inputs, count // inputs]] if count % inputs == 0 else []
    return [*_with_outputs(count, inputs, 1, biases), *alone]


def _with_outputs(count: int, inputs: int, outputs: int, biases: Sequence[str]) -> list[list[int]]:
    found = [[inputs, outputs]] if count == inputs * outputs else []
    hidden, rest = divmod(count, inputs + outputs)
    found += [[inputs, hidden, outputs]] if not rest and hidden else []
    chain = [[1] * (count + 1)] if inputs == outputs == 1 and 3 <= count <= MOST_LAYERS else []
    if biases:  # the numbers printed in the sheet decide between those that fit
        deep = [shape for n in range(2, MOST_HIDDEN + 1) for shape in _deep(count, [inputs], outputs, n)]
        found += [shape for shape in deep if len(biases) == sum(shape[1:])]
        found.sort(key=lambda shape: not _has(shape, len(biases)))
    return [*found, *chain]


def _has(shape: Sequence[int], biases: int) -> bool:
    """Whether each unit, or each layer, of a network has one of so many biases."""
    return biases in (sum(shape[1:]), len(shape) - 1)


def _deep(count: int, shape: list[int], outputs: int, hidden: int) -> Iterator[list[int]]:
    """The shapes that begin so and have so many more hidden layers and so many weights in all."""
    if hidden == 0:
        if count == shape[-1] * outputs:
            yield [*shape, outputs]
        return
    for units in range(1, min(count // shape[-1], 12) + 1):
        yield from _deep(count - shape[-1] * units, [*shape, units], outputs, hidden - 1)
