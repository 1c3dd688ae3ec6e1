"""What a sheet gives of its network, fact by fact, whatever it is called there: from a header in TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.errors import InputError
from chainrule.system.patterns import regex

#: how the layer of the inputs stands above the line
_FIRST_LAYERS = ("0", "(0)", "{(0)}", "[0]", "{[0]}", "1", "(1)", "{(1)}", "[1]", "{[1]}")
#: what people call each fact, in small letters with _ for blanks and hyphens; the first is our own name for it
WORDS: dict[str, tuple[str, ...]] = {
    "title": ("title",),
    "learning_rate": ("learning_rate", "eta", "η", "lr", "alpha", "α", "step_size", "rate"),
    "x": (*("x", "input", "inputs", "x_0", "a_0", "h_0", "a0"), *(f"a^{i}" for i in _FIRST_LAYERS)),
    "y": ("y", "target", "targets", "t", "label", "labels", "y_true"),
    "hidden": ("hidden", "hidden_activation", "hidden_activations"),
    "output": ("output", "output_activation"),
    "activation": ("activation", "activations", "activation_function", "act", "g"),
    "loss": ("loss", "cost", "loss_function", "cost_function", "error_function", "criterion"),
    "reduction": ("reduction",),
    "sample_weight": ("sample_weight", "sample_weights"),
    "sizes": ("sizes", "units", "architecture"),
}
_CANONICAL = {word: name for name, words in WORDS.items() for word in words}
_W = ("w", "weight", "weights")
_B = ("b", "bias", "biases")
LAYER_WORDS = {**dict.fromkeys(_W, "W"), **dict.fromkeys(_B, "b"), **dict.fromkeys(WORDS["activation"], "activation")}
#: what the two layers of a network with one hidden layer are called below the line
OF_HIDDEN, OF_OUTPUT = ("hidden", "hid", "h"), ("output", "out", "o", "y")
#: w1, W_211, w_12^1, W^{(2)}, b_1, bias1, w_hidden, w_{x1h2}: a letter and indices, the word of a layer, or units
PARAMETER = regex(
    r"(?P<letter>[WwVvUuBbc]|[Bb]ias|weights?|θ|Θ|[Tt]heta)(?:"
    r"(?:_?(?P<below>[0-9]+(?:,[0-9]+)*))?(?:\^(?P<above>[0-9]+))?(?:_(?P<behind>[0-9]+(?:,[0-9]+)*))?"
    rf"|_(?P<layer>{'|'.join((*OF_HIDDEN, *OF_OUTPUT))})"
    r"|_?(?P<source>[xXiIhH][0-9]?)[,_]?(?P<unit>[hHoOyY][0-9]?)(?P<ends>(?<=[a-zA-Z])[0-9]{2})?"
    r"|_?(?P<of>[hHoOyY][0-9]))"
)
_SECTION = regex(r"\s*\[(\[?)\s*([^\[\]=]+?)\s*\]\]?\s*(?:#.*)?")
_SETTING = regex(r"""\s*("[^"]*"|'[^']*'|[^=\s"'\[{][^="']*?)\s*=(?!=)\s*(.*)""")
_BARE = regex(r"[A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*")
_LISTED = regex(r"(?<=[\[,])\s*([A-Za-z]\w*)\s*(?=[,\]])")
_WORDS_ALONE = regex(r"[^\W\d][^#\"'\[\]{}]*")
#: a name of more parts than any here has; a reader of TOML takes a time that grows with their square
_DEEP_NAME = regex(r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){20}""")


@dataclass(frozen=True)
class Fact:
    """One thing given: its value, what it is called in the sheet, and the line where it stands (0: not known)."""

    value: Any
    called: str
    line: int = 0


@dataclass
class Facts:
    """All that a sheet gives.

    Attributes:
        sheet: its name, for messages.
        known: by our own names (the keys of ``WORDS``).
        layers: of each layer ``W``, ``b``, ``activation``, or its parameters by their names.
        parameters: weights and biases by their names in the sheet.
        names: what the author calls our quantities.
        with_biases: ``row`` or ``column`` where the sheet says that the first of each matrix is the bias.
        slope: of the leaky ReLU of which the sheet speaks; 0 for the usual one.
    """

    sheet: str
    known: dict[str, Fact] = field(default_factory=dict)
    layers: list[dict[str, Fact]] = field(default_factory=list)
    parameters: dict[str, Fact] = field(default_factory=dict)
    names: dict[str, Fact] = field(default_factory=dict)
    slope: float = 0.0
    with_biases: str = ""

    def value(self, name: str) -> Any:
        """The value of a fact; None where it is not given."""
        fact = self.known.get(name)
        return None if fact is None else fact.value

    @property
    def place(self) -> str:
        """The sheet as an error names it."""
        return named(self.sheet)

    def refuse(self, quantity: str, expected: str, got: str, line: int = 0) -> InputError:
        """The error that a fact does not fit, in one sentence about the sheet."""
        where = f", line {line}" if line else ""
        return InputError(f"{self.place}{where}: {quantity}", expected, got)


