"""What a form of documents has to say: how each kind of block is written, and each kind of part of a line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from chainrule.render.blocks import (
    Block,
    Bullets,
    Code,
    DisplayFormula,
    Heading,
    Line,
    Math,
    Paragraph,
    Part,
    Picture,
    Table,
    Verbatim,
)

Written = TypeVar("Written")  # what a block becomes
WrittenPart = TypeVar("WrittenPart")  # what a part of a line becomes


class Writer(ABC, Generic[Written, WrittenPart]):
    """A form of documents. A new kind of block, or of part, is a new method here, and so in every form."""

    def block(self, block: Block) -> Written:
        """A block in this form."""
        match block:
            case Heading():
                return self._heading(block)
            case Paragraph():
                return self._paragraph(block)
            case DisplayFormula():
                return self._formula(block)
            case Table():
                return self._table(block)
            case Bullets():
                return self._bullets(block)
            case Verbatim():
                return self._verbatim(block)
            case Picture():
                return self._picture(block)

    def part(self, part: Part) -> WrittenPart:
        """A part of a line in this form."""
        if isinstance(part, str):
            return self._words(part)
        return self._math(part) if isinstance(part, Math) else self._code(part)

    @abstractmethod
    def _heading(self, block: Heading) -> Written:
        """A heading, by its level."""

    @abstractmethod
    def _paragraph(self, block: Paragraph) -> Written:
        """Lines of prose."""

    @abstractmethod
    def _formula(self, block: DisplayFormula) -> Written:
        """A formula on its own, under its title."""

    @abstractmethod
    def _table(self, block: Table) -> Written:
        """A table with its header."""

    @abstractmethod
    def _bullets(self, block: Bullets) -> Written:
        """A list."""

    @abstractmethod
    def _verbatim(self, block: Verbatim) -> Written:
        """A line as somebody typed it."""

    @abstractmethod
    def _picture(self, block: Picture) -> Written:
        """A picture in a file, and what it shows."""

    @abstractmethod
    def _words(self, words: str) -> WrittenPart:
        """Words, which may be a stranger's and stay words."""

    @abstractmethod
    def _math(self, math: Math) -> WrittenPart:
        """A formula within a line."""

    @abstractmethod
    def _code(self, code: Code) -> WrittenPart:
        """Text within a line as somebody typed it."""


class StringWriter(Writer[str, str]):
    """A form in which blocks and lines are strings."""

    def line(self, line: Line) -> str:
        """A line in this form."""
        return "".join(map(self.part, line))
