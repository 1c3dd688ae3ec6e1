"""Arrays without names: all readings of their order, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, product

from chainrule.errors import InputError
from chainrule.gradcheck.given.containers import Leaf
from chainrule.gradcheck.given.readings import NamedArray, SetReading, gradient

Slot = tuple[str, int]  # a symbol and its layer


def in_order(leaves: Sequence[Leaf], sizes: Sequence[int]) -> Iterator[SetReading]:
    """Every reading of arrays in the order of the layers, W and b in turn or the one kind after the other.

    Raises:
        InputError: more or fewer arrays than any order has.
    """
    depth, count = len(sizes) - 1, len(leaves)
    orders = list(_slots([leaf.path for leaf in leaves], depth, count))
    if not orders:
        due = f"{2 * depth} arrays (W_1, b_1, … W_{depth}, b_{depth}) or {depth} (W_1 … W_{depth}), or a name for each"
        raise InputError("gradients", due, f"{count} arrays")
    for words, sure, slots in orders:
        items = [NamedArray(leaf, gradient(*slot, sizes)) for leaf, slot in zip(leaves, slots, strict=True)]
        yield SetReading(tuple(items), words, sure)


def _slots(paths: list[tuple[str | int, ...]], depth: int, count: int) -> Iterator[tuple[str, bool, list[Slot]]]:
    layers = list(range(1, depth + 1))
    back = " from the output back"
    if all(len(path) == 2 for path in paths):
        outer = list(dict.fromkeys(path[0] for path in paths))
        inner = sorted({int(path[1]) for path in paths})
        if len(inner) <= 2 and len(outer) == depth:
            for symbols, turn in product(("Wb", "bW"), (1, -1)):
                order = layers[::turn]
                slots = [(symbols[inner.index(int(p[1]))], order[outer.index(p[0])]) for p in paths]
                pair = (
                    f"each layer's arrays are ({symbols[0]}, {symbols[1]})" if len(inner) == 2 else "one array a layer"
                )
                yield f"{pair}{back if turn < 0 else ''}", turn == 1 and symbols == "Wb", slots
        if len(outer) <= 2 and len(inner) <= depth:
            for symbols, turn in product(("Wb", "bW"), (1, -1)):
                order = layers[::turn]
                inside = [[p for p in paths if p[0] == one] for one in outer]
                if any(len(own) != depth for own in inside):
                    continue
                slots = [(symbols[o], order[i]) for o, own in enumerate(inside) for i in range(len(own))]
                words = f"first all {symbols[0]}, then all {symbols[1]}" if len(outer) == 2 else "one array a layer"
                yield f"{words}{back if turn < 0 else ''}", turn == 1 and symbols == "Wb", slots
        return
    if count == 2 * depth:
        for turn in (1, -1):
            order = layers[::turn]
            for words, pair in (("W and b in turn", "Wb"), ("b and W in turn", "bW")):
                slots = [(symbol, layer) for layer in order for symbol in pair]
                yield f"{words}{back if turn < 0 else ''}", turn == 1 and pair == "Wb", slots
            for words, pair in (("first all W, then all b", "Wb"), ("first all b, then all W", "bW")):
                slots = [(symbol, layer) for symbol in pair for layer in order]
                yield f"{words}{back if turn < 0 else ''}", turn == 1 and pair == "Wb", slots
    if count == 2 * depth + 1:
        pairs = [(symbol, layer) for layer in layers for symbol in "Wb"]
        yield "the gradient of x, then W and b in turn", False, [("h", 0), *pairs]
        yield "W and b in turn, then the gradient of x", False, [*pairs, ("h", 0)]
    if count == depth:
        yield "one array a layer, its W", True, [("W", layer) for layer in layers]
        yield f"one array a layer, its W,{back}", False, [("W", layer) for layer in layers[::-1]]
    if count in (1, 2):
        for layer in layers:
            yield f"W and b of layer {layer}", False, [("W", layer), ("b", layer)][:count]


def of_one(leaf: Leaf, sizes: Sequence[int]) -> Iterator[SetReading]:
    """One array without a name: all parameters as one vector, else the W of a layer that has its shape.

    Raises:
        InputError: it is neither.
    """
    layers = range(1, len(sizes))
    array, total = leaf.value, sum((j + 1) * m for j, m in pairwise(sizes))
    readings = [*(_vector(leaf, sizes) if array.ndim <= 1 or 1 in array.shape else ())]
    for layer in layers:
        m, j = sizes[layer], sizes[layer - 1]
        if array.size in (m * j, m * (j + 1)) and (array.ndim > 1 or len(layers) == 1):
            item = NamedArray(leaf, gradient("W", layer, sizes))
            readings.append(SetReading((item,), f"the array is dL/dW_{layer}"))
    if not readings:
        due = f"a gradient by name, such as {{'dL/dW_1': …}}, or one vector of {total} numbers (W_1, b_1, W_2, …)"
        raise InputError("gradients", due, f"one array of shape {array.shape}")
    yield from readings


def _vector(leaf: Leaf, sizes: Sequence[int]) -> Iterator[SetReading]:
    """All parameters in one vector, in the orders that people have; "+" is W with b as a further column."""
    layers = range(1, len(sizes))
    size = {("W", i): sizes[i] * sizes[i - 1] for i in layers} | {("b", i): sizes[i] for i in layers}
    size |= {("+", i): sizes[i] * (sizes[i - 1] + 1) for i in layers}
    orders: list[tuple[str, list[Slot]]] = [
        ("W and b in turn", [(s, i) for i in layers for s in "Wb"]),
        ("b and W in turn", [(s, i) for i in layers for s in "bW"]),
        ("first all W, then all b", [(s, i) for s in "Wb" for i in layers]),
        ("first all b, then all W", [(s, i) for s in "bW" for i in layers]),
        ("each layer's b as a column of its W", [("+", i) for i in layers]),
        ("the W alone", [("W", i) for i in layers]),
        ("W and b in turn from the output back", [(s, i) for i in reversed(layers) for s in "Wb"]),
    ]
    for words, slots in orders:
        if sum(size[slot] for slot in slots) != leaf.value.size or len(slots) == 1:
            continue
        items, start = [], 0
        for symbol, layer in slots:
            part = leaf._replace(value=leaf.value.ravel()[start : start + size[symbol, layer]])
            items.append(NamedArray(part, gradient("W" if symbol == "+" else symbol, layer, sizes)))
            start += size[symbol, layer]
        yield SetReading(tuple(items), f"one vector of all parameters, {words}", slots in (orders[0][1], orders[5][1]))
