"""``chainrule explain``."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from chainrule.cli.explain_ensemble import ensemble_of, explain_ensemble
from chainrule.cli.output import Format, Json, Standalone, chosen_format, print_record, rendered
from chainrule.cli.shared import Data, File, Notation, Quantity, need_data, read_input


def explain(
    file: File,
    quantity: Quantity,
    data: Data = None,
    example: Annotated[list[int] | None, Option(help="Row of DATA, counted from 1; may be repeated.")] = None,
    examples: Annotated[int, Option(help="Without --example: how many rows.", min=1)] = 1,
    steps_of: Annotated[int | None, Option(help="Of a batch: the example whose steps are shown.")] = None,
    notation: Notation = None,
    shortcuts: Annotated[bool, Option(help="Use declared pairs of output and loss, or go the long way.")] = True,
    full: Annotated[bool, Option("--full", help="Every term of long sums, every entry of large arrays.")] = False,
    form: Format = "text",
    standalone: Standalone = False,
    json: Json = False,
) -> None:
    """Explain one quantity: where it comes from, step by step, with its numbers."""
    from chainrule.explanation.explain import explain as explained

    form = chosen_format(form, json)
    need_data(file, data)
    if data is not None and (ensemble := ensemble_of(file)) is not None:
        explain_ensemble(ensemble, data, (example or [1])[0], quantity, form)
        return
    given = read_input(file, data, example, examples, 0)
    if quantity.replace("∂", "d").startswith(("d2", "d^2", "d²")):
        from chainrule.explanation.graph.graph import Graph

        answer = Graph.of_network(given.network, given.x, given.y).derivative(quantity)
        print_record(rendered("explain", answer, form, standalone), form)
        return
    record = explained(
        given.network, given.x, given.y, quantity, notation,  # type: ignore[arg-type]
        sample_weight=given.sample_weight, shortcuts=shortcuts, full=full, example=steps_of,
    )  # fmt: skip
    print_record(rendered("explain", record, form, standalone), form)
