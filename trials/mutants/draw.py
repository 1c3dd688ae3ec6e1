"""What may be changed in a source file: every mutant of it, and a sample that later changes disturb little.

The changes are mutmut's (``mutmut.mutation.mutators``): boundaries, signs and operators, numbers, True and False,
``not``, ``in``, ``and``, keyword arguments left out, branches forced one way, cases left out of a ``match``. The rest
of mutmut is not used: it keeps all mutants of a function beside it and chooses one at each call, which leaves out the
tables of rules at the top of our modules, properties, and cached functions. Neither are its changes to None: the type
checker finds them without a test. cosmic-ray reads this tree as well, but replaces each operator by every other
(11 for one ``+``, most of them refused by the interpreter at once), and changes no arguments, strings or cases.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, WhitespaceInclusivePositionProvider
from mutmut.mutation import mutators as by

#: mutmut's changes and the nodes they are made to; a string is one only where it decides something, see ``_decides``
CHANGES: tuple[tuple[type | tuple[type, ...], Any], ...] = (
    (cst.BaseNumber, by.operator_number),
    (cst.SimpleString, by.operator_string),
    (cst.Name, by.operator_name),
    (cst.AugAssign, by.operator_augmented_assignment),
    (cst.UnaryOperation, by.operator_remove_unary_ops),
    (cst.Call, by.operator_arg_removal),
    (cst.Call, by.operator_symmetric_string_methods_swap),
    (cst.Call, by.operator_unsymmetrical_string_methods_swap),
    (cst.CSTNode, by.operator_keywords),
    (cst.CSTNode, by.operator_swap_op),
    (cst.Match, by.operator_match),
    ((cst.If, cst.IfExp, cst.CompIf), by.operator_if_exp),
)
#: left alone whole: what is only shown, checked by the type checker, or there for the reader
ALONE = (cst.Annotation, cst.Assert, cst.Decorator, cst.FormattedString, cst.Import, cst.ImportFrom, cst.Raise)
#: as in mutmut: a change inside these calls is refused at once or changes nothing; what a field declares is for types
ALONE_CALLS = ("len", "isinstance", "cast", "TypeVar", "field")


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        module: the file, from the folder of the package: ``formula/evaluate.py``.
        function: the innermost function or class around it, with its classes: ``Graph.inputs``; or nothing.
        at: the first line that is changed.
        first, last: the lines of its statement; of a statement with a body ``at`` alone.
        before, after: the line without its indentation; a line left out is ``""`` afterwards.
        imported: whether it runs when the module is imported: it is in no function.
        kept: whether the function keeps what it returned (``functools.cache``), so that few tests run it.
        start, end, text: the characters of the file that are replaced, and by what.
    """

    module: str
    function: str
    at: int
    first: int
    last: int
    before: str
    after: str
    imported: bool
    kept: bool
    start: int
    end: int
    text: str

    @property
    def name(self) -> str:
        """``formula/evaluate.py:45:a < b->a <= b``."""
        return f"{self.module}:{self.at}:{self.before}->{self.after}"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What stays when lines move: where it is in words, and the change."""
        return self.module, self.function, self.before, self.after

    def applied(self, source: str) -> str:
        """The file with the change."""
        return source[: self.start] + self.text + source[self.end :]


def sample(mutants: Iterable[Mutant], seed: int, count: int) -> list[Mutant]:
    """So many of them, in the order of the files.

    Each has a number that depends on its own text and the seed alone, and the lowest are drawn: where the source
    changes, the rest of the sample stays as it was.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    ranked = []
    for mutant in mutants:
        seen[mutant.key] += 1
        text = "\0".join([str(seed), *mutant.key, str(seen[mutant.key])])
        ranked.append((hashlib.sha256(text.encode()).digest(), mutant))
    drawn = sorted(ranked, key=lambda pair: pair[0])[:count]
    return sorted((mutant for _, mutant in drawn), key=lambda m: (m.module, m.at, m.after))


