"""A cause that names a size of the network must hold in networks of other sizes as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chainrule.auditing.diagnosis.origins import OF_SHAPES
from chainrule.auditing.report.document import Audit

MOST = 3  # audits that are held against each other


def upheld(shown: Audit, others: Sequence[Callable[[], Audit]]) -> Audit:
    """Of audits of several networks the one whose causes the others name as well.

    Args:
        others: make the audits of other networks with their causes; called only where a cause names a size.
    """
    if not any(OF_SHAPES & set(id.split("+")) for line in shown.lines for id in line.mistakes):
        return shown
    audits = [shown, *(make() for make in others[: MOST - 1])]

    said = [{(line.name, found.words) for line in audit.lines for found in line.found} for audit in audits]

    def agreement(audit: Audit) -> tuple[int, int]:
        first = [(line.name, line.found[0]) for line in audit.lines if line.found]
        by_size = sum(bool(OF_SHAPES & set(found.id.split("+"))) for _, found in first)
        return sum((name, found.words) in other for name, found in first for other in said), -by_size

    return max(audits, key=agreement)
