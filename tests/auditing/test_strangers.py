"""Strangers' files: refused with one line, or marked line by line; never a traceback, a hang, or Python that runs."""

import errno
import json
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.auditing.audit import audit_text
from chainrule.auditing.model import effort
from chainrule.auditing.model.effort import Effort
from chainrule.auditing.records import VERDICTS
from chainrule.errors import InputError
from chainrule.sheets.lines import MOST_CLAIMS
from chainrule.teaching.grading import grade
from tests.support.loading import ROOT
from tests.support.sample import one_in
from tests.support.strangers import HEADER, LINES, REFUSED, RIGHT, SHEETS, as_bytes, drawn, sheets

SLOWER = 4  # than the machine of the two limits below others may be; what grows without bound takes far longer
SECONDS = 2.0 * SLOWER  # of processor time to refuse a file, or to mark one with a hostile line
LARGE = 10.0 * SLOWER  # to mark what is as large as may be: the time that `grade` gives a sheet
MEGABYTES = 500  # that a file may take
CODE = ("Python", "eval", "exec", "open", "lambda", "compreh", "attrib", "string", "printf", "shell", "TeX", "Jinja")
PUBLISHED = sorted((ROOT / "examples" / "published").glob("*.md"))
FUZZ = float(os.environ.get("CHAINRULE_FUZZ_SECONDS") or 2)  # both parts together
#: of the sheets that take longest, the longest of each kind: a network, sums, LaTeX, terms, products, digits
HARDEST = (
    "20 layers, 20 wrong lines", "200 wide, 20 wrong lines", "40 wrong numbers of arithmetic", "50 long lines of LaTeX",
    "400 lines of 100 terms", "outer products", "a number of 900,000 digits", "40 of both passes",
    "numbers in dollars beside equations", "a label before signs",
)  # fmt: skip


def is_large(name):
    return name.startswith(("40 ", "900 ")) or "layers" in name or "200 wide" in name


@pytest.fixture
def audited(run, tmp_path):
    """Audit a file: (exit code, standard output, standard error), within its time and memory."""

    def call(name, content):
        (tmp_path / "s.md").write_bytes(as_bytes(content))
        limit = LARGE if is_large(name) else SECONDS
        before, taken = peak(), []
        while len(taken) < 2 and min(taken, default=limit) >= limit:  # twice, where the machine is busy
            start = time.process_time()
            result = run("audit", "s.md")
            taken.append(time.process_time() - start)
        assert min(taken) < limit
        assert peak() - before < MEGABYTES
        return result

    return call


