"""From the lines of a worksheet to its claims: blocks put together, lists and sentences taken apart, parts found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from chainrule.formula.grammar import DEEPEST, LONGEST, deepest_bracket
from chainrule.formula.plain import BREAK, CLOSE, JOIN, OPEN, THEN, WIDE, Plain, plain
from chainrule.network.words import WORDS
from chainrule.sheets.writing.blocks import blocks
from chainrule.sheets.writing.octave import shows_octave
from chainrule.sheets.writing.prose import FOREIGN, words
from chainrule.sheets.writing.rewriting import rewritten
from chainrule.sheets.writing.segments import Place, is_number, is_one_name, parts_of_row, rows, segments
from chainrule.sheets.writing.times import shows_times
from chainrule.system.patterns import regex

_LONGEST_DRAWN = 2_000  # characters of a line in which a drawing is looked for
_SHOWN = 200  # characters that are shown of a line too long to be read


@dataclass
class Claim:
    """A claim before it is read: its parts, and what is wrong with it as it stands."""

    parts: list[Place] = field(default_factory=list)
    number: int = 0
    text: str = ""
    error: str = ""
    signs: int = 0  # of equality
    assigns: bool = False  # the first sign is an arrow or :=
    doubt: str = ""  # why it is left undecided where it is not right
    open: str = ""  # why it is left undecided whatever its number is

    @property
    def length(self) -> int:
        """Characters of its parts."""
        return sum(part.end - part.start for part in self.parts)


def claims(lines: Sequence[str], first_line: int) -> Iterator[Claim]:
    """The claims of a sheet, those that go over several lines put together."""
    waiting: Claim | None = None
    between: list[str] = []  # prose since the last part of it
    times, octave = shows_times(lines), shows_octave(lines)
    for line, text in blocks(lines, first_line):
        if _DRAWN.search(text[:_LONGEST_DRAWN]):
            text = "\n".join("" if _DRAWN.search(one[:_LONGEST_DRAWN]) else one for one in text.split("\n"))
        if refused := _refused(line, text):
            if waiting is not None and waiting.signs:
                yield waiting
            waiting = None
            if "=" in text:
                yield refused
            continue
        if _BANNER.match(text):
            if waiting is not None and waiting.signs:
                yield waiting
            waiting = None
            text = _BANNER.sub(lambda match: " " * len(match[0]), text)
        whole = plain(text)
        signed, valued = _valued(whole)
        whole = replace(whole, text=rewritten(signed, times, octave))
        block = Place(whole, line, 0, len(whole.text))
        row = [claim for cells in rows(block) for claim in _row(cells)]
        if row:
            if waiting is not None and waiting.signs:
                yield waiting
            waiting = None
            yield from row
            continue
        found = segments(block, words)
        alone = not any(segment.is_prose for segment in found)
        for segment in found:
            for piece in _pieces(segment.place):
                parts, signs = _parts(piece)
                told, between = between, []
                if waiting is not None and signs and parts[0].is_empty:  # it begins with =
                    if not _lead_on(told) and not all(_NAMED.search(part.text) for part in parts[1:]):
                        subject = waiting.parts[0]
                        if waiting.signs:
                            yield waiting
                        waiting = Claim([subject], piece.where(0)[0], doubt=APART)
                    waiting.parts += parts[1:]
                    waiting.signs += signs
                elif waiting is not None and signs and _goes_on(waiting, parts):
                    waiting.parts[-1:] = parts  # it ends with =, and a formula follows
                    waiting.signs += signs
                elif waiting is not None and not signs and waiting.parts[-1].is_empty and not words(piece.text):
                    waiting.parts[-1] = piece  # the line before ends with =
                elif signs or (
                    alone and _is_formula(piece.text)
                ):  # and not prose between a claim and what continues it
                    if waiting is not None and waiting.signs:
                        yield waiting
                    doubt = BESIDE if any(piece.start < at < piece.end for at in valued) else _run_together(parts)
                    waiting = Claim(parts, piece.where(0)[0], signs=signs, assigns=_assigns(piece), doubt=doubt)
                else:
                    between = [*told, text] if told[-1:] != [text] else told
    if waiting is not None and waiting.signs:
        yield waiting


def _valued(whole: Plain) -> tuple[str, list[int]]:
    """A plain text with ``=`` between an equation and a number in dollars of its own, and where they stand."""
    text = whole.text
    found: list[int] = []
    if whole.written.lstrip().startswith("|"):  # a row of a table has cells
        return text, found
    characters, at = list(text), 0
    for match in _BESIDE.finditer(whole.written):
        before = whole.written[whole.written.rfind("$", 0, match.start()) + 1 : match.start()]
        if _EQUATES.search(before) and not _UNFINISHED.search(before):
            while whole.origin(at) < match.start():
                at += 1
            end = at + len(match[0])
            characters[at:end] = "=".ljust(end - at)  # a bar within it is no part of the formula
            found.append(at)
    return "".join(characters), found


#: === Step 2: the output layer ===
_BANNER = regex(r"^\s*={3,}(?=\s|\w|$)|(?<=\S)\s*={3,}\s*$")
_BESIDE = regex(r"\$[ |]{0,9}\$(?=\s*[-+−]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\s*\$)")
_EQUATES = regex(r"=|[←⟵]|\\(?:long)?leftarrow|\\gets")
BESIDE = "its number stands beside it without a sign of equality"


TOGETHER = "it may be two claims with nothing but a blank between them"
_BEFORE_A_NAME = regex(rf"[\s{JOIN}]*-?[0-9]*\.[0-9]+[ ](?:/[ ])?(?=[^\W\d]|∂)")


def _run_together(parts: list[Place]) -> str:
    """Why ``z = 0.7 h = 0.6`` is in doubt: a number and a name between two signs of equality."""
    for part in parts[1:-1]:
        number = _BEFORE_A_NAME.match(part.text)
        if number is not None and is_one_name(part.text[number.end() :]) and is_one_name(parts[0].text):
            return TOGETHER if is_number(parts[-1].text) else ""
    return ""


def _lead_on(told: list[str]) -> bool:
    """Whether the prose between a claim and a line that begins with = leads on to it: ``so``, ``with the numbers:``."""
    prose = [text.strip() for text in told if words(text) and not text.lstrip().startswith("```")]
    return len(prose) < 2 and all(_LEADS_ON.search(text) and len(text.split()) < 13 for text in prose)


_LEADS_ON = regex(
    r"[:,…]$|^\W*(?:and|so|then|thus|hence|therefore|now|next|also|which|that is|substitut|plug|put|insert|with|using|"
    r"simplif|comput|calculat|numerically|finally|here|we get|this|einsetz|also|und|dann|damit|somit|wir|mit|donc|et|"
    r"soit|avec|alors|ce qui|luego|entonces|y|con|sustitu|logo|ent|e|com|substit|assim|quindi|ottenendo|poi|sostitu)",
    re.IGNORECASE,
)
_NAMED = regex(r"[^\W\d_]")
APART = "it begins with = below other words, and may not go on with the line above them"


def _goes_on(waiting: Claim, parts: list[Place]) -> bool:
    """Whether a claim that ends with its sign goes on in the next line, whose first part is a formula and no name."""
    first = parts[0].text
    is_formula = re.search(r"[^\s⁠][-+*⊙⊗/\s(]", first.strip(f" \n{JOIN}")) is not None and not words(first)
    return waiting.signs > 0 and waiting.parts[-1].is_empty and is_formula and not is_one_name(first)


def _row(cells: tuple[Place, ...]) -> Iterator[Claim]:
    """The claims of a row of a table."""
    for group in parts_of_row(cells, words):
        pieces = [piece for cell in group for piece in _stripped(cell)]
        parts = [part for piece in pieces for part in _parts(piece)[0] if not part.is_empty]
        if len(parts) < 2 or is_number(parts[0].text):
            continue  # numbers alone are data
        if sum(is_number(part.text) for part in parts[1:]) > 1:
            line, column = parts[1].where(0)
            why = "several numbers stand in a row of a table, and nothing says which of them is claimed"
            yield Claim(parts, line, " | ".join(part.written for part in parts), f"line {line}, column {column}: {why}")
        else:
            told = "" if any(c.isalpha() for c in parts[0].text) or group[0] is cells[0] else OF_ROW
            yield Claim(parts, parts[0].where(0)[0], signs=len(parts) - 1, assigns=_assigns(pieces[0]), open=told)


OF_ROW = "it stands behind the head of its row, and nothing says what its numbers are"


def _refused(line: int, text: str) -> Claim | None:
    """A line that is too long or too deep to be looked at any closer."""
    if len(text) > LONGEST:
        why = f"at most {LONGEST} characters can be read; got {len(text)}"
    elif (deepest := deepest_bracket(text)) > 2 * DEEPEST:
        why = f"at most {DEEPEST} brackets within brackets can be read; got {deepest}"
    else:
        return None
    return Claim(number=line, text=short(text), error=f"line {line}, column 1: {why}")


def short(text: str) -> str:
    """The beginning of a line that is too long to be read, as messages show it."""
    text = text.strip()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


# ---------------------------------------------------------------- from a block to its pieces

_CONTINUES = regex(r"[\s⁠&]*[-+*/⊙⊗=^)\]}]")
_UNFINISHED = regex(r"[-+*/⊙⊗=^(\[{,][\s⁠]*$")
_MARKERS = regex(
    r"(?:[\s⇒&]+|#{1,6}(?=\s)|\([A-Z]{1,4}\.?[0-9]{1,2}(?:\.[0-9]{1,2})?\)(?=\s)|[*>#•‣◦▪–—-](?=\s)|\*(?=[A-Za-z])|[①-⑳]|\(?[0-9]{1,3}(?:st|nd|rd|th)?[.):](?=\s)|[0-9]{1,2}(?:st|nd|rd|th)\b"
    r"|\(?[a-z]\)(?=\s)|…)+"
)
_BRACED = regex(r"\s*\\(?:under|over)brace\b")
#: x=1.0 --w1=0.5--> z1=0.7: a drawing of what flows where
_DRAWN = regex(r"(?:(?<!-)--+|[─━]+)\s*[^\s>─━-][^>\n─━]{0,40}?(?:--+>|[─━]+[>▶►→])")
_LEAD = regex(
    r"(?:[\s⁠]*(?:so|thus|then|hence|consider|suppose|assume|therefore|now|and|where|with|finally|also|but|next|let|we|get|have|gives|that|it|"
    r"follows|similarly|likewise|again|first|second|because|since)\b[,:]?[\s⁠]+)+",
    re.IGNORECASE,
)
_GIVES = regex(rf"[\s⁠]*[-+]?[\s⁠]*[0-9.(\[{OPEN}]")
_LABEL = regex(r"[^=:]{1,80}:[\s⁠]+")


def _pieces(place: Place) -> Iterator[Place]:
    """The claims of one block, apart: at ``;``, at ``⇒``, at ends of lines, at commas between two claims."""
    text = place.text
    separators = _ends_once(text, _separators(text))
    start, is_claim = 0, False
    for (at, kind), (after, following) in zip(separators, [*separators[1:], (len(text), "")], strict=False):
        if kind == "=":
            is_claim = True
            continue
        claims_next = following == "=" and not _CONTINUES.match(text, at + 1) and not text[at + 1 : after].isspace()
        if kind == "." or (kind == "," and not (is_claim and claims_next)):
            continue
        if kind == "\n" and (_CONTINUES.match(text, at + 1) or _UNFINISHED.search(text[max(start, at - 80) : at])):
            continue  # a formula goes on
        if text[at] == "\n" and is_claim and _is_factor(text[start:at], text[at + 1 :]):
            continue
        if kind == "\n" and is_claim and _BRACED.match(place.source.written, place.source.origin(place.start + at)):
            continue  # with a factor under its brace
        yield from _stripped(place.within(start, at))
        start, is_claim = at + 1, False
    yield from _stripped(place.within(start, len(text)))


def _is_factor(before: str, behind: str) -> bool:
    """Whether the next line of a display goes on with a product of names, a factor or more a line."""
    last, following = before.rpartition("=")[2], behind.partition("\n")[0].rstrip(f" {BREAK}{JOIN}")
    if not following.strip() or any(sign in following for sign in f"=;{BREAK}{THEN}") or words(following):
        return False
    named, goes_on = (_NAMED.search(text.replace(r"\frac", "")) is not None for text in (last, following))
    return bool(last.strip(f" \n{JOIN}")) and (named or not goes_on)


def _ends_once(text: str, separators: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Separators without white space that stands directly behind a comma: ``, \\qquad``, a comma and the next line."""
    kept: list[tuple[int, str]] = []
    for at, kind in separators:
        blank = kept and kept[-1][1] == "," and not text[kept[-1][0] + 1 : at].strip(f" \t\n{JOIN}{WIDE}{BREAK}")
        if not (blank and kind in ",\n"):
            kept.append((at, kind))
    return kept


