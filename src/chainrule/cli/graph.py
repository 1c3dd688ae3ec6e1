"""``chainrule graph``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from chainrule.cli.output import Format, Json, Standalone, chosen_format, print_record, rendered
from chainrule.cli.shared import check_outputs
from chainrule.errors import InputError
from chainrule.system.files import is_device, write_whole
from chainrule.system.limits import bounded
from chainrule.system.streams import drawn, shown

if TYPE_CHECKING:
    from chainrule.explanation.graph.table import GraphGradients


def graph(
    formulas: Annotated[str, Argument(help='Formulas, such as "y1 = x^2; y2 = x^3; z = log(y1/y2)".')],
    of: Annotated[str, Option(help="The derivative, such as dz/dx; with --all the variable, such as z.")] = "",
    at: Annotated[list[str] | None, Option(help="A value, such as x=2 or x=[1,2]; one for each input.")] = None,
    top: Annotated[int, Option(help="List so many of the largest paths; all are counted and summed.", min=1)] = 20,
    formula: Annotated[bool, Option("--formula", help="Write the formula also where it is long.")] = False,
    every: Annotated[bool, Option("--all", help="The derivatives by all nodes, in one table.")] = False,
    out: Annotated[Path | None, Option(help="A picture of the graph, such as graph.svg.")] = None,
    form: Format = "text",
    standalone: Standalone = False,
    json: Json = False,
) -> None:
    """The chain rule in a graph of formulas: every path with its product, and their sum."""
    from chainrule.explanation.graph.graph import Graph

    form = chosen_format(form, json)
    values = [_value(text) for text in at or []]
    if len({name for name, _ in values}) < len(values):
        raise InputError("--at", "one value for each variable", ", ".join(at or []))
    if out is not None and out.suffix.lower() != ".svg" and not is_device(out):
        raise InputError("--out", "a file that ends with .svg", str(out))
    check_outputs({"--out": out}, [])
    if not of and not every and out is None:
        raise InputError("--of", "a derivative, such as dz/dx (or --all)", "none")
    picture = table = text = None
    with bounded("graph"):
        whole = Graph(formulas)
        if out is not None:
            above = of.partition("/")[0].lstrip("d∂") if "/" in of else of
            picture = whole.gradients(above, dict(values)).to_svg()
        if every:
            table = whole.gradients(of.partition("/")[0][1:] if "/" in of else of, dict(values))
            text = rendered("graph", table, form, standalone)
        elif of:
            text = rendered("graph", whole.derivative(of, dict(values), top, formula), form, standalone)
    if out is not None and picture is not None:
        write_whole(out, picture)
    if table is not None and form == "text" and sys.stdout.isatty():
        _print_table(table)
    elif text is not None:
        print_record(text, form)


def _value(text: str) -> tuple[str, Any]:
    """A number, a vector or the rows of a matrix under a name."""
    import json

    name, _, number = text.partition("=")
    try:
        value = json.loads(number) if number.strip().startswith("[") else float(number)
    except ValueError:
        raise InputError("--at", "a value such as x=2 or x=[1, 2]", repr(text)) from None
    return name.strip(), value


def _print_table(table: GraphGradients) -> None:
    """The table in a terminal, values in one colour and derivatives in another."""
    from rich.console import Console
    from rich.table import Table

    console = Console(file=drawn(sys.stdout), highlight=False)
    table_shown = Table(title=f"The derivatives of {table.of}", title_justify="left")
    for header, style in zip(("node", "value", f"d{table.of}/d(node)"), ("bold", "green", "red"), strict=True):
        table_shown.add_column(header, style=style, overflow="fold")
    for row in table.cells():
        table_shown.add_row(*map(shown, row))
    console.print(table_shown)
    for note in table.notes:
        console.print(shown(note))
