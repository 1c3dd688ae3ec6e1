"""A lesson: the page in one file, with every answer inside, which opens without a server or a network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from html import escape
from importlib.resources import files
from typing import Any

from chainrule import notation as names
from chainrule.errors import InputError
from chainrule.network import Network
from chainrule.notation import LOSS, NOTATIONS, Derivative, Name, Quantity
from chainrule.render.document import visible
from chainrule.render.json import record
from chainrule.view.matter import WIDE
from chainrule.view.session import Session

STEPS = 3  # of gradient descent that a file holds
MOST_PARAMETERS = 400
PATHS = 10  # as the page asks for


def export_page(session: Session, steps: int = STEPS, progress: Callable[[int, int], None] | None = None) -> str:
    """The file's text.

    Args:
        session: what is opened; it is not changed.
        steps: of gradient descent at its learning rate; fewer where the numbers stop being finite.
        progress: called with the number of networks done and their number.

    Raises:
        InputError: a network too large for every answer to be in one file.
    """
    net = session.opened.network
    if net.parameter_count > MOST_PARAMETERS or max(net.sizes) > WIDE:
        most = f"a network of at most {MOST_PARAMETERS} parameters, in layers of at most {WIDE} units"
        raise InputError("--export", most, f"{net.parameter_count} parameters, layers of {max(net.sizes)} units")
    own = session.fork()
    for _ in range(steps):
        try:
            own.ask({"kind": "descend", "steps": 1, "learning_rate": session.opened.learning_rate})
        except InputError:
            break
    done = len(own.track.losses)
    kept = []
    for step in range(done):
        own.ask({"kind": "rewind", "step": step})
        kept.append({_key(question): _answer(own, question) for question in _questions(own)})
        if progress is not None:
            progress(step + 1, done)
    return _page(session.opened.title, kept)


def _questions(session: Session) -> Iterator[dict[str, Any]]:
    """All that the page can ask of this network, in both notations."""
    for notation in NOTATIONS:
        yield {"kind": "scene", "notation": notation}
        yield {"kind": "walk", "notation": notation}
        for name in _names(session.subject.network):
            text = names.to_text(name, notation)
            yield {"kind": "explain", "name": text, "notation": notation}
            if isinstance(name, Derivative) and name.wrt.is_component:
                yield {"kind": "paths", "name": text, "notation": notation, "top": PATHS}
    yield {"kind": "audit", "text": "\n".join(session.opened.lines).lstrip("\n")}


def _names(net: Network) -> Iterator[Name]:
    """Every value that is computed and every gradient, whole and by component."""
    yield LOSS
    for layer in range(net.depth + 1):
        h = Quantity("x") if layer == 0 else Quantity("yhat") if layer == net.depth else Quantity("h", layer)
        for q in [h] if layer == 0 else [h, Quantity("a", layer), Quantity("W", layer), Quantity("b", layer)]:
            shape = names.shape(q, net.sizes)
            rows = [(m,) for m in range(1, shape[0] + 1)]
            index = [(*row, j) for row in rows for j in range(1, shape[1] + 1)] if len(shape) == 2 else rows
            for one in [q, *(Quantity(q.symbol, q.layer, i) for i in index)]:
                if q.symbol in ("a", "h", "yhat"):
                    yield one
                yield Derivative(LOSS, one)


def _key(question: dict[str, Any]) -> str:
    """The question as the page looks it up."""
    return json.dumps(question, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _answer(session: Session, question: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = session.ask(question)
    except InputError as error:
        return record("error", {"message": str(error)})
    return {key: value for key, value in answer.items() if key not in ("record", "schema")}


def _page(title: str, kept: list[dict[str, Any]]) -> str:
    folder = files("chainrule.view") / "static"
    script = (folder / "page.js").read_text(encoding="utf-8").replace("</script", r"<\/script")
    style = (folder / "page.css").read_text(encoding="utf-8").replace("</style", r"<\/style")
    packed = gzip.compress(json.dumps(kept, ensure_ascii=False).encode(), mtime=0)
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


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
