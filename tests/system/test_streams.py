"""Streams as they come: any encoding, closed ones, readers that go away, signs that a terminal obeys."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.system.streams import said, shown
from tests.support.loading import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links, pipes and shells are other ones on Windows")
SHEET = str(ROOT / "examples" / "derivation.md")


def command(*words, shell="", **environment):
    """Run a command in a process, with what a shell does to its streams."""
    run = ["sh", "-c", f'exec "$@" {shell}', "sh", sys.executable, "-m", "chainrule", *words]
    return subprocess.run(run, capture_output=True, env=os.environ | environment, stdin=subprocess.DEVNULL)


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text):
    found = shown(text)
    assert all(sign in "\n\t" or (ord(sign) >= 32 and not 127 <= ord(sign) < 160) for sign in found)
    assert shown(found) == found


@given(st.characters(exclude_categories=("Cs",)))
def test_every_sign_can_be_said_in_plain_ones(sign):
    assert said(sign).isascii()
    assert said(sign) != "?" or sign == "?"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_report_is_readable_in_any_encoding(encoding):
    ran = command("audit", SHEET, PYTHONIOENCODING=encoding)
    text = ran.stdout.decode(encoding)
    assert ran.returncode == 1
    assert not ran.stderr
    assert "h_1 = sigma(a_1)" in text
    assert "?" not in text
    assert "ok right" in text


def test_json_loses_nothing_in_any_encoding():
    plain, bare = (command("explain", SHEET, "dL/dW_212", "--json", PYTHONIOENCODING=e) for e in ("utf-8", "ascii"))
    assert bare.stdout.isascii()
    assert (
        bare.stdout.decode("ascii").encode().decode("unicode_escape")
        == plain.stdout.decode().encode("utf-8").decode("unicode_escape").encode("latin-1").decode()
    )


@pytest.mark.parametrize(
    ("words", "shell", "code"),
    [
        (("audit", SHEET), ">&-", 1),
        (("audit", "-"), "<&-", 2),
        (("audit", "none.md"), "2>&-", 2),
        (("explain", SHEET, "dL/dW_212"), ">/dev/full", 2),
    ],
)
def test_closed_and_full_streams_end_as_they_should(words, shell, code):
    ran = command(*words, shell=shell)
    assert ran.returncode == code
    assert b"Traceback" not in ran.stderr
    assert b"Exception" not in ran.stderr


def test_a_reader_that_goes_away_ends_a_command_quietly():
    read, write = os.pipe()
    os.close(read)
    run = [sys.executable, "-m", "chainrule", "audit", SHEET]
    try:
        ran = subprocess.run(run, stdout=write, stderr=subprocess.PIPE)
    finally:
        os.close(write)
    assert (ran.returncode, ran.stderr) == (141, b"")


def test_control_characters_of_a_file_name_are_shown():
    ran = command("audit", "a\x1b]0;own\x07.md")
    assert ran.returncode == 2
    assert b"\x1b" not in ran.stderr
    assert "␛]0;own␇" in ran.stderr.decode()
