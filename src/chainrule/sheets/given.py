"""A sheet without a header: what its own first lines give of the network, and what its words say of the rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from chainrule.formula import tree as t
from chainrule.formula.plain import JOIN
from chainrule.sheets.decimals import with_points
from chainrule.sheets.facts import WORDS, Fact, Facts, by_letters, canonical, parameter
from chainrule.sheets.functions import UnreadError
from chainrule.sheets.grammar import parse_part
from chainrule.sheets.names import Names
from chainrule.sheets.rate import CALLED, rate_in
from chainrule.sheets.said_losses import states_loss
from chainrule.sheets.several import parted, with_wanted, without_words
from chainrule.sheets.spellings import ROWS, matrix_text
from chainrule.sheets.statements import claims
from chainrule.sheets.tables import with_heads
from chainrule.system.patterns import regex

_NAME = regex(r"(?:[A-Za-zηαθΘ]|\\[a-z]+)[\w{}^()\[\],\\]*(?:\s*[_^]\s*[\w{(\[][\w{}()\[\],]*)*\s*$")
_NUMBERED = regex(r"(?P<word>x|i|input|y|t|d|target|label|T|X|Y)_?(?P<index>[1-9][0-9]?|o[1-9])")
_VECTORS = {"x": "x", "i": "x", "input": "x", "t": "y", "d": "y", "target": "y", "label": "y", "y": "y"}
_RATE = regex(rf"{CALLED}(?![A-Za-z])[^0-9\n=.]{{0,30}}(?:=\s*)?\$?\s*([0-9]*\.?[0-9]+)")
_TARGET = regex(r"[tT](?:arget)?(?![A-Za-z])|d_?[1-9]")
_AGAINST_D = regex(r"\(\s*[yŷo]\w{0,4}\s*[-−]\s*d\s*\)|\(\s*d\s*[-−]\s*[yŷo]\w{0,4}\s*\)")  # so d is what is desired
_FIRST = regex(r"a\^(?:1|\{?[(\[]?1[)\]]?\}?)")
_EXAMPLE = regex(r"(?P<word>[xyt])\^\{?\((?P<index>[1-9][0-9]?)\)\}?")
_SUBTRACTED = regex(r"[-−]\s*(?:θ|\\?theta)(?![A-Za-z])")
_SECOND = regex(r"[vV](?![A-Za-z])")  # the weights of the output, beside w
_SPOKEN_TARGET = regex(
    r"\b(?:target|label|desired output|true value)(?: (?:value|output))?\s*(?:is|of|=|:|\s)\s*\$?"
    r"(-?[0-9]*\.?[0-9]+)(?![0-9.]*(?:,\s*[0-9]|\s*=))",
    re.IGNORECASE,
)
_INPUTS = regex(r"\binputs?\b(?! layer)", re.IGNORECASE)
_ACTIVATION = regex(r"[ahozu]_?([1-9])")
_SPOKEN_INPUT = regex(
    r"\binput(?: value)?(?:\s+is|\s+of|\s*=|\s*:)?\s+\$?(-?[0-9]*\.[0-9]+|(?<=is )-?[0-9]+|(?<=[=:] )-?[0-9]+)(?![0-9.]*(?:,\s*[-0-9]|\s*[*·]))",
    re.IGNORECASE,
)
_SAID = regex(rf"{CALLED}(?:\s+[^\s=]{{1,3}})?\s*$")
_INLINE = regex(r"(?<![$\\])\$([^$]+)\$(?!\$)")
_AND = regex(r"\s+(?:and|with|und|et|con|mit)\s+|[.;:]\s+(?![^\[]*\])")
_MODEL = regex(r"\s*[\w.]+\s*=\s*(?:torch\.|tf\.|keras\.)*(?:nn|keras|layers|optim|losses)\.\w+\(")  # no claim
_PARTS = regex(r"[,;]|\.\s")
LONGEST = 20_000  # characters of a value
_OUTSIDE = regex(r"[\s,;.]*(?=[A-Za-zηαθ][\w^]{0,8}\s*=\s*[-\[(0-9.])")  # what is given beside formulas in dollars
_LONE = regex(r"\s*=\s*-?[0-9.]+")
_NUMBER_ALONE = regex(r"[-−–]?[0-9]*\.?[0-9]+|[\[(][-−–+0-9.,;\s\[\]()]*[\])]")
_CALLED = regex(r"(?:(?:np|numpy|torch|jnp)\.)?(?:array|Array|tensor|Tensor)\((.*)\)")
_TUPLE = regex(r"\([^()A-Za-z]*\)")
_TOLD = regex(r"([^A-Za-z\\⟦]*[0-9\])])\s*(?:[,;]?\s+|\(\s*)[A-Za-z][^=]*")
_TURNED = regex(r"(?<=\))\s*(?:\^\s*\{?\s*(?:T|\\top|\\intercal)(?![A-Za-z])\s*\}?|⊤|ᵀ)")


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
    found = list(_values([with_wanted(line) for line in lines]))
    given = {name for *_, name, value in found if value is not None}
    second = any(map(_SECOND.match, given)) or {"W", "w"} <= given
    desired = any(map(_AGAINST_D.search, lines))
    found = [(*where, "t" if name == "d" and desired else name, name, value) for *where, name, value in found]
    with_targets = any(value is not None and _TARGET.match(name) for *_, name, _, value in found)
    for number, end, name, called, value in found:
        if with_targets and name[:1] in "yY":
            value = None  # y_1 is an output then
        if name[:1] == "c" and not second:
            value = None  # the cost
        ends.setdefault(number, range(number, end + 1))
        used = value is not None and _take(facts, parts, name, Fact(value, called, number))
        (taken if used else computed).update(range(number, end + 1))
    targets = parts["t"] or parts["y"]
    if "x" not in facts.known and not parts["x"]:  # a^{(1)} is what others call x
        first = next((f for f in found if _FIRST.fullmatch(re.sub(r"\s", "", f[2])) and f[-1] is not None), None)
        if first is not None:
            facts.known["x"] = Fact(first[-1], first[2], first[0])
    if "x" not in facts.known and not parts["x"]:
        parts["x"] |= _said_inputs(found, lines)
    for name, units in (("x", parts["x"]), ("y", targets)):
        if units and name in facts.known and facts.known[name].line > max(unit.line for unit in units.values()):
            computed.update(ends[facts.known.pop(name).line])  # those of a further example
        if units:
            listed = [units[i].value for i in sorted(units)]
            facts.known.setdefault(name, Fact(listed, name, min(unit.line for unit in units.values())))
    computed |= _thresholds(facts, lines) | _entries(facts)
    for number in taken - computed:
        rest[number - 1] = ""  # what is given claims nothing
    for at, line in enumerate(rest):
        if _MODEL.match(line):
            rest[at] = ""
        elif (at + 1 in taken or any(map(states_loss, _PARTS.split(line)))) and "$" not in line and "\\" not in line:
            rest[at] = without_words(line)
    by_letters(facts)
    rate = _RATE.search("\n".join(lines))
    spoken = float(rate[1]) if rate is not None else rate_in(lines)
    if spoken is not None:
        facts.known.setdefault("learning_rate", Fact(spoken, "learning rate"))
    is_class = any("softmax" in line.lower() for line in lines)
    target = _SPOKEN_TARGET.search("\n".join(lines))
    if target is not None:
        facts.known.setdefault(
            "y", Fact(int(target[1]) if is_class and target[1].isdigit() else float(target[1]), "target")
        )
    return facts, tuple(rest)


def _thresholds(facts: Facts, lines: Sequence[str]) -> set[int]:
    """Make biases of the thresholds θ_j that are subtracted, b_j = -θ_j; the lines that give them still stand."""
    named = [key for key, fact in facts.parameters.items() if key[:1] == "θ" and isinstance(fact.value, int | float)]
    if not named or not any(map(_SUBTRACTED.search, lines)):
        return set()
    found = {key: facts.parameters.pop(key) for key in named}
    facts.parameters |= {f"b{key[1:]}": replace(fact, value=-fact.value) for key, fact in found.items()}
    return {fact.line for fact in found.values()}


def _said_inputs(found: Sequence[tuple[Any, ...]], lines: Sequence[str]) -> dict[int, Fact]:
    """Inputs under another name, or none: ``Inputs a_1 = 1, a_2 = -1``, ``input 0.5``."""
    named: dict[int, Fact] = {}
    for number, _, name, called, value in found:
        match = _ACTIVATION.fullmatch(re.sub(r"[\s{}]", "", name))
        if match and isinstance(value, int | float) and _INPUTS.search(lines[number - 1]):
            named.setdefault(int(match[1]), Fact(value, called, number))
    if not named and (spoken := _SPOKEN_INPUT.search("\n".join(lines))):
        named[1] = Fact(float(spoken[1]), "input")
    return named if sorted(named) == list(range(1, len(named) + 1)) else {}


def _entries(facts: Facts) -> set[int]:
    """Leave out numbers w1, w2 below a vector w: they are its entries, or what became of them; the lines they are in."""
    later = {
        key: fact for letter in "wW" if isinstance(whole := facts.parameters.get(letter), Fact)
        for key, fact in facts.parameters.items()
        if key[:1] == letter != key and fact.line > whole.line and isinstance(whole.value, list) > isinstance(fact.value, list)
    }  # fmt: skip
    for key in later:
        del facts.parameters[key]
    return {fact.line for fact in later.values()}


def _take(facts: Facts, parts: dict[str, dict[int, Fact]], name: str, fact: Fact) -> bool:
    """Take a value that is given, if it is the first of its name and one that a header has."""
    word = canonical(name)
    bare = re.sub(r"[\\{}()\[\]\s]|mathbf|mathrm|boldsymbol|text", "", name).replace("theta", "θ").replace("Theta", "Θ")
    numbered = _NUMBERED.fullmatch(bare)
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
    elif parameter(name) is not None and len(name) < 30:
        into, key = facts.parameters, bare
    else:
        key = next(
            (
                k
                for k, words in WORDS.items()
                if not _FIRST.fullmatch(word) and k in ("x", "y", "learning_rate") and word in words
            ),
            "",
        )
        into = facts.known
        if not key or (key == "learning_rate" and not single):
            return False
    return into.setdefault(key, fact) is fact


def _values(lines: Sequence[str]) -> Iterator[tuple[int, int, str, Any]]:
    """(first line, last line, name, value) of each name that is claimed; the value is None where something is computed.

    ``x = a^1 = [1, 2]`` gives both names their value, as ``x = y = [1, 2]`` does.
    """
    names = Names((1, 1))
    pieces = list(_pieces(lines))
    for claim in claims([text for _, text in pieces], 1):
        start = pieces[claim.number - 1][0]
        last = claim.parts[-1] if claim.parts else None
        end = start if last is None else pieces[min(last.where(len(last.text))[0], len(pieces)) - 1][0]
        subject = claim.parts[0].text.replace(JOIN, " ").strip() if claim.parts else ""
        called = _NAME.search(subject)
        further = [part.text.replace(JOIN, " ").strip() for part in claim.parts[1:-1]]
        single = len(claim.parts) == 2 or (len(claim.parts) > 2 and all(map(_may_be_given, (subject, *further))))
        value = None if claim.error or not single or called is None else _read(claim.parts[-1].text, names)
        if called is not None and subject[: called.start()].rstrip()[-1:] in tuple("/∂+-*^_(["):
            value = None  # a derivative, or another formula
        spoken = _SAID.search(subject)
        name = "learning_rate" if spoken else called[0].strip() if called else ""
        yield from ((start, end, one, value) for one in (name, *(further if value is not None else ())))


def _may_be_given(name: str) -> bool:
    """Whether a name is one of an input, a target, a weight or a bias."""
    bare = re.sub(r"[\s{}]", "", name)
    known = bare in WORDS["x"] or bare in WORDS["y"] or _NUMBERED.fullmatch(bare) or _FIRST.fullmatch(bare)
    return len(name) < 30 and (bool(known) or parameter(bare) is not None)


def _pieces(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """(line, text): what stands between two ``$``, and the parts of a sentence, each as a line of its own."""
    for number, line in enumerate(lines, 1):
        row = _row(line.replace("$", "")) if "|" in line else None
        if row is not None:
            yield number, f"{row[0]} = {row[1]}"
        elif _INLINE.search(line):
            yield from ((number, text) for text in _beside_dollars(line))
        elif "\\" in line or "$" in line:
            yield number, line
        else:
            yield from ((number, text) for text in _AND.split(line))


def _beside_dollars(line: str) -> Iterator[str]:
    """What stands between dollars, and what is given in plain text beside it: ``x_1 = 1, $y = 0.9$``, ``$y$ = 0.9``."""
    at = 0
    for inside in (*_INLINE.finditer(line), None):
        outside = line[at : inside.start() if inside else len(line)]
        if (at and _LONE.match(outside)) or _OUTSIDE.match(outside):
            yield from _AND.split(outside.lstrip(" ,;."))
        if inside is not None:
            yield inside[1]
            at = inside.end()


def _row(line: str) -> tuple[str, str] | None:
    """A name and its value in a row of a table, where its other cells describe it in words or say what it joins."""
    cells = [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
    if len(cells) < 2 or "=" in line or not line.lstrip().startswith("|"):
        return None
    name, *rest = cells
    if re.match(r"[^\W\d]|\\", name) is None:
        return None
    if len(rest) == 1:
        return (name, rest[0]) if name and rest[0] else None
    values = [cell for cell in rest if _NUMBER_ALONE.fullmatch(cell)]
    told = all(_NUMBER_ALONE.fullmatch(cell) or not cell or re.search(r"[^\W\d_]", cell) for cell in rest)
    return (name, values[0]) if len(values) == 1 and told and name else None


def _read(written: str, names: Names) -> Any:
    """The numbers of a value, words behind it left out; None where it is no value."""
    if len(written) > LONGEST:
        return None
    called = _CALLED.fullmatch(written.strip().rstrip(". "))
    written = called[1] if called else written.strip().rstrip(". ")
    written = _TURNED.sub("", written)
    told = _TOLD.fullmatch(written)
    written = told[1] if told else written
    if _TUPLE.fullmatch(written):
        written = f"[{written[1:-1]}]"
    if ROWS.fullmatch(written):
        written = matrix_text(written)
    try:
        return _plain(parse_part(written, names)[0])
    except UnreadError:
        return None


def _plain(tree: t.Expr) -> Any:
    """A number, or lists of numbers; None for anything that is computed."""
    match tree:
        case t.Number(value=value, written=written):
            return int(value) if written.isdigit() else value
        case t.Neg(item=t.Number(value=value)):
            return -value
        case t.Transpose(item=item):
            return _plain(item)
        case t.Array(items=items):
            found = [_plain(item) for item in items]
            return None if any(one is None for one in found) else found
        case _:
            return t.fraction(tree)
