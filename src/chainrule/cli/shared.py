"""What several commands share: options, FILE read as a worksheet or a model with data, files to write, lists."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

from typer import Argument, Option

from chainrule.errors import InputError
from chainrule.render.blocks import visible
from chainrule.system.files import is_device
from chainrule.system.limits import bounded

if TYPE_CHECKING:
    from chainrule.auditing.code_audit.question import CodeQuestion
    from chainrule.network.network import Network
    from chainrule.sheets.header import Worksheet
    from chainrule.tables.reading import TableReading

#: options of the reading of a table, by their names in ``TableReading``
_READING: dict[str, tuple[Any, Any]] = {
    "columns": (str | None, Option(help="The only inputs: a,b,c.")),
    "drop": (str | None, Option(help="Columns to leave out: a,b,c.")),
    "types": (
        str | None,
        Option(
            help="What columns are: zip=text,born=date; number, text, category, date, or of dates in text date-dmy "
            "(the day first) or date-mdy (the month first)."
        ),
    ),
    "keep_index": (
        bool, Option("--keep-index", help="Keep a column that only numbers the rows, such as pandas' index.")
    ),
    "separator": (
        str | None,
        Option(
            help="Between the cells of a text file: comma, semicolon, tab, bar, space, or a character; else it is "
            "found."
        ),
    ),
    "quote": (str | None, Option(help="Around texts in a text file; '' for none; else it is found.")),
    "escape": (
        str | None, Option(help="Before a character to be taken as it is, such as '\\'; else it is found.")
    ),
    "encoding": (str | None, Option(help="Of a text file: utf-8, cp1252, utf-16, …; else it is found.")),
    "decimal": (str | None, Option(help="Before the decimals: point or comma; else it is found.")),
    "skip": (int | None, Option(help="Lines above the names of the columns.", min=0)),
    "sheet": (str | None, Option(help="Of a workbook; else its first.")),
}  # fmt: skip
COLUMNS = ("columns", "drop", "types", "keep_index")  # of them, what chooses columns
FILES = tuple(name for name in _READING if name not in COLUMNS)

MOST_SECONDS = 1_000_000  # that a file may take
Number = TypeVar("Number", int, float)

File = Annotated[str, Argument(help="A worksheet, or a model file (.safetensors) with --data.")]
Quantity = Annotated[str, Argument(help="A name, such as dL/dW_212, dL/dh_1, dyhat_1/da_21, a_21, L.")]
Data = Annotated[str | None, Option(help="Table for a model.")]
Layers = Annotated[str, Option(help="With code: units of each layer, the inputs first.")]
Hidden = Annotated[str | None, Option(help="With code: hidden activation, one for all or one each; else it is found.")]
Output = Annotated[str | None, Option(help="With code: softmax or an activation; else it is found.")]
Reduction = Annotated[str | None, Option(help="With code: mean or sum over the examples; else it is found.")]
Notation = Annotated[str | None, Option(help="textbook or delta; else as the name is written.")]


@dataclass(frozen=True, eq=False)
class CommandInput:
    """A network with the examples that a question is about; ``note`` says in words where they come from."""

    network: Network
    x: Any
    y: Any
    sample_weight: Any
    note: str


def read_input(file: str, data: str | None, examples: list[int] | None, most: int, seed: int) -> CommandInput:
    """A worksheet's own network and example, or a model with examples of ``data`` (drawn ones where none is given).

    Args:
        examples: row numbers of ``data``, counted from 1; None takes the first ``most``.
    """
    if not file.endswith(".safetensors"):
        with worksheet(file) as sheet:
            return _from_sheet(sheet, data, examples)
    return _from_model(file, examples, most, data) if data else _drawn(file, most, seed)


@contextmanager
def worksheet(file: str) -> Iterator[Worksheet]:
    """A worksheet (``-`` or nothing: of standard input), and limits of time and memory for what is done with it.

    Raises:
        InputError: no worksheet; what is done with it takes too much.
    """
    from chainrule.sheets.header import parse_worksheet
    from chainrule.sheets.setting.facts import named
    from chainrule.sheets.writing.inputs import read_text

    text = read_text(file or "-")  # whoever writes it may take his time
    name = file if file not in ("", "-") else "standard input"
    with bounded(named(name)):
        yield parse_worksheet(text, name)


def _from_sheet(sheet: Worksheet, data: str | None, examples: list[int] | None) -> CommandInput:
    """A worksheet has its own examples; of a batch, some of them may be chosen."""
    if data is not None:
        raise InputError("--data", "a model file beside it: a worksheet has its own example", sheet.path)
    n = len(sheet.x) if sheet.x.ndim == 2 else 1
    for number in examples or ():
        if not 1 <= number <= n:
            raise InputError("example", f"a number from 1 to {n}", str(number))
    x: Any = sheet.x
    y, weights = sheet.y, sheet.sample_weight
    if examples is None or x.ndim == 1:
        return CommandInput(sheet.network, x, y, weights, "the worksheet's example")
    rows = [number - 1 for number in examples]
    x, y, weights = ([part[r] for r in rows] if part is not None else None for part in (x.tolist(), y, weights))
    if len(rows) == 1:
        x, y = x and x[0], y and y[0]
    return CommandInput(sheet.network, x, y, weights, f"examples {', '.join(map(str, examples))} of the worksheet")


def _from_model(file: str, examples: list[int] | None, most: int, data: str) -> CommandInput:
    from chainrule.network.network import Network
    from chainrule.storage import load_either, read_table
    from chainrule.tables.plain import all_numbers, plain_examples
    from chainrule.tables.predictions import reading_for

    model = load_either(file)
    table = read_table(data, None if isinstance(model, Network) else reading_for(model), tell)
    rows = [e - 1 for e in examples] if examples else list(range(min(most, table.num_rows)))
    for row in rows:
        if not 0 <= row < table.num_rows:
            raise InputError("example", f"row numbers from 1 to {table.num_rows}", str(row + 1))
    part = table.take(rows)
    if isinstance(model, Network):
        network = model
        x, y = plain_examples(all_numbers(part, data), model.sizes[0], model.sizes[-1], data)
    else:
        network, x, y = model.network, model.inputs.apply(part), model.target.apply(part)
    shown = f"row {rows[0] + 1}" if len(rows) == 1 else f"{len(rows)} rows"
    if len(rows) == 1:
        x, y = x[0], y[0]
    return CommandInput(network, x, y, None, f"{shown} of {data}")


def _drawn(file: str, most: int, seed: int) -> CommandInput:
    import numpy as np

    from chainrule.storage import load

    network = load(file)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(most, network.sizes[0]))
    low, high = network.loss_rule.target_range
    y = rng.uniform(max(low, 0.0), min(high, 1.0), (most, network.sizes[-1]))
    return CommandInput(network, x, y, None, f"{most} drawn examples (seed {seed})")


def code_question(
    layers: str, hidden: str | None, output: str | None, loss: str | None, reduction: str | None, seed: int,
    seconds: float, tolerance: float | None = None,
) -> CodeQuestion:  # fmt: skip
    """The networks on which somebody's code is to be tried."""
    from chainrule.auditing.code_audit.question import CodeQuestion

    check_seconds(seconds)
    each = None if hidden is None else hidden.split(",") if "," in hidden else hidden
    return CodeQuestion(numbers_list("--layers", layers), each, output, loss, reduction, seed, seconds, tolerance)


