"""The same page in a notebook: an anywidget on the same module."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from chainrule.errors import InputError
from chainrule.network.network import Network
from chainrule.view.answers import one_line, refusal
from chainrule.view.session import Session
from chainrule.view.strict_json import read_json
from chainrule.view.subject import Subject

if TYPE_CHECKING:
    import anywidget

_log = logging.getLogger(__name__)


def show(
    network: Network, x: Any, y: Any = None, *, learning_rate: float | None = None, title: str = "",
    lines: Sequence[str] = (),
) -> anywidget.AnyWidget:  # fmt: skip
    """A network with one example, to look at in a notebook: walk, ask, change, train, audit.

    What is changed there stays there: ``network`` is not touched.

    >>> net = cr.Network.random([2, 3, 1], output="sigmoid", loss="half_squared_error", seed=0)
    >>> page = cr.show(net, [1.0, 2.0], [1.0], title="A small network")  # doctest: +SKIP
    >>> page.session.subject.network.sizes  # the network as it is on the page now  # doctest: +SKIP
    (2, 3, 1)

    Args:
        x, y: one example, as for ``Network.backward``; a class may be given by its number.
        learning_rate: of the page's gradient steps; title: above it; lines: of a derivation to be audited.

    Raises:
        InputError: input that does not fit, or anywidget is not installed.
    """
    subject = Subject.of(network, x, y, learning_rate=learning_rate, title=title, lines=lines)
    made: anywidget.AnyWidget = _widget_class()(Session(subject))
    return made


def answer_message(session: Session, content: Any) -> dict[str, Any] | None:
    """The reply to a message of the page, ``{"id", "question"}``; None for what is no message of it.

    Whatever the message says, nothing is raised: the page would wait for an answer that never comes.
    """
    if not isinstance(content, dict) or not isinstance(content.get("id"), str):
        return None
    try:
        answer = session.ask(read_json(json.dumps(content.get("question")).encode()))
    except InputError as error:
        answer = refusal(str(error))
    except Exception as error:
        _log.exception("cr.show: a question failed")
        answer = refusal(f"something went wrong: {type(error).__name__}: {error}")
    return {"id": one_line(content["id"]), "answer": answer}


@cache
def _widget_class() -> Any:
    """The class of the widget, made at first use: anywidget is an extra."""
    try:
        import anywidget
    except ImportError:
        raise InputError("cr.show", "the extra chainrule[notebook], which brings anywidget", "none installed") from None
    folder = files("chainrule.view") / "static"

    class NetworkView(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
        """A page on a session."""

        _esm = (folder / "page.js").read_text(encoding="utf-8")
        _css = (folder / "page.css").read_text(encoding="utf-8")

        def __init__(self, session: Session) -> None:
            super().__init__()
            self.session = session
            self.on_msg(self._heard)

        def _heard(self, _: Any, content: Any, buffers: Any) -> None:
            reply = answer_message(self.session, content)
            if reply is not None:
                self.send(reply)

    return NetworkView
