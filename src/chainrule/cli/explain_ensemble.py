"""``chainrule explain`` for a preset's model: the derivative of an output by each column, and each member's part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.cli.output import print_json
from chainrule.cli.shared import tell
from chainrule.errors import InputError
from chainrule.render.blocks import visible

if TYPE_CHECKING:
    import pyarrow as pa

    from chainrule.tables.presets.model import PresetModel


@dataclass(frozen=True)
class ExplainedInput:
    """An input of the ensemble and the derivative by it.

    Attributes:
        column, part: what it is of the table; ``part`` is empty for a number as it is.
        cell: what stands in the row's column; None for nothing.
        words: what that is taken as.
        members: what each of them adds to the derivative.
    """

    input: str
    column: str
    part: str
    cell: Any
    words: str
    derivative: float
    members: list[float]


def ensemble_of(file: str) -> PresetModel | None:
    """The preset's model of a file; None where it is something else, which others read.

    Raises:
        InputError: a damaged file.
    """
    if not file.endswith(".safetensors"):
        return None
    from chainrule.storage.ensemble_file import is_ensemble, load_table_model
    from chainrule.tables.presets.model import PresetModel

    found = load_table_model(file) if is_ensemble(file) else None
    return found if isinstance(found, PresetModel) else None


def explain_ensemble(model: PresetModel, data: str, row: int, quantity: str, form: str) -> None:
    """Print dyhat_K/dx of a row: by column, with what each member of the ensemble adds.

    Raises:
        InputError: another quantity or format; no such row.
    """
    from chainrule.storage import read_table
    from chainrule.tables.predictions import reading_for

    outputs, table = model.target.outputs, read_table(data, reading_for(model), tell)
    asked = re.fullmatch(r"d\s*yhat(?:_(\d+))?\s*/\s*d\s*x", quantity.replace("∂", "d"))
    place = int(asked[1] or 1) if asked else 0
    if not 1 <= place <= outputs or (asked and asked[1] is None and outputs > 1):
        names = "dyhat_1/dx" if outputs == 1 else f"dyhat_1/dx to dyhat_{outputs}/dx"
        raise InputError(
            f"quantity {quantity!r}", f"{names} of an ensemble's model; others need one network", "another"
        )
    if form not in ("text", "json"):
        raise InputError("--format", "text or json for an ensemble's model", repr(form))
    if not 1 <= row <= table.num_rows:
        raise InputError("example", f"row numbers from 1 to {table.num_rows}", str(row))
    part = table.slice(row - 1, 1)
    yhat = float(model.predict(part).yhat.ravel()[place - 1])
    found = [parts[:, 0].tolist() for parts in model.contributions(part, place - 1).values()]
    columns = [
        ExplainedInput(name, origin.column, origin.part, *_cell(model, part, origin.column), sum(terms), terms)
        for name, origin, terms in zip(model.inputs.names, model.inputs.origins, found, strict=True)
    ]
    members = [f"{one.name} (share {one.share:.0%})" for one in model.ensemble.parts]
    what = f"the probability of {model.target.classes[place - 1]}" if model.target.classes else model.target.name
    if form == "json":
        print_json(_json(data, row, what, yhat, members, columns))
        return
    print(visible(f"row {row} of {data}: {what} is {yhat:.6g}"))
    print("derivative by each input, and what each member adds to it:")
    print(*(f"  [{number}] {name}" for number, name in enumerate(members, 1)), sep="\n")
    width = max(len(one.input) for one in columns)
    for one in sorted(columns, key=lambda one: -abs(one.derivative)):
        terms = " + ".join(f"{value:.4g} [{number}]" for number, value in enumerate(one.members, 1))
        print(visible(f"{one.input.ljust(width)}  {one.derivative:.6g} = {terms}  ({one.column} {one.words})"))


def _cell(model: PresetModel, row: pa.Table, column: str) -> tuple[Any, str]:
    """What stands in a row's column, None for nothing, and what it is taken as, in words."""
    from chainrule.tables.text_numbers import shortened

    taken, cell = model.inputs.taken(row), row.column(column)[0].as_py()
    if column in taken.missing:
        return None, "is missing: none of those known" if _has_categories(model, column) else "is missing: the mean"
    shown = shortened(cell) if isinstance(cell, str) else f"{cell:.6g}" if isinstance(cell, float) else str(cell)
    cell = cell if isinstance(cell, str | int | float) else str(cell)
    if any(one.column == column and one.what == "unseen" for one in taken.unusual):
        return cell, f"is {shown}, which training did not see"
    return cell, f"is {shown}"


def _has_categories(model: PresetModel, name: str) -> bool:
    return any(column.name == name and column.categories for column in model.inputs.columns)


def _json(data: str, row: int, what: str, yhat: float, members: list[str], columns: list[ExplainedInput]) -> str:
    from chainrule.render.json import to_json

    return to_json(
        "explain", {"data": data, "row": row, "of": what, "yhat": yhat, "members": members, "columns": columns}
    )
