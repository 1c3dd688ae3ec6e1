"""Exercises: numbers, keys, what would show, variants, and a whole round: set, handed in, marked."""

import csv
import io
import itertools
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from chainrule.auditing.audit import audit_text
from chainrule.auditing.mistakes import MISTAKES, applicable
from chainrule.cli import main
from chainrule.errors import InputError
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES
from chainrule.network.outputs import OUTPUTS
from chainrule.teaching import exercise as making
from chainrule.teaching.answer_keys import is_key
from chainrule.teaching.author import names, write
from chainrule.teaching.draw_numbers import RANGES, USUAL_RANGE
from chainrule.teaching.exercise import exercise, variants
from chainrule.teaching.handout import numbered, read_students, stems
from tests.support.loading import ROOT
from tests.support.sample import covering, seeds

SHAPES = ((3, 3), (2, 3, 2), (3, 3), (2, 2, 2, 2))


def kinds():
    """Each loss with each output that fits, with a hidden activation and a shape each; all of these come up."""
    each = zip(itertools.cycle(ACTIVATIONS), itertools.cycle(SHAPES), strict=False)
    for loss, output in itertools.product(LOSSES.values(), OUTPUTS.values()):
        k = next((k for k in (2, 1) if loss.fits(output, k)), None)
        if k is not None and (k, output.name) != (1, "softmax"):
            hidden, shape = next(each)
            yield pytest.param((*shape, k), hidden, output.name, loss.name, id=f"{loss.name}-{output.name}-{hidden}")


# ---------------------------------------------------------------- one exercise


@pytest.mark.parametrize(("layers", "hidden", "output", "loss"), covering(kinds()))
def test_every_kind_of_network_has_an_exercise_whose_key_is_right(layers, hidden, output, loss):
    delta = len(loss) % 2 == 0
    e = exercise(layers, hidden=hidden, output=output, loss=loss, notation="delta" if delta else "textbook")
    verdicts = [line.verdict for line in audit_text(e.key).lines]
    assert len(verdicts) == len(e.labels)
    assert set(verdicts) <= {"right", "rounded"}
    blank = audit_text(e.sheet).lines
    assert [line.name for line in blank] == list(e.labels)
    assert {line.verdict for line in blank} == {"undecided"}
    assert e.detectable.share >= 0.8


@pytest.mark.parametrize("seed", seeds(2, 5))
def test_numbers_are_such_that_a_person_can_compute_with_them(seed):
    p = exercise((3, 4, 4, 2), hidden=("sigmoid", "relu"), seed=seed).problem
    ranges = (USUAL_RANGE, RANGES["relu"], RANGES["softmax"])
    for W, b, a, (least, most) in zip(
        p.network.weights, p.network.biases, p.network.forward(p.x).a, ranges, strict=True
    ):
        for numbers in (W, b):
            assert np.array_equal(numbers, numbers.round(1))
            assert numbers.all()
            assert np.abs(numbers).max() < 1
        assert len(np.unique(W, axis=0)) == W.shape[0]
        assert len(np.unique(W, axis=1).T) == W.shape[1]
        assert W.shape[0] != W.shape[1] or not np.array_equal(W, W.T)
        assert least <= np.abs(a).min() <= np.abs(a).max() <= most
        assert a.min() < 0 < a.max()  # none of a layer of relu is all dead or all active
    assert np.array_equal(p.x, p.x.round(1))
    assert sorted(p.y[0]) == [0, 1]


def test_the_same_arguments_give_the_same_exercise_and_others_another():
    assert exercise(seed=3).sheet == exercise(seed=3).sheet != exercise(seed=4).sheet
    ada = exercise(student="Ada")
    assert exercise(student="Ada").key == ada.key
    assert exercise(student="Bob").problem.x.tolist() != ada.problem.x.tolist()
    assert exercise(student="Zoe\u0308").header.split("\n", 2)[2] == exercise(student="Zoë").header.split("\n", 2)[2]


def test_a_person_has_the_same_numbers_in_every_version():
    first = exercise(student="Ada").problem
    assert first.x.tolist() == [[0.5, 1.5, -2.0]]
    assert first.network.weights[0].tolist() == [[0.3, 0.6, 0.5], [-0.9, -0.9, -0.5], [0.9, 0.3, 0.7]]


