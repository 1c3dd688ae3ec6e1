"""``chainrule train``: its options."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option

from chainrule.cli.shared import COLUMNS, FILES, numbers_list, reads_tables, shares_list
from chainrule.errors import InputError
from chainrule.tables.reading import TableReading
from chainrule.tables.sources import PACKED, STANDARD_INPUT, kind_of


@reads_tables(*COLUMNS, *FILES)
def train(
    *,
    context: Context,
    data: Annotated[
        list[str],
        Argument(
            help="digits, iris, wine, breast_cancer, diabetes, or files of a table, by name, by folder or as "
            "'data/*.csv': .csv, .tsv, .txt, .jsonl, .parquet, .feather, .arrow, .npz, .xlsx, also packed (.gz, .bz2, "
            ".xz, .zst, .zip); - is standard input."
        ),
    ],
    target: Annotated[str | None, Option(help="Column to predict (of a file; the bundled sets know theirs).")] = None,
    reading: TableReading,
    preset: Annotated[
        str | None,
        Option(
            help="fast, good or best: an ensemble of networks with chosen settings, calibrated; good is the usual. "
            "none: one network, as --hidden, --epochs and others below say; each of them means none too."
        ),
    ] = None,
    hidden: Annotated[str, Option(help="Units of each hidden layer; '' for none.")] = "128,64",
    activation: Annotated[str, Option(help="Of the hidden layers: one name, or one each: relu,tanh.")] = "relu",
    output: Annotated[str | None, Option(help="Output function; usually the one that goes with the loss.")] = None,
    loss: Annotated[str | None, Option(help="Loss; usually cross_entropy or half_squared_error.")] = None,
    task: Annotated[str | None, Option(help="classification or regression; usually seen from the column.")] = None,
    optimizer: Annotated[str, Option(help="sgd, momentum, nesterov, adam or adamw.")] = "adam",
    epochs: Annotated[int, Option(help="Passes over the training rows.")] = 30,
    batch_size: Annotated[int, Option(help="Rows a step.")] = 32,
    learning_rate: Annotated[float | None, Option(help="Usually the optimizer's own.")] = None,
    schedule: Annotated[
        str,
        Option(
            help="Of the learning rate: constant; cosine or linear (to 0 at the end); exponential (to a hundredth at "
            "the end); step (halved every 10 epochs); invscaling (over the root of the epochs)."
        ),
    ] = "constant",
    warmup: Annotated[float, Option(help="Epochs in which the learning rate rises from 0.")] = 0.0,
    l2: Annotated[float, Option("--l2", help="Penalty on squared weights, as part of the loss.")] = 0.0,
    weight_decay: Annotated[
        float | None, Option(help="Share that weights lose beside the loss; adamw's is 0.01, else 0.")
    ] = None,
    dropout: Annotated[
        str, Option(help="Share of hidden units left out in a step: one, or one a layer: 0.5,0.2.")
    ] = "0",
    class_weight: Annotated[
        str | None, Option(help="balanced: rows of rare classes count more, each class the same.")
    ] = None,
    missing: Annotated[
        str,
        Option(
            help="Missing cells: impute (the mean, and an input that says where; rows without a target are left out) "
            "or refuse."
        ),
    ] = "impute",
    early_stopping: Annotated[
        bool, Option("--early-stopping", help="Stop when the validation loss gets no better; keep the best.")
    ] = False,
    patience: Annotated[int, Option(help="Epochs without a better one that early stopping bears.")] = 10,
    validation: Annotated[
        float | None, Option(help="Share of the training rows to validate with; 0.1 with --early-stopping, else 0.")
    ] = None,
    test: Annotated[float, Option(help="Share of the rows kept aside for the test.")] = 0.2,
    cv: Annotated[int | None, Option(help="Cross-validate the rows to train in so many folds, side by side.")] = None,
    cv_only: Annotated[bool, Option("--cv-only", help="Nothing after cross-validation.")] = False,
    dtype: Annotated[str, Option(help="float64 or float32.")] = "float64",
    engine: Annotated[str, Option(help="compiled, plain, or auto: compiled where the native library is.")] = "auto",
    threads: Annotated[int | None, Option(help="Usually chosen by the size of a step.")] = None,
    seed: Annotated[int, Option(min=0, max=2**32 - 1, help="Of split, first weights, shuffling.")] = 0,
    out: Annotated[Path | None, Option(help="Model file; usually DATA's name with .safetensors.")] = None,
    plot: Annotated[Path | None, Option(help="Loss curve; usually DATA's name with -loss.png.")] = None,
    report: Annotated[
        Path | None, Option(help="A page (HTML) with curves, confusion matrix, health and worst examples.")
    ] = None,
    history: Annotated[Path | None, Option(help="A line for each epoch, as .csv or .jsonl.")] = None,
    checkpoint: Annotated[
        Path | None, Option(help="Folder (of one network also a .safetensors file) for the state of the training.")
    ] = None,
    checkpoint_every: Annotated[int, Option(help="Epochs between two checkpoints.")] = 1,
    resume: Annotated[
        bool, Option("--resume", help="Go on from the checkpoint, to the same model as without a break.")
    ] = False,
    blocks: Annotated[
        bool,
        Option(
            "--blocks",
            help="Read the table in blocks while training, for one larger than memory: a Parquet file, or a .npy file "
            "of inputs with --target TARGETS.npy.",
        ),
    ] = False,
    cluster: Annotated[
        str | None,
        Option(
            help="Train on a Dask cluster: local (processes on the cores here), or the address of a scheduler, "
            "tcp://HOST:8786. Its workers read the files, a row group or a block of lines at a time."
        ),
    ] = None,
    mode: Annotated[
        str | None,
        Option(
            help="With --cluster. minibatches: all workers share each step, as on one machine; their memory must hold "
            "the rows. rounds: each part of the rows trains on minibatches of its own, then the weights are averaged. "
            "exact: one step an epoch, by the gradient of all rows; it takes many more epochs. auto (the usual): the "
            "one that fits, and why."
        ),
    ] = None,
    local_steps: Annotated[
        int | None, Option(help="With --mode rounds: minibatches between two averages; 100.")
    ] = None,
    steps_per_epoch: Annotated[
        int | None, Option(help="With --mode exact: steps an epoch, each of some of the partitions; 1.")
    ] = None,
    timeout: Annotated[
        float | None,
        Option(help="With --cluster: seconds without anything done, while no worker is at work, until it ends; 600."),
    ] = None,
    json: Annotated[bool, Option("--json", help="Print one JSON text instead.")] = False,
) -> None:
    """Train on a table, test on rows kept aside, save the model: an ensemble, or one network with its loss curve."""
    from chainrule.cli.train.options import NONE, TrainOptions
    from chainrule.cli.train.preset import chosen_preset, train_with_preset
    from chainrule.cli.train.work import work
    from chainrule.tables.plan import Plan

    if task not in (None, "classification", "regression"):
        raise InputError("task", "classification or regression", repr(task))
    if patience != 10 and not early_stopping:
        raise InputError("--patience", "--early-stopping beside it", "no such option")
    given = {one for one in context.params if "COMMANDLINE" in str(context.get_parameter_source(one))}
    chosen = chosen_preset(preset, given)
    plan = Plan(
        hidden=numbers_list("--hidden", hidden), activation=tuple(activation.split(",")), output=output, loss=loss,
        task=task, optimizer=optimizer, learning_rate=learning_rate, epochs=epochs,  # type: ignore[arg-type]
        batch_size=batch_size, test=test, seed=seed, dtype=dtype, schedule=schedule, warmup=warmup, l2=l2,
        weight_decay=weight_decay, dropout=shares_list("--dropout", dropout) or (0.0,),
        patience=patience if early_stopping else None, validation=validation, class_weight=class_weight,
        missing=missing, types=reading.types,  # type: ignore[arg-type]
        engine=engine, threads=threads,  # type: ignore[arg-type]
    )  # fmt: skip
    options = TrainOptions(
        name=_name(data[0]), data=tuple(data), reading=reading, target=target, plan=plan, preset=chosen,
        cv=cv, cv_only=cv_only, out=out, plot=plot, report=report, history=history, checkpoint=checkpoint,
        checkpoint_every=checkpoint_every, resume=resume, json=json, blocks=blocks, cluster=cluster, mode=mode,
        local_steps=local_steps, steps_per_epoch=steps_per_epoch, timeout=timeout,
    )  # fmt: skip
    if chosen == NONE:
        work(options)
    else:
        train_with_preset(options)


def _name(data: str) -> str:
    """What a table is called: its file's name, or of a pattern what is left of it, or its folder's name."""
    path = Path(data)
    if data == STANDARD_INPUT:
        return "table"
    while kind_of(path.name) is not None or path.suffix.lower() in PACKED:
        path = path.with_suffix("")
    if not re.search(r"[*?\[]", path.stem):
        return path.stem or path.resolve().name
    return re.sub(r"\[.*?\]|[*?]", "", path.stem).strip("-_. ") or path.parent.name or "table"
