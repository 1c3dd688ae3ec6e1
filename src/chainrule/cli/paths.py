"""``chainrule paths``."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from chainrule.cli.output import Format, Json, Standalone, chosen_format, print_record, rendered
from chainrule.cli.shared import Data, File, Notation, Quantity, need_data, read_input


def paths(
    file: File,
    quantity: Quantity,
    top: Annotated[int, Option(help="List so many of the largest paths.", min=0)] = 10,
    data: Data = None,
    example: Annotated[int | None, Option(help="Row of DATA or of the worksheet, counted from 1.")] = None,
    notation: Notation = None,
    shortcuts: Annotated[bool, Option(help="Take a declared pair of output and loss as one edge.")] = False,
    form: Format = "text",
    standalone: Standalone = False,
    json: Json = False,
) -> None:
    """List the paths from one number of the network to the loss: their sum is the gradient."""
    from chainrule.explanation.paths import paths as found

    form = chosen_format(form, json)
    need_data(file, data)
    given = read_input(file, data, [example] if example is not None else None, 1, 0)
    record = found(
        given.network, given.x, given.y, quantity, top, notation,  # type: ignore[arg-type]
        sample_weight=given.sample_weight, shortcuts=shortcuts,
    )  # fmt: skip
    print_record(rendered("paths", record, form, standalone), form)