def peak():
    """Megabytes that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def is_one_line(err):
    """One line; where there is no network, a header to copy may stand below it."""
    said, _, copy = err.partition("A header to copy and to fill in:\n")
    assert copy.startswith("+++\n") or not copy
    return said.startswith("chainrule: error: ") and said.count("\n") == 1 and said.endswith("\n") and len(said) < 1000


# ---------------------------------------------------------------- one file


@pytest.mark.parametrize("name", one_in(6, REFUSED))
def test_what_is_no_worksheet_is_refused_with_one_line(audited, name):
    code, out, err = audited(name, REFUSED[name])
    assert (code, out) == (2, "")
    assert is_one_line(err)
    assert "expected" in err


@pytest.mark.parametrize("name", one_in(40, sheets(), always=HARDEST))
def test_a_worksheet_is_marked_whatever_its_lines_are(audited, name):
    code, out, err = audited(name, sheets()[name])
    if code == 2:  # more than a person writes
        assert out == ""
        assert is_one_line(err)
    else:
        assert (code, err) in ((0, ""), (1, ""))
        assert out.strip()
        assert not set(map(chr, (*range(9), *range(11, 32), 0x9B, 0x202E, 0x2066))) & set(out)


@pytest.mark.parametrize(
    "name",
    ["a number of 900,000 digits", "brackets", "an exponent", "updates", "a sum of 10^9", "names of Python", "NUL",
     "a name that is itself", "a power tower", "a vector of 100,000", "TeX without its braces",
     "names that double, with a number", "derivatives of derivatives", "data in terms", "outer products"],
)  # fmt: skip
def test_right_lines_are_right_beside_hostile_ones(name):
    found = audit_text(RIGHT + LINES[name] + "\n" + "dL/da_1 = [0.0000, -0.0809, 0.0083]\n")
    right = [a for a in found.lines if a.number <= 22 or a.text.startswith("dL/da_1 =")]
    assert len(right) == 7
    assert {a.verdict for a in right} <= {"right", "rounded"}


def test_verdicts_go_to_lines_and_not_to_all_that_stand_in_one():
    lines = audit_text(RIGHT + "a_11 = 1.15; a_12 = -1.1; a_1 = [1, 2]; dL/dW_111 = 3\n").lines[-4:]
    assert [a.verdict for a in lines][1:3] == ["right", "unreadable"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a_11 = 1e400", "a power of ten from -99 to 99"),
        ("a_11 = " + "9" * 41, "a number of at most 40 characters"),
        ("a_11 = sum_{i=1}^{1000000000} x_1", "a sum from 1 to 1000000000 cannot be written out"),
        ("a_11 = " + "x_1 + " * 1000 + "x_1", "at most 1000 names"),
        ("a_11 = " + "d/dx_1[" * 4 + "x_1" + "]" * 4, "at most 3 derivatives of derivatives"),
        ("a_11" + " = 1" * 100, "at most 100 parts"),
        ("yhat_1'{10001} = 0.5", "at most 10000"),
        ("yhat_1'{10001} = a_21", "at most 10000"),
        ("da_1/dh_1 = a_1", "a derivative of what comes after"),
        ("a_11 = " + "0.1 + " * 1000 + "0.1 = 3", "at most 400000 for its parts times its numbers"),
        ("a_11 = __import__('os')", "'_' cannot be read here"),
        ("a_11 = eval(x_1)", "unknown name 'eval'"),
        ("da_1/dh_2 = 0", "a derivative of what comes after"),
    ],
)
def test_a_line_that_is_too_much_says_why(line, says):
    a = audit_text(RIGHT + line + "\n").lines[-1]
    assert a.verdict == "unreadable"
    assert says in a.message


def test_slopes_may_be_a_diagonal_matrix():
    lines = (
        "dh_1/da_1 = [[0.2378, 0, 0], [0, 0.1874, 0], [0, 0, 0.1920]]",
        "dL/dh_1 = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]",
    )
    found = audit_text(RIGHT + "\n".join(lines) + "\n").lines[-2:]
    assert [a.verdict for a in found] == ["rounded", "unreadable"]


def test_a_number_of_the_authors_own_may_be_used_in_names():
    lines = audit_text(RIGHT + "c_1 = 2\ne_1 = c_1 * a_11 = -0.9\nk_1 = c_1 = 3\n").lines[-3:]
    assert [a.verdict for a in lines] == ["undecided", "right", "wrong"]


def test_wrong_lines_beyond_the_effort_are_marked_and_say_that_they_are_not_explained(monkeypatch):
    monkeypatch.setattr(effort, "EXPLAINING", effort.EXPLAINING / 16)
    wrong = [f"dL/dW_1{i % 3 + 1}1 = {0.1 + i / 7:.4f}" for i in range(MOST_CLAIMS // 16)]
    found = audit_text(RIGHT + "\n".join(wrong) + "\n")
    assert {a.verdict for a in found.lines[6:]} == {"wrong"}
    said = ["was not looked for" in a.message for a in found.lines[6:]]
    assert not any(said[:6])
    assert all(said[-6:])
    assert all("should be" in a.message for a in found.lines[6:])


def test_what_a_person_writes_takes_a_small_part_of_the_effort(monkeypatch):
    made = []
    of = Effort.of.__func__

    def noted(cls, *given):
        made.append(of(cls, *given))
        return made[-1]

    monkeypatch.setattr(Effort, "of", classmethod(noted))
    for sheet in PUBLISHED[::3]:
        audit_text(sheet.read_text())
    fresh = of(Effort, audit_problem())
    assert min(e.left for e in made) > 0.8 * fresh.left
    assert min(e.to_explain for e in made) > 0.8 * fresh.to_explain


def audit_problem():
    from chainrule.auditing.audit import problem_of
    from chainrule.sheets.header import parse_worksheet

    return problem_of(parse_worksheet(RIGHT))


# ---------------------------------------------------------------- a process of its own


def spawned(path, *, kind="audit"):
    """Exit code, standard output and error, seconds of processor time and megabytes of ``chainrule audit PATH``."""
    command = [sys.executable, "-m", "chainrule", kind, str(path)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    out, err = running.stdout.read(), running.stderr.read()
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    running.stdout.close()
    running.stderr.close()
    return running.returncode, out, err.decode(), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Seconds and megabytes of a usual audit."""
    path = tmp_path_factory.mktemp("usual") / "right.md"
    path.write_text(RIGHT)
    code, _, err, seconds, megabytes = spawned(path)
    assert (code, err) == (0, "")
    return seconds, megabytes