def mutants_of(folder: Path, module: str) -> Iterator[Mutant]:
    """Every mutant of a file of the package in that folder."""
    source = (folder / module).read_text()
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    visitor = _Visitor(module, source)
    wrapper.visit(visitor)
    yield from visitor.found


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (WhitespaceInclusivePositionProvider,)

    def __init__(self, module: str, source: str) -> None:
        super().__init__()
        self.module, self.source = module, source
        self.starts = [0, *accumulate(len(line) + 1 for line in source.split("\n"))]
        self.found: list[Mutant] = []
        self.above: list[cst.CSTNode] = []
        self.taken: set[tuple[tuple[int, int], str]] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, ALONE) or _alone(node):
            return False
        for kinds, change in CHANGES:
            if isinstance(node, kinds):
                for changed in change(node):
                    self._take(node, changed)
        self.above.append(node)
        return True

    def on_leave(self, node: cst.CSTNode) -> None:
        if self.above and self.above[-1] is node:
            self.above.pop()

    def _take(self, node: cst.CSTNode, changed: cst.CSTNode) -> None:
        """Note the change, where it is one of those that are made here."""
        target: cst.CSTNode = node
        text = ""
        match node, changed:
            case cst.Match(), cst.Match():
                (target,) = [case for case in node.cases if case not in changed.cases]
            case cst.Call(), cst.Call() if len(node.args) > len(changed.args):
                (target,) = [a for a in node.args if a not in changed.args]
                if target.keyword is None or _alone(target):
                    return  # it would be refused at once
            case cst.Call(), cst.Call() if node.func is changed.func:
                return  # an argument that is None
            case ((cst.If() | cst.IfExp() | cst.CompIf()), _):
                target, text = node.test, _code(changed.test)  # type: ignore[attr-defined]
            case cst.SimpleString(), _ if not (self._decides(node) and changed.value.count("XX") == 2):  # type: ignore[attr-defined]
                return
            case _:
                text = _code(changed)
        span = self._span(target)
        if span is None or (text and self.source[slice(*span)] != _code(target)):
            return
        if (span, text) not in self.taken and text != self.source[slice(*span)]:
            self.taken.add((span, text))
            self._note(*span, text)

    def _note(self, start: int, end: int, text: str) -> None:
        head = self.starts[self._line(start) - 1]
        tail = self.source.find("\n", end)
        old = self.source[head:tail].split("\n")
        new = (self.source[head:start] + text + self.source[end:tail]).split("\n")
        same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), len(new) - 1)
        at = self._line(head) + same
        around = [n for n in self.above if isinstance(n, cst.FunctionDef | cst.ClassDef)]
        self.found.append(
            Mutant(
                self.module,
                ".".join(n.name.value for n in around),
                at,
                *self._statement(at),
                old[same].strip(),
                "" if len(old) > len(new) else new[same].strip(),
                not any(isinstance(n, cst.FunctionDef) for n in around),
                any("cache" in _code(d.decorator) for n in around for d in n.decorators),
                start,
                end,
                text,
            )
        )

    def _decides(self, node: cst.CSTNode) -> bool:
        """Whether a string is compared, matched or looked up; any other may be wording."""
        for parent in reversed(self.above[-4:]):
            if isinstance(parent, cst.Comparison | cst.MatchValue):
                return True
            if isinstance(parent, cst.Subscript):
                return not (isinstance(parent.value, cst.Name) and parent.value.value == "Literal")
            if isinstance(parent, cst.DictElement):
                return parent.key is node
        return False

    def _statement(self, at: int) -> tuple[int, int]:
        """The lines of the statement around; of one with a body only the line itself."""
        for node in reversed(self.above):
            if isinstance(node, cst.SimpleStatementLine) and (span := self._span(node)):
                return self._line(span[0]), self._line(span[1] - 1)
        return at, at

    def _span(self, node: cst.CSTNode) -> tuple[int, int] | None:
        found = self.get_metadata(WhitespaceInclusivePositionProvider, node, None)
        if found is None:
            return None
        return tuple(self.starts[p.line - 1] + p.column for p in (found.start, found.end))  # type: ignore[return-value]

    def _line(self, place: int) -> int:
        return bisect_right(self.starts, place)


def _alone(node: cst.CSTNode) -> bool:
    match node:
        case cst.Call(func=cst.Name(value=name)):
            return name in ALONE_CALLS
        case cst.Arg(keyword=cst.Name(value="strict")):
            return True  # of ``zip`` an assertion
        case cst.If(test=cst.Name(value="TYPE_CHECKING")) | cst.FunctionDef(name=cst.Name(value="__repr__")):
            return True
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value="__all__"))]):
            return True
    return False


def _code(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)
