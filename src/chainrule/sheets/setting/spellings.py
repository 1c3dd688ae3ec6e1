"""A header as people write it, line by line as the TOML that is meant: ``x1 = 0.05``, ``lr: 0.5``, ``W_hidden = …``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

from chainrule.sheets.writing.decimals import with_points
from chainrule.system.patterns import regex

LONGEST = 20_000  # characters of a value
_SETTING = regex(r"\s*(?P<key>[^=:\s\"'\[{][^=:\"'#]{0,60}?)\s*(?P<sign>=(?!=)|:(?=\s))\s*(?P<value>\S.*)")
_SECTION = regex(r"\s*\[\[?\s*([A-Za-z_.]+)\s*\]")
_COMMENT = regex(r"\s+(?:#|//)[^\"'\]]*$")
_ARRAY = regex(
    r"(?:np|numpy|jnp|torch)\s*\.\s*(?:array|asarray|tensor|matrix)\s*\((?P<inside>.*?)(?:,\s*dtype\s*=.*)?\)"
)
_NUMBER = r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_BARE_LIST = regex(rf"{_NUMBER}(?:\s*[,;]\s*{_NUMBER})+")
ROWS = regex(rf"\[\s*{_NUMBER}(?:[\s,;]+{_NUMBER})*\s*\]")
_POINTLESS = regex(r"(?<![0-9.])\.(?=[0-9])|(?<=[0-9])\.(?![0-9])")
_PLUS = regex(r"(?<![0-9eE.])\+(?=[0-9.])")
_UNIT = regex(r"(?P<word>x|i|in|input|y|t|target|label|out|o|d)_?\{?(?P<number>[1-9][0-9]?)\}?")
_VECTORS = {"x": "x", "i": "x", "in": "x", "input": "x", "out": "y", "o": "y"}
_SAME = {
    **dict.fromkeys(("expected", "expected_output", "expected_outputs", "desired", "desired_output", "desired_outputs",
                     "d", "true", "y_target", "ground_truth", "target_output", "target_outputs"), "y"),
    **dict.fromkeys(("error", "error_function", "e", "j", "loss_function", "cost_function", "objective"), "loss"),
    **dict.fromkeys(("hidden_layer", "hidden_layers", "hidden_units", "activation_hidden"), "hidden"),
    **dict.fromkeys(("output_layer", "output_unit", "output_units", "output_function", "activation_output",
                     "final_activation"), "output"),
    **dict.fromkeys(("step", "learningrate", "lernrate", "taxa_de_aprendizado", "learn_rate"), "learning_rate"),
    **dict.fromkeys(("input_vector", "inputs_x"), "x"),
}  # fmt: skip
_KIND = r"(?P<kind>[Ww]|[Ww]eights?|b|B|[Bb]ias(?:es)?)"
_WHERE = (
    r"(?:(?P<hidden>hidden|hid|h|ih|xh|in|i_h|input_hidden|input_to_hidden|i2h)(?:_?layer)?_?(?P<number>[1-9]?)"
    r"|(?P<output>output|out|o|ho|hy|y|h_o|hidden_output|hidden_to_output|h2o)(?:_?layer)?)"
)
_PLACED = regex(rf"{_KIND}_?{_WHERE}|{_WHERE.replace('P<', 'P<a_')}_?{_KIND.replace('P<', 'P<a_')}")
_SECOND = ("V", "U", "v", "u")


def spelled(lines: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The lines of a header as TOML where they are not, and what names of their own stand for: ``{"V": "W_2"}``.

    >>> spelled(["x1 = 0.05", "x2 = 0.1", "lr: 0.5", "W_hidden = [1 2; 3 4]", "W_output = 1, 2"])[0]
    ['x = [0.05, 0.1]', '', 'lr = 0.5', 'W_1 = [[1, 2], [3, 4]]', 'W_2 = [1, 2]']
    """
    found = [_line(line, at) for line, at in _outside(with_points(list(lines)))]
    settings = [(at, match) for at, line in enumerate(found) if (match := _SETTING.fullmatch(line)) is not None]
    keys = {match["key"]: at for at, match in settings}
    if any(re.match(r"\s*\[", line) and "=" not in line for line in found):
        return found, {}  # tables of TOML say what is what
    _gather(found, settings)
    names: dict[str, str] = {}
    for key, name in _layers(keys):
        at = keys[key]
        found[at] = re.sub(rf"^(\s*){re.escape(key)}(?=\s*=)", rf"\g<1>{name}", found[at])
        names[key] = name
    for at, line in enumerate(found):
        match = _SETTING.fullmatch(line)
        stacked = None if match is None else _stacked(match["key"], match["value"])
        if stacked is not None:
            found[at] = stacked
    return found, names


