"""What the page of ``chainrule train --report`` has of every model: scores, folds, predictions, the command."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.cli.train.folds import spread
from chainrule.network.arrays import Array
from chainrule.render.training_page import Cells, Predictions

if TYPE_CHECKING:
    import pyarrow as pa

    from chainrule.tables.prepared import Prepared
    from chainrule.tables.scores import Scores
    from chainrule.tables.table_model import TableModel

WORST = 15
COLUMNS = 5  # of the table, beside the worst examples
BLOCK = 8192  # rows that go through the network at once


@dataclass(frozen=True, eq=False)
class PartOutputs:
    """yhat (n, k) and the loss (n,) of each row of a part, with the target (n,) as ``Target.apply`` gives it."""

    numbers: Array
    yhat: Array
    losses: Array
    y: Array


def outputs_of(model: TableModel, prepared: Prepared) -> dict[str, PartOutputs]:
    """Of each part that has rows."""
    parts = {"training": prepared.train, "validation": prepared.validation, "test": prepared.test}
    return {name: _outputs(model, prepared.table, rows) for name, rows in parts.items() if len(rows)}


def shown_part(outputs: dict[str, PartOutputs]) -> str:
    """The name of the part whose rows are shown one by one."""
    return "test" if "test" in outputs else "validation" if "validation" in outputs else "training"


def _outputs(model: TableModel, table: pa.Table, numbers: Array) -> PartOutputs:
    """In blocks: all values of all layers of many rows would need much memory."""
    yhat, losses, y = [], [], []
    for start in range(0, len(numbers), BLOCK):
        part = table.take(numbers[start : start + BLOCK])
        true = model.target.apply(part)
        found, of_rows = model.row_losses(model.inputs.apply(part), true)
        yhat.append(found)
        losses.append(of_rows)
        y.append(true)
    return PartOutputs(numbers, np.concatenate(yhat), np.concatenate(losses), np.concatenate(y))


def scores_of(model: TableModel, outputs: dict[str, PartOutputs]) -> Cells:
    """A row for each part."""
    from chainrule.tables.scores import score

    rows = []
    for name, out in outputs.items():
        found, words = score(out.yhat, out.y, model.target, float(out.losses.mean())), []
        if found.accuracy is not None:
            usual = np.bincount(out.y).max() / found.n
            words = [f"{found.accuracy:.4f}", str(found.right), f"{usual:.4f}"]
        else:
            usual = model.target.restore(out.y).std()
            words = ["-" if usual == 0 else f"{found.r2:.4f}", f"{found.rmse:.4g}", f"{usual:.4g}"]
        rows.append((name, str(found.n), *words, f"{found.loss:.4f}" if abs(found.loss) < 1e6 else f"{found.loss:.4g}"))
    if model.target.classes:
        header = ("part", "rows", "accuracy", "right", "accuracy of always the most frequent class", "loss")
    else:
        header = ("part", "rows", "R²", "RMSE", "RMSE of always the mean", "loss")
    return Cells(header, tuple(rows))


def folds_of(folds: list[Scores]) -> Cells | None:
    """A row for each fold, and their spread; None where there are none."""
    if not folds:
        return None
    name, mean, deviation = spread(folds)
    rows = [(str(i), str(s.n), f"{s.main[1]:.4f}", f"{s.loss:.4f}") for i, s in enumerate(folds, 1)]
    rows += [("mean", "", f"{mean:.4f}", ""), ("standard deviation", "", f"{deviation:.4f}", "")]
    return Cells(("fold", "rows", name, "loss"), tuple(rows))


def predictions_shown(
    model: TableModel, table: pa.Table, out: PartOutputs, part: str, certain: bool, of: str
) -> Predictions:  # fmt: skip
    """What is said of the rows of one part.

    Args:
        certain: whether outputs for classes are probabilities.
        of: what gives the outputs, in words: network or ensemble.
    """
    target = model.target
    losses = np.nan_to_num(out.losses.astype(np.float64), nan=np.inf)
    order = np.argsort(-losses, kind="stable")[:WORST]
    columns = [column.name for column in model.inputs.columns][:COLUMNS]
    inputs = table.select(columns).take(out.numbers[order]).to_pylist()
    words = f"the {len(out.y)} {part} rows" if len(out.y) > 1 else f"the only {part} row"
    if target.classes:
        truth, guess = out.y, out.yhat.argmax(axis=1)
        letter, word = ("p", "probability") if certain else ("yhat", "output")
        note = f" {letter} is the {of}'s {word} of a class."
        header: tuple[str, ...] = ("row", "true", "predicted", f"{letter}(predicted)", f"{letter}(true)", "loss")
        values: list[tuple[str, ...]] = [
            (target.classes[truth[i]], target.classes[guess[i]], f"{out.yhat[i, guess[i]]:.3g}",
             f"{out.yhat[i, truth[i]]:.3g}") for i in order
        ]  # fmt: skip
    else:
        truth, guess, note = target.restore(out.y), target.restore(out.yhat), ""
        header = ("row", "true", "predicted", "error", "loss")
        values = [(_number(truth[i]), _number(guess[i]), _number(guess[i] - truth[i])) for i in order]
    rows = tuple(
        (str(out.numbers[i] + 1), *cells, f"{out.losses[i]:.3g}", *(_value(row[name]) for name in columns))
        for i, cells, row in zip(order, values, inputs, strict=True)
    )
    shown = tuple(name if len(name) <= 24 else f"{name[:23]}…" for name in columns)
    return Predictions(words, target.name, target.classes, truth, guess, Cells((*header, *shown), rows), note)


def _number(value: Any) -> str:
    return f"{float(value):.4g}"


def _value(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 24 else f"{text[:23]}…"


def command() -> str:
    """The command line as it was typed, without ``--resume``: from the beginning it gives the same."""
    return shlex.join(["chainrule", *(part for part in sys.argv[1:] if part != "--resume")])
