"""A sheet without a header: what its own first lines give of the network, and what its words say of the rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chainrule.sheets.setting.facts import WORDS, Fact, Facts, bare, by_letters, canonical, parameter
from chainrule.sheets.setting.numbering import indices, is_weight
from chainrule.sheets.setting.rate import CALLED, rate_in
from chainrule.sheets.setting.said import OF_OUTPUT, speaks_of_momentum
from chainrule.sheets.setting.said_losses import loss_named_in, states_loss
from chainrule.sheets.setting.sentences_given import told_weights, with_equal
from chainrule.sheets.setting.several import parted, with_wanted, without_words
from chainrule.sheets.setting.thresholds import with_biases
from chainrule.sheets.setting.uses import inputs_used, with_used
from chainrule.sheets.setting.values import FIRST, NUMBERED, Value, values
from chainrule.sheets.setting.zeroth import with_zeroth
from chainrule.sheets.writing.decimals import with_points
from chainrule.sheets.writing.tables import with_heads
from chainrule.system.patterns import regex

_VECTORS = {"x": "x", "i": "x", "input": "x", "t": "y", "d": "y", "yd": "y", "target": "y", "label": "y", "y": "y"}
_RATE = regex(rf"{CALLED}(?![A-Za-z])[^0-9\n=.*·×∂]{{0,30}}(?:=\s*)?\$?\s*(?<![A-Za-z_])([0-9]*\.?[0-9]+)")
_TARGET = regex(r"[tT](?:arget)?(?![A-Za-z])|d_?[1-9]")
_AGAINST_D = regex(
    r"\(\s*[yŷoYO]\w{0,4}\s*[-−]\s*[dD]\s*\)|\(\s*[dD]\s*[-−]\s*[yŷoYO]\w{0,4}\s*\)"
    r"|\bdesired (?:response|output|value)\s+\$?d\b"
    r"|=\s*[dD]\s*[-−]\s*[yŷoYO]_?[0-9]{0,2}\b"
    r"|\b(?:desired|target|desejad[ao]|desead[ao]|désirée?|desiderat[ao]|gewünschte\w?)\b[^.=\n]{0,20}(?<![\w\\])d\s*="
)  # so d is what is desired
_EXAMPLE = regex(r"(?P<word>[xyt])\^\{?\((?P<index>[1-9][0-9]?)\)\}?")
_SECOND = regex(r"[vV](?![A-Za-z])")  # the weights of the output, beside w
_SPOKEN_TARGET = regex(
    r"\b(?:target|label|desired output|true value)(?: (?:value|output))?(?:\s+\$?[ydt][_{}\w,]{0,6}\$?)?"
    r"\s*(?:is|of|=|:|\s)\s*\$?"
    r"(-?[0-9]*\.?[0-9]+)(?![0-9.]*(?:,\s*[0-9]|\s*=))",
    re.IGNORECASE,
)
_ONE_HOT = regex(r"\bone[- ]?hot\b[^\[\](\n]{0,30}?(?:=\s*)?[\[(]((?:\s*[01](?:\.0*)?\s*[,;]?)+)[\])]", re.IGNORECASE)
_SPOKEN_CLASS = regex(
    r"\b(?:true|correct|right|target|actual|ground[- ]truth|wahre|richtige)\s+(?:class|label|klasse)"
    r"(?:\s+(?:index|number))?\s*(?:is|of|ist|=|:)?\s*(?:class\s+|klasse\s+)?\$?([0-9]{1,3})(?![\w.]*[0-9])",
    re.IGNORECASE,
)
_NUMBER = regex(r"-?[0-9]*\.?[0-9]+")
_JOIN = r"\s*(?:,\s*(?:and\s)?|and\s|&|und\s|et\s|y\s|e\s)\s*"
_LIST = rf"({_NUMBER.pattern}(?:{_JOIN}{_NUMBER.pattern})+)(?!\s*[*·=]|\w|\.[0-9])"
_SPOKEN_INPUTS = regex(
    rf"\b(?:inputs|input values?|eingaben|eingabewerte|entr[ée]es|entradas|ingressi)\b[^0-9\n=.-]{{0,20}}{_LIST}",
    re.IGNORECASE,
)
_SPOKEN_TARGETS = regex(
    rf"\b(?:targets|(?:desired|target|expected|wanted) (?:outputs|values)|want[^.\n=]{{0,40}}\boutput)\b"
    rf"[^0-9\n=.-]{{0,20}}{_LIST}",
    re.IGNORECASE,
)
_INPUTS = regex(r"\binputs?\b(?! layer)", re.IGNORECASE)
#: the input is o = (1, 0.5)
_INPUT_CALLED = regex(r"\binput(?: vector| pattern)?(?: is|:)?\s+\$?([A-Za-z])\s*=\s*[(\[]", re.IGNORECASE)
_ZEROTH = regex(r"[ah]\^[(\[]?0[)\]]?_([1-9])|[ah]_([1-9])\^[(\[]0[)\]]")
_ACTIVATION = regex(r"[ahozu]_?([1-9])")
_OUTPUT_UNIT = regex(r"(?:o|out|output|y|yhat)_?([1-9])?")
_SPOKEN_INPUT = regex(
    r"\binput(?: value)?(?:\s+is|\s+of|\s*=|\s*:)?\s+\$?(-?[0-9]*\.[0-9]+|(?<=is )-?[0-9]+|(?<=[=:] )-?[0-9]+)"
    r"(?![0-9.]*(?:,\s*[-0-9]|\s*[*·]))",
    re.IGNORECASE,
)
_MODEL = regex(r"\s*[\w.]+\s*=\s*(?:torch\.|tf\.|keras\.)*(?:nn|keras|layers|optim|losses)\.\w+\(")  # no claim
_GREEK = {"α": "W_1", "alpha": "W_1", "β": "W_2", "beta": "W_2"}  # matrices of weights
_PARTS = regex(r"[,;]|\.\s")


def given_facts(lines: Sequence[str], sheet: str) -> tuple[Facts, tuple[str, ...]]:
    """What the lines of a sheet give: the first value of each input, target, weight and bias, and the learning rate.

    With them the lines, those empty that do nothing but give. A line gives a value where nothing is computed in it:
    ``w_1 = 0.15``, ``W^{(1)} = [[…]]``.
    """
    facts = Facts(sheet)
    lines = parted(with_heads(with_points(lines)))
    rest = list(lines)
    parts: dict[str, dict[int, Fact]] = {"x": {}, "y": {}, "t": {}}
    computed: set[int] = set()
    taken: set[int] = set()
    ends: dict[int, range] = {}
    found = list(values([with_wanted(with_equal(line)) for line in lines]))
    given = {one.name for one in found if one.value is not None}
    second = any(map(_SECOND.match, given)) or {"W", "w"} <= given
    means = {"d": "t", "D": "t"} if any(map(_AGAINST_D.search, lines)) else {}
    with_targets = any(map(_TARGET.match, (means.get(name, name) for name in given)))
    wanted = [one.value for one in found if one.value is not None and _TARGET.match(means.get(one.name, one.name))]
    for number, end, called, value in found:
        name = means.get(called, called)
        if called in ("output", "outputs") and isinstance(value, list) and _INPUTS.search(lines[number - 1]):
            name = "y"  # inputs=[2, 3] and output=[1]
        is_output, is_cost = with_targets and name[:1] in "yY" and value not in wanted, name[:1] == "c" and not second
        if with_targets and name[:1] in "yY" and isinstance(value, int | float) and not is_output:
            rest[number - 1] = _without(rest[number - 1], called)  # y = 4 beside t = 4: y is the output elsewhere
        ends.setdefault(number, range(number, end + 1))
        fact = None if value is None or is_output or is_cost else Fact(value, called, number)
        used = fact is not None and _take(facts, parts, name, fact)
        (taken if used else computed).update(range(number, end + 1))

    def only_given(units: dict[int, Fact]) -> None:
        """Leave out the lines that give these and compute nothing."""
        numbers = {fact.line for fact in units.values()}
        numbers -= {one.line for one in found if one.value is None}
        computed.difference_update(numbers)
        taken.update(numbers)

    if not (parts["t"] or parts["y"] or "y" in facts.known):
        parts["t"] |= (outputs := _outputs_given(found, lines))
        only_given(outputs)
    targets = parts["t"] or parts["y"]
    if "x" not in facts.known and not parts["x"]:  # a^{(1)} is what others call x
        first = next((f for f in found if FIRST.fullmatch(re.sub(r"\s", "", f.name)) and f.value is not None), None)
        if first is not None:
            facts.known["x"] = Fact(first.value, first.name, first.line)
    if "x" not in facts.known and not parts["x"] and (spoken_of := _INPUT_CALLED.search("\n".join(lines))):
        vector = next((f for f in found if f.name == spoken_of[1] and isinstance(f.value, list)), None)
        if vector is not None:
            facts.known["x"] = Fact(vector.value, vector.name, vector.line)
    if "x" not in facts.known and not parts["x"]:
        parts["x"] |= _said_inputs(found, lines)
    if "x" not in facts.known and not parts["x"]:
        parts["x"] |= (used_inputs := inputs_used(found, lines))
        facts.names |= {fact.called: Fact(f"x_{i}", fact.called) for i, fact in used_inputs.items()}
        only_given(used_inputs)
    for i, fact in parts["x"].items():
        if i and fact.called[:1] in "iI":  # i_1 is an input wherever it stands
            facts.names.setdefault(fact.called, Fact(f"x_{i}", fact.called))
    if set(parts["x"]) == {0}:  # x_0 = 1 is no input
        parts["x"].clear()
    _from_zero(facts, parts["x"])
    for name, units in (("x", parts["x"]), ("y", targets)):
        if units and name in facts.known and facts.known[name].line > max(unit.line for unit in units.values()):
            computed.update(ends[facts.known.pop(name).line])  # those of a further example
        if len(units) > 1 and name in facts.known and _is_said_again(facts.known[name], units):
            del facts.known[name]  # t = 0.5 (t1 = 0.5, t2 = 0.5)
        if units:
            listed = [units[i].value for i in sorted(units)]
            facts.known.setdefault(name, Fact(listed, name, min(unit.line for unit in units.values())))
    computed |= _entries(facts)
    if isinstance(inputs := facts.value("x"), list):
        with_zeroth(facts, len(inputs))
    thresholds = with_biases(facts, lines)
    for number in taken - computed:
        rest[number - 1] = thresholds.get(number, "")  # what is given claims nothing
    for at, line in enumerate(rest):
        if _MODEL.match(line):
            rest[at] = ""
        elif (at + 1 in taken or any(map(states_loss, _PARTS.split(line)))) and "$" not in line and "\\" not in line:
            rest[at] = without_words(line)
    if (desired := facts.known.get("y")) is not None and desired.called in ("D", "t", "T"):
        facts.names.setdefault(desired.called, Fact("y", desired.called))
    _of_greek(facts)
    if name := next(filter(None, map(loss_named_in, lines)), ""):
        facts.names.setdefault(name, Fact("L", name))
    told_weights(facts, lines)
    with_used(facts, found, lines)
    by_letters(facts, any(map(speaks_of_momentum, lines)))
    rate = _RATE.search("\n".join(lines))
    spoken = float(rate[1]) if rate is not None else rate_in(lines)
    if spoken is not None:
        facts.known.setdefault("learning_rate", Fact(spoken, "learning rate"))
    if "y" not in facts.known and (told := _ONE_HOT.search("\n".join(lines))):
        facts.known["y"] = Fact(_listed(told[1]), "targets")
    if "y" not in facts.known and (told := _SPOKEN_CLASS.search("\n".join(lines))):
        facts.known["y"] = Fact(int(told[1]), "target")
    is_class = any("softmax" in line.lower() for line in lines)
    target = _SPOKEN_TARGET.search("\n".join(lines))
    if "y" not in facts.known and (several := _SPOKEN_TARGETS.search("\n".join(lines))):
        facts.known["y"] = Fact(_listed(several[1]), "targets")
    if target is not None:
        facts.known.setdefault(
            "y", Fact(int(target[1]) if is_class and target[1].isdigit() else float(target[1]), "target")
        )
    return facts, tuple(rest)


def _without(line: str, name: str) -> str:
    """A line without the first number that it gives under a name; it keeps its length."""
    given = re.search(rf"(?<![\w\\]){re.escape(name)}\s*=\s*{_NUMBER.pattern}(?![\w.])(?!\s*[-+*/·×^=])", line)
    return line if given is None else line[: given.start()] + " " * len(given[0]) + line[given.end() :]


def _said_inputs(found: Sequence[Value], lines: Sequence[str]) -> dict[int, Fact]:
    """Inputs under another name, or none: ``Inputs a_1 = 1, a_2 = -1``, ``input 0.5``."""
    named: dict[int, Fact] = {}
    for one in found:
        bare = re.sub(r"[\s{}]", "", one.name)
        match = _ZEROTH.fullmatch(bare) or (_INPUTS.search(lines[one.line - 1]) and _ACTIVATION.fullmatch(bare))
        if match and isinstance(one.value, int | float):
            named.setdefault(int(match[match.lastindex or 1]), Fact(one.value, one.name, one.line))
    spoken = _SPOKEN_INPUTS.search("\n".join(lines))
    if not named and spoken is not None and "." in spoken[1]:  # inputs 1 and 2 may be numbers of units
        named = {i: Fact(one, "inputs") for i, one in enumerate(_listed(spoken[1]), 1)}
    elif not named and (spoken := _SPOKEN_INPUT.search("\n".join(lines))):
        named[1] = Fact(float(spoken[1]), "input")
    return named if sorted(named) == list(range(1, len(named) + 1)) else {}


def _is_said_again(fact: Fact, units: dict[int, Fact]) -> bool:
    """Whether one number is that of all units, which are given one by one as well."""
    return not isinstance(fact.value, list) and {one.value for one in units.values()} == {fact.value}


def _outputs_given(found: Sequence[Value], lines: Sequence[str]) -> dict[int, Fact]:
    """The outputs that a sheet gives above its weights, beside its inputs: ``Output data: o_1 = 0.01, o_2 = 0.99``."""
    first = next((one.line for one in found if one.value is not None and parameter(one.name) is not None), 0)
    named: dict[int, Fact] = {}
    for one in found:
        match = _OUTPUT_UNIT.fullmatch(re.sub(r"[\s{}]", "", one.name))
        said = match is not None and OF_OUTPUT.search(lines[one.line - 1].partition("=")[0])
        if match and said and one.line < first and isinstance(one.value, int | float):
            named.setdefault(int(match[1] or 1), Fact(one.value, one.name, one.line))
    return named if sorted(named) == list(range(1, len(named) + 1)) else {}


def _from_zero(facts: Facts, inputs: dict[int, Fact]) -> None:
    """One unit whose inputs and weights are counted from 0, ``w_0 x_0 + w_1 x_1 + w_2``: a last weight is the bias."""
    n = len(inputs)
    weights = {f"w{i}": facts.parameters.get(f"w{i}") or facts.parameters.get(f"w_{i}") for i in range(n + 1)}
    given = {key: fact for key, fact in weights.items() if fact is not None and not isinstance(fact.value, list)}
    if 0 not in inputs or sorted(inputs) != list(range(n)) or not n <= len(given) == len(facts.parameters):
        return
    meant = [f"W_11{i}" for i in range(1, n + 1)] + ["b_11"]
    called = [(f"w{i}", name) for i, name in enumerate(meant)] + [(f"x{i}", f"x_{i + 1}") for i in range(n)]
    for name, meaning in called:
        facts.names |= {written: Fact(meaning, written) for written in (name, f"{name[0]}_{name[1]}")}
    facts.parameters = {"b_1" if i == n else f"W_11{i + 1}": fact for i, fact in enumerate(given.values())}


def _of_greek(facts: Facts) -> None:
    """Beside α and β, the matrices of two layers, a, z and b are what the layers add up and give: a = α x, b = β z."""
    units = [facts.parameters.get(name) for name in ("W_1", "W_2")]
    greek = [fact is not None and bare(fact.called) in _GREEK for fact in units]
    if not all(greek):
        for name, is_greek in zip(("W_1", "W_2"), greek, strict=True):
            if is_greek:
                del facts.parameters[name]
        return
    for letter, means, fact in (("a", "a_1", units[0]), ("z", "h_1", units[0]), ("b", "a_2", units[1])):
        assert fact is not None
        names = {letter: means} | {f"{letter}_{i}": f"{means}{i}" for i in range(1, min(len(fact.value), 9) + 1)}
        for written, meant in names.items():
            facts.names.setdefault(written, Fact(meant, written))


def _listed(text: str) -> list[float]:
    return [float(one) for one in _NUMBER.findall(text)]


def _entries(facts: Facts) -> set[int]:
    """Leave out numbers w1, w2 behind a vector w, or behind all matrices: they are their entries, old or new.

    The lines that give them.
    """
    given, later = facts.parameters, []
    for letter in {"w", "W"} & set(given):
        if isinstance(given[letter].value, list):
            ones = [key for key, fact in given.items() if key[0] == letter and not isinstance(fact.value, list)]
            later += [key for key in ones if given[key].line > given[letter].line]
    weights = [key for key in given if is_weight(key) and key not in later]
    matrices = [key for key in weights if isinstance(given[key].value, list)]
    if any(isinstance(row, list) for key in matrices for row in given[key].value):
        last = max(given[key].line for key in matrices)
        layers = sorted(indices(key) for key in weights) == [(i,) for i in range(1, len(weights) + 1)]
        later += [key for key in weights if key not in matrices and given[key].line > last and not layers]
    return {given.pop(key).line for key in later}


def _take(facts: Facts, parts: dict[str, dict[int, Fact]], name: str, fact: Fact) -> bool:
    """Take a value that is given, if it is the first of its name and one that a header has."""
    word = canonical(name)
    stem = bare(name)
    numbered = NUMBERED.fullmatch(stem)
    single = not isinstance(fact.value, list)
    example = _EXAMPLE.fullmatch(re.sub(r"\s", "", name))
    if example is not None:  # x^{(2)}: one number or a list of the second example
        rows = fact.value if isinstance(fact.value, list) else [fact.value]
        flat = [one for row in rows for one in (row if isinstance(row, list) else [row])]
        return parts[example["word"]].setdefault(int(example["index"]), kept := replace(fact, value=flat)) is kept
    if numbered is not None and single:
        vector = _VECTORS[numbered["word"].lower()]
        kind = "t" if vector == "y" and numbered["word"].lower() != "y" else vector
        into: dict[Any, Fact] = parts[kind]
        key: Any = int(numbered["index"].lstrip("o"))
    elif stem in _GREEK and fact.value and isinstance(fact.value, list) and isinstance(fact.value[0], list):
        facts.names.setdefault(name, Fact(_GREEK[stem], name))
        into, key = facts.parameters, _GREEK[stem]
    elif parameter(name) is not None and len(name) < 30:
        into, key = facts.parameters, stem
    else:
        key = next(
            (
                k
                for k, words in WORDS.items()
                if not FIRST.fullmatch(word) and k in ("x", "y", "learning_rate") and word in words
            ),
            "",
        )
        into = facts.known
        if not key or (key == "learning_rate" and not single):
            return False
    return into.setdefault(key, fact) is fact