def _separators(text: str) -> list[tuple[int, str]]:
    """Signs of equality and of ends outside all brackets; all of them where the brackets do not match."""
    depth = 0
    found: list[tuple[int, str]] = []
    inside: list[tuple[int, str]] = []
    for match in re.finditer(rf"[(\[{{{OPEN}]|[)\]}}{CLOSE}]|[=;{THEN}{BREAK}{WIDE}\n]|[,.](?=[\s⁠{BREAK}])", text):
        character = match[0]
        if character in "([{" or character == OPEN:
            depth += 1
        elif character in ")]}" or character == CLOSE:
            depth = max(0, depth - 1)
        else:
            kind = {BREAK: "\n", WIDE: ","}.get(character, character)
            if kind == "." and (_SENTENCE.match(text, match.end()) or _ends_number(text, match.start())):
                kind = "\n"
            if kind == THEN and is_one_name(name := _last_piece(text[: match.start()])) and not _is_word(name):
                kind = "=" if _GIVES.match(text, match.end()) or _again(name, text[match.end() :]) else kind
            (inside if depth else found).append((match.start(), kind))
    signs = [pair for pair in inside if pair[1] == "="]
    if depth and signs and not any(kind == "=" for _, kind in found):
        found = sorted([*found, *signs])
    return found


