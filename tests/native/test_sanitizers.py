"""A sample of ``python -m trials.sanitizers``: the baseline alone, little optimised, and few networks."""

from types import SimpleNamespace

import pytest

from trials import sanitizers


@pytest.mark.parametrize("kind", sanitizers.FAULTS)
def test_planted_faults_are_found_and_the_library_has_none(kind, tmp_path):
    try:
        made = sanitizers.build(kind, tmp_path, flags=["-O0", "-g0"], best=False)
    except sanitizers.Missing as missing:
        pytest.skip(str(missing))
    assert made.drawn(16, 0) == (0, "", [])
    assert made.missed() == []


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("clang version 19.1.7", "expected GCC; got clang version 19.1.7"),
        ("Copyright Free Software Foundation", "expected libtsan.so of GCC; it has no Copyright"),
        (None, "expected Linux and GCC; got Linux and no compiler"),
    ],
)
def test_it_is_said_where_there_are_no_sanitizers(says, told, tmp_path, monkeypatch, capsys):
    script = tmp_path / "compiler"
    script.write_text(f"#!/bin/sh\necho '{says}'\n")
    script.chmod(0o755)
    native = SimpleNamespace(compiler=lambda: [str(script)] if says else None)
    monkeypatch.setattr(sanitizers.platform, "system", lambda: "Linux")
    monkeypatch.setattr(sanitizers, "tool", lambda name: native)
    assert sanitizers.main(["--only", "thread"]) == 2
    assert told in capsys.readouterr().err


def test_a_finding_is_one_line():
    log = (
        "==7==ERROR: AddressSanitizer: x\n  #0 y\nSUMMARY: AddressSanitizer: heap-buffer-overflow rows.h:16 in gather\n"
    )
    assert sanitizers.FINDING.findall(log) == [("AddressSanitizer: heap-buffer-overflow rows.h:16 in gather", "")]
    assert sanitizers.FINDING.findall("a/rows.h:91:39: runtime error: shift\n") == [
        ("", "rows.h:91:39: runtime error: shift")
    ]


def test_a_source_that_has_changed_is_told(tmp_path):
    (tmp_path / "a.h").write_text("one one")
    with pytest.raises(ValueError, match=r"a\.h: expected 'one' once; got it 2 times"):
        sanitizers._change(tmp_path / "a.h", "one", "two")