@pytest.mark.parametrize(
    "name",
    one_in(4, ["10 MB of brackets", "an integer of 900,000 digits", "100,000 layers", "more than 5,000 lines"],
           always=["10 MB of brackets"]),
)  # fmt: skip
def test_a_process_of_its_own_refuses_too(tmp_path, usual, name):
    (tmp_path / "s.md").write_bytes(as_bytes(REFUSED[name]))
    code, out, err, seconds, megabytes = spawned(tmp_path / "s.md")
    assert (code, out) == (2, b"")
    assert is_one_line(err)
    assert seconds < usual[0] + SECONDS
    assert megabytes < usual[1] + MEGABYTES


@pytest.mark.parametrize("name", ["outer products"])
def test_a_process_of_its_own_marks_too(tmp_path, usual, name):
    (tmp_path / "s.md").write_bytes(as_bytes(sheets()[name]))
    code, out, err, seconds, megabytes = spawned(tmp_path / "s.md")
    assert (code, err) == (1, "")
    assert out
    assert seconds < usual[0] + SECONDS
    assert megabytes < usual[1] + MEGABYTES


def special_files(folder):
    """Things in a folder that are no files, or no files of it."""
    os.mkfifo(folder / "pipe.md")
    (folder / "folder.md").mkdir()
    (folder / "loop.md").symlink_to("loop.md")
    (folder / "nowhere.md").symlink_to("nothing")
    (folder / "zero.md").symlink_to("/dev/zero")
    (folder / "terminal.md").symlink_to("/dev/tty")
    (folder / "passwords.md").symlink_to("/etc/passwd")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files here")
def test_what_is_no_file_is_refused(tmp_path):
    """In one process of its own, which must not hang at any of them."""
    special_files(tmp_path)
    names = ["pipe", "folder", "loop", "nowhere", "zero", "terminal", "passwords", "missing"]
    script = """
import contextlib, io, json, sys
from chainrule.cli import main

told = {}
for name in sys.argv[2:]:
    out, err, code = io.StringIO(), io.StringIO(), 0
    sys.argv[1:] = ["audit", f"{FOLDER}/{name}.md"]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    told[name] = code, out.getvalue(), err.getvalue()
sys.stdout.write(json.dumps(told))
"""
    command = [sys.executable, "-c", f"FOLDER = {str(tmp_path)!r}\n{script}", "-", *names]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, stdin=subprocess.DEVNULL)
    told = json.loads(ran.stdout)
    assert set(told) == set(names)
    for name, (code, out, err) in told.items():
        assert (code, out) == (2, ""), name
        assert is_one_line(err), name


def test_a_file_that_may_not_be_read(run, tmp_path, monkeypatch):
    (tmp_path / "s.md").write_text(RIGHT)

    def refuse(path, *_, **__):  # chmod 0 would not do: root may read everything
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    code, out, err = run("audit", "s.md")
    assert (code, out) == (2, "")
    assert is_one_line(err)


@pytest.mark.parametrize("name", ["a\nb.md", "\x1b[2J.md", "{0.__class__}.md", "%n%s.md", "-.md", "ü🙂.md", "a b;c.md"])
def test_names_of_files_are_names(run, tmp_path, name):
    (tmp_path / name).write_text("+++\n")
    code, out, err = run("audit", f"./{name}")
    assert (code, out) == (2, "")
    assert is_one_line(err)
    assert "\x1b" not in err


def test_nothing_in_a_sheet_is_ever_run():
    """An audit hook of the interpreter sees all that Python compiles, runs, opens or starts."""
    script = """
import sys
from chainrule.auditing.audit import audit_text
from chainrule.errors import InputError
from tests.support.strangers import LINES, RIGHT

def all_code(names):
    for name, lines in LINES.items():
        if any(word in name for word in names):
            try:
                found = audit_text(RIGHT + lines)
            except InputError:
                continue
            str(found), found.to_html(), found.to_markdown(), found.to_latex(), found.to_dict()

def stop(event, arguments):
    if event.split(".")[0] in ("exec", "compile", "open", "os", "subprocess", "socket", "import", "pickle", "code"):
        seen.append((event, repr(arguments)[:80]))

all_code(["eval", "TeX that", "lambda"])  # what is imported is imported
seen = []
sys.addaudithook(stop)
all_code(CODE)
sys.stdout.write(str(seen))
"""
    here = str(ROOT)
    command = [sys.executable, "-c", f"CODE = {CODE!r}\n{script}"]
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": here}, check=True)
    assert ran.stdout == "[]"


