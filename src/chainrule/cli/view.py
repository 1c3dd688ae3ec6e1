"""``chainrule view``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from chainrule.cli.shared import check_outputs, read_input, worksheet
from chainrule.errors import InputError
from chainrule.render.blocks import visible
from chainrule.system.files import write_whole
from chainrule.system.progress import counted

if TYPE_CHECKING:
    from chainrule.view.session import Session


def view(
    file: Annotated[str, Argument(help="A worksheet, or a model file (.safetensors) with --data.")],
    data: Annotated[str | None, Option(help="Table for a model.")] = None,
    example: Annotated[int, Option(help="Row of DATA or of the worksheet, counted from 1.")] = 1,
    port: Annotated[int, Option(help="Port to listen at; 0 takes a free one.")] = 0,
    host: Annotated[str, Option(help="Name or address to listen at; this machine alone sees the usual.")] = (
        "127.0.0.1"
    ),
    browser: Annotated[bool, Option("--open/--no-open", help="Open the page in a browser.")] = True,
    export: Annotated[Path | None, Option(help="Write the page to this file instead; no server runs.")] = None,
    steps: Annotated[int | None, Option(help="Gradient steps that the file of --export holds; 3.")] = None,
) -> None:
    """See a network at work in the browser: ask for any derivative, change numbers, take steps."""
    check_outputs({"--export": export}, [file, *([data] if data else [])])
    if steps is not None and export is None:
        raise InputError("--steps", "--export beside it: the server takes any number of steps", "no --export")
    session = _session(file, data, example)
    if export is not None:
        _export(session, export, steps)
    else:
        _serve(session, host, port, browser)


def _session(file: str, data: str | None, example: int) -> Session:
    from chainrule.view.session import Session
    from chainrule.view.subject import Subject

    if example < 1:
        raise InputError("--example", "a number from 1", str(example))
    if not file.endswith(".safetensors"):
        if data is not None:
            raise InputError("--data", "a model file beside it: a worksheet has its own example", file)
        with worksheet(file) as sheet:
            return Session(Subject.of_worksheet(sheet, example))
    if data is None:
        raise InputError("--data", "a table with the example to show", "none")
    s = read_input(file, data, [example], 1, 0)
    return Session(Subject.of(s.network, s.x, s.y, title=Path(file).name, note=s.note))


def _export(session: Session, file: Path, steps: int | None) -> None:
    from chainrule.view.export import STEPS, export_page

    with counted("answers") as progress:
        page = export_page(session, STEPS if steps is None else steps, progress)
    write_whole(file, page)
    print(visible(f"page saved to {file} ({len(page.encode()) / 1e6:.1f} MB)"))


def _serve(session: Session, host: str, port: int, browser: bool) -> None:
    from chainrule.view.server import is_private, listen, serve, served_hosts

    with listen(host, port) as listener:
        hosts = served_hosts(host, listener.getsockname()[1])
        if not is_private(listener):
            sys.stderr.write(f"chainrule: warning: other machines can reach {hosts[0]} and see this network\n")
        done = serve(session, listener, hosts, lambda: _announce(f"http://{hosts[0]}/", browser))
    if not done:  # a thread is still at a question that nobody waits for any more
        sys.stdout.flush()
        os._exit(0)


def _announce(address: str, browser: bool) -> None:
    print(f"chainrule view: {address} (Ctrl-C ends it)", flush=True)
    if browser:
        import threading
        import webbrowser

        # in a thread, because some browsers run in the terminal until they are closed
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