@pytest.mark.parametrize(
    ("loss", "words"),
    [("cross_entropy", "-y*log(p), where p is yhat and log is the natural logarithm."),
     ("mean_squared_error", "where p is yhat and k is the number of outputs.")],
)  # fmt: skip
def test_what_stands_in_the_loss_is_said(loss, words):
    assert words in exercise((2, 2), output="softmax", loss=loss).sheet


@pytest.mark.parametrize("seed", range(3))
def test_targets_are_classes_of_probabilities_and_a_way_off_other_outputs(seed):
    away = exercise((2, 2), output="identity", loss="half_squared_error", seed=seed).problem
    off = np.abs(away.y - away.network.forward(away.x).yhat)
    assert (off >= 0.25).all()
    assert (off <= 1.45).all()
    assert np.array_equal(away.y, away.y.round(1))
    for loss in ("half_squared_error", "binary_cross_entropy"):
        assert sorted(exercise((2, 2), output="sigmoid", loss=loss, seed=seed).problem.y[0]) == [0, 1]


def test_what_shows_is_what_an_author_would_write():
    """The shares are by replays; an author who writes each sheet out, with every mistake that shows, gives the same."""
    e = exercise((2, 2, 2, 2), digits=2, seed=1)

    def numbers(wrong):
        lines = write(e.problem, e.asked, e.style, np.random.default_rng(0), wrong)
        return np.concatenate([np.ravel(line.printed) for line in lines])

    right, sheets, unseen = numbers([]), [], []
    for mistake, layer in applicable(e.problem):
        if (mistake.kind, layer) == ("dh", 0):
            continue  # dL/dx is not asked
        sheet = numbers([mistake.at(layer)])
        (sheets if np.abs(sheet - right).max() > 0.015 else unseen).append((mistake.id, sheet))
    assert len(sheets) + len(unseen) == e.detectable.possible
    assert sorted(id for id, _ in unseen) == sorted(h.id for h in e.detectable.hidden)
    assert unseen
    alike = [pair for pair in itertools.combinations(sheets, 2) if np.abs(pair[0][1] - pair[1][1]).max() <= 0.015]
    assert len(alike) == len(e.detectable.mixed)
    assert e.detectable.apart == 1 - len(alike) / (len(sheets) * (len(sheets) - 1) / 2)


def test_a_mistake_that_would_not_show_says_why():
    e = exercise((2, 2, 2, 2, 2), digits=2, ask=["yhat", "dL/dW_1"], learning_rate=None)
    assert e.detectable.share < 1
    assert {h.why.split(":")[0] for h in e.detectable.hidden} <= {
        "it changes too little", "with these numbers it gives the same",
        "what it changes is multiplied by 0 on the way to the lines asked",
    }  # fmt: skip
    assert any("decimals would show it" in h.why for h in e.detectable.hidden)
    assert all(h.words and "{" not in h.words for h in e.detectable.hidden)


def test_mistakes_that_cannot_be_made_do_not_count():
    e = exercise(ask="forward")
    assert {h.id for h in e.detectable.hidden} == set()
    assert e.detectable.possible == 9
    assert exercise(ask="all").detectable.possible > 40


@pytest.mark.parametrize(
    ("ask", "labels"),
    [
        ("forward", "a_1 h_1 a_2 yhat L"),
        ("backward", "dL/dyhat dL/da_2 dL/dW_2 dL/db_2 dL/dh_1 dL/da_1 dL/dW_1 dL/db_1"),
        ("update", "W_2' b_2' W_1' b_1'"),
        (["L", "dL/dW_212", "W_212'", "dL/dx", "yhat_1'"], "L dL/dW_212 W_212' dL/dx yhat_1'"),
        (["forward", "a_1", "dL/dw^2_21"], "a_1 h_1 a_2 yhat L dL/dW_212"),
    ],
)
def test_what_is_asked(ask, labels):
    e = exercise(ask=ask)
    assert list(e.labels) == labels.split()
    assert {line.verdict for line in audit_text(e.key).lines} <= {"right", "rounded"}


