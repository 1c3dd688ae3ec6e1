"""Other ways to read the names of a sheet than one that is given: those of which its names speak, and all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from chainrule.network.words import CHANGE, WORDS
from chainrule.sheets.names.naming import BIASES, LAYERS, UNITS, WEIGHTS, Naming
from chainrule.sheets.names.plain import Operand
from chainrule.sheets.names.surfaces import WEAK, Item, Surface, kinds, surface


def joined(naming: Naming, others: Sequence[Naming]) -> Naming:
    """This naming with what others have otherwise; of two that differ in one thing the first counts."""
    changed: dict[str, str] = {}
    words = dict(naming.words)
    for other in others:
        for field_name in ("units", "weights", "biases", "deltas", "layers"):
            if getattr(other, field_name) != getattr(naming, field_name):
                changed.setdefault(field_name, getattr(other, field_name))
        for word, kind in other.words.items():
            if naming.words.get(word) != kind and words.get(word) == naming.words.get(word):
                words[word] = kind
    return replace(naming, **changed, words=words, _known={})  # type: ignore[arg-type]


def suggested(naming: Naming, operands: set[Operand] | frozenset[Operand]) -> Iterator[Naming]:
    """Namings of which single names speak: a layer behind the last is one of an author who counts the inputs."""
    found = [s for s in map(surface, operands) if s is not None]
    layered = any(s.word == "w" and s.layer is not None and len(s.items) == 2 for s in found)
    beyond = [s for s in found if s.layer is not None and not s.layer.letter and s.layer.number == naming.depth + 1]
    if beyond:
        of_weights = any(kinds(s)[:1] in (("W",), ("b",)) for s in beyond)
        yield replace(naming, layers="inputs" if of_weights else "units", _known={})
    elif layered:
        yield replace(naming, layers="to", _known={})
    if any(s.layer is None and s.items and s.items[0] == Item("", str(naming.depth + 1)) for s in found if _is_unit(s)):
        for parameters in ("layer", "inputs"):
            way = replace(naming, units="inputs", weights=parameters, biases=parameters, _known={})
            yield way
            yield replace(way, words={"a": "h", **naming.words}, _known={})
    words = {s.word.lower() for s in found}
    yield from _turned(naming, words)
    yield from _by_number(naming, found, words)


#: what words mean to those who number all units through
NUMBERED = {
    **dict.fromkeys(("i", "in", "net", "s", "v", "u", "z"), "a"),
    **dict.fromkeys(("o", "out", "a", "y"), "h"),
    **dict.fromkeys(("t", "d", "target"), "y"),
    **dict.fromkeys(("err", "error", CHANGE), "δ"),
    "θ": "b",
}


def _by_number(naming: Naming, found: Sequence[Surface], words: set[str]) -> Iterator[Naming]:
    """Namings under which the units are numbered through the layers, where the highest number is that of the last."""
    numbers = [int(s.digits) for s in found if s.layer is None and len(s.items) == 1 and s.digits and _is_unit(s)]
    top, with_inputs = max(numbers, default=0), sum(naming.sizes)
    if top not in (with_inputs, with_inputs - naming.sizes[0]) or top <= naming.depth:
        return
    words = words - ({"y"} if not words & {"t", "d", "target"} else set())
    pre = words & {"i", "in", "net", "s", "v", "u", "z"}
    chosen = {word: kind for word, kind in NUMBERED.items() if word in words and not (word == "a" and not pre)}
    way = "nodes" if top == with_inputs else "through"
    for weights in ("from_nodes", "nodes") if way == "nodes" else ("unit",):
        yield replace(naming, units=way, weights=weights, biases=way, words={**naming.words, **chosen}, _known={})


def is_output(operand: Operand) -> bool:
    """Whether a name is one of an activation, or of the output, other than a."""
    found = surface(operand)
    return found is not None and found.word != "a" and kinds(found)[:1] in (("h",), ("yhat",))


def _is_unit(s: Surface) -> bool:
    return bool({"a", "h", "δ"} & set(kinds(s)))


#: words -> what they mean to those who write all of them
TOGETHER: dict[tuple[str, ...], tuple[dict[str, str], ...]] = {
    ("a", "z"): ({"a": "a", "z": "h"},),
    ("a", "in"): ({"a": "h", "in": "a"},),
    ("y", "t"): ({"y": "yhat", "t": "y"}, {"y": "h", "t": "y"}),
    ("y", "d"): ({"y": "yhat", "d": "y"}, {"y": "h", "d": "y"}),
    ("y", "v"): ({"y": "h", "v": "a"},),
    ("i", "o"): ({"i": "a"},),
    ("v", "c"): ({"v": "W", "c": "b"},),
}


def _turned(naming: Naming, words: set[str]) -> Iterator[Naming]:
    """Namings under which several words mean what they do to those who write them together."""
    pairs = [ways for pair, ways in TOGETHER.items() if words.issuperset(pair)]
    found = [way for ways in pairs for way in ways]
    if len(pairs) > 1:
        found += [{word: kind for way in one for word, kind in way.items()} for one in product(*pairs)]
    for way in found:
        if way.items() - naming.words.items():
            yield replace(naming, words={**naming.words, **way}, _known={})


def alternatives(naming: Naming, operands: set[Operand], met: frozenset[Operand] = frozenset()) -> Iterator[Naming]:
    """Namings that differ from this one in one way that these names tell apart; ``met`` are all names of the sheet."""
    found = [s for s in map(surface, operands) if s is not None]
    by_kind: dict[str, set[int]] = {}
    for s in found:
        for kind in naming.kinds_of(s) if s.layer is None else ():
            by_kind.setdefault(kind, set()).add(len(s.items))
    if any(s.layer is not None for s in found):
        for layers in LAYERS:
            if layers != naming.layers:
                yield replace(naming, layers=layers, _known={})
    yield from _turned(naming, {s.word.lower() for s in found})
    counted = any(1 in by_kind.get(kind, ()) for kind in ("a", "h", "δ"))
    none = any(0 in by_kind.get(kind, ()) for kind in ("a", "h", "δ"))
    if none and not counted and 1 in by_kind.get("b", ()):  # Z = X W_1 + b_1 of the hidden layer
        yield replace(naming, units="hidden", _known={})
    if counted or none:
        for units in UNITS:
            if units not in (naming.units, "inputs"):
                yield replace(naming, units=units, biases="shared" if naming.shared else units, _known={})
    if 1 in by_kind.get("δ", ()):
        for deltas in ("output", "hidden"):
            if deltas not in (naming.deltas, naming.units):
                yield replace(naming, deltas=deltas, _known={})
    if 1 in by_kind.get("b", ()):
        for biases in BIASES:
            if biases not in (naming.biases, "inputs"):
                yield replace(naming, biases=biases, _known={})
    if by_kind.get("W", set()) & {1, 2}:
        for weights in WEIGHTS:
            if weights not in (naming.weights, "inputs"):
                yield replace(naming, weights=weights, _known={})
    for word in sorted({s.word.lower() for s in found} - {"a"}):  # what a is, the names beside it say
        options = WORDS.get(word, ())
        now = naming.words.get(word, options[0] if options and word not in WEAK else "")
        for kind in (*options, *([""] if word in WEAK else [])):
            if kind == "h" and word == "z" and any(map(is_output, met)):
                continue  # it comes before what has a name of its own
            if kind != now and not (word == "y" and kind == "h"):  # that only with t or d beside it
                yield replace(naming, words={**naming.words, word: kind}, _known={})
