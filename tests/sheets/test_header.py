"""The header of a worksheet: where it stands, what it gives, its defaults and its limits."""

import re

import numpy as np
import pytest

from chainrule import InputError
from chainrule.sheets import header as limits
from chainrule.sheets.header import parse_worksheet, read_worksheet

NETWORK = "[network]\nx = [2.0, 3.0]\ny = [1, 0]\n[[network.layer]]\nW = [[0.5, 0.25], [1.0, -1.0]]\n"


def sheet(header=NETWORK, lines="a_11 = 1"):
    return f"+++\n{header}+++\n{lines}"


def test_the_header_stands_between_two_lines():
    found = parse_worksheet("\n  \n +++ \n" + NETWORK + "+++\nh_1 = 2\n+++\nend", "name")
    assert found.lines == ("h_1 = 2", "+++", "end")
    assert found.first_line == 10
    assert (found.path, found.title, found.learning_rate, found.sample_weight) == ("name", "", None, None)
    assert parse_worksheet(sheet(lines="")).lines == ()
    assert parse_worksheet(sheet()).first_line == 8


@pytest.mark.parametrize("text", ["", "+++", "+++\n" + NETWORK, NETWORK, "text\n" + sheet(), "text\n+++\n" + NETWORK])
def test_without_two_lines_there_is_no_header(text):
    with pytest.raises(
        InputError, match="worksheet s: expected a header in TOML between two lines of \\+\\+\\+; got none"
    ):
        parse_worksheet(text, "s")


def test_what_is_not_said_has_defaults():
    network = parse_worksheet(sheet()).network
    assert network.biases[0].tolist() == [0.0, 0.0]
    assert (network.output, network.loss, network.reduction) == ("softmax", "cross_entropy", "mean")
    two = NETWORK + "b = [1.0, 2.0]\n[[network.layer]]\nW = [[1.0, 2.0], [3.0, 4.0]]\n"
    network = parse_worksheet(sheet(two)).network
    assert network.hidden == ("sigmoid",)
    assert [b.tolist() for b in network.biases] == [[1.0, 2.0], [0.0, 0.0]]


def test_all_that_may_be_said():
    text = 'title = "T"\nlearning_rate = 0.5\n' + NETWORK.replace(
        "x = [2.0, 3.0]\ny = [1, 0]\n",
        'hidden = ["tanh"]\noutput = "identity"\nloss = "squared_error"\nreduction = "sum"\n'
        "x = [[2.0, 3.0], [4.0, 5.0]]\ny = [[1.0, 0.0], [0.0, 1.0]]\nsample_weight = [1.0, 2.0]\n",
    )
    found = parse_worksheet(sheet(text + "[[network.layer]]\nW = [[1.0, 2.0], [3.0, 4.0]]\n"))
    network = found.network
    assert (found.title, found.learning_rate, found.sample_weight) == ("T", 0.5, [1.0, 2.0])
    assert (network.hidden, network.output, network.loss, network.reduction) == (
        ("tanh",), "identity", "squared_error", "sum",
    )  # fmt: skip
    assert (found.x.tolist(), found.y) == ([[2.0, 3.0], [4.0, 5.0]], [[1.0, 0.0], [0.0, 1.0]])


