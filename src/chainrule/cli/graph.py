"""``chainrule graph``."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from chainrule.cli.output import Format, Json, Standalone, chosen_format, print_record, rendered
from chainrule.errors import InputError


def graph(
    formulas: Annotated[str, Argument(help='Formulas, such as "y1 = x^2; y2 = x^3; z = log(y1/y2)".')],
    of: Annotated[str, Option(help="The derivative, such as dz/dx.")],
    at: Annotated[list[str] | None, Option(help="A value, such as x=2; one for each input.")] = None,
    top: Annotated[int, Option(help="List so many of the largest paths; all are counted and summed.", min=1)] = 20,
    formula: Annotated[bool, Option("--formula", help="Write the formula also where it is long.")] = False,
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
    record = Graph(formulas).derivative(of, dict(values), top, formula)
    print_record(rendered("graph", record, form, standalone), form)


def _value(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise InputError("--at", "a value such as x=2", repr(text)) from None
