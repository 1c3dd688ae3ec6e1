"""The report of a training: one page with nothing from a network, pictures within it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from chainrule.activations import Array
from chainrule.render.document import Block, Bullets, Code, Document, Heading, Paragraph, Picture, Table, line, visible
from chainrule.render.html import to_html
from chainrule.render.training_plots import (
    MOST_NUMBERED,
    confusion_matrix,
    curves,
    health_chart,
    predictions_chart,
)

if TYPE_CHECKING:
    from chainrule.train.records import Epoch

MOST_CONFUSIONS = 10
MOST_CLASSES = 60  # rows of the table of classes
LONGEST_CELL = 40


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
class TrainingReport:
    """What the page says.

    Attributes:
        title: of the page.
        about: sentences on the data, the network and how training ended.
        scores: a row for each part of the data.
        history: one ``Epoch`` each.
        loss_name, score_name: what the curves show.
        kept: number of the epoch whose network was kept.
        limits: relative sizes of a step below and above which it is called small and large.
        findings: what is amiss with the layers, in words.
        settings: (name, value) of all that was asked for or chosen.
        command: to do it again.
        folds: scores of cross-validation, if there was one.
    """

    title: str
    about: tuple[str, ...]
    scores: Cells
    history: Sequence[Epoch]
    loss_name: str
    score_name: str
    kept: int | None
    limits: tuple[float, float]
    findings: tuple[str, ...]
    predictions: Predictions
    settings: tuple[tuple[str, str], ...]
    command: str
    folds: Cells | None = None


_STYLE = """
body { margin: 2rem 1rem; }
.chainrule img { display: block; margin: .6rem 0; border-radius: 4px; }
.chainrule table { display: block; max-width: 100%; overflow-x: auto; font-size: .92rem; }
.chainrule td, .chainrule th { font-variant-numeric: tabular-nums; vertical-align: top; max-width: 36rem; }
.chainrule td { overflow-wrap: break-word; } .chainrule th { line-height: 1.25; vertical-align: bottom; }
"""


def training_page(report: TrainingReport) -> str:
    """The page as HTML."""
    body = to_html(training_document(report), fragment=True)
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    title = f"<title>{escape(visible(report.title))}</title><style>{_STYLE}</style>"
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}{title}</head>\n<body>\n{body}\n</body></html>\n'


def training_document(report: TrainingReport) -> Document:
    """The page as a document."""
    blocks: list[Block] = [Heading(1, line(report.title)), *(Paragraph(line(said)) for said in report.about)]
    blocks += [Heading(2, line("Scores")), _table(report.scores)]
    if report.folds is not None:
        blocks += [Heading(2, line("Cross-validation")), _table(report.folds)]
    blocks.append(Heading(2, line("Curves")))
    drawn = curves(report.history, report.loss_name, report.score_name, report.kept)
    blocks.append(_picture(drawn, f"loss and {report.score_name} by epoch"))
    blocks.append(
        Paragraph(
            line(
                "The loss of training is that of the minibatches as they came, each before its own update, with the "
                "penalty and with dropout; that of validation is taken after the epoch, without them."
            )
        )
    )
    blocks += _of_predictions(report.predictions)
    blocks += [Heading(2, line("Health of the layers"))]
    if report.findings:
        blocks.append(Bullets(tuple(line(finding) for finding in report.findings)))
    else:
        blocks.append(Paragraph(line("Nothing amiss was found.")))
    blocks.append(_picture(health_chart(report.history, report.limits), "gradients, steps and units asleep by epoch"))
    blocks += [Heading(2, line("Settings"))]
    blocks.append(_table(Cells(("setting", "value"), report.settings)))
    blocks += [Heading(2, line("To do it again")), Paragraph(line(Code(report.command)))]
    return Document(tuple(blocks))


def _of_predictions(told: Predictions) -> list[Block]:
    """The confusion matrix with the classes one by one, or predictions against the truth; then the worst rows."""
    blocks: list[Block] = []
    if told.classes:
        k = len(told.classes)
        matrix = np.bincount(told.truth * k + told.guess, minlength=k * k).reshape(k, k)
        blocks.append(Heading(2, line(f"Confusion matrix of {told.rows}")))
        blocks.append(_picture(confusion_matrix(matrix, told.classes), "confusion matrix"))
        if k > MOST_NUMBERED:
            blocks.append(Paragraph(line("The numbers of the classes are in the table below.")))
        blocks += _confusions(matrix, told.classes)
        blocks += _classes(matrix, told.classes)
    else:
        blocks.append(Heading(2, line(f"Predicted against true: {told.rows}")))
        blocks.append(_picture(predictions_chart(told.truth, told.guess, told.target), "predicted against true values"))
    blocks.append(Heading(2, line(f"The worst of {told.rows}")))
    blocks.append(
        Paragraph(line(f"Those with the highest loss. Rows are counted from 1, the first below a header.{told.note}"))
    )
    return [*blocks, _table(told.worst)]


def _confusions(matrix: Array, classes: Sequence[str]) -> list[Block]:
    """The most common mistakes, in words."""
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSIONS]
    places = [divmod(int(place), len(classes)) for place in order if wrong.flat[place]]
    if not places:
        return [Paragraph(line("Every row is classified right."))]
    rows = [(classes[i], classes[j], str(wrong[i, j]), f"{wrong[i, j] / matrix[i].sum():.0%}") for i, j in places]
    header = ("true class", "taken for", "rows", "share of the true class")
    return [Heading(3, line("Most common mistakes")), _table(Cells(header, tuple(rows)))]


def _classes(matrix: Array, classes: Sequence[str]) -> list[Block]:
    numbered = len(classes) > MOST_NUMBERED  # as in the picture
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


def _picture(svg: bytes, words: str) -> Picture:
    return Picture(f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}", words)
