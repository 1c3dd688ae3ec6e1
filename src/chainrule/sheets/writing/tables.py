"""Tables whose head names quantities: each row, or each column, becomes claims in the line where it begins."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chainrule.formula.plain import JOIN, plain
from chainrule.network.words import WORDS
from chainrule.sheets.names.surfaces import NEW, OLD
from chainrule.sheets.writing.segments import is_one_name
from chainrule.system.patterns import regex

MOST_ROWS, LONGEST = 200, 1_000
_RULE = regex(r"[\s|:+=-]*-[\s|:+=-]*|\s*\\(?:hline|toprule|midrule|bottomrule|cline\{[^}]*\})\s*")
_FRAME = regex(r"\s*\\(?:begin|end)\s*\{(?:tabular|array|center|table)\}.*")
_LATEX_END = regex(r"\s*\\\\(?:\[[^\]]*\])?\s*(?:\\(?:hline|midrule|bottomrule|toprule)\s*)*$")
_NUMBER = regex(r"[-+−–]?\s*(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_VALUE = regex(rf"(?:{_NUMBER.pattern}|\[[-+−0-9.,;eE\s\[\]]*\])")
_PASSES = regex(r"(?:iterations?|iter\.?|epochs?|steps?|updates?|Epoche|Schritt|[ée]poque|[ée]poca|itera\w+|#)\b",
                     re.IGNORECASE)  # fmt: skip
_MEANS = {
    "{}": "|".join((*OLD, "alter wert")) + "|values?|initial|before|start|wert|valor|valeur|valore|result",
    "{}'": "|".join((*NEW, "new value", "updated value", "neuer wert")),
    "Δ{}": r"Δ\s?\w?(?:\s*=.*)?|change|änderung|variación|variação|variation",
    "dL/d{}": r"gradient|derivative|grad|ableitung|gradiente|derivada|d[eé]riv[eé]e|derivata"
    r"|[d∂][LEJC]/[d∂]\w{0,5}|\\frac\{\\partial [LEJC]\}\{\\partial \w{1,8}\}",
}
_NOTHING = regex(r"[-–—−/.…\s]*|(?i:n\.?\s?/?\s?a\.?|none|nan|no|keine?r?|null)")
_NAMELY = regex(r"[_^/0-9'\\∂α-ωΑ-Ω]")
_WORDS = regex(r"[A-Za-z ]{2,30}")
Row = tuple[int, list[str]]  # the place of a line, and its cells


def with_heads(lines: Sequence[str], examples: int = 1) -> list[str]:
    """The lines with claims for the rows of tables whose heads say what they are; others as they are.

    Args:
        examples: of the batch: so many rows are one for each example.

    >>> with_heads(["| h_11 | yhat |", "|---|---|", "| 0.73 | 0.52 |"])
    ['', '', 'h_11 = 0.73; yhat = 0.52']
    >>> with_heads(["| weight | old | new |", "|---|---|---|", "| w_5 | 0.4 | 0.36 |"])
    ['', '', "w_5 = 0.4; w_5' = 0.36"]
    """
    found = list(lines)
    at = 0
    while at < len(found):
        rows, end = _table(found, at)
        if len(rows) > 1:
            claims = _by_unit(rows)
            if not claims and not any("=" in cell for _, row in rows[1:] for cell in row):
                claims = _across(rows, examples) or _down(rows) or _pairs(rows)
            if claims:
                for place in range(at, end):
                    found[place] = claims.get(place, "")
                if at and _FRAME.fullmatch(found[at - 1]):
                    found[at - 1] = ""
                if end < len(found) and _FRAME.fullmatch(found[end]):
                    found[end] = ""
        at = max(end, at + 1)
    return found


def _table(lines: Sequence[str], at: int) -> tuple[list[Row], int]:
    """The rows of a table that begins at a place, and the place behind it."""
    rows: list[Row] = []
    end = at
    for place in range(at, min(len(lines), at + MOST_ROWS)):
        if rows and _RULE.fullmatch(lines[place]):
            continue
        cells = _cells(lines[place])
        if len(cells) < 2 or (rows and len(cells) != len(rows[0][1])):
            break
        rows.append((place, cells))
        end = place + 1
    return rows, end


def _cells(line: str) -> list[str]:
    in_bars = line.lstrip().startswith("|")
    if not line.strip() or len(line) > LONGEST or ("=" in line and not in_bars) or _FRAME.fullmatch(line):
        return []
    line = _LATEX_END.sub("", line).strip()
    if line.startswith(r"\hline"):
        line = line.removeprefix(r"\hline").strip()
    for edge in ("|", "\t", "&"):
        if edge in line and "||" not in line:
            inner = line.removeprefix("|").removesuffix("|") if edge == "|" else line
            return [_bare(cell) for cell in inner.split(edge)]
    cells = re.split(r"\s{2,}", line)
    if len(cells) < 2 and re.fullmatch(r"[^,\[\](){}$]+(?:,[^,\[\](){}$]+)+", line):
        cells = line.split(",")
    return [_bare(cell) for cell in cells]


def _bare(cell: str) -> str:
    return re.sub(r"[$`]|\*\*|^\s*\*|\*\s*$", "", cell.strip()).strip()


def _is_name(cell: str) -> bool:
    """Whether a cell is the name of a quantity."""
    text = plain(cell).text.replace(JOIN, "").strip() if 0 < len(cell) < 80 else ""
    if not is_one_name(text):
        return False
    return len(text) == 1 or _NAMELY.search(text) is not None or text.lower() in WORDS


def _is_value(cell: str) -> bool:
    return _VALUE.fullmatch(cell) is not None


def _is_worked_out(cell: str) -> bool:
    """Whether a cell is a value, or a formula of numbers and its value: ``1/(1+e^0.5) = 0.378``."""
    formula, sign, value = cell.rpartition("=")
    return _is_value(value.strip()) and bool(formula.strip()) is bool(sign) and "=" not in formula


def _across(rows: list[Row], examples: int) -> dict[int, str]:
    """The claims of a table with a name over each column."""
    (_, heads), *body = rows
    named = [i for i, head in enumerate(heads) if _is_name(head)]
    passes = _PASSES.fullmatch(heads[0]) is not None and all(row[0].isdecimal() for _, row in body)
    named = [i for i in named if i or not passes]
    if not named or _counts_units(rows) or not all(_is_value(row[i]) for _, row in body for i in named):
        return {}
    if any(_is_name(row[0]) for _, row in body):
        return {}
    if passes:
        first = int(body[0][1][0])
        return {place: _of_pass(heads, named, row, int(row[0]) - first) for place, row in body}
    if len(body) == 1:
        lead = "" if examples == 1 else "case: "
        return {body[0][0]: "; ".join(f"{lead}{heads[i]} = {body[0][1][i]}" for i in named)}
    lead = "" if len(body) == examples else "case: "
    columns = (f"{lead}{heads[i]} = [{', '.join(row[i] for _, row in body)}]" for i in named)
    return {body[0][0]: "; ".join(columns)}


def _of_pass(heads: list[str], named: list[int], row: list[str], after: int) -> str:
    """The claims of a row about the values after so many updates; where they begin to be counted is open."""
    prime = "" if after < 1 else "'" if after == 1 else f"'{{{after}}}"
    return "; ".join(f"iteration {row[0]}: {heads[i]}{prime} = {row[i]}" for i in named)


def _down(rows: list[Row]) -> dict[int, str]:
    """The claims of a table with a name before each row, and heads that say what its numbers are of it."""
    (_, heads), *body = rows
    if _counts_units(rows):
        body = [(place, [f"{heads[0]}_{row[0]}", *row[1:]]) for place, row in body]
    numbers = [i for i in range(1, len(heads)) if _has_values([row[i] for _, row in body])]
    if len(numbers) < 2 - _counts_units(rows) or not all(_is_name(row[0]) for _, row in body):
        return {}
    shapes = {i: _shape(heads[i]) for i in numbers}
    if not any(shapes[i] and "of" not in shapes[i] for i in numbers):
        return {}
    return {
        place: "; ".join(f"{shapes[i].format(row[0])} = {row[i]}" for i in numbers if shapes[i] and _is_value(row[i]))
        for place, row in body
    }


def _has_values(column: Sequence[str]) -> bool:
    """Whether a column has values, and else cells that say that there is none: ``-``, ``n/a``."""
    return any(map(_is_value, column)) and all(_is_value(cell) or _NOTHING.fullmatch(cell) for cell in column)


def _by_unit(rows: list[Row]) -> dict[int, str]:
    """The claims of a table with a row for each unit, ``o1``, and over its columns what is told of it: net, out, δ."""
    (_, heads), *body = rows
    units = [_UNIT.fullmatch(plain(row[0]).text.replace(JOIN, "").strip()) for _, row in body]
    if _UNITS.fullmatch(heads[0]) is None or not all(units):
        return {}
    told = {i: quantity for i in range(1, len(heads)) if (quantity := _quantity_of_unit(heads[i]))}
    claims: dict[int, str] = {}
    for (place, row), unit in zip(body, units, strict=True):
        assert unit is not None
        index = f"{unit['letter'] or ''}{unit['number']}" if unit["number"] else unit["only"]
        parts = [f"{told[i]}_{{{index}}} = {row[i]}" for i in told if _is_worked_out(row[i])]
        claims[place] = "; ".join(parts)
    return claims if any(claims.values()) else {}


_UNITS = regex(
    r"(?:units?|neurons?|nodes?|neuron(?:e|en|a|io)|knoten|einheit|unidade?|unit[àé])(?:\s*,?\s*[a-z])?", re.IGNORECASE
)
_UNIT = regex(
    r"(?:(?:unit|neuron|node)\s*)?(?:(?P<letter>[a-zA-Z])?_?\{?(?P<number>[0-9]{1,2})\}?|(?P<only>o|out|output|y))",
    re.IGNORECASE,
)
_OF_UNIT = regex(r"(?<=\S)[\s,]{1,3}\(?[A-Za-zδ]{1,3}_?j\)?$|_[ij]$")  # Net input, I_j
_TOLD_OF_UNIT = {
    "net": r"net(?:[ _-]?input)?|weighted sum|pre-?activation|sum|in|input|eingabe",
    "out": r"out(?:put)?|activation|ausgabe|sortie|salida|sa[ií]da",
    "δ": r"δ|delta|error term|err|error",
}


def _quantity_of_unit(head: str) -> str:
    """What a head tells of a unit: a word, or a letter alone that may have one; "" for another head."""
    bare = plain(head).text.replace(JOIN, "").strip()
    bare = _OF_UNIT.sub("", bare) or bare
    found = next((name for name, words in _TOLD_OF_UNIT.items() if re.fullmatch(words, bare, re.IGNORECASE)), "")
    return found or (bare if re.fullmatch(r"[azhosuvy]", bare) else "")


def _counts_units(rows: list[Row]) -> bool:
    """Whether the first column has the numbers of units, and its head their name: ``h`` above 1 and 2."""
    (_, heads), *body = rows
    means = [head for head in heads[1:] if _shape(head) and "of" not in _shape(head)]
    return bool(means) and re.fullmatch(r"[A-Za-zα-ω]", heads[0]) is not None and all(r[0].isdecimal() for _, r in body)


def _shape(head: str) -> str:
    """What a head makes of a name: ``{}'`` of ``new``; of other words something of it that is left open."""
    for shape, words in _MEANS.items():
        if re.fullmatch(rf"(?:{words})(?: (?:value|Wert|valor))?", head.strip(), re.IGNORECASE):
            return shape
    return f"{head} of {{}}" if _WORDS.fullmatch(head) else ""


def _pairs(rows: list[Row]) -> dict[int, str]:
    """The claims of rows that are a name and its number; those between bars are read without this."""
    kept = [(place, row) for place, row in rows if len(row) == 2 and _is_name(row[0]) and _is_value(row[1])]
    if len(kept) < 2 or len(kept) < len(rows) - 1:
        return {}
    return {place: f"{row[0]} = {row[1]}" for place, row in kept}
