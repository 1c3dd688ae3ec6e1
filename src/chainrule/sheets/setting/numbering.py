"""Which weight a number goes to, by the name it has: numbered through, ``W_211``, ``w_12^1``, ``v_1``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, product

from chainrule.sheets.names.naming import Naming
from chainrule.sheets.setting.facts import parameter

Matrix = list[list[float]]
_BIASES = ("b", "B", "bias", "Bias", "c")
#: how two indices of a weight count (``Naming.weights``), and what to tell of it
_SCHEMES = {
    "unit": "units are numbered through: w_ij goes to unit i from the j-th before it",
    "to_unit": "units are numbered through: w_ij goes from the i-th before it to unit j",
    "from_nodes": "units are numbered through, the inputs too: w_ij goes from unit i to unit j",
    "nodes": "units are numbered through, the inputs too: w_ij goes to unit i from unit j",
}


def is_bias(key: str) -> bool:
    """Whether a name is one of a bias."""
    match = parameter(key)
    return match is not None and match["letter"] in _BIASES


def is_weight(key: str) -> bool:
    """Whether a name is one of a weight or of weights."""
    match = parameter(key)
    return match is not None and match["letter"] not in _BIASES


def indices(key: str) -> tuple[int, ...]:
    """The indices of a parameter's name, the one above the line first."""
    match = parameter(key)
    assert match is not None
    return digits((match["above"] or "") + (match["below"] or match["behind"] or ""))


def digits(written: str) -> tuple[int, ...]:
    """The indices that digits stand for: one each, where no comma parts them."""
    return tuple(map(int, written.split(","))) if "," in written else tuple(map(int, written))


def between(key: str) -> tuple[int, ...]:
    """Layer, unit and unit before of a weight that has both in its name, ``w_{x1h2}``; () for another name."""
    match = parameter(key)
    if match is None or match["source"] is None:
        return ()
    source, unit = match["source"].lower(), match["unit"].lower()
    ends = match["ends"] or ""  # w_ih12 goes from i1 to h2
    first, second = ends[:1] or source[1:] or 1, ends[1:] or unit[1:] or 1
    return (2 if source[0] == "h" else 1, int(second), int(first))


def of_units(keys: Sequence[str], depth: int) -> dict[str, tuple[int, int]]:
    """Layer and unit of each bias that has its unit in its name: ``b_{h1}``, ``b_o1``."""
    named = {key: match["of"].lower() for key in keys if (match := parameter(key)) and match["of"]}
    return {key: (1 if unit[0] == "h" else depth, int(unit[1:])) for key, unit in named.items()}


def order(key: str) -> tuple[int, ...]:
    """What sorts the names of matrices: V behind W, then by their indices."""
    match = parameter(key)
    assert match is not None
    return (match["letter"] in "VvUu", *indices(key))


def layers_before(keys: Sequence[str]) -> int:
    """How many layers an author counts before the first that has weights: 1 where the inputs are his layer 1."""
    layers = set()
    for key in filter(is_weight, keys):
        match, index = parameter(key), indices(key)
        if match is None or not index or (match["above"] is None and len(index) == 2):
            return 0
        layers.add(index[0])
    return 1 if layers and min(layers) == 2 and layers == set(range(2, len(layers) + 2)) else 0


def bias_places(keys: Sequence[str], units: Sequence[int], inputs: int) -> dict[str, tuple[int, int]]:
    """Layer and unit of each bias that is given unit by unit; none where one is given for a layer.

    Counted through the layers, with the inputs or without; or b_1, b_2 of the hidden units beside c of the output.
    """
    index = {key: indices(key) for key in keys}
    of_output = [key for key in keys if key[0] == "c"]
    if of_output and len(units) == 2:
        others = [key for key in keys if key not in of_output]
        numbered = {key: (2, *index[key]) for key in of_output}
        if len(others) == units[0]:
            numbered |= {key: (1, *index[key]) for key in others}
        return {key: (place[0], place[1]) for key, place in numbered.items() if len(place) == 2}
    if len(keys) != sum(units) or not all(len(one) == 1 for one in index.values()):
        return {}
    first = min(index[key][0] for key in keys)
    if first != inputs + 1 and sum(units) == len(units):
        return {}
    naming = Naming((inputs, *units))
    places = {key: naming.node(index[key][0], inputs=first == inputs + 1) for key in keys}
    return {key: place for key, place in places.items() if place is not None}