_SENTENCE = regex(r"[\s⁠]+(?:[A-ZÄÖÜÉ][A-Za-zäöüéè]+)[\s⁠,]+(?![=+*/^-])")
#: behind a stop: a name and its sign, or words up to them
_CLAIMS_NEXT = regex(r"[\s⁠]+[^\W\d_][^=.;\n]{0,80}=")


def _ends_number(text: str, at: int) -> bool:
    """Whether a stop stands behind a number and before another claim: ``x_2 = -0.7. Saída: d = 0.1``."""
    return text[max(0, at - 1) : at].isdigit() and _CLAIMS_NEXT.match(text, at + 1) is not None


def _is_word(name: str) -> bool:
    """Whether what stands before an arrow is a word and no name: ``2 hidden neurons → 1 output``."""
    return words(name) == 1 and name.strip().islower() and name.strip() not in WORDS


def _again(name: str, behind: str) -> bool:
    """Whether a formula with the name itself follows, ``w_5 → w_5 - 0.5*0.01``, and not another claim."""
    bare, formula = (text.replace(JOIN, "").replace(" ", "") for text in (name, behind[:200]))
    return re.match(rf"{re.escape(bare)}[-+−]", formula) is not None


def _last_piece(text: str) -> str:
    """What stands behind the last end of a claim, without a marker of a list."""
    return re.split(rf"[;,:{THEN}{BREAK}{WIDE}\n]|\s(?=[^\W\d_]+\s)|(?:^|\n)[\s⁠]*[*•>-]\s", text[-200:])[-1]


