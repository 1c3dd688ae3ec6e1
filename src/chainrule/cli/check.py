"""``chainrule check``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Exit, Option

from chainrule.cli.output import print_json, print_record, rendered
from chainrule.cli.shared import (
    CommandInput,
    Hidden,
    Layers,
    Output,
    Reduction,
    check_seconds,
    code_question,
    read_input,
    tell,
)
from chainrule.errors import InputError
from chainrule.render.blocks import visible
from chainrule.system.progress import bars

if TYPE_CHECKING:
    from chainrule.auditing.code_audit.question import CodeQuestion
    from chainrule.auditing.report.document import Audit
    from chainrule.auditing.report.tried import CodeAudit
    from chainrule.storage.module_files import ModuleRun

FEW = 8  # rows of DATA that are checked where none are asked for
ALL = sys.maxsize


def check(
    file: Annotated[
        str,
        Argument(
            help="A worksheet, a model file (.safetensors), or code, mynet.py:backward; none with --torch.",
            show_default=False,
        ),
    ] = "",
    data: Annotated[str | None, Option(help="Table for a model; without one, examples are drawn.")] = None,
    example: Annotated[list[int] | None, Option(help="Row of DATA, counted from 1; may be repeated.")] = None,
    examples: Annotated[
        int | None, Option(help="Without --example: how many rows; 8, or all with --gradients.", min=1)
    ] = None,
    gradients: Annotated[
        Path | None,
        Option(help="Gradients of your code to audit: .npz, .npy, .json, .csv, .mat or .safetensors."),
    ] = None,
    torch: Annotated[
        str | None, Option(help="FILE.py:NAME, a PyTorch Sequential: its gradients are audited.", metavar="FILE:NAME")
    ] = None,
    loss: Annotated[str | None, Option(help="With --torch or code: its loss, such as cross_entropy.")] = None,
    seconds: Annotated[float, Option(help="With --torch or code: the time that the file may take.", min=0.1)] = 60.0,
    layers: Layers = "4,5,3",
    hidden: Hidden = None,
    output: Output = None,
    reduction: Reduction = None,
    learning_rate: Annotated[float | None, Option(help="With --gradients: of the step that your code makes.")] = None,
    method: Annotated[str, Option(help="complex (exact to rounding) or central (differences).")] = "complex",
    tolerance: Annotated[float | None, Option(help="Relative; 1e-7, or 1e-3 in float32.")] = None,
    entries: Annotated[
        int, Option(help="Compare so many entries of a quantity; all where it has no more.", min=0)
    ] = 500,
    seed: Annotated[int, Option(min=0, help="Of the directions, the sample and drawn examples.")] = 0,
    json: Annotated[bool, Option("--json", help="Print one JSON text instead.")] = False,
) -> None:
    """Check every gradient against numerical differentiation of the loss; or audit those of your own code.

    Code is called on small random networks, in a process of its own. Exit code 1 if a gradient is wrong.
    """
    if file.endswith(".py") or ".py:" in file:
        if torch is not None or data is not None or gradients is not None:
            raise InputError("FILE", "no --data, --gradients or --torch beside code", file)
        _tell(_code(file, code_question(layers, hidden, output, loss, reduction, seed, seconds, tolerance)), json)
    if torch is not None and (file or gradients):
        raise InputError("--torch", "no FILE and no --gradients beside it", file or str(gradients))
    if torch is None and not file:
        raise InputError("FILE", "a worksheet, a model file or code, or --torch", "none")
    if torch is None and loss is not None:
        raise InputError("--loss", "--torch or code beside it: a model has its loss", "none")
    if torch is not None:
        given = _module(torch, data, example, examples, loss, seed, seconds)
        subject = CommandInput(given.network, given.x, given.y, None, given.note)
        _tell(_audit(subject, given.gradients, learning_rate, tolerance), json)
    if gradients is not None:
        from chainrule.storage import read_gradient_file

        if file.endswith(".safetensors") and data is None:
            raise InputError("--data", "the table of examples that the gradients are of", "none")
        subject = read_input(file, data, example, ALL if examples is None else examples, seed)
        _tell(_audit(subject, read_gradient_file(gradients), learning_rate, tolerance), json)
    _check(read_input(file, data, example, FEW if examples is None else examples, seed), file, method, tolerance,
           entries, seed, json)  # fmt: skip


def _audit(subject: CommandInput, given: Any, learning_rate: float | None, tolerance: float | None) -> Audit:
    from chainrule.auditing.code import audit_gradients

    return audit_gradients(
        subject.network, subject.x, subject.y, given, subject.sample_weight,
        learning_rate=learning_rate, tolerance=tolerance,
    )  # fmt: skip


def _code(file: str, question: CodeQuestion) -> CodeAudit:
    from chainrule.auditing.functions import audit_file

    return audit_file(file, question)


def _tell(audit: Audit | CodeAudit, json: bool) -> None:
    form = "json" if json else "text"
    print_record(rendered("check", audit, form, False), form)
    raise Exit(0 if audit.ok else 1)


def _module(
    which: str, data: str | None, example: list[int] | None, examples: int | None, loss: str | None, seed: int,
    seconds: float,
) -> ModuleRun:  # fmt: skip
    """A module with its gradients, on rows of a table where one is given."""
    from chainrule.storage import read_table
    from chainrule.storage.module_files import run_module
    from chainrule.tables.plain import all_numbers

    check_seconds(seconds)
    if data is None:
        return run_module(which, None, loss, seed=seed, seconds=seconds)
    table = read_table(data, tell=tell)
    rows = [e - 1 for e in example] if example else list(range(min(examples or ALL, table.num_rows)))
    if any(not 0 <= row < table.num_rows for row in rows):
        raise InputError("example", f"row numbers from 1 to {table.num_rows}", str(max(rows) + 1))
    return run_module(which, all_numbers(table.take(rows), data), loss, seed=seed, seconds=seconds)


def _check(
    subject: CommandInput, file: str, method: str, tolerance: float | None, entries: int, seed: int, json: bool
) -> None:
    """The network's own backward pass against numerical differentiation."""
    from chainrule.gradcheck.check import check_gradients
    from chainrule.render.json import to_json

    quiet = json or not sys.stderr.isatty()
    with bars("{task.description}", "bar", "percent", "left", transient=True, disable=quiet) as bar:
        task = bar.add_task("check")
        result = check_gradients(
            subject.network, subject.x, subject.y, subject.sample_weight,
            method=method, tolerance=tolerance, entries=entries, seed=seed,  # type: ignore[arg-type]
            progress=lambda name, done, total: bar.update(task, description=name, completed=done, total=total),
        )  # fmt: skip
    if json:
        found = {"file": file, "ok": result.ok, "first_wrong": result.first_wrong, "check": result}
        print_json(to_json("check", found))
    else:
        print(visible(f"{subject.network}, {subject.note}"), result, sep="\n")
    raise Exit(0 if result.ok else 1)
