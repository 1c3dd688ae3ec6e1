"""What a form of documents has to say: how each kind of block is written, and each kind of part of a line."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from chainrule.render import blocks
from chainrule.render.blocks import Block, Line, Part

Written = TypeVar("Written")  # what a block becomes
WrittenPart = TypeVar("WrittenPart")  # what a part of a line becomes


class Writer(ABC, Generic[Written, WrittenPart]):
    """A form of documents. A new kind of block, or of part, is a new method here, and so in every form."""

    def block(self, block: Block) -> Written:
        """A block in this form."""
        match block:
            case blocks.Heading():
                return self._heading(block)
            case blocks.Paragraph():
                return self._paragraph(block)
            case blocks.DisplayFormula():
                return self._formula(block)
            case blocks.Table():
                return self._table(block)
            case blocks.Bullets():
                return self._bullets(block)
            case blocks.Verbatim():
                return self._verbatim(block)
            case blocks.Picture():
                return self._picture(block)

    def part(self, part: Part) -> WrittenPart:
        """A part of a line in this form."""
        if isinstance(part, str):
            return self._words(part)
        return self._math(part) if isinstance(part, blocks.Math) else self._code(part)

    @abstractmethod
    def _heading(self, block: blocks.Heading) -> Written: ...

    @abstractmethod
    def _paragraph(self, block: blocks.Paragraph) -> Written: ...

    @abstractmethod
    def _formula(self, block: blocks.DisplayFormula) -> Written: ...

    @abstractmethod
    def _table(self, block: blocks.Table) -> Written: ...

    @abstractmethod
    def _bullets(self, block: blocks.Bullets) -> Written: ...

    @abstractmethod
    def _verbatim(self, block: blocks.Verbatim) -> Written: ...

    @abstractmethod
    def _picture(self, block: blocks.Picture) -> Written: ...

    @abstractmethod
    def _words(self, words: str) -> WrittenPart: ...

    @abstractmethod
    def _math(self, math: blocks.Math) -> WrittenPart: ...

    @abstractmethod
    def _code(self, code: blocks.Code) -> WrittenPart: ...


class StringWriter(Writer[str, str]):
    """A form in which blocks and lines are strings."""

    def line(self, line: Line) -> str:
        """A line in this form."""
        return "".join(map(self.part, line))