def _stripped(place: Place) -> Iterator[Place]:
    """A piece without markers of lists, words that lead in, and stops; nothing where nothing is left."""
    text, start, end = place.text, 0, place.end - place.start
    for pattern in (_MARKERS, _LABEL, _LEAD, _MARKERS):
        match = pattern.match(text, start)
        if match:
            start = match.end()
    while end > start and (text[end - 1].isspace() or text[end - 1] in ".,;:&"):
        end -= 1
    if end > start:
        yield place.within(start, end)


def _parts(piece: Place) -> tuple[list[Place], int]:
    """The parts between signs of equality, and how many signs there are; a comment behind the last is dropped."""
    text, separators = piece.text, _separators(piece.text)
    signs = [at for at, kind in separators if kind == "="]
    edges = [-1, *signs, len(text)]
    comment = next((at for at, kind in separators if signs and at > signs[-1] and kind in ",."), None)
    if comment is not None and words(text[comment + 1 :]) > 1 and not words(text[signs[-1] : comment]):
        edges[-1] = comment
    elif signs and (aside := _ASIDE.search(text, signs[-1])) and words(aside["words"]):
        edges[-1] = aside.start()
    elif signs and (behind := _WORDS_BEHIND.search(text, signs[-1])) and words(behind["words"]):
        edges[-1] = behind.start()
    elif signs and (note := _FOREIGN_NOTE.search(text, signs[-1])):
        edges[-1] = note.start()
    parts = [piece.within(start + 1, end) for start, end in pairwise(edges)]
    kept = [part for i, part in enumerate(parts) if i in (0, len(parts) - 1) or not part.is_empty]
    if len(kept) > 2 and kept[-1].is_empty:
        kept.pop()
    return kept, len(signs)