def test_one_weight_of_each_layer_and_lines_by_entry():
    e = exercise((3, 4, 3, 2), ask="one")
    gradients, updates = e.labels[:3], e.labels[3:]
    assert [label[:7] for label in gradients] == ["dL/dW_3", "dL/dW_2", "dL/dW_1"]
    assert [f"{label[4:]}'" for label in gradients] == list(updates)
    parts = exercise(components=True, ask=["a_1", "dL/dW_2", "L"])
    assert list(parts.labels) == [
        "a_11", "a_12", "a_13", *(f"dL/dW_2{m}{j}" for m in (1, 2) for j in (1, 2, 3)), "L",
    ]  # fmt: skip
    assert {line.verdict for line in audit_text(parts.key).lines} <= {"right", "rounded"}


def test_delta_notation_and_significant_digits():
    e = exercise((3, 4, 2), notation="delta", digits=3, significant=True)
    assert {"z^1", "a^1", "δ^2", "dL/dw^1", "w^2'"} <= set(e.labels)
    assert "to 3 significant digits" in e.sheet
    assert {line.verdict for line in audit_text(e.key).lines} <= {"right", "rounded"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"layers": (3, 21, 2)}, "layers: expected at most 10 layers after the inputs, each of at most 20 units"),
        ({"layers": (3,)}, "at least two positive whole numbers"),
        ({"layers": (3, 3, 1)}, "two outputs or more for softmax"),
        ({"loss": "poisson", "output": "tanh"}, "expected"),
        ({"hidden": "sine"}, "sine"),
        ({"ask": "W_2"}, "W_2, which is given"),
        ({"ask": "x"}, "x, which is given"),
        ({"ask": "everything"}, "ask: expected all, forward, backward, update, one"),
        ({"ask": "dL/dW_999"}, "ask: expected all"),
        ({"ask": "dyhat_1/dx_1"}, "the derivative of L by one"),
        ({"ask": "W_2'{10}"}, "W_212'"),
        ({"ask": "update", "learning_rate": None}, "without a learning rate"),
        ({"ask": "W_2'", "learning_rate": None}, "a learning rate"),
        ({"ask": ()}, "got nothing"),
        ({"digits": 0}, "digits"),
        ({"learning_rate": -1.0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"seed": -1}, "seed"),
        ({"notation": "other"}, "textbook or delta"),
    ],
)
def test_what_cannot_be_is_refused(arguments, words):
    with pytest.raises(InputError, match=words.replace("(", r"\(").replace("{", r"\{")):
        exercise(**arguments)


def test_a_title_of_any_letters_stays_one():
    e = exercise(title='"x"\n+++\\ \x1b[31m', student="\u202e+++", ask="forward")
    found = audit_text(e.key)
    assert found.title == '"x" +++\\ ␛[31m: \ufffd+++'
    assert found.ok


# ---------------------------------------------------------------- names and files


def test_names_of_people_become_safe_file_names():
    found = stems(
        [
            "Ada Lovelace",
            "ada lovelace",
            "../../etc/passwd",
            "key",
            "x-key",
            "CON",
            "日本",
            "\x00\n",
            ".",
            "a" * 300,
            "é",
        ]
    )
    assert found[:9] == (
        "Ada-Lovelace", "ada-lovelace-2", "etc-passwd", "key_", "x-key_", "CON_", "日本", "student", "student-2",
    )  # fmt: skip
    assert len(found[9]) == 150
    assert not any(is_key(f"{stem}.md") for stem in found)
    assert all(is_key(f"{stem}-key.md") for stem in found)
    assert numbered(10)[0] == "variant 01"


def test_a_file_of_names_is_read(tmp_path):
    file = tmp_path / "names.txt"
    file.write_bytes("\ufeffAda\r\n\r\n  Bob  Byte \n".encode())
    assert read_students(file) == ("Ada", "Bob Byte")
    for data, words in (
        (b"", "got 0"),
        (b"a\na\n", "each name once"),
        (b"\xff\xfe", "UTF-8"),
        (b"x" * 201, "one of 201"),
    ):
        file.write_bytes(data)
        with pytest.raises(InputError, match=words):
            read_students(file)
    with pytest.raises(InputError, match="no such file"):
        read_students(tmp_path / "none.txt")