def assembled(
    numbers: dict[tuple[str, int, tuple[int, ...]], float], sizes: list[list[int]], inputs: int, outputs: int | None
) -> tuple[list[list[Matrix]], list[str]]:
    """The ways in which numbers with indices make matrices, the likeliest first, and what to tell of each."""
    found: list[tuple[list[Matrix], str]] = []
    alone: set[tuple[str, int, tuple[int, ...]]] = set()
    if any(letter == "w" and len(index) == 2 for letter, _, index in numbers):  # v_1, v_2 go into the one output
        alone = {key for key in numbers if key[0] == "v" and len(key[2]) == 1}
        numbers = {(k[0], k[1], (1, *k[2])) if k in alone else k: value for k, value in numbers.items()}
    keys = list(numbers)
    lengths = {len(index) for _, _, index in keys}
    layered = {above for _, above, _ in keys}
    two_letters = len({letter for letter, _, _ in keys}) == 2
    if lengths == {3} and layered == {0}:
        found += _placed({(k[0], k[1], k[2]): value for (_, _, k), value in numbers.items()}, "")
    elif lengths == {2} and (0 not in layered or two_letters):
        layers = {key: key[1] or (2 if key[0] == "v" else 1) for key in keys}
        to_from = {(layers[k], k[2][0], k[2][1]): value for k, value in numbers.items()}
        into_output = {(layers[k], 1, k[2][1]) for k in ((k[0], k[1], (1, *k[2])) for k in alone)}
        from_to = {place if place in into_output else (place[0], place[2], place[1]): value
                   for place, value in to_from.items()}  # fmt: skip
        found += _placed(from_to, "w_ij goes from unit i to unit j" if 0 not in layered else "")
        found += _placed(to_from, "w_ij goes to unit i from unit j")
    elif lengths == {2}:
        for shape, (scheme, note) in product(sizes, _SCHEMES.items()):
            naming = Naming(tuple(shape), weights=scheme)
            places = {index: naming.weight(index) for _, _, index in keys}
            by_unit = {(q.layer, *q.index): numbers[key] for key in keys if (q := places[key[2]]) and q.layer}
            if len(by_unit) == len(numbers):
                found += _placed(by_unit, note)  # type: ignore[arg-type]
        if into := third_into_output([index for _, _, index in keys], inputs):
            found += _placed({into[k[2]]: value for k, value in numbers.items()}, INTO_OUTPUT)
        found += _placed({(1, k[2][0], k[2][1]): value for k, value in numbers.items()}, "")
        found += _placed(
            {(1, k[2][1], k[2][0]): value for k, value in numbers.items()}, "w_ij goes from unit i to unit j"
        )
    elif lengths == {1, 2} and layered == {0}:  # w_11 … of the hidden units, w_1, w_2 into the one output
        last = {(2, 1, k[2][0]): value for k, value in numbers.items() if len(k[2]) == 1}
        first_layer = {(1, k[2][0], k[2][1]): value for k, value in numbers.items() if len(k[2]) == 2}
        turned = {(1, j, m): value for (_, m, j), value in first_layer.items()}
        found += _placed({**first_layer, **last}, "w_ij goes to hidden unit i from input j, w_i to the output")
        found += _placed({**turned, **last}, "w_ij goes from input i to hidden unit j, w_j to the output")
    elif lengths <= {0, 1, 2} and 0 not in layered:
        found += _by_layers(numbers)
    if not found and all(_through(keys, letter) for letter in {k[0] for k in keys}):
        # w of the hidden layer, v of the output
        ordered = [numbers[k] for k in sorted(keys, key=lambda k: (k[0] == "v", _as_number(k[2])))]
        for shape in sizes:
            for arrows in _directions(len(shape) - 1):
                weights, at = [], 0
                for (j, m), by_arrows in zip(pairwise(shape), arrows, strict=True):
                    part = ordered[at : at + m * j]
                    weights.append([part[i::m] if by_arrows else part[i * j : (i + 1) * j] for i in range(m)])
                    at += m * j
                if at == len(ordered) and all(weights != others for others, _ in found):
                    found.append((weights, f"{_called(keys)} are numbered {_in_words(arrows)}"))
    fitting = [(W, note) for W, note in found if chains(W, inputs) and outputs in (None, len(W[-1]))]
    return [W for W, _ in fitting], [note for _, note in fitting]


#: how two indices of a weight count to those who have w_3j for the weights into the output behind two hidden units
INTO_OUTPUT = "w_ij goes from input i to hidden unit j, those with the highest i to the output"


def third_into_output(indices: Sequence[tuple[int, ...]], inputs: int) -> dict[tuple[int, ...], tuple[int, int, int]]:
    """Layer, unit and unit before of each weight under ``INTO_OUTPUT``; {} where the indices are others."""
    top = max(i for i, _ in indices)
    hidden = sorted(j for i, j in indices if i == top)
    first = {(i, j) for i in range(1, inputs + 1) for j in hidden}
    if top not in (inputs + 1, len(hidden) + 1) or top <= inputs or hidden != list(range(1, len(hidden) + 1)):
        return {}
    if {(i, j) for i, j in indices if i != top} != first:
        return {}
    return {(i, j): (2, 1, j) if i == top else (1, j, i) for i, j in indices}


