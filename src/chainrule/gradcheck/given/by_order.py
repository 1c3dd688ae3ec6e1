"""Arrays without names: all readings of their order, the likeliest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from chainrule.errors import InputError
from chainrule.gradcheck.given.containers import Leaf
from chainrule.gradcheck.given.names import WHAT
from chainrule.gradcheck.given.readings import NamedArray, SetReading, gradient


def in_order(leaves: Sequence[Leaf], sizes: Sequence[int]) -> Iterator[SetReading]:
    """Arrays without names: in the order of the layers, W and b in turn, or the one kind after the other."""
    depth, count = len(sizes) - 1, len(leaves)
    for words, sure, slots in _slots([leaf.path for leaf in leaves], depth, count):
        items = [
            NamedArray(leaf, gradient(symbol, layer, sizes))
            for leaf, (symbol, layer) in zip(leaves, slots, strict=True)
        ]
        yield SetReading(tuple(items), words, sure)
    raised = f"{count} arrays"
    due = f"{2 * depth} arrays (W_1, b_1, … W_{depth}, b_{depth}) or {depth} (W_1 … W_{depth})"
    if not any(True for _ in _slots([leaf.path for leaf in leaves], depth, count)):
        raise InputError("gradients", f"{due}, or a name for each", raised)


Slot = tuple[str, int]


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
    if count == depth:
        yield "one array a layer, its W", True, [("W", layer) for layer in layers]
        yield f"one array a layer, its W,{back}", False, [("W", layer) for layer in layers[::-1]]
        yield "one array a layer, its b", False, [("b", layer) for layer in layers]
    if count in (1, 2) and depth != count:
        for layer in layers:
            yield f"W and b of layer {layer}", False, [("W", layer), ("b", layer)][:count]
        if count == 1:
            for layer in layers:
                yield f"b of layer {layer}", False, [("b", layer)]


def of_one(leaf: Leaf, sizes: Sequence[int]) -> Iterator[SetReading]:
    """One array without a name: all parameters as one vector, else the W of a layer that has its shape."""
    depth = len(sizes) - 1
    array = leaf.value
    shapes = {("W", i): (sizes[i], sizes[i - 1]) for i in range(1, depth + 1)}
    shapes |= {("b", i): (sizes[i],) for i in range(1, depth + 1)}
    layers = range(1, depth + 1)
    flat = [
        ("W and b in turn", True, [(s, i) for i in layers for s in "Wb"]),
        ("b and W in turn", False, [(s, i) for i in layers for s in "bW"]),
        ("first all W, then all b", False, [(s, i) for s in "Wb" for i in layers]),
        ("first all b, then all W", False, [(s, i) for s in "bW" for i in layers]),
        ("each layer's b as a column of its W", False, [("+", i) for i in layers]),
        ("the W alone", True, [("W", i) for i in layers]),
        ("W and b in turn from the output back", False, [(s, i) for i in reversed(layers) for s in "Wb"]),
    ]
    sized = {slot: int(np.prod(shape)) for slot, shape in shapes.items()}
    sized |= {("+", i): sizes[i] * (sizes[i - 1] + 1) for i in layers}
    if array.ndim <= 1 or 1 in array.shape:
        for words, sure, slots in flat:
            if sum(sized[slot] for slot in slots) != array.size or (len(slots) == 1 and depth > 1):
                continue
            items, start = [], 0
            for symbol, layer in slots:
                size = sized[symbol, layer]
                part = leaf._replace(value=array.ravel()[start : start + size])
                items.append(NamedArray(part, gradient("W" if symbol == "+" else symbol, layer, sizes)))
                start += size
            said = f"one vector of all parameters, {words}" if len(slots) > 1 else ""
            yield SetReading(tuple(items), said, sure)
    fitting = [
        slot
        for slot, shape in shapes.items()
        if array.size == int(np.prod(shape)) or (slot[0] == "W" and array.size == sized["+", slot[1]])
    ]
    fitting = [slot for slot in fitting if array.ndim > 1 or slot[0] == "b" or sized[slot] != sizes[slot[1]]]
    for symbol, layer in fitting:
        yield SetReading(
            (NamedArray(leaf, gradient(symbol, layer, sizes)),), f"the array is dL/d{symbol}_{layer}", True
        )
    if not fitting:
        total = sum(W * m + m for W, m in zip(sizes, sizes[1:], strict=False))
        due = f"{WHAT.partition(', such')[0]} by name, or one vector of {total} numbers (W_1, b_1, W_2, …)"
        if not any(sum(sized[slot] for slot in slots) == array.size for _, _, slots in flat):
            raise InputError("gradients", due, f"one array of shape {array.shape}")
