"""A lesson: the page in one file, with every answer inside, which opens without a server or a network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from html import escape
from importlib.resources import files
from itertools import product
from typing import Any

from chainrule.errors import InputError
from chainrule.network import names
from chainrule.network.names import LOSS, NOTATIONS, Derivative, Name, Quantity
from chainrule.network.network import Network
from chainrule.render.blocks import visible
from chainrule.view.answers import refusal
from chainrule.view.relevance import WIDE
from chainrule.view.session import Session

STEPS = 3  # of gradient descent that a file holds
MOST_STEPS = 50
MOST_PARAMETERS = 400
MOST_LAYERS = 20
GIVEN = ("x", "W", "b")
PATHS = 10  # as the page asks for
_STYLE_END, _SCRIPT_END = re.compile(r"</(?=style)", re.I), re.compile(r"<(?=/script|!--|script)", re.I)


def export_page(session: Session, steps: int = STEPS, progress: Callable[[int, int], None] | None = None) -> str:
    """The file's text; the same for the same network, example, lines and steps.

    A question that has no answer keeps its error, which the page then shows.

    Args:
        session: what is opened; it is not changed.
        steps: of gradient descent at its learning rate; fewer where the numbers stop being finite.
        progress: called with the number of answers that are done, and of all.

    Raises:
        InputError: a network too large for every answer to be in one file, or too many steps.
    """
    net = session.opened.network
    _check(net, steps)
    own = session.fork()
    with suppress(InputError):  # numbers stop being finite: the file has the steps before
        own.ask({"kind": "descend", "steps": steps, "learning_rate": session.opened.learning_rate}) if steps else None
    questions = list(_questions(own))
    total, states = len(own.descent.losses) * len(questions), []
    for step in range(len(own.descent.losses)):
        own.ask({"kind": "rewind", "step": step})
        answers: dict[str, Any] = {}
        for key, question in questions:
            try:
                answer = own.ask(question)
            except InputError as error:
                answer = refusal(str(error))
            answers[key] = {name: value for name, value in answer.items() if name != "schema"}
            if progress is not None:
                progress(step * len(questions) + len(answers), total)
        states.append(answers)
    known = {text: str(name) for name in _names(net) for text in sorted(_spellings(name, net.depth))}
    for q in _quantities(net):
        if q.symbol in GIVEN:  # asked is what it does to the loss
            known |= dict.fromkeys(sorted(_spellings(q, net.depth)), str(Derivative(LOSS, q)))
    return _page(session.opened.title, {"names": known, "states": states})


def _check(net: Network, steps: int) -> None:
    """Raises InputError where a file would be too large, or take too long to write."""
    if not 0 <= steps <= MOST_STEPS:
        raise InputError("--steps", f"a number from 0 to {MOST_STEPS}", str(steps))
    if net.parameter_count > MOST_PARAMETERS or max(net.sizes) > WIDE or net.depth > MOST_LAYERS:
        most = f"a network of at most {MOST_PARAMETERS} parameters in {MOST_LAYERS} layers of at most {WIDE} units"
        got = f"{net.parameter_count} parameters, {net.depth} layers, {max(net.sizes)} units in the widest"
        raise InputError("--export", most, f"{got} (chainrule view without --export shows it)")


def _questions(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    """All that the page can ask of this network, in both notations, each with the key that the file has for it."""
    for notation in NOTATIONS:
        for kind in ("scene", "walk"):
            yield _keyed({"kind": kind, "notation": notation})
        for name in _names(session.subject.network):
            text, asked = str(name), names.to_text(name, notation)
            yield _keyed({"kind": "explain", "name": text, "notation": notation}, asked)
            if isinstance(name, Derivative) and name.wrt.is_component:
                yield _keyed({"kind": "paths", "name": text, "notation": notation, "top": PATHS}, asked)
    text = _encodable("\n".join(session.opened.lines).lstrip("\n"))  # as a text box gives it back:
    yield _keyed({"kind": "audit", "text": text.replace("\r\n", "\n").replace("\r", "\n")})


def _keyed(question: dict[str, Any], asked: str | None = None) -> tuple[str, dict[str, Any]]:
    """The question as the page looks it up, with its name in textbook notation, and as the session is asked."""
    key = json.dumps(question, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return key, question if asked is None else question | {"name": asked}


def _names(net: Network) -> Iterator[Name]:
    """Every value and every gradient, whole and by component."""
    yield LOSS
    yield from _with_components(Quantity("y"), net)
    for q in _quantities(net):
        if q.symbol not in GIVEN:
            yield q
        yield Derivative(LOSS, q)


def _quantities(net: Network) -> Iterator[Quantity]:
    for layer in range(net.depth + 1):
        h = Quantity("x") if layer == 0 else Quantity("yhat") if layer == net.depth else Quantity("h", layer)
        for q in [h] if layer == 0 else [h, Quantity("a", layer), Quantity("W", layer), Quantity("b", layer)]:
            yield from _with_components(q, net)


def _with_components(q: Quantity, net: Network) -> list[Quantity]:
    ranges = [range(1, size + 1) for size in names.shape(q, net.sizes)]
    return [q, *(Quantity(q.symbol, q.layer, index) for index in product(*ranges))]


def _spellings(name: Name, depth: int) -> set[str]:
    """What a person may type for it, but for spaces, braces and the like, which the page takes out itself."""
    q = name.wrt if isinstance(name, Derivative) else name
    layer = {"x": 0, "yhat": depth}.get(q.symbol)
    same = [q] if layer is None else [q, Quantity("h", layer, q.index)]
    texts = {names.to_text(one, notation) for one in same for notation in NOTATIONS}
    if not isinstance(name, Derivative):
        return texts
    return {f"dL/d{text}" for text in texts} | {names.to_text(name, notation) for notation in NOTATIONS}


def _page(title: str, kept: dict[str, Any]) -> str:
    folder = files("chainrule.view") / "static"
    script = _SCRIPT_END.sub(r"\\x3c", (folder / "page.js").read_text(encoding="utf-8"))
    style = _STYLE_END.sub(r"<\/", (folder / "page.css").read_text(encoding="utf-8"))
    packed = gzip.compress(_encodable(json.dumps(kept, ensure_ascii=False, allow_nan=False)).encode(), mtime=0)
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; font-src data:; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(visible(title)) or 'chainrule'}</title>\n"
        f'<link rel="icon" href="data:,">\n<style>{style}</style>\n</head>\n<body class="bare">\n'
        '<div data-chainrule class="chainrule"></div>\n'
        f'<script type="application/octet-stream" id="chainrule-records">{base64.b64encode(packed).decode()}</script>\n'
        f'<script type="module">{script}</script>\n</body>\n</html>\n'
    )


def _encodable(text: str) -> str:
    """Without halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