def test_the_command_writes_a_sheet_and_its_key_and_replaces_nothing(run, refused, tmp_path):
    code, out, err = run("exercise", "--layers", "3,3,2", "--seed", "7")
    assert (code, err) == (0, "")
    said = r"exercise.md: 17 lines to fill in\nexercise-key.md: the key\nOf (\d+) mistakes that can be made, \1 "
    assert re.match(said, out)
    sheet = (tmp_path / "exercise.md").read_text(encoding="utf-8")
    assert sheet == exercise((3, 3, 2), seed=7).sheet
    assert run("audit", "exercise-key.md")[0] == 0
    (tmp_path / "exercise.md").write_text("mine", encoding="utf-8")
    assert "exercise.md: expected no such file yet, or --force" in refused("exercise")
    assert (tmp_path / "exercise.md").read_text(encoding="utf-8") == "mine"
    assert run("exercise", "--force", "--seed", "8")[0] == 0
    assert (tmp_path / "exercise.md").read_text(encoding="utf-8") == exercise(seed=8).sheet


def test_the_command_as_data(run, tmp_path):
    told = json.loads(run("exercise", "--ask", "L", "--ask", "dL/dW_111", "--out", "there", "--json")[1])
    assert (told["schema"], told["kind"]) == ("chainrule/1", "exercise")
    assert told["files"] == ["there/exercise.md", "there/exercise-key.md"]
    assert told["exercises"][0]["lines"] == ["L", "dL/dW_111"]
    assert (tmp_path / "there/exercise.md").read_text(encoding="utf-8") == told["exercises"][0]["sheet"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--layers", "3,x"), "--layers: expected whole numbers"),
        (("--layers", "3,0,2"), "sizes"),
        (("--variants", "2", "--students", "a.txt"), "either --variants or --students"),
        (("--variants", "0"), "--variants"),
        (("--students", "none.txt"), "no such file"),
        (("--out", "file"), "--out file: expected a folder; got a file"),
        (("--ask", "W_2"), "which is given"),
    ],
)
def test_bad_usage_is_one_line(refused, tmp_path, arguments, words):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert words in refused("exercise", *arguments)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["file"]


def test_an_exercise_is_made_in_seconds(tmp_path):
    """By the clock, or, on a machine too busy to tell, by the processor."""
    command = [sys.executable, "-m", "chainrule", "exercise", "--out", str(tmp_path / "a")]
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "use = resource.getrusage(resource.RUSAGE_CHILDREN); print(use.ru_utime + use.ru_stime)"
    )
    start = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", code, *command], check=True, capture_output=True, text=True, timeout=120
    )
    assert min(time.perf_counter() - start, float(ran.stdout)) < 3


# ---------------------------------------------------------------- a whole round

PLANTED = {  # what a student does: (id, kind of node, layer)
    "bias_dropped": ("a", 1),
    "ce_sign": ("dh", 2),
    "hidden_derivative_missing": ("g'", 1),
    "a_for_h_in_dW": ("dW", 2),
    "updated_weights_used": ("dh", 1),
    "lr_dropped": ("W", 1),
}


MADE = dict.fromkeys(PLANTED, 1) | {"bias_dropped": 2, "lr_dropped": 2}  # by how many


def rows_of(file):
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))


def planted(id):
    kind, layer = PLANTED[id]
    return next(m for m in MISTAKES if (m.id, m.kind) == (id, kind)).at(layer)


@pytest.fixture(scope="module")
def round_of_13(tmp_path_factory):
    """13 variants: two right, six mistakes (two of them twice), one of another header, one blank, one no text."""
    place = tmp_path_factory.mktemp("round")
    students = place / "names.txt"
    people = [f"Student {n:02d}" for n in range(1, 14)]
    students.write_text("\n".join(people), encoding="utf-8")
    made = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr(sys, "argv", ["chainrule", "exercise", "--students", "names.txt", "--out", "."])
        patch.setattr(making, "variants", lambda names, **more: made.extend(variants(names, **more)) or made)
        with pytest.raises(SystemExit) as ended:
            main()
    assert not ended.value.code
    assert [e.student for e in made] == people
    assert made[0].key == exercise(student=people[0]).key
    did = ["right"] * 2 + [id for id, count in MADE.items() for _ in range(count)] + ["changed", "blank", "garbage"]
    (place / "in").mkdir()
    for e, person, what, stem in zip(made, people, did, stems(people), strict=True):
        sheet = (place / "sheets" / f"{stem}.md").read_text(encoding="utf-8")
        assert sheet == e.sheet
        text = sheet
        if what == "right":
            text = e.filled()
        elif what in PLANTED:
            text = e.filled([planted(what)])
        elif what == "changed":
            text = exercise(student=person, seed=99).filled()
        data = b"\x00\xff" * 100 if what == "garbage" else text.encode()
        (place / "in" / f"{stem}.md").write_bytes(data)
    return place, dict(zip(stems(people), did, strict=True))