def _assigns(piece: Place) -> bool:
    """Whether the first sign of equality is written as an arrow or as :=."""
    at = next((at for at, kind in _separators(piece.text) if kind == "="), None)
    if at is None:
        return False
    return _ARROW.fullmatch(piece.source.slice(piece.start + at, piece.start + at + 1).strip()) is not None


_ARROW = regex(r":=|≔|\\coloneqq|[←⟵→⟶]|<--?|--?>|\\(?:long)?(?:left|right)arrow|\\gets|\\to")
_WORDS_BEHIND = regex(rf"(?<=[0-9)\]}}{CLOSE}])(?P<words>[\s⁠]{{1,20}}[^\W\d_]{{2,}}(?=[\s,.]|$)[^=\[\](){{}}^_*/\\]*)$")
#: 0.5146 (smaller, good!)
_ASIDE = regex(rf"(?<=[0-9)\]}}{CLOSE}])[\s⁠]{{1,9}}\((?P<words>[^()=0-9_^*/+]{{3,80}})\)[\s⁠!.]{{0,3}}$")

#: 1（正类）, 0.63 【激活】, 0.5 по формуле
_FOREIGN_NOTE = regex(
    rf"(?<=[0-9)\]}}{CLOSE}])[\s⁠]{{0,9}}(?:[(\[][^()\[\]=]{{0,80}}[{FOREIGN}][^()\[\]=]{{0,80}}[)\]]|[【「『〔《〈][^()\[\]=]{{0,80}}[】」』〕》〉]|[{FOREIGN}]"
    rf"[^=\[\](){{}}^_*/\\]{{0,200}})[\s⁠!.。]{{0,3}}$"
)


def _is_formula(text: str) -> bool:
    """Whether a line without a sign of equality may be the subject of the next one."""
    if text.lower() in WORDS:  # Loss
        return True
    return len(text) < 400 and words(text) == 0 and any(c.isalpha() for c in text)
