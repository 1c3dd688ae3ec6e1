"""Names of a set: all readings of what they count, the likeliest first.

A name alone does not say what its number counts: layers from 1, from 0, or whatever stands between them too (the
modules of a Sequential). So every reading of the whole set is listed here; shapes and numbers choose (``choice``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, islice, product

from chainrule.errors import InputError
from chainrule.gradcheck.given.containers import Leaf
from chainrule.gradcheck.given.names import Label, at_zero, read_label
from chainrule.gradcheck.given.readings import NamedArray, SetReading
from chainrule.network import names as notation
from chainrule.network.names import LOSS, Derivative, Name, Quantity

WAYS = 24  # of giving layers to a set that has fewer of them


def is_named(leaf: Leaf) -> bool:
    """Whether a key leads to an array, and no position alone."""
    return any(isinstance(part, str) for part in leaf.path)


def by_name(leaves: Sequence[Leaf], sizes: Sequence[int]) -> Iterator[SetReading]:
    """Every reading of a set with names.

    Raises:
        InputError: a name that means nothing here.
    """
    nameless = next((leaf for leaf in leaves if not is_named(leaf)), None)
    if nameless is not None:
        raise InputError(nameless.name, "a name, as the other arrays have", "a position alone")
    labels = _biases_at_zero(leaves, [read_label(leaf.path) for leaf in leaves])
    depth = len(sizes) - 1
    numbered = _with_one_number(labels)
    letters = list(_letters(numbered))
    seen = False
    for words, sure, layers in _numberings(numbered, depth):
        for chosen in letters:
            quantities = [_quantity(label, layer, sizes) for label, layer in zip(chosen, layers, strict=True)]
            for each in _filled(quantities, chosen, sizes):
                seen = True
                items = (NamedArray(*one) for one in zip(leaves, each, chosen, strict=True))
                yield SetReading(tuple(items), words, sure)
    if not seen:
        wrong = next((label for label in labels if label.numbers), labels[0])
        raise InputError(f"gradients: name {wrong.name!r}", f"a name of {notation.existing(sizes)}", _layers_of(wrong))


def _biases_at_zero(leaves: Sequence[Leaf], labels: list[Label]) -> list[Label]:
    """The labels with biases where vectors are named as the weights of an input that is 1: ``w01`` beside ``W1``."""
    of = {label.name: label for label in labels}
    own = at_zero(of)
    vectors = {leaf.name for leaf in leaves if leaf.value.size == max(leaf.value.shape, default=1)}
    return [
        replace(of[own[label.name]], name=label.name, kinds=("b",), in_out=False)
        if label.name in own and label.kinds == of[own[label.name]].kinds == ("W",) and label.name in vectors
        else label
        for label in labels
    ]


def _layers_of(label: Label) -> str:
    return f"layer {label.numbers[-1]}" if label.numbers else "a name without a layer"


def _with_one_number(labels: list[Label]) -> list[Label]:
    """Of several numbers in each name the one that differs among the names counts layers; else they stay together."""
    layered = [label for label in labels if label.exact is None and label.numbers]
    lengths = {len(label.numbers) for label in layered}
    if lengths <= {1} or len(lengths) > 1:  # modules within modules: names in order, no number alone
        return labels
    columns = list(zip(*(label.numbers for label in layered), strict=True))
    differ = [i for i, column in enumerate(columns) if len(set(column)) > 1] or [len(columns) - 1]
    if len(differ) > 1:
        return labels
    return [replace(label, numbers=(label.numbers[differ[0]],)) if label in layered else label for label in labels]


def _letters(labels: list[Label]) -> Iterator[list[Label]]:
    """Every choice of what letters mean that may mean several things, the same throughout a set."""
    words = {label.kinds: None for label in labels if len(label.kinds) > 1}
    plain = any(not label.gradient and label.exact is None and not label.designed for label in labels)
    plain &= all(label.kinds[0] != "L" for label in labels)
    for gradients in (False, True) if plain else (False,):
        for choice in product(*words):
            meant = dict(zip(words, choice, strict=True))
            yield [
                replace(
                    label,
                    kinds=(meant.get(label.kinds, label.kinds[0]),),
                    gradient=label.gradient or (gradients and not label.designed),
                )
                for label in labels
            ]


Layers = list[int | None]


def _numberings(labels: list[Label], depth: int) -> Iterator[tuple[str, bool, Layers]]:
    """(what is said, whether it is the usual reading, the layer of each name) of every way of counting layers."""
    counted = [label for label in labels if label.numbers]
    designed, zero = any(label.designed for label in counted), any(0 in label.numbers for label in counted)
    modules = not designed and any(mark in label.name for label in counted for mark in "./[")
    whole = len({label.numbers for label in counted if label.parameter}) == depth
    ways: list[tuple[str, bool, Layers]] = []
    if all(len(label.numbers) == 1 for label in counted) and (counted or not any(label.key for label in labels)):
        from_1 = [label.numbers[-1] if label.numbers else None for label in labels]
        from_0 = [None if number is None else number + 1 for number in from_1]
        units = [label.kinds[0] in ("h", "a") for label in labels]
        mixed = [one if unit else other for unit, one, other in zip(units, from_1, from_0, strict=True)]
        ways.append(("", not modules or whole, from_1))
        if counted and (zero or not designed):
            ways.insert(0 if modules else 1, ("layers are counted from 0", whole or zero, from_0))
            ways.append(("layers are counted from 0, units with the inputs as 0", False, mixed))
    yield from ways
    if modules or not counted or any(label.key for label in counted):  # W9 counts layers, 9.weight modules
        yield from _orders(labels, depth)


def _orders(labels: list[Label], depth: int) -> Iterator[tuple[str, bool, Layers]]:
    """Layers by names in order: by their numbers, or as they stand in the set; from the inputs or the output on."""
    groups = [
        [i for i, label in enumerate(labels) if label.kinds[0] == "W" and label.exact is None],
        [i for i, label in enumerate(labels) if label.kinds[0] == "b" and label.exact is None],
        [i for i, label in enumerate(labels) if label.kinds[0] in ("a", "h") and label.exact is None],
    ]
    groups = [group for group in groups if group]
    if not groups:
        return
    keys = [_ordered([(labels[i].key, labels[i].numbers) for i in group]) for group in groups]
    ranks = [{key: rank for rank, key in enumerate(own)} for own in keys]
    longest = max(keys, key=len)
    shared = all(set(own) <= set(longest) for own in keys)
    if shared:
        ranks = [{key: rank for rank, key in enumerate(longest)}] * len(groups)
    counts = [len(longest)] * len(groups) if shared else [len(own) for own in keys]
    if max(counts) > depth:
        return
    spans = [list(islice(combinations(range(1, depth + 1), count), WAYS)) for count in counts]
    ways = zip(*spans, strict=True) if shared or len(set(counts)) == 1 else product(*spans)
    for chosen in islice(ways, WAYS):
        whole = all(len(one) == depth for one in chosen)
        for words, turn in (("layers are in the order of their names", 1), ("layers are from the output back", -1)):
            layers: Layers = [None] * len(labels)
            for group, rank, span in zip(groups, ranks, chosen, strict=True):
                for i in group:
                    layers[i] = span[::turn][rank[labels[i].key, labels[i].numbers]]
            yield words if max(counts) > 1 else "", whole and turn == 1, layers


_Key = tuple[tuple[str, ...], tuple[int, ...]]


def _ordered(keys: list[_Key]) -> list[_Key]:
    """Each once; sorted by their numbers where these alone differ."""
    once = list(dict.fromkeys(keys))
    return sorted(once, key=lambda key: key[1]) if len({words for words, _ in once}) == 1 else once


def _quantity(label: Label, layer: int | None, sizes: Sequence[int]) -> Name | None:
    """The quantity of a name in a layer; None where the network has none such."""
    (kind,) = label.kinds
    depth = len(sizes) - 1
    if label.exact is not None:
        exact = label.exact
        return notation.find(
            Derivative(LOSS, exact) if isinstance(exact, Quantity) and exact.symbol in "Wb" else exact, sizes
        )[0]
    if kind in ("x", "yhat", "L"):
        subject = Quantity(kind)
    elif kind == "logits":
        subject = Quantity("a", depth)
    elif layer is None:
        return Quantity(kind, None)  # of a layer that is still open
    else:
        subject = Quantity(kind, layer)
    try:
        return notation.resolve(Derivative(LOSS, subject) if label.gradient else subject, sizes)
    except InputError:
        return None


def _filled(quantities: list[Name | None], labels: list[Label], sizes: Sequence[int]) -> Iterator[list[Name]]:
    """The quantities with a layer for each that has none: the one layer there is, or each in turn."""
    depth = len(sizes) - 1
    if any(q is None for q in quantities):
        return
    open_ = [i for i, q in enumerate(quantities) if isinstance(q, Quantity) and q.layer is None and q.symbol in "Wbah"]
    for layer in range(depth, 0, -1) if open_ else (0,):
        filled = [q for q in quantities if q is not None]
        for i in open_:
            symbol, found = filled[i].subject.symbol, Quantity(filled[i].subject.symbol, layer)
            try:
                wanted = notation.resolve(Derivative(LOSS, found) if labels[i].gradient else found, sizes)
            except InputError:
                break
            if symbol == "h" and layer == depth:
                break
            filled[i] = wanted
        else:
            yield filled
