"""Documents as data for a page that draws them itself: every formula as text and as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from chainrule.render import blocks
from chainrule.render.blocks import Line, visible
from chainrule.render.document import Document
from chainrule.render.writers.writer import Writer


class PageData(BaseModel):
    """A record that is sent to the page: all of its fields, always."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_serialization_defaults_required=True)


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


class PageWriter(Writer[DocumentBlock, LinePart]):
    """Documents as these records, with nothing in them that a browser obeys."""

    def line(self, line: Line) -> Parts:
        """The parts of a line."""
        return [self.part(part) for part in line]

    def _lines(self, lines: Sequence[Line]) -> list[Parts]:
        return [self.line(line) for line in lines]

    def _heading(self, block: blocks.Heading) -> HeadingBlock:
        return HeadingBlock(level=block.level, line=self.line(block.line))

    def _paragraph(self, block: blocks.Paragraph) -> ParagraphBlock:
        return ParagraphBlock(line=self.line(block.line))

    def _formula(self, block: blocks.DisplayFormula) -> EquationBlock:
        rights = [self._math(right) for right in block.rights]
        return EquationBlock(left=self._math(block.left), rights=rights, title=block.title, note=block.note)

    def _table(self, block: blocks.Table) -> TableBlock:
        return TableBlock(header=self._lines(block.header), rows=[self._lines(row) for row in block.rows])

    def _bullets(self, block: blocks.Bullets) -> BulletsBlock:
        return BulletsBlock(items=self._lines(block.items))

    def _verbatim(self, block: blocks.Verbatim) -> VerbatimBlock:
        return VerbatimBlock(text=visible(block.text))

    def _picture(self, block: blocks.Picture) -> PictureBlock:
        return PictureBlock(file=block.file, words=block.words)

    def _words(self, words: str) -> WordsPart:
        return WordsPart(words=visible(words))

    def _math(self, math: blocks.Math) -> FormulaPart:
        return FormulaPart(text=visible(math.text), latex=math.latex)

    def _code(self, code: blocks.Code) -> CodePart:
        return CodePart(code=visible(code.text))


def document_blocks(document: Document) -> list[DocumentBlock]:
    """The blocks of a document."""
    return [PageWriter().block(block) for block in document.blocks]


def equation_block(formula: blocks.DisplayFormula) -> EquationBlock:
    """A formula on its own."""
    return PageWriter()._formula(formula)


def line_parts(line: Line) -> Parts:
    """The parts of a line."""
    return PageWriter().line(line)