def names_into_output(indices: Sequence[tuple[int, ...]], inputs: int) -> dict[str, str]:
    """What the weights are called under ``INTO_OUTPUT``, and what they are: no way to read all names says it."""
    places = third_into_output(indices, inputs).items()
    return {f"w{line}{i}{j}": "W_" + "".join(map(str, place)) for (i, j), place in places for line in ("", "_")}


def _by_layers(numbers: dict[tuple[str, int, tuple[int, ...]], float]) -> Iterator[tuple[list[Matrix], str]]:
    """The matrices of numbers that all have their layer: with two indices, one, or none.

    One index counts the units before a single one, or those behind a single one: only one of them fits.
    """
    layers = sorted({above for _, above, _ in numbers})
    ways: list[list[dict[tuple[int, int], float]]] = []
    for i in layers:
        own = {index: value for (_, above, index), value in numbers.items() if above == i}
        pairs = {len(index) for index in own}
        if pairs == {2}:
            to_from = {(index[0], index[1]): value for index, value in own.items()}
        elif pairs == {1}:
            to_from = {(1, index[0]): value for index, value in own.items()}
        elif pairs == {0}:
            to_from = dict.fromkeys([(1, 1)], own[()])
        else:
            return
        ways.append([to_from, {(j, m): value for (m, j), value in to_from.items()}])
    for turned in product((0, 1), repeat=len(ways)):
        entries = {(i, m, j): value for i, (way, turn) in enumerate(zip(ways, turned, strict=True), 1)
                   for (m, j), value in way[turn].items()}  # fmt: skip
        yield from _placed(entries, "")


def _directions(layers: int) -> Iterator[tuple[bool, ...]]:
    """For each layer whether its weights are numbered by the arrows: of none, of all, of some where there are few."""
    yield (False,) * layers
    yield (True,) * layers
    if layers <= 3:
        yield from (ways for ways in product((False, True), repeat=layers) if len(set(ways)) == 2)


def _in_words(arrows: tuple[bool, ...]) -> str:
    if len(set(arrows)) < 2:
        by_arrows, by_rows = (
            "by the arrows: first all out of the first input",
            "row by row: first all into the first unit",
        )
        return by_arrows if arrows[0] else by_rows
    return ", ".join(f"{'by the arrows' if by else 'row by row'} into layer {i}" for i, by in enumerate(arrows, 1))


def _called(keys: Sequence[tuple[str, int, tuple[int, ...]]]) -> str:
    return f"w1 … w{len(keys)}"


def _as_number(index: tuple[int, ...]) -> int:
    return int("".join(map(str, index)) or 0)


def _through(keys: Sequence[tuple[str, int, tuple[int, ...]]], letter: str) -> bool:
    """Whether the weights of a letter are numbered 1, 2, 3, …, with no layer above the line."""
    numbers = sorted(_as_number(index) for one, above, index in keys if one == letter and not above)
    return not any(above for _, above, _ in keys) and numbers == list(range(1, len(numbers) + 1))


def _placed(entries: dict[tuple[int, int, int], float], note: str) -> Iterator[tuple[list[Matrix], str]]:
    """The matrices of entries (layer, unit, unit before), if none is missing."""
    weights: list[Matrix] = []
    for layer in range(1, max(i for i, *_ in entries) + 1):
        own = {(m, j): value for (i, m, j), value in entries.items() if i == layer}
        rows, columns = (max((k[axis] for k in own), default=0) for axis in (0, 1))
        if not own or len(own) != rows * columns or min(min(k) for k in own) < 1:
            return
        weights.append([[own[m, j] for j in range(1, columns + 1)] for m in range(1, rows + 1)])
    if sum(len(W) * len(W[0]) for W in weights) == len(entries):
        yield weights, note


def chains(weights: list[Matrix], inputs: int) -> bool:
    """Whether each matrix has a column for each unit before it."""
    widths = [inputs, *(len(W) for W in weights)]
    return all(len(W[0]) == width for W, width in zip(weights, widths, strict=False))


def turned_ways(read: list[Matrix], inputs: int) -> Iterator[list[Matrix]]:
    """The matrices with some of them turned round, so that they fit."""
    ways: list[tuple[list[Matrix], int]] = [([], inputs)]
    for W in read:
        grown = []
        for before, width in ways[:64]:
            columns = [list(column) for column in zip(*W, strict=True)]
            for way in [W] if columns == W else [W, columns]:
                if len(way[0]) == width:
                    grown.append(([*before, way], len(way)))
        ways = grown
    yield from (way for way, _ in ways)