# ---------------------------------------------------------------- a folder


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files here")
def test_a_folder_of_them_is_marked_to_its_end(tmp_path):
    special_files(tmp_path)
    hostile = {n: sheets()[n] for n in one_in(25, sheets()) if not is_large(n)}
    refused = one_in(4, REFUSED)
    for number, name in enumerate(refused):
        content = REFUSED[name]
        (tmp_path / f"refused{number}.md").write_bytes(as_bytes(content))
    for number, content in enumerate(hostile.values()):
        (tmp_path / f"sheet{number}.md").write_bytes(as_bytes(content))
    for name in ("ann.md", "zoe.md"):
        (tmp_path / name).write_text(RIGHT)
    pages = {}
    grades = grade(tmp_path, processes=2, seconds=60.0, feedback=pages.__setitem__)
    rows = {g.file: g for g in grades.sheets}
    assert len(rows) == len(refused) + len(hostile) + 2 + 6  # a folder is no sheet
    assert len(refused) > 10
    assert len(hostile) > 3
    assert set(pages) == set(rows)
    for name in ("ann.md", "zoe.md"):
        assert rows[name].error == ""
        assert rows[name].score == rows[name].of == 6
    for name, row in rows.items():
        if not name.startswith(("sheet", "ann", "zoe")):
            assert row.error, name
        assert "\n" not in row.error
        assert "took more" not in row.error
    assert grades.to_csv().count("\n") >= len(rows)


# ---------------------------------------------------------------- drawn files


def survives(text):
    """The audit of a text, whole in every form, or its refusal; None for a refusal."""
    try:
        found = audit_text(text)
    except InputError as error:
        refusal = str(error)
        found = None
    if found is None:
        assert "expected" in refusal
        assert "\n" not in refusal
        return None
    assert all(a.verdict in VERDICTS for a in found.lines)
    assert all(p.verdict in VERDICTS for a in found.lines for p in a.parts)
    assert all(a.message or a.verdict in ("right", "rounded") for a in found.lines)
    for form in (str(found), found.to_markdown(), found.to_html(), found.to_latex()):
        assert form.strip()
    assert len(found.to_dict()["lines"]) == len(found.lines)
    return found


def words(text):
    return text.split()


#: what lines are drawn from
TOKENS = words("""
a_1 h_1 a_2 yhat x y L W_1 W_2 b_1 a_11 h_13 yhat_1 x_2 y_1 W_212 b_21 W_212' yhat' L' yhat_1'{7} b_1' e_1 e_1 E_t
dL/da_2 dL/dW_212 dL/dh_1 dL/da_1 dL/dW_1 dL/db_1 dL/dyhat_1 dL/dx dL/dW_212' dyhat_1/da_21 da_21/dW_212 dh_1/da_1
δ^1 δ^2_1 δ_1 z^1 w^2_21 a^1 a^{(2)} W_{1,1} eta a_9 h_0 h_2 dyhat/da_2 da_1/dh_1 dL/dL Δw_1 W_21k
0 1 2 0.5 -0.1 0.3894 -0.45 1e-3 2.50 .5 10^2 1e99 [1,2,3] [0.6,0.4] [[1,2],[3,4]] 1/3 007 -0.0 ½ 1 2 3
sigma sigma' exp log softmax g g' sum_j sum_{i=1}^{3} tanh relu' diag max d/dx_1 sqrt abs log_2 step clip logsumexp
= = = + - * / ⊙ ^ ^T ' ( ) [ ] { } , ; . : & $ ≈ := ? % _ | so thus in é ŷ ∂ σ \0 \u202e \x1b
\\\\ \\frac{ } \\hat{y}_1 \\cdot \\partial \\left( \\right) \\sum_{i=1}^2 \\begin{bmatrix} \\end{bmatrix}
\\odot \\text{so} \\top
""")
NAMES = TOKENS[: TOKENS.index("0")]
KEYS = words("title learning_rate hidden output loss reduction x y sample_weight W b layer")
VALUES = words("""
1 -0.5 nan inf 1e400 "relu" "softmax" "huber" "sum" "identity" [1,2] [[1,2],[3,4]] [] [[]] [1] [1.0,'a'] true {}
999999999999999999999999999999 0x10 1979-05-27 ''' "\\u0000"
""")