def named(sheet: str) -> str:
    """A sheet as an error names it: its file, or where else its text is from."""
    return sheet if sheet in ("worksheet", "standard input") else f"worksheet {sheet}"


def canonical(key: str) -> str:
    """A key in small letters, with _ for blanks and hyphens, as the tables have it."""
    return re.sub(r"[\s-]+", "_", key.strip()).lower()


def bare(key: str) -> str:
    """A name of a parameter without braces, brackets and commands of LaTeX: ``W^1`` for ``W^{(1)}``."""
    found = re.sub(r"[\\{}()\[\]\s]|mathbf|mathrm|boldsymbol|text", "", key)
    return found.replace("theta", "θ").replace("Theta", "Θ")


def parameter(key: str) -> re.Match[str] | None:
    """The name of a weight or a bias, taken apart; None for another name."""
    bare = re.sub(r"[\\{}()\[\]\s]|mathbf|mathrm|boldsymbol", "", key)
    return PARAMETER.fullmatch(bare)


def with_thetas(parameters: dict[str, Fact]) -> dict[str, Fact]:
    """The parameters, those named θ_4 as biases where others are the weights."""
    letters = {match["letter"] for key in parameters if (match := parameter(key))}
    if not letters & set("Ww") or letters & {"b", "bias"}:
        return parameters
    return {"b" + key[1:] if key[:1] == "θ" else key: fact for key, fact in parameters.items()}


#: the letters of two layers: W and c of the hidden one, w and b of the output; or W, b and v, c
LETTERS = (
    {"W": "W_1", "c": "b_1", "w": "W_2", "b": "b_2"},
    {"W": "W_1", "b": "b_1", "v": "W_2", "c": "b_2"},
    {"w": "W_1", "b": "b_1", "v": "W_2", "c": "b_2"},
)


def by_letters(facts: Facts, velocity: bool = False) -> None:
    """Give the parameters of two layers that are told apart by words, or by letters alone, our own names.

    Args:
        velocity: the sheet speaks of a momentum: v beside w is none of a layer.
    """
    counted = any(key[:1] == "b" and key[-1:].isdecimal() for key in facts.parameters)
    given = facts.parameters = {_by_layer(key, counted): fact for key, fact in facts.parameters.items()}
    for meant in LETTERS:
        first, second = (letter for letter, name in meant.items() if name[0] == "W")
        biases = [letter for letter, name in meant.items() if name[0] == "b"]
        lists = first == "w" or all(isinstance(given[one].value, list) for one in (first, second) if one in given)
        if (
            not {first, second} <= set(given) <= set(meant)
            or (first == "w" and (velocity or given[second].value == 0))
            or not lists
            or (biases[1] in given and biases[0] not in given)
        ):
            continue
        facts.names = {**{key: Fact(meant[key], key) for key in given}, **facts.names}
        facts.parameters = {meant[key]: given[key] for key in meant if key in given}
        return


def _by_layer(key: str, counted: bool) -> str:
    """``W_1`` for ``w_hidden``, ``b_2`` for ``b_out`` (``c`` where others are ``counted``); any other name as it is."""
    match = parameter(key)
    if match is not None and match["source"] and match["letter"] not in _B and not re.search("[0-9]", key):
        return f"W_{2 if match['source'] in 'hH' else 1}"  # W_xh, W_hy
    if match is None or match["layer"] is None:
        return key
    if counted and match["letter"] in _B and match["layer"] in OF_OUTPUT:
        return "c"
    return f"{'b' if match['letter'] in _B else 'W'}_{1 if match['layer'] in OF_HIDDEN else 2}"


def facts_of(lines: Sequence[str], first_line: int, sheet: str) -> Facts:
    """The facts of a header in TOML.

    Args:
        first_line: the number in the file of the first line.

    Raises:
        InputError: no TOML, or a name that no header has; the line is named.
    """
    facts = Facts(sheet)
    table = _table(lines, first_line, facts)
    places = dict(_places(lines, first_line))

    def fact(path: tuple[Any, ...], value: Any) -> Fact:
        return Fact(value, str(path[-1]), places.get(path, 0))

    def section(path: tuple[Any, ...], content: Mapping[str, Any]) -> None:
        for key, value in content.items():
            entry(path, key, value)

    def entry(path: tuple[Any, ...], key: str, value: Any) -> None:
        at, word = (*path, key), canonical(key)
        if word == "network" and isinstance(value, dict):
            section(at, value)
        elif word in ("layer", "layers") and isinstance(value, list | dict) and _tables(value):
            for i, layer in _numbered(value):
                facts.layers.append(dict(_layer(layer, (*at, i), fact, facts)))
        elif word in (*_W, *_B) and isinstance(value, dict):
            for name, number in value.items():
                facts.parameters[name] = fact((*at, name), number)
        elif word == "names" and isinstance(value, dict):
            facts.names.update({name: fact((*at, name), meaning) for name, meaning in value.items()})
        elif word in _CANONICAL:
            facts.known[_CANONICAL[word]] = fact(at, value)
        elif parameter(key) is not None:
            facts.parameters[key] = fact(at, value)
        elif (rule := written_rule(key, value)) is not None:
            facts.known["activation"] = Fact(rule, key, places.get(at, 0))
        else:
            known = ", ".join(["[[layer]]", "[weights]", "[names]", *WORDS])
            raise facts.refuse(key, f"one of {known}, or a weight or bias such as w1, W_211, b_1", "another name",
                               places.get(at, 0))  # fmt: skip

    section((), table)
    by_letters(facts)
    return facts