def test_one_example_has_no_axis():
    assert parse_worksheet(sheet()).x.shape == (2,)
    assert parse_worksheet(sheet(NETWORK.replace("[2.0, 3.0]", "[[2.0, 3.0]]").replace("[1, 0]", "[0]"))).x.shape == (
        1,
        2,
    )
    assert parse_worksheet(sheet(NETWORK.replace("y = [1, 0]\n", ""))).y is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("x = [2.0, 3.0]", "z = 1", "worksheet s: network.x: expected a header that fits; got field required"),
        ("x = ", "z = 1\nx = ", "worksheet s: network.z: expected a header that fits; got extra inputs"),
        ("W = ", "c = 1\nW = ", "worksheet s: network.layer.0.c: expected a header that fits; got extra inputs"),
        ("[network]", "w = 1\n[network]", "worksheet s: w: expected a header that fits; got extra inputs"),
        ("[network]", "learning_rate = inf\n[network]", "worksheet s: learning_rate: expected a header that fits"),
        ("[network]", 'learning_rate = "1"\n[network]', "worksheet s: learning_rate: expected a header that fits"),
        ("0.5", '"0.5"', "worksheet s: network.layer.0.W.0.0: expected a header that fits; got input should be a valid"),  # noqa: E501
        ("[2.0, 3.0]", "[2.0, 3.0", "worksheet s: expected a header in TOML; got something else ("),
        ("y = [1, 0]", "y = [1, 0, 0]", "y: expected"),
        ("x = [2.0, 3.0]", "x = [2.0]", "x: expected"),
        ("[network]", "a" + ".a" * 20 + " = 1\n[network]", "worksheet s: expected a header in TOML; got a name of more than 20"),  # noqa: E501
        ("[network]", "a" + ".a" * 19 + " = 1\n[network]", "worksheet s: a: expected a header that fits"),
        ("[network]", "n = " + "1" * 5000 + "\n[network]", "worksheet s: expected a header in TOML; got something else ("),  # noqa: E501
    ],
)  # fmt: skip
def test_headers_that_do_not_fit(old, new, says):
    with pytest.raises(InputError, match="^" + re.escape(says)):
        parse_worksheet(sheet(NETWORK.replace(old, new, 1)), "s")


def layers(*shapes, examples=1, loss="squared_error"):
    """A header of layers of ones."""
    weights = "".join(f"[[network.layer]]\nW = {np.ones(s).tolist()}\n" for s in shapes)
    x = np.ones((examples, shapes[0][1])).tolist()
    return sheet(f'[network]\noutput = "identity"\nloss = "{loss}"\nx = {x}\n' + weights)


@pytest.mark.parametrize(
    ("limit", "value", "text", "says"),
    [
        ("MOST_UNITS", 3, layers((3, 2)), ""),
        ("MOST_UNITS", 2, layers((3, 2)), "worksheet: expected layers of at most 2 units; got 3"),
        ("MOST_PAIRS", 12, layers((2, 3), examples=3), ""),
        ("MOST_PAIRS", 11, layers((2, 3), examples=3), "at most 11 for outputs x outputs x examples; got 12"),
        ("MOST_PRODUCTS", 27, layers((2, 2), (1, 2), examples=3), ""),
        ("MOST_PRODUCTS", 26, layers((2, 2), (1, 2), examples=3), "at most 26 for weights x examples; got 27"),
    ],
)
def test_limits(monkeypatch, limit, value, text, says):
    """The outputs of (2, 3) are 2: 2 x 2 x 3 examples; of (2, 2) and (1, 2) the parameters are 6 and 3."""
    monkeypatch.setattr(limits, limit, value)
    if not says:
        parse_worksheet(text)
    else:
        with pytest.raises(InputError, match=re.escape(says)):
            parse_worksheet(text)


def test_as_many_layers_as_the_limit():
    one = (1, 1)
    assert parse_worksheet(layers(*[one] * limits.MOST_LAYERS)).network.depth == limits.MOST_LAYERS
    with pytest.raises(InputError, match=r"network.layer: expected a header that fits"):
        parse_worksheet(layers(*[one] * (limits.MOST_LAYERS + 1)))


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    path = tmp_path / "s.md"
    path.write_text("\ufeff" + sheet(), encoding="utf-8")  # with the mark that some editors put first
    assert read_worksheet(path).lines == ("a_11 = 1",)
    monkeypatch.setattr(limits, "LARGEST", path.stat().st_size)
    read_worksheet(path)
    monkeypatch.setattr(limits, "LARGEST", path.stat().st_size - 1)
    with pytest.raises(InputError, match=f"at most {limits.LARGEST} bytes; got {limits.LARGEST + 1}"):
        read_worksheet(path)
    monkeypatch.undo()
    path.write_bytes(b"+++\n\xff")
    with pytest.raises(InputError, match="text in UTF-8; got byte 4 is not"):
        read_worksheet(path)
    with pytest.raises(InputError, match="a file; got a folder"):
        read_worksheet(tmp_path)
    with pytest.raises(InputError, match="a file; got no such file"):
        read_worksheet(tmp_path / "none")