def _outside(lines: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it begins outside all brackets, and outside the table of names."""
    depth, is_names = 0, False
    for line in lines:
        if depth <= 0 and (section := _SECTION.match(line)) is not None:
            is_names = section[1] == "names"
        yield line, depth <= 0 and not is_names
        depth += line.count("[") - line.count("]")


def _line(line: str, outside: bool) -> str:
    """One setting as TOML has it."""
    match = _SETTING.fullmatch(line) if outside and len(line) < LONGEST else None
    if match is None:
        return line
    key, value = match["key"].strip(), _COMMENT.sub("", match["value"]).strip().rstrip(";")
    word = re.sub(r"[\s-]+", "_", key).lower()
    key = _SAME.get(word, key) if word != "e" or not value[:1].isdigit() else key
    array = _ARRAY.fullmatch(value)
    value = array["inside"].strip() if array else value
    if _BARE_LIST.fullmatch(value):
        value = f"[{value}]"
    if value.startswith("[") and value.count("[") == value.count("]"):
        value = matrix_text(value)
    elif _is_text(value):
        value = '"' + value.replace("\\", "\\\\").replace('"', "") + '"'
    plain = key == match["key"].strip() and value == match["value"].strip() and match["sign"] == "="
    return line if plain else f"{key} = {value}"


def matrix_text(value: str) -> str:
    """``[1 2; 3 4]`` and ``[1; 2]`` as lists within lists."""
    if re.search(r"[A-Za-df-z\"']", value):
        return value
    value = _PLUS.sub("", value)
    value = _POINTLESS.sub(
        lambda dot: "0." if dot[0] == "." and value[dot.end() : dot.end() + 1].isdigit() else ".0", value
    )
    if ROWS.fullmatch(value):
        rows = [re.findall(_NUMBER, row) for row in value[1:-1].split(";") if row.strip()]
        if len(rows) > 1 and any(len(row) > 1 for row in rows):
            return "[" + ", ".join(f"[{', '.join(row)}]" for row in rows) + "]"
        return f"[{', '.join(one for row in rows for one in row)}]"
    value = re.sub(r"\]\s*;?\s*\[", "], [", value.replace(";", ","))
    return re.sub(rf"(?<=[0-9])\s+(?={_NUMBER})", ", ", value)


def _is_text(value: str) -> bool:
    """Whether a value is words or a formula, that TOML wants in quotation marks."""
    if value[0] in "\"'[{(" and not re.match(r"\([^()]*[A-Za-z]", value):
        return False
    try:
        tomllib.loads(f"v = {value}")
    except (ValueError, RecursionError):
        return not re.fullmatch(rf"{_NUMBER}", value)
    return False


def _gather(found: list[str], settings: list[tuple[int, re.Match[str]]]) -> None:
    """Put ``x1 = …``, ``x2 = …`` together, where they are numbered from 1."""
    units: dict[str, dict[int, tuple[int, str]]] = {}
    for at, match in settings:
        unit = _UNIT.fullmatch(match["key"].replace("^", ""))
        value = match["value"].strip()
        if unit is not None and re.fullmatch(_NUMBER, value):
            units.setdefault(_VECTORS.get(unit["word"], "y"), {})[int(unit["number"])] = (at, value)
    for vector, parts in units.items():
        if sorted(parts) == list(range(1, len(parts) + 1)) and not any(m["key"] == vector for _, m in settings):
            for at, _ in parts.values():
                found[at] = ""
            found[min(at for at, _ in parts.values())] = f"{vector} = [{', '.join(parts[i][1] for i in sorted(parts))}]"


def _layers(keys: dict[str, int]) -> Iterator[tuple[str, str]]:
    """The names of weights and biases that say their layer in words, or by another letter, with our own names."""
    placed = {key: match for key in keys if (match := _PLACED.fullmatch(key)) is not None}
    if placed:
        numbers = [int(m["number"] or m["a_number"] or 1) for m in placed.values() if m["hidden"] or m["a_hidden"]]
        depth = max(numbers, default=0) + 1
        for key, m in placed.items():
            layer = int(m["number"] or m["a_number"] or 1) if m["hidden"] or m["a_hidden"] else depth
            yield key, f"{'W' if (m['kind'] or m['a_kind'])[0] in 'Ww' else 'b'}_{layer}"
        return
    second = next((letter for letter in _SECOND if letter in keys), None)
    first = next((letter for letter in ("W", "w") if letter in keys), None)
    if second is None or first is None:
        return
    yield first, "W_1"
    yield second, "W_2"
    if "c" in keys:
        yield "c", "b_2"
        if "b" in keys:
            yield "b", "b_1"


def _stacked(key: str, value: str) -> str | None:
    """``weights = [[[…]], [[…]]]``, a matrix for each layer, as settings of their own on one line of TOML each."""
    if key not in ("weights", "W", "w", "biases", "bias", "b", "Weights") or not value.startswith("[["):
        return None
    try:
        layers: Any = tomllib.loads(f"v = {value}")["v"]
    except (ValueError, RecursionError):
        return None
    is_weight = key[0] in "Ww"
    deep = all(isinstance(row, list) and (not is_weight or (row and isinstance(row[0], list))) for row in layers)
    if not deep:
        return None
    letter = "W" if is_weight else "b"
    return "\n".join(f"{letter}_{i} = {layer}" for i, layer in enumerate(layers, 1))