@pytest.mark.xdist_group("round")  # the two share its sheets
def test_a_round_is_marked_each_sheet_by_its_own_key(round_of_13, run, monkeypatch):
    place, did = round_of_13
    monkeypatch.chdir(place)
    code, out, err = run(
        "grade", place / "in", "--key", place / "keys", "--processes", "2", "--out", place / "marked", "--json"
    )
    assert (code, err) == (0, "")
    rows = {Path(row["file"]).stem: row for row in rows_of(place / "marked/grades.csv")}
    lines = len(names(exercise().problem))
    for stem, what in did.items():
        row = rows[stem]
        if what == "garbage":
            assert row["error"]
            continue
        assert (row["of"], row["error"]) == (str(lines), ""), stem
        if what == "blank":
            assert row["score"] == "0"
        elif what == "right":
            assert (row["score"], row["mistakes"]) == (str(lines), ""), stem
        elif what == "changed":
            assert "its header is not the key's" in row["note"]
        else:
            assert row["score"] == str(lines - 1), (stem, what, row)
            assert row["mistakes"].startswith(f"{what} ("), (stem, row)
        assert (row["note"] == "") == (what != "changed")
    summary = json.loads(out)
    assert {m["id"]: m["sheets"] for m in summary["mistakes"]} == MADE
    blank = next(stem for stem, what in did.items() if what == "blank")
    page = (place / "marked/feedback" / f"{blank}.html").read_text(encoding="utf-8")
    assert "0 of 17 points" in page
    assert "expected a number" not in page


@pytest.mark.xdist_group("round")
def test_a_sheet_of_another_name_is_known_by_its_header(round_of_13, run, tmp_path):
    place, _ = round_of_13
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "submission_123.md").write_bytes((place / "in/Student-01.md").read_bytes())
    (inbox / "stranger.md").write_text(exercise(seed=5).filled(), encoding="utf-8")
    assert run("grade", inbox, "--key", place / "keys", "--processes", "1")[0] == 0
    rows = rows_of(inbox / "marked/grades.csv")
    assert rows[1]["percent"] == "100.0"
    assert rows[0]["error"] == "no key for it: expected stranger-key.md among the keys"
    (tmp_path / "empty").mkdir()
    assert run("grade", inbox, "--key", tmp_path / "empty")[0] == 2


def test_components_below_a_blank_line_count(run, tmp_path):
    e = exercise(ask=["a_1", "L"])
    key = {line.split(" = ")[0]: line.split(" = ")[1] for line in e.key.splitlines() if line.startswith(("a_1", "L"))}
    entries = key["a_1"].strip("[]").split(", ")
    parts = "\n".join(f"a_1{n} = {entry}" for n, entry in enumerate(entries, 1))
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.md").write_text(f"{e.sheet}\n{parts}\n", encoding="utf-8")
    (tmp_path / "in/key.md").write_text(e.key, encoding="utf-8")
    assert run("grade", "in", "--processes", "1")[0] == 0
    row = rows_of(tmp_path / "in/marked/grades.csv")[0]
    assert (row["score"], row["of"]) == ("1", "2")


# ---------------------------------------------------------------- the page


def test_the_page_is_what_the_commands_print(monkeypatch):
    root = ROOT
    monkeypatch.syspath_prepend(root / "tools")
    import exercises

    page = exercises.page()
    assert (root / "docs" / "exercises.md").read_text(encoding="utf-8") == page
    assert "(100 %) would show" in page
    assert "4 of 4 sheets marked" in page
