"""``chainrule train --report``: what the page says, from a training."""

from __future__ import annotations

import math
import platform
import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.cli.train.words import about_plan, about_rows, ending, spread
from chainrule.network.arrays import Array
from chainrule.render.training_page import Cells, Predictions, TrainingReport, training_document

if TYPE_CHECKING:
    import pyarrow as pa

    from chainrule.cli.train.options import TrainOptions
    from chainrule.network.network import Network
    from chainrule.tables.plan import Model
    from chainrule.tables.scores import Scores
    from chainrule.tables.training import Trained

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


def report_page(options: TrainOptions, trained: Trained, folds: list[Scores]) -> str:
    """The page as HTML."""
    from chainrule.tables.prepared import Prepared
    from chainrule.train.health import LARGE_UPDATE, SMALL_UPDATE

    prepared, model, plan = trained.prepared, trained.model, options.plan
    assert isinstance(prepared, Prepared)  # --report with --blocks is refused
    parts = {"training": prepared.train, "validation": prepared.validation, "test": prepared.test}
    outputs = {name: _outputs(model, prepared.table, rows) for name, rows in parts.items() if len(rows)}
    shown = "test" if "test" in outputs else "validation" if "validation" in outputs else "training"
    about = [f"{about_rows(prepared)}.", f"{about_plan(prepared, plan)}."]
    about += [f"{said[0].upper()}{said[1:]}." for said in (ending(trained), trained.fitted.outcome.words()) if said][:1]
    about += [f"{note[0].upper()}{note[1:]}." for note in prepared.notes]
    dying, saturating = _sleepers(model.network)
    report = TrainingReport(
        title=f"{options.name}: prediction of {model.target.name}", about=tuple(about), scores=_scores(model, outputs),
        history=trained.fitted.history, loss_name=model.network.loss,
        score_name="accuracy" if model.target.classes else "R²", kept=trained.best, limits=(SMALL_UPDATE, LARGE_UPDATE),
        layers=(*model.network.hidden, model.network.output), dying=dying, saturating=saturating,
        findings=tuple(map(str, trained.findings)),
        predictions=_predictions(model, prepared.table, outputs[shown], shown), settings=_settings(options, trained),
        command=command(), folds=_folds(folds),
    )  # fmt: skip
    return training_document(report).to_html()


def _sleepers(network: Network) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Numbers of the layers whose units can die (asleep at one end), and of those that saturate (at both ends)."""
    from chainrule.network.activations import ACTIVATIONS
    from chainrule.train.health import asleep_limits

    sleeping = [i for i, limit in enumerate(asleep_limits(network), 1) if limit >= 0]
    bounded = {i for i, name in enumerate(network.hidden, 1) if math.isfinite(ACTIVATIONS[name].high)}
    return tuple(i for i in sleeping if i not in bounded), tuple(i for i in sleeping if i in bounded)


def _outputs(model: Model, table: pa.Table, numbers: Array) -> PartOutputs:
    """In blocks: all values of all layers of many rows would need much memory."""
    from chainrule.network.checks import targets
    from chainrule.network.forward import forward
    from chainrule.network.pairs import example_losses

    network = model.network
    yhat, losses, y = [], [], []
    for start in range(0, len(numbers), BLOCK):
        part = table.take(numbers[start : start + BLOCK])
        f, true = forward(network, model.inputs.apply(part)), model.target.apply(part)
        rows = targets(true, f.n, network.sizes[-1], False, network.dtype)
        yhat.append(f.yhat)
        losses.append(example_losses(network.loss, network.output, f.a[-1], f.yhat, rows))
        y.append(true)
    return PartOutputs(numbers, np.concatenate(yhat), np.concatenate(losses), np.concatenate(y))


def _scores(model: Model, outputs: dict[str, PartOutputs]) -> Cells:
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


def _folds(folds: list[Scores]) -> Cells | None:
    if not folds:
        return None
    name, mean, deviation = spread(folds)
    rows = [(str(i), str(s.n), f"{s.main[1]:.4f}", f"{s.loss:.4f}") for i, s in enumerate(folds, 1)]
    rows += [("mean", "", f"{mean:.4f}", ""), ("standard deviation", "", f"{deviation:.4f}", "")]
    return Cells(("fold", "rows", name, "loss"), tuple(rows))


def _predictions(model: Model, table: pa.Table, out: PartOutputs, part: str) -> Predictions:
    target = model.target
    losses = np.nan_to_num(out.losses.astype(np.float64), nan=np.inf)
    order = np.argsort(-losses, kind="stable")[:WORST]
    columns = [column.name for column in model.inputs.columns][:COLUMNS]
    inputs = table.select(columns).take(out.numbers[order]).to_pylist()
    words = f"the {len(out.y)} {part} rows" if len(out.y) > 1 else f"the only {part} row"
    if target.classes:
        truth, guess = out.y, out.yhat.argmax(axis=1)
        rule = model.network.output_rule
        certain = (rule.low, rule.high) == (0.0, 1.0)
        letter, word = ("p", "probability") if certain else ("yhat", "output")
        note = f" {letter} is the network's {word} of a class."
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


def _settings(options: TrainOptions, trained: Trained) -> tuple[tuple[str, str], ...]:
    from chainrule import __version__
    from chainrule.tables.prepared import Prepared

    plan, network, fitted = options.plan, trained.model.network, trained.fitted
    why = (
        f", for it has {trained.prepared.decided.why}"
        if isinstance(trained.prepared, Prepared) and trained.prepared.decided
        else ""
    )
    recipe = plan.recipe()
    hidden = ", ".join(f"{n} {g}" for n, g in zip(network.sizes[1:-1], network.hidden, strict=True)) or "none"
    rule = recipe.optimizer
    warmup = f", warmup of {plan.warmup:g} epochs" if plan.warmup else ""
    stopping = "none" if plan.patience is None else f"on the validation loss, patience {plan.patience}"
    seconds = fitted.history[-1].seconds if fitted.history else 0.0
    return (
        ("data", options.shown),
        ("target", trained.model.target.name),
        ("task", f"{trained.model.target.task}{why}"),
        ("missing cells", plan.missing),
        ("inputs", str(network.sizes[0])),
        ("hidden layers", hidden),
        ("output", f"{network.sizes[-1]} {network.output}"),
        ("loss", network.loss),
        ("optimizer", f"{rule.name}, learning rate {rule.settings.learning_rate:g}, {plan.schedule}{warmup}"),
        ("epochs", f"{len(fitted.history)} of {plan.epochs}, in {seconds:.1f} s"),
        ("rows a step", str(plan.batch_size)),
        ("penalty (l2)", f"{plan.l2:g}"),
        ("weight decay", f"{rule.settings.weight_decay:g}"),
        ("dropout", ", ".join(f"{share:g}" for share in plan.dropout)),
        ("class weight", plan.class_weight or "none"),
        ("early stopping", stopping),
        ("shares of validation and test", f"{plan.validation_share:g} of the rest, {plan.test:g}"),
        ("seed", str(plan.seed)),
        ("numbers", plan.dtype),
        ("engine", plan.engine if plan.threads is None else f"{plan.engine}, threads: {plan.threads}"),
        ("versions", f"chainrule {__version__}, NumPy {np.__version__}, Python {platform.python_version()}"),
    )


def command() -> str:
    """The command line as it was typed, without ``--resume``: from the beginning it gives the same."""
    return shlex.join(["chainrule", *(part for part in sys.argv[1:] if part != "--resume")])
