"""``chainrule check``."""

from __future__ import annotations

import sys
from typing import Annotated

from typer import Argument, Exit, Option

from chainrule.cli.shared import read_input
from chainrule.system.progress import bars


def check(
    file: Annotated[str, Argument(help="A worksheet, or a model file (.safetensors).")],
    data: Annotated[str | None, Option(help="Table for a model; without one, examples are drawn.")] = None,
    example: Annotated[list[int] | None, Option(help="Row of DATA, counted from 1; may be repeated.")] = None,
    examples: Annotated[int, Option(help="Without --example: how many rows.", min=1)] = 8,
    method: Annotated[str, Option(help="complex (exact to rounding) or central (differences).")] = "complex",
    tolerance: Annotated[float | None, Option(help="Relative; 1e-7, or 1e-3 in float32.")] = None,
    entries: Annotated[
        int, Option(help="Compare so many entries of a quantity; all where it has no more.", min=0)
    ] = 500,
    seed: Annotated[int, Option(min=0, help="Of the directions, the sample and drawn examples.")] = 0,
    json: Annotated[bool, Option("--json", help="Print one JSON text instead.")] = False,
) -> None:
    """Check every gradient against numerical differentiation of the loss. Exit code 1 if one differs."""
    from chainrule.gradcheck.check import check_gradients
    from chainrule.render.json import to_json

    subject = read_input(file, data, example, examples, seed)
    quiet = json or not sys.stderr.isatty()
    with bars("{task.description}", "bar", "percent", "left", transient=True, disable=quiet) as bar:
        task = bar.add_task("check")
        result = check_gradients(
            subject.network, subject.x, subject.y, subject.sample_weight,
            method=method, tolerance=tolerance, entries=entries, seed=seed,  # type: ignore[arg-type]
            progress=lambda name, done, total: bar.update(task, description=name, completed=done, total=total),
        )  # fmt: skip
    if json:
        print(to_json("check", {"file": file, "ok": result.ok, "first_wrong": result.first_wrong, "check": result}))
    else:
        print(f"{subject.network}, {subject.note}\n{result}")
    raise Exit(0 if result.ok else 1)
