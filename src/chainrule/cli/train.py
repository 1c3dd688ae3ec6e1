"""``chainrule train``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.errors import InputError

if TYPE_CHECKING:
    from chainrule.train.table import Model, Plan, Trained


def train(
    data: Annotated[
        str, typer.Argument(help="digits, iris, wine, breast_cancer, diabetes, or a CSV, TSV, NPZ or Parquet file.")
    ],
    target: Annotated[
        str | None, typer.Option(help="Column to predict (of a file; the bundled sets know theirs).")
    ] = None,
    hidden: Annotated[str, typer.Option(help="Units of each hidden layer; '' for none.")] = "128,64",
    activation: Annotated[str, typer.Option(help="Of the hidden layers: one name, or one each: relu,tanh.")] = "relu",
    output: Annotated[
        str | None, typer.Option(help="Output function; usually the one that goes with the loss.")
    ] = None,
    loss: Annotated[str | None, typer.Option(help="Loss; usually cross_entropy or half_squared_error.")] = None,
    task: Annotated[
        str | None, typer.Option(help="classification or regression; usually seen from the column.")
    ] = None,
    optimizer: Annotated[str, typer.Option(help="sgd, momentum, nesterov or adam.")] = "adam",
    epochs: Annotated[int, typer.Option(help="Passes over the training rows.")] = 30,
    batch_size: Annotated[int, typer.Option(help="Rows a step.")] = 32,
    learning_rate: Annotated[float | None, typer.Option(help="Usually the optimizer's own.")] = None,
    test: Annotated[float, typer.Option(help="Share of the rows kept aside for the test.")] = 0.2,
    dtype: Annotated[str, typer.Option(help="float64 or float32.")] = "float64",
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of split, first weights, shuffling.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Model file; usually DATA's name with .safetensors.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Loss curve; usually DATA's name with -loss.png.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON text instead.")] = False,
) -> None:
    """Train a network on a table, test it on rows kept aside, save it with its loss curve."""
    from chainrule.cli.shared import check_outputs, numbers_list
    from chainrule.render.json import to_json
    from chainrule.render.plots import PICTURES, loss_curve
    from chainrule.storage import read_table, save_model
    from chainrule.train.datasets import BUNDLED, TARGET
    from chainrule.train.table import Plan, prepare

    if task not in (None, "classification", "regression"):
        raise InputError("task", "classification or regression", repr(task))
    target = target or (TARGET if data in BUNDLED else None)
    table = read_table(data)
    if target is None:
        raise InputError("--target", f"a column of {data}: {', '.join(table.column_names[:12])}", "none")
    name = Path(data).stem
    out, plot = out or Path(f"{name}.safetensors"), plot or Path(f"{name}-loss.png")
    check_outputs({"--out": out, "--plot": plot}, [data])
    if plot.suffix.lower() not in PICTURES:
        raise InputError(f"--plot {plot}", f"a picture: {', '.join(PICTURES)}", repr(plot.suffix))
    plan = Plan(
        numbers_list("--hidden", hidden), tuple(activation.split(",")), output, loss, task,  # type: ignore[arg-type]
        optimizer, learning_rate, epochs, batch_size, test, seed, dtype,
    )  # fmt: skip
    model, rows, rest = prepare(table, target, plan)
    if not json:
        _say(f"{name}: {_about(model, rows.num_rows, rest.num_rows)}", _about_plan(model, plan))
    trained = _fit(model, rows, rest, plan, quiet=json)
    if trained.fitted.stopped == "diverged":
        _say_diverged(len(trained.fitted.history) + 1)
    if not trained.fitted.history:
        sys.stderr.write("chainrule: interrupted before the end of the first epoch; nothing is saved\n")
        raise typer.Exit(130)
    save_model(trained.model, out)
    loss_curve(trained.fitted.history, plot, f"{name}: {model.network.sizes}", model.network.loss)
    if json:
        summary = {"history": trained.fitted.history, "test": trained.test, "stopped": trained.fitted.stopped}
        files = {"model": str(out), "plot": str(plot)}
        shape = {"sizes": model.network.sizes, "inputs": model.inputs.names, "classes": model.target.classes}
        print(to_json("train", {"data": data, "seed": seed} | shape | summary | files))
        return
    if trained.fitted.stopped:
        _say(f"interrupted: kept the network after epoch {len(trained.fitted.history)}")
    if trained.test is not None:
        _say(f"test {trained.test}")
    _say(f"model saved to {out}", f"loss curve in {plot}")


def _about(model: Model, train_rows: int, test_rows: int) -> str:
    classes = f", {len(model.target.classes)} classes" if model.target.classes else ""
    return f"{train_rows} rows to train, {test_rows} kept aside; {len(model.inputs.names)} inputs{classes}"


def _about_plan(model: Model, plan: Plan) -> str:
    from chainrule.train.optimizers import optimizer

    rate = optimizer(plan.optimizer, plan.learning_rate).settings.learning_rate
    count = f"{model.network.parameter_count} parameters"
    return f"{model.network}: {count}; {plan.optimizer} {rate:g}, batches of {plan.batch_size}, seed {plan.seed}"


def _fit(model: Model, rows: Any, rest: Any, plan: Plan, quiet: bool) -> Trained:
    from chainrule.train.callbacks import Progress
    from chainrule.train.table import train_table

    return train_table(model, rows, rest, plan, [] if quiet else [Progress()])


def _say(*lines: str) -> None:
    for line in lines:
        print(line, flush=True)


def _say_diverged(epoch: int) -> None:
    sys.stderr.write(
        f"chainrule: the loss is no longer a finite number in epoch {epoch}: training diverged and nothing is saved; "
        "try a lower --learning-rate\n"
    )
    raise typer.Exit(1)
