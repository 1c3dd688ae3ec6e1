"""An audit with the right derivation beside each line that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chainrule.auditing.report.document import Audit
from chainrule.auditing.report.records import LineAudit
from chainrule.errors import InputError
from chainrule.explanation.explain import explain
from chainrule.formula.tree import Symbol, Timed, refs
from chainrule.network.names import Derivative, Notation, Quantity
from chainrule.render.blocks import Block, Paragraph, line
from chainrule.sheets.header import Worksheet
from chainrule.sheets.lines import read_lines

MOST_STEPS = 4  # of the quantities that a line is computed from; its own equation comes last


def explained(audit: Audit, sheet: Worksheet) -> Audit:
    """The audit of a worksheet with each wrong line derived as it should be, in the line's notation.

    A line that only follows from another needs none; an update is given by its equation in the report already.

    Args:
        audit: of this worksheet, under its header's own conventions.

    >>> from chainrule.sheets.header import parse_worksheet
    >>> from chainrule.auditing.audit import audit_sheet
    >>> sheet = parse_worksheet('''+++
    ... [network]
    ... output = "identity"
    ... loss = "half_squared_error"
    ... x = [1, 2]
    ... y = [1]
    ... [[network.layer]]
    ... W = [[0.5, -0.6]]
    ... +++
    ... dL/dyhat_1 = y_1 - yhat_1 = 1.7
    ... ''', "sheet.md")
    >>> *_, own = explained(audit_sheet(sheet), sheet).lines[0].derivation
    >>> print(own.left.text, *(right.text for right in own.rights), sep=" = ")
    dL/dyhat_1 = yhat_1 - y_1 = -0.7 - 1 = -1.7
    """
    notations = {one.number: one.notation for one in read_lines(sheet.lines, sheet.first_line, sheet.network.sizes)}
    lines = (
        replace(a, derivation=tuple(_derivation(sheet, a, notations.get(a.number, "textbook"))))
        if a.verdict == "wrong"
        else a
        for a in audit.lines
    )
    return replace(audit, lines=tuple(lines))


def _derivation(sheet: Worksheet, a: LineAudit, notation: Notation) -> Iterator[Block]:
    network, name = sheet.network, a.quantity
    if isinstance(name, Timed):
        if name.after > 1 or sheet.learning_rate is None or _is_parameter(name.name):
            return
        backward = network.backward(sheet.x, sheet.y, sample_weight=sheet.sample_weight)
        network, name = network.step(backward, sheet.learning_rate), name.name
    if not isinstance(name, Quantity | Derivative):
        return
    try:
        found = explain(network, sheet.x, sheet.y, name, notation, sample_weight=sheet.sample_weight)
    except InputError:  # a value that is given
        return
    yield Paragraph(line("So it comes out right:"))
    *before, own = found.steps
    needed = set(refs(own.tree))
    yield from (step.formula for step in [*[s for s in before if s.quantity in needed][-MOST_STEPS:], own])


def _is_parameter(name: Symbol) -> bool:
    return isinstance(name, Quantity) and name.symbol in "Wb"