def check_seconds(seconds: float) -> None:
    """Raise an InputError for a time without end."""
    if not seconds <= MOST_SECONDS:
        raise InputError("--seconds", f"from 0.1 to {MOST_SECONDS:,}", f"{seconds:g}")


def reads_tables(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command whose function takes ``reading``, a TableReading, has the options of these names in its place."""

    def made(command: Callable[..., None]) -> Callable[..., None]:
        given = inspect.signature(command)
        hints = get_type_hints(command, include_extras=True)

        @functools.wraps(command)
        def run(**values: Any) -> None:
            asked = {name: values.pop(name) for name in names}
            command(**values, reading=_reading_of(asked))

        options = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False if kind is bool else None,
                              annotation=Annotated[kind, option])
            for name, (kind, option) in ((name, _READING[name]) for name in names)
        ]  # fmt: skip
        own = [p.replace(annotation=hints[p.name], kind=p.KEYWORD_ONLY) for p in given.parameters.values()]
        place = next(i for i, p in enumerate(own) if p.name == "reading")
        every = [*own[:place], *options, *own[place + 1 :]]
        run.__signature__ = given.replace(parameters=every)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in every}
        return run

    return made


def _reading_of(asked: dict[str, Any]) -> TableReading:
    """What is asked of the reading of a table, as options give it."""
    from chainrule.tables.reading import TableReading, names_list, types_list

    lists: dict[str, Callable[[str, str], Any]] = {"columns": names_list, "drop": names_list, "types": types_list}
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    return TableReading(
        **{n: lists[n](f"--{n}", value) if n in lists else value for n, value in given.items()}
    )  # fmt: skip


def tell(line: str) -> None:
    """Say a line on standard error; a name in it that has line ends makes no more of them."""
    sys.stderr.write(f"{visible(line)}\n")


def need_data(file: str, data: str | None) -> None:
    """Raise an InputError for a model without a table."""
    if file.endswith(".safetensors") and data is None:
        raise InputError("--data", "a table with the example to explain", "none")


def check_outputs(outputs: dict[str, Path | None], inputs: list[str]) -> None:
    """Fail before the work, not after it: each file to write has a folder, and is no file that is read or written too.

    Raises:
        InputError: naming the option.
    """
    taken = {os.path.realpath(name): f"the file {name} that is read" for name in inputs}
    for option, file in outputs.items():
        if file is None:
            continue
        if is_device(file):
            continue
        if file.is_dir() or not file.parent.is_dir():
            got = "a folder" if file.is_dir() else "no such folder"
            raise InputError(f"{option} {file}", "a file in a folder that exists", got)
        place = os.path.realpath(file)  # Path.resolve fails for a link to itself
        if place in taken:
            raise InputError(f"{option} {file}", "a file of its own", taken[place])
        taken[place] = f"the file of {option}"


def check_not_data(outputs: dict[str, Path | None], data: Sequence[str], *read: str) -> None:
    """Fail where a file to write is one of the data's, or would be read with them the next time.

    Args:
        outputs: option -> file. data: files, folders and patterns. read: further files that are read.

    Raises:
        InputError: naming the option.
    """
    from chainrule.distributed.table_files import local_files

    files = local_files(data)
    check_outputs(outputs, [*read, *files])
    kinds = {Path(file).suffix.lower() for file in files}
    folders = [os.path.realpath(name) for name in data if Path(name).is_dir()]
    for option, file in outputs.items():
        if file is None or file.suffix.lower() not in kinds:
            continue
        place = os.path.realpath(file)
        folder = next((name for name in folders if place.startswith(name + os.sep)), None)
        if folder is not None:
            raise InputError(
                f"{option} {file}", f"a place beside the data's folder {folder}", "one that is read as data"
            )


def need_dask() -> None:
    """Raise an InputError unless Dask is installed."""
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise InputError("--cluster", "the extra chainrule[dask]", "no Dask") from None


def numbers_list(option: str, text: str) -> tuple[int, ...]:
    """``128,64`` as (128, 64)."""
    return _list(option, text, int, "whole numbers separated by commas, such as 128,64")


def shares_list(option: str, text: str) -> tuple[float, ...]:
    """``0.5,0.2`` as (0.5, 0.2)."""
    return _list(option, text, float, "shares separated by commas, such as 0.5,0.2")


def _list(option: str, text: str, number: Callable[[str], Number], expected: str) -> tuple[Number, ...]:
    try:
        return tuple(number(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InputError(option, expected, repr(text)) from None
