"""Weights and biases as people give them: matrices in either direction, rows alone, or numbers one by one.

Where more than one way of reading is left (units numbered row by row or by the arrows; a square matrix in either
direction), the numbers printed in the sheet decide: the way under which the forward pass comes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from chainrule.errors import InputError
from chainrule.sheets.setting.facts import Fact, Facts, parameter, with_thetas
from chainrule.sheets.setting.listed import one_by_one
from chainrule.sheets.setting.numbering import (
    INTO_OUTPUT,
    Matrix,
    assembled,
    between,
    bias_places,
    chains,
    digits,
    indices,
    is_bias,
    is_weight,
    layers_before,
    names_into_output,
    of_units,
    order,
    turned_ways,
)  # fmt: skip
from chainrule.sheets.setting.one_number import number
from chainrule.sheets.setting.sample import what_was_read
from chainrule.sheets.setting.shapes import MOST_LAYERS, sizes_of

Score = Callable[[list[Matrix], list[list[float]]], int]


@dataclass
class Parameters:
    """Matrices W_1 … W_L (a row for each unit), biases b_1 … b_L.

    Attributes:
        shared: layers, from 1, whose units have one bias between them.
        notes: what was assumed, for the report.
        bias_columns: they were given as matrices Θ, whose first columns are the biases.
        turned: the matrices were given as their transposes, a row for each unit of the layer before.
        names: what the weights are called -> their names here, where no naming says it.
    """

    weights: list[Matrix]
    biases: list[list[float]] = field(default_factory=list)
    shared: frozenset[int] = frozenset()
    notes: list[str] = field(default_factory=list)
    bias_columns: bool = False
    turned: bool = False
    names: dict[str, str] = field(default_factory=dict)


def parameters_of(facts: Facts, inputs: int, outputs: int | None, score: Score) -> Parameters:
    """The weights and biases of a sheet's facts.

    Args:
        inputs: numbers of one example. outputs: targets of one example, where they are known.
        score: how many digits of the sheet's printed numbers the forward pass gives with these weights and biases.

    Raises:
        InputError: none are given, or they do not fit together; in the words of the sheet.
    """
    facts = replace(facts, parameters=with_thetas(facts.parameters))
    reader = _Reader(facts, inputs, outputs, score)
    elsewhere = next((fact for key, fact in facts.parameters.items() if not is_bias(key)), None)
    if facts.layers and elsewhere is not None:
        due = "the weights in the layers, or outside of them"
        raise facts.refuse(elsewhere.called, due, "both", elsewhere.line)
    if any("W" in layer for layer in facts.layers):
        found = reader.matrices([reader.layer_matrix(i, layer) for i, layer in enumerate(facts.layers, 1)])
    elif facts.layers and any(is_weight(key) for layer in facts.layers for key in layer):
        found = reader.layers_of_singles()
    elif facts.layers:
        raise facts.refuse("layer 1", "W, its weights", "none")
    else:
        found = reader.by_names()
    if len(found.weights) > MOST_LAYERS:
        raise facts.refuse("layers", f"at most {MOST_LAYERS}", str(len(found.weights)))
    reader.biases(found)
    return found


def without_velocities(parameters: dict[str, Fact]) -> dict[str, Fact]:
    """The parameters without ``v = 0``, ``v_0 = 0`` and ``v_11 = 0`` beside w_11: velocities at rest."""
    started = [
        key
        for key, fact in parameters.items()
        if fact.value == 0
        and (
            key in ("v", "V", "u")
            or re.fullmatch(r"[vV]_?\{?0\}?", key)
            or (key[0] in "vV" and "w" + key[1:] in parameters)
        )
    ]
    return {key: fact for key, fact in parameters.items() if key not in started or len(parameters) == len(started)}


@dataclass
class _Reader:
    facts: Facts
    inputs: int
    outputs: int | None
    score: Score

    # ---- matrices

    def layer_matrix(self, i: int, layer: dict[str, Fact]) -> tuple[Fact, str]:
        """W of a layer of the header; written out one by one, its numbers row by row."""
        if "W" in layer:
            return layer["W"], f"W of layer {i}"
        numbers = [fact for key, fact in layer.items() if is_weight(key)]
        if not numbers:
            raise self.facts.refuse(f"layer {i}", "W, its weights", "none")
        values = [self.number(fact, f"{fact.called} of layer {i}") for fact in numbers]
        width = self.inputs if i == 1 else 0
        return Fact(_OneByOne(values, width), f"W of layer {i}", numbers[0].line), f"W of layer {i}"

    def layers_of_singles(self) -> Parameters:
        """Weights one by one in each layer: under names for the whole network, or anew in each."""
        names = [key for layer in self.facts.layers for key in layer if is_weight(key)]
        if len(set(names)) == len(names) and len(self.facts.layers) > 1:
            with suppress(InputError):
                return self.singles({key: fact for layer in self.facts.layers for key, fact in layer.items()})
        return self.matrices([self.layer_matrix(i, layer) for i, layer in enumerate(self.facts.layers, 1)])

    def matrices(self, given: list[tuple[Fact, str]]) -> Parameters:
        """The matrices, turned round where only that fits."""
        read: list[Matrix] = []
        width = self.inputs
        for fact, name in given:
            read.append(self.matrix(fact, name, width))
            width = len(read[-1]) if len(read[-1][0]) == width else len(read[-1][0])
        if chains(read, self.inputs):
            return Parameters(self.best([read, *self.with_squares_turned(read, given)]))
        ways = [way for way in turned_ways(read, self.inputs) if self.outputs in (None, len(way[-1]))]
        ways = ways or list(turned_ways(read, self.inputs))
        if not ways:
            raise self.misfit(read, given)
        all_turned = [[*map(list, zip(*W, strict=True))] for W in read]
        ways.sort(key=lambda way: way != all_turned)  # all in one direction, where nothing speaks against it
        weights = self.best(ways)
        turned = [str(i) for i, (W, raw) in enumerate(zip(weights, read, strict=True), 1) if raw != W]
        words = f"W of layer {_and(turned)} is read as its transpose (a row for each unit of the layer before): "
        notes = [words + "only that fits the inputs and layers"]
        return Parameters(weights, notes=notes, turned=weights == all_turned)

    def with_squares_turned(self, read: list[Matrix], given: list[tuple[Fact, str]]) -> Iterator[list[Matrix]]:
        """The square matrices turned round beside weights that are a flat list, which has no direction of its own."""
        flat = [
            isinstance(fact.value, list) and not any(isinstance(row, list) for row in fact.value) for fact, _ in given
        ]
        if any(flat) and all(one or len(W) == len(W[0]) for one, W in zip(flat, read, strict=True)):
            turned = [
                W if one else [list(row) for row in zip(*W, strict=True)] for one, W in zip(flat, read, strict=True)
            ]
            if turned != read:
                yield turned

    def with_bias_columns(self, given: list[tuple[Fact, str]]) -> Parameters | None:
        """Matrices Θ, or others of which the sheet says so, whose first column or row is the bias; None for others.

        They have one more column than there are units before.
        """
        first = self.facts.with_biases
        is_theta = all(name[0] in "θΘtT" for _, name in given)
        if not (first or is_theta) or any(map(is_bias, self.facts.parameters)):
            return None
        read, width = [], self.inputs
        for fact, name in given:
            read.append(self.matrix(fact, name, width + 1))
            if first == "row" and isinstance(fact.value, list) and isinstance(fact.value[0], list):
                read[-1] = [list(column) for column in zip(*read[-1], strict=True)]
            if len(read[-1][0]) != width + 1:
                return None
            width = len(read[-1])
        biases = [[row[0] for row in W] for W in read]
        what = f"the first {first} of each matrix" if first else "the first column of each Θ"
        note = f"{what} is the bias: it has one more than there are units before"
        return Parameters([[row[1:] for row in W] for W in read], biases, notes=[note], bias_columns=True)

    def matrix(self, fact: Fact, name: str, width: int) -> Matrix:
        """A matrix as written: rows, one row for one unit, one column for one input, or a number."""
        value = fact.value
        if isinstance(value, _OneByOne):
            return value.rows(width)
        if not isinstance(value, list):
            return [[self.number(fact, name)]]
        if value and not any(isinstance(row, list) for row in value):
            numbers = self.vector(fact, name)
            return [[n] for n in numbers] if width == 1 and len(numbers) > 1 else [numbers]
        rows = []
        for m, row in enumerate(value, 1):
            if not isinstance(row, list):
                raise self.facts.refuse(f"{name}, row {m}", "a row of numbers", repr(row), fact.line)
            rows.append(self.vector(Fact(row, fact.called, fact.line), f"{name}, row {m}"))
        if not rows or 0 in map(len, rows):
            raise self.facts.refuse(name, "a row of numbers for each unit", "none", fact.line)
        if len(set(map(len, rows))) > 1:
            got = "rows of " + ", ".join(str(len(row)) for row in rows)
            raise self.facts.refuse(name, "rows of one length", got, fact.line)
        return rows

    def misfit(self, read: list[Matrix], given: list[tuple[Fact, str]]) -> Exception:
        width, before = self.inputs, "each of the inputs x"
        for i, (W, (fact, name)) in enumerate(zip(read, given, strict=True), 1):
            if len(W[0]) != width:
                due = f"{width} column{'s' * (width > 1)}, one for {before}"
                return self.facts.refuse(name, due, str(len(W[0])), fact.line)
            width, before = len(W), f"each unit of layer {i}"
        return self.facts.refuse("W", "matrices that fit each other", "others")

    # ---- by names

    def by_names(self) -> Parameters:
        """``W_1 = [[…]]`` or ``w1 = 0.15`` without layers."""
        self.facts.parameters = one_by_one(without_velocities(self.facts.parameters), self.inputs)
        weights = {k: f for k, f in self.facts.parameters.items() if not is_bias(k)}
        if not weights:
            due = "its weights: W of each layer, or w1, w2, … one by one"
            raise self.facts.refuse("network", due, "none")
        if _are_layers(weights):
            given = [(fact, key) for key, fact in sorted(weights.items(), key=lambda kv: order(kv[0]))]
            return self.with_bias_columns(given) or self.matrices(given)
        if len(weights) == 1 and self.inputs == 1:
            ((name, fact),) = weights.items()
            return self.matrices([(fact, name)])
        return self.singles(self.facts.parameters)

    def singles(self, given: dict[str, Fact]) -> Parameters:
        """Weights one by one: each number under a name with indices."""
        numbers: dict[tuple[str, int, tuple[int, ...]], float] = {}
        before = layers_before([key for key in given if len(indices(key)) > 2]) if len(given) > 1 else 0
        for key, fact in given.items():
            match = parameter(key)
            if match is None or not is_weight(key):
                continue
            if place := between(key):
                numbers["w", 0, place] = self.number(fact, key)
                continue
            letter = "v" if match["letter"] in "VvUu" else "w"
            below = digits(match["below"] or match["behind"] or "")
            above = int(match["above"] or 0)
            if before and not above:
                below = (below[0] - before, *below[1:])
            numbers[letter, above - before if above else 0, below] = self.number(fact, key)
        ways, notes = assembled(numbers, self.sizes(len(numbers)), self.inputs, self.outputs)
        if not ways:
            due = "weights whose names say where each goes (w1 … w8 row by row, W_211, w_12^1), one for each"
            got = f"{len(numbers)} for {self.inputs} inputs and {self.outputs or 'unknown'} outputs"
            raise self.facts.refuse("weights", due, f"{got}; read were {what_was_read(self.facts)}")
        weights = self.best(ways)
        note = notes[ways.index(weights)] if len(ways) > 1 or "through" in notes[0] else ""
        called = names_into_output([key[2] for key in numbers], self.inputs) if note == INTO_OUTPUT else {}
        return Parameters(weights, notes=[note] if note else [], names=called)

    def sizes(self, count: int) -> list[list[int]]:
        """The sizes that so many weights can have: as said, none hidden, or one hidden layer."""
        said = self.facts.value("sizes")
        if isinstance(said, list) and all(isinstance(n, int) and n > 0 for n in said):
            return [said if said[:1] == [self.inputs] and len(said) > 1 else [self.inputs, *said]]
        singles = [k for k, f in self.facts.parameters.items() if is_bias(k) and not isinstance(f.value, list)]
        return sizes_of(count, self.inputs, self.outputs, singles)

    def best(self, ways: list[list[Matrix]]) -> list[Matrix]:
        """The way under which most of the printed numbers come out; the first of those that are as good."""
        if len(ways) == 1:
            return ways[0]
        found: list[tuple[list[Matrix], list[list[float]]]] = []
        for way in ways:
            try:
                found.append((way, self.guess_biases(way)))
            except InputError:  # its layers are not those that have biases
                if way is ways[-1] and not found:
                    raise
        return max(found, key=lambda wb: self.score(*wb))[0]

    def guess_biases(self, weights: list[Matrix]) -> list[list[float]]:
        found = Parameters(weights)
        self.biases(found)
        return found.biases

    # ---- biases

    def biases(self, found: Parameters) -> None:
        """The biases of the layers, given as lists, as one number for a layer, or one by one."""
        units = [len(W) for W in found.weights]
        if not found.biases:
            found.biases = [[0.0] * n for n in units]
        shared: set[int] = set()
        named = {k: f for k, f in self.facts.parameters.items() if is_bias(k)}
        for i, layer in enumerate(self.facts.layers, 1):
            singles = [f for k, f in layer.items() if k not in ("W", "b", "activation") and is_bias(k)]
            if "b" in layer:
                self.one_bias(found, i, layer["b"], f"b of layer {i}", shared)
            elif len(singles) == 1:
                self.one_bias(found, i, singles[0], singles[0].called, shared)
            elif singles:
                listed = Fact([f.value for f in singles], singles[0].called, singles[0].line)
                self.one_bias(found, i, listed, f"b of layer {i}", shared)
        with_layers = [k for k, f in self.facts.parameters.items() if isinstance(f.value, list) or len(indices(k)) > 2]
        before = layers_before(with_layers)
        indexed = {k: (index[0] - before, *index[1:]) if (index := indices(k)) else () for k in named}
        numbers = [k for k, fact in named.items() if not isinstance(fact.value, list)]
        lettered = of_units(numbers, len(units))
        places = bias_places([k for k in numbers if k not in lettered], units, self.inputs) | lettered
        for key, fact in named.items():
            index = indexed[key]
            if key in places or (key in numbers and len(index) == 2):
                where = places.get(key) or (index[0], index[1])
                if not (1 <= where[0] <= len(units) and 1 <= where[1] <= units[where[0] - 1]):
                    raise self.facts.refuse(key, f"a bias of one of {sum(units)} units", key, fact.line)
                found.biases[where[0] - 1][where[1] - 1] = self.number(fact, key)
                continue
            layer_number = len(units) if key == "c" else index[0] if index else 1
            if len(index) > 1 or not 1 <= layer_number <= len(units) or (not index and key != "c" and len(units) > 1):
                raise self.facts.refuse(key, f"a bias of one of {len(units)} layers, such as b_1", key, fact.line)
            self.one_bias(found, layer_number, fact, key, shared)
        found.shared = frozenset(shared)

    def one_bias(self, found: Parameters, i: int, fact: Fact, name: str, shared: set[int]) -> None:
        """The bias of layer i: a list, or one number for all its units."""
        if i > len(found.weights):
            raise self.facts.refuse(name, f"at most {len(found.weights)} layers, as the weights", str(i), fact.line)
        units = len(found.weights[i - 1])
        if not isinstance(fact.value, list):
            found.biases[i - 1] = [self.number(fact, name)] * units
            shared |= {i} if units > 1 else set()
            return
        value = fact.value
        if (
            value
            and all(isinstance(row, list) for row in value)
            and (len(value) == 1 or all(len(r) == 1 for r in value))
        ):
            value = [one for row in value for one in row]  # a row or a column
        numbers = self.vector(Fact(value, fact.called, fact.line), name)
        if len(numbers) != units:
            due = f"{units} number{'s' * (units > 1)}, one for each unit of the layer"
            raise self.facts.refuse(name, due, str(len(numbers)), fact.line)
        found.biases[i - 1] = numbers

    # ---- numbers

    def number(self, fact: Fact, name: str) -> float:
        return number(self.facts, fact, name)

    def vector(self, fact: Fact, name: str) -> list[float]:
        return [
            number(self.facts, Fact(one, fact.called, fact.line), f"{name}, number {i}")
            for i, one in enumerate(fact.value, 1)
        ]


class _OneByOne:
    """The weights of one layer in the order in which they are given."""

    def __init__(self, numbers: list[float], width: int) -> None:
        self.numbers, self.width = numbers, width

    def rows(self, width: int) -> Matrix:
        width = self.width or width
        if len(self.numbers) % width:
            return [self.numbers]
        return [self.numbers[i : i + width] for i in range(0, len(self.numbers), width)]


def _are_layers(weights: dict[str, Fact]) -> bool:
    """Whether each name has all weights of a layer: a matrix or a row, or a number beside those of other layers."""
    lists = [isinstance(fact.value, list) for fact in weights.values()]
    return all(lists) or (any(lists) and set(weights) == {f"W_{i}" for i in range(1, len(lists) + 1)})


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
