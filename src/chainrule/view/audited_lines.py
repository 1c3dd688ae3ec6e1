"""Lines of an audit as the page shows them: with the places of what they are about and of what is wrong with them."""

from __future__ import annotations

from chainrule.auditing.records import ACCEPTED, Found
from chainrule.auditing.report.records import LineAudit
from chainrule.auditing.report.wording import PRIMED
from chainrule.errors import InputError
from chainrule.formula.tree import Symbol, Timed
from chainrule.network import names
from chainrule.network.names import LOSS, Derivative, Name, Quantity
from chainrule.view.answers import AuditedLine, DrawnPlace, LineFault
from chainrule.view.highlights import highlights, missed_paths


def audited_line(line: LineAudit, sizes: tuple[int, ...]) -> AuditedLine:
    """A line with its verdict, in a network of these sizes (the inputs first)."""
    name, fault = line.quantity, _fault(line)
    asks = isinstance(name, Derivative) and name.of == LOSS and name.wrt.is_component
    return AuditedLine(
        number=line.number, text=line.text, verdict=line.verdict, message=line.message,
        part_messages=[part.message for part in line.parts if part.message and part.message not in line.message],
        root=line.root, fault=None if fault is None else LineFault(id=fault.id, wrong=fault.wrong, right=fault.right),
        highlights=_highlights(name, fault, sizes), asks=str(name) if asks else None,
    )  # fmt: skip


def _fault(line: LineAudit) -> Found | None:
    """The mistake that a line most probably makes: of its first wrong formula, or of its number."""
    if line.verdict in ACCEPTED:
        return None
    formulas = [part.found for part in line.parts if part.verdict == "wrong" and part.kind == "formula"]
    return next(iter((*(formulas[0] if formulas else ()), *line.found)), None)


def _highlights(quantity: Symbol | None, fault: Found | None, sizes: tuple[int, ...]) -> list[DrawnPlace]:
    """What a line is about, and where it goes wrong: the paths that it leaves out, or the quantity at fault."""
    depth, name = len(sizes) - 1, _drawn(quantity)
    if fault is None:
        return highlights([name], depth)
    at = _made_at(fault, sizes)
    missed = missed_paths(fault.id, at, name, sizes)
    return [*highlights([name], depth), *missed] if missed else highlights([name, at], depth)


def _drawn(quantity: Symbol | None) -> Name | None:
    """What is on the drawing of a quantity, before and after updates; None of a name of the author's own."""
    name = quantity.name if isinstance(quantity, Timed) else quantity
    return name if isinstance(name, Quantity | Derivative) else None


def _made_at(fault: Found, sizes: tuple[int, ...]) -> Name | None:
    """The quantity at which a mistake is made, without its primes; None where that is none of this network."""
    match = PRIMED.fullmatch(fault.where.strip())
    try:
        return names.find(match["base"] if match else fault.where, sizes)[0]
    except InputError:
        return None
