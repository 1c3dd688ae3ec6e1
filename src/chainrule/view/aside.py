"""Sessions whose questions are answered by other processes: work for one page holds no other up."""

from __future__ import annotations

import pickle
import traceback
from typing import Any

from chainrule.errors import InputError
from chainrule.system.limits import MEMORY
from chainrule.system.workers import Lost, Standby
from chainrule.view.answers import refusal
from chainrule.view.session import Session

SECONDS = 10.0  # that a question may take


class SessionAside:
    """A session as the server keeps it: as bytes, which travel to a process with a question and back with its answer.

    A question that takes too long, or too much memory, changes nothing.
    """

    def __init__(self, kept: bytes, processes: Standby) -> None:
        self.kept, self.processes = kept, processes

    @classmethod
    def of(cls, session: Session) -> SessionAside:
        """A session, with processes for it and for its forks."""
        return cls(pickle.dumps(session), Standby(answered, SECONDS))

    def fork(self) -> SessionAside:
        """Another page on what was opened; of one that was asked nothing."""
        return SessionAside(self.kept, self.processes)

    def ask(self, question: Any) -> dict[str, Any]:
        """As ``Session.ask``.

        Raises:
            InputError: also a question that takes too much.
            RuntimeError: something unforeseen, with its traceback.
        """
        found = self.processes.call((self.kept, question))
        if isinstance(found, Lost):
            most = f"one that takes at most {SECONDS:g} s and {MEMORY >> 20} MB"
            raise InputError("question", most, f"one whose answer {found.reason}")
        kept, answer = found
        if not kept:
            raise RuntimeError(answer)
        self.kept = kept
        return dict(answer)


def answered(task: tuple[bytes, Any]) -> tuple[bytes, Any]:
    """What a process does: the session after the question, and the answer; b"" and a traceback, of a bug."""
    kept, question = task
    session: Session = pickle.loads(kept)
    try:
        answer = session.ask(question)
    except InputError as error:  # of some steps of gradient descent the first may have been taken
        answer = refusal(str(error))
    except MemoryError:
        raise
    except Exception:
        return b"", traceback.format_exc()
    return pickle.dumps(session), answer
