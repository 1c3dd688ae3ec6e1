"""Questions answered by other processes: as a session answers them, and none holds another up."""

import threading
import time

import pytest

from chainrule.errors import InputError
from chainrule.system.workers import Lost, Standby
from chainrule.view.aside import SessionAside, answered
from chainrule.view.session import Session
from tests.support.page import worked_example


@pytest.fixture(scope="module")
def base():
    made = SessionAside.of(Session(worked_example()))
    yield made
    made.processes.close()


QUESTIONS = [
    {"kind": "explain", "name": "dL/dW_212"}, {"kind": "walk"},
    {"kind": "change", "values": {"W_212": 0.75}}, {"kind": "descend", "steps": 3, "learning_rate": 0.5},
    {"kind": "rewind", "step": 1}, {"kind": "scene"}, {"kind": "audit", "text": "a_11 = 3"},
    {"kind": "descend", "steps": 3, "learning_rate": 1e308}, {"kind": "scene"},
]  # fmt: skip


def test_a_session_of_bytes_answers_as_the_session_itself(base):
    one, itself = base.fork(), Session(worked_example())
    for question in QUESTIONS:
        try:
            right = itself.ask(question)
        except InputError as error:
            assert str(error) in one.ask(question)["message"]  # noqa: PT017
        else:
            assert one.ask(question) == right
    assert base.fork().ask({"kind": "scene"}) == Session(worked_example()).ask({"kind": "scene"})


def spin(task):
    """A question that never ends, for some."""
    if task[1] == "spin":
        while True:
            time.sleep(0.01)
    return answered(task)


def test_a_question_without_an_end_holds_no_other_up_and_changes_nothing():
    processes = Standby(spin, seconds=3.0)
    session = SessionAside.of(Session(worked_example()))
    hung, other = (SessionAside(session.kept, processes) for _ in range(2))
    said = []

    def ask():
        with pytest.raises(InputError, match=r"question: expected one that takes at most .* took more than 3 s"):
            hung.ask("spin")
        said.append(1)

    thread = threading.Thread(target=ask)
    thread.start()
    assert other.ask({"kind": "scene"})["kind"] == "scene"
    assert not said
    thread.join()
    assert said
    assert hung.kept == session.kept
    processes.close()


def test_a_bug_is_told_with_its_traceback(base, monkeypatch):
    monkeypatch.setattr(base.processes, "call", lambda task: (b"", "Traceback: x"))
    with pytest.raises(RuntimeError, match="Traceback: x"):
        base.fork().ask({"kind": "scene"})
    monkeypatch.setattr(Session, "ask", lambda self, question: [][0])
    kept, words = answered((base.kept, {}))
    assert kept == b""
    assert "IndexError" in words


def test_what_takes_too_much_is_a_sentence(base, monkeypatch):
    monkeypatch.setattr(base.processes, "call", lambda task: Lost("took more than 350 MB"))
    with pytest.raises(InputError, match="at most 10 s and 350 MB; got one whose answer took more than 350 MB"):
        base.fork().ask({"kind": "scene"})
