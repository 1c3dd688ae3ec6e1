"""The audit of somebody's code on several networks, and its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.auditing.records import ACCEPTED
from chainrule.auditing.report.document import Audit
from chainrule.auditing.report.records import LineAudit
from chainrule.auditing.report.wording import sentence
from chainrule.render.blocks import Block, Bullets, Code, Heading, Line, Paragraph, Table, line
from chainrule.render.document import Document, Rendered


@dataclass(frozen=True, eq=False)
class TriedCase:
    """One network on which code was tried: units of its layers, examples, and the audit, or why there is none."""

    sizes: tuple[int, ...]
    examples: int
    audit: Audit | None
    error: str = ""

    @property
    def words(self) -> str:
        """What came of it."""
        if self.audit is None:
            return self.error
        first = self.audit.first_wrong
        right = sum(line.verdict in ACCEPTED for line in self.audit.lines)
        found = f"{right} of {len(self.audit.lines)} arrays are right"
        return found if first is None else f"{found}, the first that is wrong is {first.name}"


@dataclass(frozen=True, eq=False)
class CodeAudit(Rendered):
    """The audit of a stranger's backward pass.

    Attributes:
        title: its file and name.
        called: the layout in which it ran.
        cases: the networks on which it was tried.
        audit: of the one that is shown: the first wrong one whose cause is named, else the first.
        notes: what was found out, a sentence each.
        cautions: what is not checked, or holds of it and is told with the verdict.
        faults: what is wrong with it although every array is right.

    >>> def backward(X, y, W, b):
    ...     p = 1 / (1 + np.exp(-(X @ W + b)))
    ...     return {"dW": X.T @ (p - y), "db": (p - y).mean(axis=0)}
    >>> audit = cr.audit_code(backward, [3, 1], output="sigmoid", loss="binary_cross_entropy", reduction="mean")
    >>> audit.ok, audit.first_wrong.name, audit.first_wrong.mistakes
    (False, 'dL/dW_1', ('batch_sum_vs_mean',))
    """

    title: str
    called: str
    cases: tuple[TriedCase, ...]
    audit: Audit
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """True when no array of any network is wrong, and those of the sizes that were asked for could be read."""
        asked = self.cases[0].sizes
        return not self.faults and all(case.audit.ok if case.audit else case.sizes != asked for case in self.cases)

    @property
    def first_wrong(self) -> LineAudit | None:
        """The first array that is wrong, in the audit that is shown."""
        return self.audit.first_wrong

    def document(self) -> Document:
        """How the code was called, what came of it on each network, and the audit of one of them."""
        _, network, said, *rest = self.audit.document().blocks
        wrong = sum(case.audit is not None and not case.audit.ok for case in self.cases)
        failed = sum(case.audit is None for case in self.cases)
        count = f"Wrong in {wrong}" if wrong else f"Right in {len(self.cases) - failed}"
        asked = any(case.audit is None and case.sizes == self.cases[0].sizes for case in self.cases)
        fails = f", and fails in {failed}" if failed else ""
        fails += ", with the layers that were asked for" if asked else ""
        told_too = (*(f"but {words}" for words in self.faults), *self.cautions)
        more = "".join(f" {sentence(words)}." for words in told_too)
        told = line(f"{count} of {len(self.cases)} random networks that it was tried on{fails}. ", *_line(said), more)
        rows = tuple((line("-".join(map(str, c.sizes))), line(str(c.examples)), line(c.words)) for c in self.cases)
        blocks: list[Block] = [Heading(1, line("Gradients of ", Code(self.title))), network, Paragraph(told)]
        blocks.append(Bullets(tuple(line(f"{note}.") for note in (f"Called with {self.called}", *self.notes))))
        blocks.append(Table(tuple(map(line, ("layers", "examples", "arrays"))), rows))
        return Document((*blocks, *rest))

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        cases = [
            {"layers": list(c.sizes), "examples": c.examples, "ok": c.audit is not None and c.audit.ok,
             "first_wrong": c.audit.first_wrong.name if c.audit and c.audit.first_wrong else None,
             "arrays": len(c.audit.lines) if c.audit else 0,
             "right": sum(line.verdict in ACCEPTED for line in c.audit.lines) if c.audit else 0, "error": c.error}
            for c in self.cases
        ]  # fmt: skip
        told = {"code": self.title, "called": self.called, "cases": cases, "code_notes": list(self.notes),
                "cautions": list(self.cautions), "faults": list(self.faults)}  # fmt: skip
        return self.audit.to_dict() | told | {"ok": self.ok}


def _line(block: Block) -> Line:
    return block.line if isinstance(block, Paragraph) else ()