def written_rule(key: str, value: Any) -> str | None:
    """An activation written as a formula, ``A(t) = t/10``; None for another entry."""
    called = re.fullmatch(r"\s*[A-Za-zσφg]\w*\s*\(\s*[A-Za-z]\w*\s*\)\s*", key)
    return f"{key} = {value}" if called and isinstance(value, str | int | float) else None


def _tables(value: Any) -> bool:
    return all(isinstance(one, dict) for one in (value if isinstance(value, list) else value.values())) or (
        isinstance(value, dict) and any(canonical(key) in LAYER_WORDS for key in value)
    )


def _numbered(value: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """The layers of ``[[layer]]``, of ``[layer.1]`` and so on, or of one ``[layer]``."""
    if isinstance(value, list):
        yield from enumerate(value)
    elif value and all(isinstance(layer, dict) for layer in value.values()):
        yield from sorted(value.items(), key=lambda item: (len(item[0]), item[0]))
    else:
        yield 0, value


def _layer(layer: Mapping[str, Any], path: tuple[Any, ...], fact: Any, facts: Facts) -> Iterator[tuple[str, Fact]]:
    seen: set[str] = set()
    for key, value in layer.items():
        found: Fact = fact((*path, key), value)
        word = LAYER_WORDS.get(canonical(key))
        if word is not None:
            if word in seen:
                raise facts.refuse(f"{key} of {_layer_name(path)}", "one of W, w and weights", "two", found.line)
            seen.add(word)
            yield word, found
        elif parameter(key) is not None and key[0] != "c":
            yield key, found
        elif (rule := written_rule(key, value)) is not None:
            yield "activation", Fact(rule, key, found.line)
        else:
            due = "W, b, activation, or its weights one by one, such as w1"
            raise facts.refuse(f"{key} in {_layer_name(path)}", due,
                               "another name", found.line)  # fmt: skip


def _layer_name(path: tuple[Any, ...]) -> str:
    return f"layer {path[-1] if isinstance(path[-1], str) else path[-1] + 1}"


# ---------------------------------------------------------------- TOML


def _table(lines: Sequence[str], first_line: int, facts: Facts) -> dict[str, Any]:
    text = "\n".join(lines)
    if _DEEP_NAME.search(text):
        raise InputError(facts.place, "a header in TOML", "a name of more than 20 parts")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # an integer of 5,000 digits is a ValueError
        try:
            return tomllib.loads("\n".join(map(_quoted, lines)))
        except (ValueError, RecursionError):
            reason = str(error).splitlines()[0].partition(";")[0]
            at = re.search(r"\(at line ([0-9]+), column [0-9]+\)", reason)
            line = 0 if at is None else int(at[1]) - 1 + first_line
            reason = reason if at is None else reason[: at.start()].strip()
            place = f"{facts.place}, line {line}" if line else facts.place
            raise InputError(place, "a header in TOML", f"something else ({reason})") from None


def _quoted(line: str) -> str:
    """A setting with quotation marks round a key or a value that TOML wants them for: ``η = 0.5``, ``loss = MSE``."""
    setting = _SETTING.fullmatch(line)
    if setting is None:
        return line
    key, value = setting[1], setting[2].strip()
    if key[0] not in "\"'" and not _BARE.fullmatch(key):
        key = '"' + key.replace("\\", "\\\\") + '"'
    if written_rule(setting[1], value) or (_WORDS_ALONE.fullmatch(value) and value not in ("true", "false")):
        value = '"' + value.replace("\\", "\\\\").replace('"', "") + '"'
    elif value.startswith("(") and value.endswith(")"):
        value = f"[{value[1:-1]}]"
    elif value.startswith("["):
        value = _LISTED.sub(r'"\1"', value)
    return f"{key} = {value}"


def _places(lines: Sequence[str], first_line: int) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Where each key of a header stands: (path of keys, line of the file)."""
    path: tuple[Any, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    depth = 0
    for number, line in enumerate(lines, first_line):
        if depth <= 0:
            section, setting = _SECTION.fullmatch(line), _SETTING.match(line)
            if section is not None:
                names = tuple(part.strip().strip("\"'") for part in section[2].split("."))
                path = names
                if section[1]:
                    path = (*names, counts.setdefault(names, 0))
                    counts[names] += 1
                yield names, number
                continue
            if setting is not None:
                yield (*path, setting[1].strip("\"'")), number
                line = setting[2]
        depth += line.count("[") - line.count("]")
