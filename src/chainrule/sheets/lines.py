"""The lines of a worksheet: which of them claim something, and what each claims, part by part.

A claim is ``subject = formula = … = number``, plain or in LaTeX. Everything else is prose and is left out. Nothing
raises but the limits of a whole sheet: a line that cannot be read says why, with line and column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from chainrule.errors import InputError
from chainrule.formula.grammar import LONGEST
from chainrule.formula.plain import JOIN, has_sign, with_equals
from chainrule.formula.tree import Add, Expr, Neg, Ref, Symbol, size
from chainrule.network.names import Notation
from chainrule.sheets.formulas.functions import GeneralError, UnreadError, function_named
from chainrule.sheets.formulas.grammar import is_one_name, new_name, parse_part
from chainrule.sheets.names.plain import Meanings, Names, Operand
from chainrule.sheets.setting.rate import rate_letter
from chainrule.sheets.writing.decimals import with_points
from chainrule.sheets.writing.examples import examples_told
from chainrule.sheets.writing.general import ANY_NUMBER, ANY_UNIT, NUMBERS, for_all_units, is_rule
from chainrule.sheets.writing.primed import by_prime
from chainrule.sheets.writing.prose import words
from chainrule.sheets.writing.segments import Place
from chainrule.sheets.writing.sentences import OTHER, counts_layers, led
from chainrule.sheets.writing.statements import Claim, claims, short
from chainrule.sheets.writing.tables import with_heads
from chainrule.sheets.writing.unread import Given, has_results
from chainrule.system.patterns import regex

MOST_LINES = 5_000
LARGEST = 1_000_000  # characters of a sheet
MOST_CLAIMS = 1_000
MOST_WRITTEN = 200_000  # characters of all claims
MOST_NODES = 50_000  # names, numbers and operators of a sheet, its sums written out
MOST_PARTS = 100  # of one claim


@dataclass(frozen=True)
class Part:
    """What stands between two signs of equality.

    Attributes:
        text: as written.
        tree: what it says; None where it cannot be read (the line's ``error`` says why).
    """

    text: str
    tree: Expr | None


@dataclass(frozen=True)
class Line:
    """One claim.

    Attributes:
        number: of the line in the file, counted from 1.
        text: as written.
        parts: the first is the subject.
        notation: ``delta`` where a name with a caret is in it.
        error: why it cannot be read: line, column and what stands there; "" for a line that can.
        names: names of the author's in it that are read as quantities of the network.
        operands: all names in it.
        assigns: the first sign of equality is an arrow or ``:=``, or one of ``+=`` and ``-=``.
        doubt: why it is left undecided where it is not right: its sentence speaks of what would be.
        open: why it is left undecided whatever its number is.
        unknown: the name that nothing is known of, where that is why it cannot be read.
        example: the number of the example that the words above it speak of; 0 where there is none.
        end: the number in the file of its last line.
    """

    number: int
    text: str
    parts: tuple[Part, ...]
    notation: Notation
    error: str = ""
    assigns: bool = False
    names: frozenset[Operand] = frozenset()
    operands: frozenset[Operand] = frozenset()
    doubt: str = ""
    open: str = ""
    unknown: str = ""
    example: int = 0
    end: int = 0

    @property
    def blank(self) -> bool:
        """Whether nothing has been filled in behind the sign of equality: ``a_1 =``."""
        return is_blank(self.text)


def is_blank(text: str) -> bool:
    """Whether a line has a subject and no more, or what stands for a gap: ``a_1 = ___``, ``a_1 = ?``."""
    _, sign, rest = with_equals(text).partition("=")
    return bool(sign) and _BLANK.fullmatch(_GAPS.sub(" ", rest.replace("=", " "))) is not None


def read_lines(
    lines: Sequence[str], first_line: int, sizes: Sequence[int], meanings: Meanings | None = None,
    examples: int = 1,
) -> tuple[Line, ...]:  # fmt: skip
    """Read the lines below a worksheet's header; prose is left out.

    Args:
        first_line: the number in the file of the first of them.
        sizes: units of each layer, the inputs first.
        meanings: of the author's names.
        examples: how many there are.

    Raises:
        InputError: more than 5,000 lines, 1,000,000 characters or 1,000 claims; too many large formulas.
    """
    if len(lines) > MOST_LINES:
        raise InputError("worksheet", f"at most {MOST_LINES} lines", str(len(lines)))
    if (total := sum(map(len, lines))) > LARGEST + MOST_LINES:
        raise InputError("worksheet", f"at most {LARGEST} characters", str(total))
    sheet = _prepared(tuple(lines), examples)
    names = Names(tuple(sizes), meanings, examples, rate=sheet.rate, has_h=sheet.has_h, has_z=sheet.has_z)
    found: list[Line] = []
    written_so_far = nodes = 0
    for claim, example, readings in _claimed(sheet.lines, sheet.told, first_line, tuple(sizes), examples):
        written_so_far += claim.length
        if written_so_far > MOST_WRITTEN:
            most = f"claims of at most {MOST_WRITTEN} characters in all"
            raise InputError("worksheet", most, f"more, from line {claim.number} on")
        line = _line(claim, example, names, readings)
        if line is None:
            continue
        found.append(line)
        nodes += sum(size(part.tree) for part in line.parts if part.tree is not None)
        if len(found) > MOST_CLAIMS:
            raise InputError("worksheet", f"at most {MOST_CLAIMS} claims", f"more, from line {line.number} on")
        if nodes > MOST_NODES:
            most = f"at most {MOST_NODES} names, numbers and operators, with sums written out"
            raise InputError("worksheet", most, f"more, from line {line.number} on")
    return tuple(found)


def lines_unread(
    lines: Sequence[str], first_line: int, examples: int, found: Sequence[Line], given: Given
) -> list[int]:
    """The numbers of the lines that have numbers of their own and of which nothing was read.

    Args:
        found: what was read. given: what the sheet gives of the network.
    """
    read = {number for line in found for number in range(line.number, max(line.end, line.number) + 1)}
    written = _prepared(tuple(lines), examples).lines
    return [i for i, line in enumerate(written, first_line) if i not in read and has_results(line, given)]


class _Prepared(NamedTuple):
    """What the lines of a sheet are and show, whatever its names mean.

    Attributes:
        lines: with points in their numbers, and claims for their tables.
        told: the number of the example that each line is about.
        rate, has_h, has_z: as of ``Names``.
    """

    lines: tuple[str, ...]
    told: tuple[int, ...]
    rate: str
    has_h: bool
    has_z: bool


@lru_cache(maxsize=4)
def _prepared(lines: tuple[str, ...], examples: int) -> _Prepared:
    """A sheet as it is read under several namings."""
    found = with_heads(with_points([line.replace("\n", " ").replace("\r", " ") for line in lines]), examples)
    written = [line[:LONGEST] for line in found if has_sign(line[:LONGEST])]
    has_h, has_z = (any(map(shape.search, written)) for shape in (_H, _Z))
    return _Prepared(tuple(found), tuple(examples_told(lines)), rate_letter(found), has_h, has_z)


class _Reading(NamedTuple):
    """A claim as it was read, and what that hung on: the names introduced before it, and what its names mean."""

    own: frozenset[str]
    asked: dict[Operand, Symbol | None]
    line: Line | None
    introduced: frozenset[str]


@lru_cache(maxsize=4)
def _claimed(
    lines: tuple[str, ...], told: tuple[int, ...], first_line: int, sizes: tuple[int, ...], examples: int
) -> list[tuple[Claim, int, list[_Reading]]]:
    """The claims of a sheet about such a network, up to the first that is too many.

    With the number of the example that each is about, and how it has been read so far.
    """
    found: list[tuple[Claim, int, list[_Reading]]] = []
    written = 0
    for claim in claims(lines, first_line):
        found.append((claim, told[min(max(claim.number - first_line, 0), len(told) - 1)], []))
        written += claim.length
        if written > MOST_WRITTEN:
            break
    return found


def _line(claim: Claim, example: int, names: Names, readings: list[_Reading]) -> Line | None:
    """The line of a claim: as it has been read, where its names meant the same then."""
    own = frozenset(names.own)
    for known in readings:
        if known.own == own and all(names.given(name) == meaning for name, meaning in known.asked.items()):
            names.own.update(known.introduced)
            return known.line
    names.asked.clear()
    line = _read(replace(claim, parts=[*claim.parts]), names)
    if line is not None:
        last = claim.parts[-1] if claim.parts else None
        line = replace(line, example=example, end=line.number if last is None else last.where(len(last.text))[0])
    readings.append(_Reading(own, dict(names.asked), line, frozenset(names.own) - own))
    return line


_H = regex(r"(?<![A-Za-z])[d∂]?h(?=[\s}]{0,4}[_^])")
_Z = regex(r"(?<![A-Za-z])[d∂]?z(?=[\s}]{0,4}_)[\s}]{0,4}_(?:[0-9]++|\{[0-9, ]{1,20}\})(?!\s{0,4}\^)")


_SENTENCE = regex(r"(?<![A-Za-z])[A-Za-z]{2,}[\s\u2060]+[A-Za-z]+")
_ASIDE = regex(rf"[\s{JOIN}]{{1,20}}\((?=[^()]*[A-Za-z]{{2}})[\w ,.'%{JOIN}-]*\)[\s{JOIN}]*$")
#: gaps of LaTeX: \boxed{\;}, \underline{\hspace{2cm}}, \_\_
_GAPS = regex(
    r"\\(?:boxed|underline|fbox|hspace\*?\{[^{}]{0,20}\}|[hv]?phantom\{[^{}]{0,40}\}|square|Box|qquad|quad|ldots|dots"
    r"|[,;:! _])|[{}$⁠□]"
)
_BLANK = regex(r"[_?….\s]*")


_BIAS_UNIT = regex(
    rf"[\s{JOIN}]*[xzaho][\s{JOIN}]*_[\s{JOIN}]*\{{?[\s{JOIN}]*0[\s{JOIN}]*\}}?(?:\^\{{?[\s{JOIN}]*[(\[]?[0-9][)\]]?[\s{JOIN}]*\}}?)?[\s{JOIN}]*"
)


def _is_prose(claim: Claim, names: Names) -> bool:
    """Whether a line that has a sign of equality is a sentence and no claim."""
    subject, *others = (part.text for part in claim.parts)
    if not subject.strip(f"{JOIN} "):
        return True
    if len(others) == 1 and _BIAS_UNIT.fullmatch(subject) and others[0].strip(f"{JOIN} .") == "1":
        return True  # x_0 = 1, what the bias is multiplied with
    alone = new_name(subject, names) is not None or is_one_name(subject, names)
    alone = alone or _named_in_words(claim) is not None
    told = words(subject, names.own)
    sentence = _SENTENCE.search(subject) or not re.search(r"[∇^_(]", subject)  # ∇loss(scores) is none
    if not alone and ((told > 1 and sentence) or (told == 1 and re.search(r"[-+*/^_(∂]", subject) is None)):
        return True
    if others and all(words(part, names.own) > 1 and _SENTENCE.search(part) for part in others):
        return True
    return alone and len(others) == 1 and function_named(others[0].strip(f"{JOIN} ")) is not None


def _read(claim: Claim, names: Names) -> Line | None:
    """Read a claim with the names that earlier lines introduced; None for prose."""
    if claim.error:
        return Line(claim.number, claim.text, (), "textbook", claim.error)
    found = led(claim.parts[0], _behind(claim.parts[-1]))
    claim.parts[0] = found.place
    if _is_prose(claim, names):
        return None
    if len(claim.parts) > MOST_PARTS:
        why = f"at most {MOST_PARTS} parts between signs of equality can be read; got {len(claim.parts)}"
        return Line(claim.number, short(claim.parts[0].source.written), (), "textbook", f"line {claim.number}: {why}")
    names.used.clear()
    names.met.clear()
    names.guessed.clear()
    introduced = _introduced(claim, names)
    change = _CHANGE.search(claim.parts[0].text)
    if change is not None:
        claim.parts[0] = claim.parts[0].within(0, change.start())
    claim.parts[-1] = _without_aside(claim.parts[-1], names)
    parts: list[Part] = []
    notation: Notation = "textbook"
    error = unknown = ""
    is_general = False
    for part in claim.parts:
        tree, why = None, ""
        if introduced is not None and not parts:
            parts.append(Part(part.written, Ref(introduced)))
            continue
        if _BLANK.fullmatch(part.text.replace(JOIN, " ")):
            why = _at(part, 0, "expected a number or a formula behind the =; got nothing")
        else:
            try:
                tree, written_in = parse_part(part.text, names, is_subject=not parts)
                notation = "delta" if written_in == "delta" else notation
            except UnreadError as unread:
                why = _at(part, unread.at, unread.message)
                unknown = unknown if error else unread.name
                is_general = is_general or isinstance(unread, GeneralError)
            else:
                if change is not None and len(parts) == 1 and parts[0].tree is not None:
                    tree = Add((parts[0].tree, Neg(tree) if change[1] == "-" else tree))  # w -= 0.1*dL/dw
        error = error or why
        parts.append(Part(part.written, tree))
    if introduced is not None:
        names.own.add(introduced)
    assigns = claim.assigns or change is not None
    if error and found.words and not any(re.search("[0-9]", part.text) for part in claim.parts[1:]):
        return None  # a rule in a sentence
    doubt = found.doubt or claim.doubt or (error if found.words else "") or by_prime([part.tree for part in parts])
    if _MOVED.search(claim.parts[0].text):
        return replace(Line(claim.number, _whole(claim), tuple(parts), notation), doubt=DIFFERENCE, open=DIFFERENCE)
    if counts_layers(claim.parts[0], claim.parts[-1], names.depth):
        return replace(Line(claim.number, _whole(claim), tuple(parts), notation), doubt=OTHER, open=OTHER)
    if is_general or names.guessed:
        doubt = doubt or ANY_UNIT
    if is_general and introduced is None:
        if (trees := for_all_units(claim.parts, names)) is not None:
            error, parts = "", [Part(part.text, tree) for part, tree in zip(parts, trees, strict=True)]
    elif error and is_rule(claim.parts):
        doubt = doubt or ANY_NUMBER
    return Line(
        claim.number, _whole(claim), tuple(parts), notation, error, assigns, frozenset(names.used),
        frozenset(names.met), doubt or claim.open, found.doubt if found.always else claim.open, unknown,
    )  # fmt: skip


DIFFERENCE = "a difference of losses at weights that are moved is not read"
_MOVED = regex(r"[LCJE]\s*\([^()=]{1,30}[-+][^()=]{1,30}\)\s*-\s*[LCJE]\s*\(")


def _behind(part: Place) -> str:
    """What stands behind a claim in its line."""
    return part.source.text[part.end : part.end + 80].partition("\n")[0]


def _introduced(claim: Claim, names: Names) -> str | None:
    """The author's own name that a claim is about; a parameter that an arrow gives a new value is one with a prime."""
    is_general = not any(NUMBERS.fullmatch(part.text) for part in claim.parts[1:])
    name = new_name(claim.parts[0].text, names, is_general) or _named_in_words(claim)
    return f"{name}'" if name and claim.assigns and _PARAMETER.match(name) and not name.endswith("'") else name


def _named_in_words(claim: Claim) -> str | None:
    r"""The author's own name of several words: ``\text{total loss}`` is ``total_loss``; in plain words with numbers."""
    subject = claim.parts[0]
    name = subject.text.replace(JOIN, " ").split()
    if not 1 < len(name) < 8 or not all(re.fullmatch(r"[A-Za-z]{1,20}", word) for word in name):
        return None
    numbers = len(claim.parts) > 1 and all(NUMBERS.fullmatch(part.text) for part in claim.parts[1:])
    if (len(name) < 5 and _TEXT.match(subject.written)) or (numbers and _QUANTITY.search(subject.text)):
        return "_".join(name)
    return None


_QUANTITY = regex(
    r"\b(?:loss|error|outputs?|gradients?|derivatives?|activations?|delta|prediction|weighted sum|cost|Fehler|Verlust|"
    r"Ausgabe|Gradient|erreur|sortie|salida|gradiente|saida|erro|uscita|errore|perdita)\b"
)
_TEXT = regex(r"\\(?:text|mathrm|textbf|textit|mathit|operatorname)\b")
_PARAMETER = regex(r"[Wwbθ](?![A-Za-z])")
_CHANGE = regex(rf"(?<=[\w}}\])])[\s{JOIN}]*([-+])[\s{JOIN}]*$")


def _without_aside(part: Place, names: Names) -> Place:
    """``0.5 (rounded)`` without the words in brackets, if they are no names."""
    aside = _ASIDE.search(part.text)
    if aside is None or not words(aside[0], names.own) or any(word in aside[0] for word in names.own):
        return part
    return part.within(0, aside.start())


def _at(part: Place, at: int, message: str) -> str:
    line, column = part.where(at)
    return f"line {line}, column {column}: {message}"


def _whole(claim: Claim) -> str:
    """The claim as written, from its subject to its last part."""
    texts: list[str] = []
    first = last = claim.parts[0]
    for part in claim.parts[1:]:
        if part.source is not first.source or "=" not in part.source.text[last.end : part.start]:
            texts.append(Place(first.source, first.line, first.start, last.end).written)
            first = part
        last = part
    texts.append(Place(first.source, first.line, first.start, last.end).written)
    return " = ".join(texts)
