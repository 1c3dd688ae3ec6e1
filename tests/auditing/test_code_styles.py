"""Right backward passes in drawn styles are never accused; a mistake planted in one is found, whatever the style."""

import sys

import numpy as np
import pytest

from chainrule.auditing import functions
from chainrule.auditing.code_audit.question import CodeQuestion
from chainrule.auditing.functions import audit_file
from tests.support.code_styles import FUNCTIONS, PRODUCTS, Style
from tests.support.sample import one_in

UNKNOWN = ("inconsistent_with_own_line",)


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """No process is started."""
    monkeypatch.setattr(functions, "run_alone", lambda function, task, **_: function(task))
    monkeypatch.setattr(sys, "path", list(sys.path))


def audited(tmp_path, style, text, reduction=None):
    file = tmp_path / "style.py"
    file.write_text(text)
    return audit_file(str(file), CodeQuestion(style.sizes, style.hidden, style.output, style.loss, reduction))


@pytest.mark.parametrize("seed", one_in(200, range(1000)))
def test_a_right_pass_is_right_in_every_style(tmp_path, seed):
    style = Style.drawn(np.random.default_rng(seed))
    audit = audited(tmp_path, style, style.text)
    assert audit.ok
    assert all(case.audit is not None for case in audit.cases)
    assert len(audit.audit.lines) == 2 * (len(style.sizes) - 1)
    assert ("Its loss is the sum over the examples" in audit.notes) == (not style.mean)


def planted(style):
    """Pieces of the text, each with what is there instead."""
    n, slope = f"X.shape[{int(style.columns)}]", FUNCTIONS[style.hidden][1]
    back = PRODUCTS[style.columns, style.in_out][2]
    yield f" * ({slope})\n", "\n"
    yield f" * ({slope})\n", " * h\n"
    yield ", d.sum(", ", d.mean("
    yield back, back.replace(".T", "") if ".T" in back else back.replace("W", "W.T")
    yield f"d = ({back})", f"d = ({back}) / {n}"
    yield (f" / {n}\n", "\n") if style.mean else ("    d = (", f"    d = (1 / {n}) * (")


@pytest.mark.parametrize("seed", one_in(500, range(1000), always=("3", "8")))
def test_a_planted_mistake_is_found_in_every_style(tmp_path, seed):
    style = Style.drawn(np.random.default_rng(seed))
    for old, new in planted(style):
        assert old in style.text
        audit = audited(tmp_path, style, style.text.replace(old, new, 1), "mean" if style.mean else "sum")
        assert not audit.ok
        assert audit.first_wrong.mistakes[:1] not in ((), UNKNOWN), new
