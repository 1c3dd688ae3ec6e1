"""The report of a training: one page with nothing from a network, pictures within it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chainrule.network.arrays import Array
from chainrule.render import training_plots as plots
from chainrule.render.blocks import Block, Bullets, Code, Heading, Paragraph, Table, line
from chainrule.render.document import Document

if TYPE_CHECKING:
    from chainrule.train.records import Epoch

MOST_CONFUSIONS = 10
MOST_CLASSES = 60  # rows of the table of classes
LONGEST_CELL = 40
LOSSES = (
    "The loss of training is that of the minibatches as they came, each before its own update, with the penalty and "
    "with dropout; that of validation is taken after the epoch, without them."
)
HEALTH = (
    "The gradient is that of the epoch's last step, and step / weights is how much that step changed the weights. A "
    "dead unit is asleep in all rows: it learns nothing more. A saturated unit, of sigmoid or tanh, is at one of its "
    "two ends; its share of rows there is the mean over the layer."
)


@dataclass(frozen=True)
class Cells:
    """A table as it is printed."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What the network says of the rows that the report is about.

    Attributes:
        rows: which rows, in words, such as ``the 360 test rows``.
        target: name of the target.
        classes: their names; empty for numbers.
        truth, guess: class numbers, or values in the target's own unit (n,).
        worst: the rows with the highest loss, the worst first.
        note: what is to say of their table.
    """

    rows: str
    target: str
    classes: tuple[str, ...]
    truth: Array
    guess: Array
    worst: Cells
    note: str = ""


@dataclass(frozen=True, eq=False)
class EpochsShown:
    """The epochs of one network, and how its layers fared.

    Attributes:
        history: one ``Epoch`` each.
        loss_name, score_name: what the curves show.
        kept: number of the epoch whose network was kept.
        limits: relative sizes of a step below and above which it is called small and large.
        layers: the function of each layer.
        dying, saturating: numbers, from 1, of the layers whose units can die, or be saturated.
        findings: what is amiss with the layers, in words.
    """

    history: Sequence[Epoch]
    loss_name: str
    score_name: str
    kept: int | None
    limits: tuple[float, float]
    layers: tuple[str, ...]
    dying: tuple[int, ...]
    saturating: tuple[int, ...]
    findings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class MembersShown:
    """The members of an ensemble: a row for each kind of network, and sentences on how they were put together."""

    kinds: Cells
    about: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class TrainingReport:
    """What the page says.

    Attributes:
        title: of the page.
        about: sentences on the data, the network and how training ended.
        scores: a row for each part of the data.
        model: the epochs of one network, or the members of an ensemble.
        settings: (name, value) of all that was asked for or chosen.
        command: to do it again.
        folds: scores of cross-validation, if there was one.
    """

    title: str
    about: tuple[str, ...]
    scores: Cells
    model: EpochsShown | MembersShown
    predictions: Predictions
    settings: tuple[tuple[str, str], ...]
    command: str
    folds: Cells | None = None


def training_document(report: TrainingReport) -> Document:
    """The page as a document."""
    blocks: list[Block] = [Heading(1, line(report.title)), *(Paragraph(line(said)) for said in report.about)]
    blocks += [Heading(2, line("Scores")), _table(report.scores)]
    if report.folds is not None:
        blocks += [Heading(2, line("Cross-validation")), _table(report.folds)]
    blocks += _of_epochs(report.model) if isinstance(report.model, EpochsShown) else _of_members(report.model)
    blocks += _of_predictions(report.predictions)
    blocks += [Heading(2, line("Settings")), _table(Cells(("setting", "value"), report.settings))]
    blocks += [Heading(2, line("To do it again")), Paragraph(line(Code(report.command)))]
    return Document(tuple(blocks))


def _of_epochs(shown: EpochsShown) -> list[Block]:
    blocks: list[Block] = [Heading(2, line("Findings"))]
    if shown.findings:
        blocks.append(Bullets(tuple(line(finding) for finding in shown.findings)))
    else:
        blocks.append(Paragraph(line("Nothing amiss was found.")))
    blocks.append(Heading(2, line("Learning curves")))
    blocks += plots.curves(shown.history, shown.loss_name, shown.score_name, shown.kept)
    blocks.append(Paragraph(line(LOSSES)))
    blocks.append(Heading(2, line("Health of the layers")))
    blocks += plots.health_charts(shown.history, shown.limits, shown.layers, shown.dying, shown.saturating)
    return [*blocks, Paragraph(line(HEALTH))]


def _of_members(shown: MembersShown) -> list[Block]:
    return [
        Heading(2, line("Members of the ensemble")), _table(shown.kinds),
        *(Paragraph(line(said)) for said in shown.about),
    ]  # fmt: skip


def _of_predictions(told: Predictions) -> list[Block]:
    """The confusion matrix with the classes one by one, or predictions against the truth; then the worst rows."""
    blocks: list[Block] = []
    if told.classes:
        k = len(told.classes)
        matrix = np.bincount(told.truth * k + told.guess, minlength=k * k).reshape(k, k)
        blocks.append(Heading(2, line(f"Confusion matrix of {told.rows}")))
        blocks.append(plots.confusion_matrix(matrix, told.classes, told.rows))
        more = " The numbers of the classes are in the table below." if k > plots.MOST_NUMBERED else ""
        blocks.append(
            Paragraph(line(f"Blue is right, orange wrong; the deeper, the larger the share of its row.{more}"))
        )
        blocks += _confusions(matrix, told.classes)
        blocks += _classes(matrix, told.classes)
    else:
        blocks.append(Heading(2, line(f"Predicted against true: {told.rows}")))
        blocks += plots.predictions_charts(told.truth, told.guess, told.target)
    blocks.append(Heading(2, line(f"The worst of {told.rows}")))
    blocks.append(
        Paragraph(line(f"Those with the highest loss. Rows are counted from 1, the first below a header.{told.note}"))
    )
    return [*blocks, _table(told.worst)]


def _confusions(matrix: Array, classes: Sequence[str]) -> list[Block]:
    """The most common mistakes, in words."""
    wrong = plots.mistakes(matrix)[:MOST_CONFUSIONS]
    if not wrong:
        return [Paragraph(line("Every row is classified right."))]
    rows = [(classes[i], classes[j], str(count), f"{count / matrix[i].sum():.0%}") for i, j, count in wrong]
    header = ("true class", "taken for", "rows", "share of the true class")
    return [Heading(3, line("Most common mistakes")), _table(Cells(header, tuple(rows)))]


def _classes(matrix: Array, classes: Sequence[str]) -> list[Block]:
    numbered = len(classes) > plots.MOST_NUMBERED  # as in the picture
    right, true, said = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)

    def share(part: int, whole: int) -> str:
        return f"{part / whole:.4f}" if whole else "-"

    numbers = [[str(i)] if numbered else [] for i in range(len(classes))]
    rows = tuple(
        (*numbers[i], name, str(true[i]), str(right[i]), share(right[i], true[i]), share(right[i], said[i]))
        for i, name in enumerate(classes[:MOST_CLASSES])
    )
    header = (*(["number"] if numbered else []), "class", "rows", "right", "recall", "precision")
    table = _table(Cells(header, rows))
    left_out = len(classes) - len(rows)
    more = [Paragraph(line(f"… and {left_out} more classes."))] if left_out else []
    return [Heading(3, line("Class by class")), table, *more]


def _table(cells: Cells) -> Table:
    rows = tuple(tuple(line(_cell(text)) for text in row) for row in cells.rows)
    return Table(tuple(line(_cell(text)) for text in cells.header), rows)


def _cell(text: str) -> str:
    return text if len(text) <= 4 * LONGEST_CELL else f"{text[: 4 * LONGEST_CELL - 1]}…"
