"""Documents as data for a page that draws them itself: every formula as text and as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from chainrule.render.document import (
    Block,
    Bullets,
    Code,
    Document,
    Equation,
    Heading,
    Line,
    Math,
    Paragraph,
    Picture,
    Table,
    Verbatim,
    visible,
)


class PageData(BaseModel):
    """A record that is sent to the page: all of its fields, always."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


# ---------------------------------------------------------------- lines


class WordsPart(PageData):
    """Words within a line."""

    words: str


class CodePart(PageData):
    """Something as it is typed, within a line."""

    code: str


class FormulaPart(PageData):
    """A formula as plain text and as LaTeX."""

    text: str
    latex: str


LinePart: TypeAlias = WordsPart | CodePart | FormulaPart
Parts: TypeAlias = list[LinePart]


def line_parts(line: Line) -> Parts:
    """The parts of a line, with nothing in them that a browser obeys."""
    return [_part(part) for part in line]


def _part(part: str | Math | Code) -> LinePart:
    if isinstance(part, str):
        return WordsPart(words=visible(part))
    return _formula(part) if isinstance(part, Math) else CodePart(code=visible(part.text))


def _formula(math: Math) -> FormulaPart:
    return FormulaPart(text=visible(math.text), latex=math.latex)


# ---------------------------------------------------------------- blocks


class HeadingBlock(PageData):
    """A heading; level 1 is the title."""

    block: Literal["heading"] = "heading"
    level: int
    line: Parts


class ParagraphBlock(PageData):
    """A paragraph."""

    block: Literal["paragraph"] = "paragraph"
    line: Parts


class EquationBlock(PageData):
    """A left side and what it equals, one right side after the other."""

    block: Literal["equation"] = "equation"
    left: FormulaPart
    rights: list[FormulaPart]
    title: str
    note: str


class TableBlock(PageData):
    """A table: the cells of its header, and of each row."""

    block: Literal["table"] = "table"
    header: list[Parts]
    rows: list[list[Parts]]


class BulletsBlock(PageData):
    """A list."""

    block: Literal["bullets"] = "bullets"
    items: list[Parts]


class VerbatimBlock(PageData):
    """Text whose lines and spaces stay as they are."""

    block: Literal["verbatim"] = "verbatim"
    text: str


class PictureBlock(PageData):
    """A picture by the name of its file, and what it shows in words."""

    block: Literal["picture"] = "picture"
    file: str
    words: str


DocumentBlock: TypeAlias = (
    HeadingBlock | ParagraphBlock | EquationBlock | TableBlock | BulletsBlock | VerbatimBlock | PictureBlock
)


def document_blocks(document: Document) -> list[DocumentBlock]:
    """The blocks of a document."""
    return [_block(block) for block in document.blocks]


def equation_block(equation: Equation) -> EquationBlock:
    """An equation."""
    rights = [_formula(right) for right in equation.rights]
    return EquationBlock(left=_formula(equation.left), rights=rights, title=equation.title, note=equation.note)


def _block(block: Block) -> DocumentBlock:
    match block:
        case Heading(level=level, line=line):
            return HeadingBlock(level=level, line=line_parts(line))
        case Paragraph(line=line):
            return ParagraphBlock(line=line_parts(line))
        case Equation():
            return equation_block(block)
        case Table(header=header, rows=rows):
            return TableBlock(header=_cells(header), rows=[_cells(row) for row in rows])
        case Bullets(items=items):
            return BulletsBlock(items=_cells(items))
        case Verbatim(text=text):
            return VerbatimBlock(text=visible(text))
        case Picture(file=file, words=words):
            return PictureBlock(file=file, words=words)


def _cells(lines: Sequence[Line]) -> list[Parts]:
    return [line_parts(line) for line in lines]
