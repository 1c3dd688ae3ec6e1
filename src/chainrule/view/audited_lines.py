"""Lines of an audit as the page shows them: with the places of what they are about and of what is wrong with them."""

from __future__ import annotations

from chainrule.auditing.records import ACCEPTED, Found
from chainrule.auditing.report.records import LineAudit
from chainrule.auditing.report.wording import PRIMED
from chainrule.errors import InputError
from chainrule.formula.tree import Timed
from chainrule.network import names
from chainrule.network.names import LOSS, Derivative, Name, Quantity
from chainrule.view.answers import AuditedLine, DrawnPlace, LineFault
from chainrule.view.highlights import highlights, missed_paths


def audited_line(line: LineAudit, sizes: tuple[int, ...]) -> AuditedLine:
    """A line with its verdict, in a network of these sizes (the inputs first)."""
    quantity, fault = line.quantity, _fault(line)
    name = quantity.name if isinstance(quantity, Timed) else quantity
    name = name if isinstance(name, Quantity | Derivative) else None
    asks = isinstance(quantity, Derivative) and quantity.of == LOSS and quantity.wrt.is_component
    return AuditedLine(
        number=line.number,
        text=line.text,
        verdict=line.verdict,
        message=line.message,
        part_messages=[part.message for part in line.parts if part.message and part.message not in line.message],
        root=line.root,
        fault=None if fault is None else LineFault(id=fault.id, wrong=fault.wrong, right=fault.right),
        highlights=_highlights(name, fault, sizes),
        asks=line.name if asks else None,
    )


def _fault(line: LineAudit) -> Found | None:
    """The mistake that a line most probably makes: of its first wrong formula, or of its number."""
    if line.verdict in ACCEPTED:
        return None
    formulas = [part.found for part in line.parts if part.verdict == "wrong" and part.kind == "formula"]
    return next(iter((*(formulas[0] if formulas else ()), *line.found)), None)


def _highlights(name: Name | None, fault: Found | None, sizes: tuple[int, ...]) -> list[DrawnPlace]:
    """What a line is about, and where it goes wrong: the paths that it leaves out, or the quantity at fault."""
    depth = len(sizes) - 1
    if fault is None:
        return highlights([name], depth)
    at = _read(fault.where, sizes)
    missed = missed_paths(fault.id, at, name, sizes)
    return [*highlights([name], depth), *missed] if missed else highlights([name, at], depth)


def _read(text: str, sizes: tuple[int, ...]) -> Name | None:
    """The name at which a mistake is made, without its primes; None for what is no name of this network."""
    match = PRIMED.fullmatch(text.strip())
    try:
        return names.find(match["base"] if match else text, sizes)[0]
    except InputError:
        return None