@st.composite
def almost_claims(draw):
    """A line of tokens; most begin as a claim does."""
    start = draw(st.sampled_from(NAMES)) + " = " if draw(st.booleans()) else ""
    return start + draw(st.sampled_from(("", " "))).join(draw(st.lists(st.sampled_from(TOKENS), max_size=12)))


@given(lines=st.lists(almost_claims(), min_size=1, max_size=6))
def test_lines_of_tokens_are_marked(lines):
    assert survives(RIGHT + "\n".join(lines)) is not None


@given(line=st.text(max_size=60))
def test_lines_of_any_text_are_marked(line):
    assert survives(HEADER + "a_11 = " + line) is not None


@given(text=st.text(max_size=200), data=st.binary(max_size=200))
def test_any_text_and_any_bytes(text, data):
    survives(text)
    survives("+++\n" + text + "\n+++\n" + text)
    survives(data.decode("utf-8", "replace"))


@given(key=st.sampled_from(KEYS), value=st.sampled_from(VALUES), line=almost_claims())
def test_headers_with_another_value(key, value, line):
    at = RIGHT.index(f"\n{key} = ") + 1 if f"\n{key} = " in RIGHT else RIGHT.index("hidden")
    survives(RIGHT[:at] + f"{key} = {value}\n" + RIGHT[RIGHT.index("\n", at) + 1 :] + line)


def mutated(rng, text):
    """A text with a few bytes, pieces or lines changed."""
    data = bytearray(text.encode())
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        end = min(end, at + rng.choice((0, 1, 1, 2, 5, 40)))
        match rng.randrange(5):
            case 0:
                data[at:end] = rng.randbytes(end - at)
            case 1:
                data[at:end] = b""
            case 2:
                data[at:at] = data[at:end] * rng.choice((1, 2, 30))
            case 3:
                data[at:end] = rng.choice(TOKENS).encode()
            case _:
                lines = data.split(b"\n")
                i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
                lines[i], lines[j] = lines[j], lines[i]
                data = bytearray(b"\n".join(lines))
        data = data or bytearray(b"+++")
    return data.decode("utf-8", "replace")


def drawn_sheet(rng, known):
    """A good sheet changed in few places, or a drawn network with lines of tokens."""
    if rng.random() < 0.5:
        return mutated(rng, rng.choice(known))
    sizes = [rng.randint(1, 4) for _ in range(rng.randint(2, 5))]
    lines = []
    for _ in range(rng.randint(1, 8)):
        tokens = [rng.choice(TOKENS) for _ in range(rng.randint(1, 9))]
        lines.append(f"{rng.choice(NAMES)} = {rng.choice(('', ' ')).join(tokens)}")
    hidden = rng.choice(("sigmoid", "relu", "tanh", "softplus", "identity", "gelu"))
    loss = rng.choice(("cross_entropy", "half_squared_error", "squared_error", "huber", "mean_squared_error"))
    more = {"loss": f'"{loss}"', "reduction": rng.choice(('"mean"', '"sum"')), "examples": rng.choice((0, 0, 1, 3))}
    return drawn(sizes, "\n".join(lines), seed=rng.randrange(1000), hidden=hidden, **more)


@pytest.mark.parametrize("part", range(2))
def test_drawn_sheets_for_a_while(part):
    """Together for CHAINRULE_FUZZ_SECONDS, else two seconds; the seed is the day's."""
    known = [RIGHT, *(p.read_text() for p in PUBLISHED if p.stat().st_size < 2500)]
    seed = int(os.environ.get("CHAINRULE_FUZZ_SEED") or time.time() // 86400) * 2 + part
    rng = random.Random(seed)
    end = time.monotonic() + FUZZ / 2
    while time.monotonic() < end:
        text = drawn_sheet(rng, known)
        start = time.process_time()
        try:
            survives(text)
        except Exception as error:
            pytest.fail(f"seed {seed}: {type(error).__name__}: {error}\n{text!r}")
        assert time.process_time() - start < LARGE, f"seed {seed}: {text!r}"


def test_the_drawn_sheets_are_worth_drawing():
    """Most are marked, some are refused; each verdict comes up."""
    rng = random.Random(0)
    known = [RIGHT]
    found = [survives(drawn_sheet(rng, known)) for _ in range(40)]
    marked = [f for f in found if f is not None]
    assert 0.5 < len(marked) / len(found) < 0.99
    verdicts = {a.verdict for f in marked for a in f.lines}
    assert verdicts >= {"right", "rounded", "wrong", "undecided", "unreadable"}
    assert set(SHEETS).isdisjoint(REFUSED)
