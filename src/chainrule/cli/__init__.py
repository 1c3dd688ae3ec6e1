"""The command line: a file a command, each parses, calls and renders."""

from __future__ import annotations

import copy
import functools
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer

from chainrule.cli import audit, check, exercise, explain, grade, graph, paths, predict, view
from chainrule.cli.conversion import keep_plain_values
from chainrule.cli.train import command as train
from chainrule.errors import InputError
from chainrule.system.streams import ReaderGone, prepared, silence

LONGEST = 2000  # signs of a sentence

app = typer.Typer(
    name="chainrule",
    help="Backpropagation for feedforward networks: gradients explained, checked, and used to train on tables.",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
for command in (
    train.train, predict.predict, check.check, explain.explain, paths.paths, graph.graph, audit.audit,
    exercise.exercise, grade.grade, view.view,
):  # fmt: skip
    app.command()(command)


def _version(wanted: bool) -> None:
    if wanted:
        from chainrule import __version__

        typer.echo(f"chainrule {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@functools.cache
def _command(name: str) -> Callable[[], object]:
    """The command of a name with its options, all of them where there is none of that name; made once a process."""
    asked = copy.copy(app)
    named = [one for one in app.registered_commands if one.callback is not None and one.callback.__name__ == name]
    asked.registered_commands = named or app.registered_commands
    command = typer.main.get_command(asked)
    keep_plain_values(command)
    return command


def main() -> None:
    """Run the command line. Exit codes: 0 well, 1 it ran and the answer is no, 2 bad input or usage, 130 Ctrl-C."""
    with prepared(), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NumPy's: who needs finite numbers says so
        _run()


def _run() -> None:
    try:
        try:
            _command("".join(sys.argv[1:2]))()
        finally:
            sys.stdout.flush()
    except InputError as error:
        _fail(str(error), *getattr(error, "__notes__", ()))
    except ReaderGone:
        silence()
        sys.exit(141)
    except ImportError as error:  # of a machine that has no memory left for it
        _fail(f"a library cannot be loaded: {error}")
    except OSError as error:
        if isinstance(error, FileNotFoundError) and error.filename is None:
            _fail("the current folder: expected one that exists; got a deleted one")
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}")
    except MemoryError:
        _fail("not enough memory for this network and this batch")
    except KeyboardInterrupt:
        with suppress(ReaderGone, OSError):
            sys.stderr.write("chainrule: interrupted\n")
        sys.exit(130)


def _fail(message: str, *notes: str) -> None:
    """Print one line, and below it what is there to copy; exit."""
    from chainrule.render.blocks import visible

    line = " ".join(visible(message[: 2 * LONGEST]).split())
    line = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
    with suppress(ReaderGone, OSError):
        sys.stderr.write(f"chainrule: error: {line}\n" + "".join(f"{note}\n" for note in notes))
        sys.stderr.flush()
    try:
        sys.stdout.flush()
    except (ReaderGone, OSError):  # a full disk: what is left cannot be written at the end either
        silence()
    sys.exit(2)
