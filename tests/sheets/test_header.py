"""The header of a worksheet: where it stands, what it gives, its defaults and its limits."""

import re

import numpy as np
import pytest

from chainrule import InputError
from chainrule.sheets import header as limits
from chainrule.sheets.header import parse_worksheet, read_worksheet
from chainrule.sheets.setting.weights import MOST_LAYERS
from chainrule.sheets.writing import inputs
from tests.support import headers
from tests.support.sample import seeds

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


@pytest.mark.parametrize(("text", "line"), [("+++", 1), ("+++\n" + NETWORK, 1), ("text\n+++\n" + NETWORK, 2)])
def test_a_header_has_an_end(text, line):
    due = f"worksheet s: the header that begins in line {line}: expected a second line of \\+\\+\\+"
    with pytest.raises(InputError, match=due):
        parse_worksheet(text, "s")


@pytest.mark.parametrize("text", ["", "Words.\n", "---\ntitle: A page\n---\nWords.", "---\nWords", "a_1 = [1, 2]"])
def test_without_a_network_a_header_to_copy_is_shown(text):
    with pytest.raises(InputError, match="got no input x and no weights") as raised:
        parse_worksheet(text, "s")
    sample = raised.value.__notes__[0].partition("\n")[2]
    assert parse_worksheet(sample).network.sizes == (2, 2, 1)


@pytest.mark.parametrize("fences", [("+++", "+++"), ("---", "---"), ("```toml", "```")])
def test_fences_of_a_header(fences):
    found = parse_worksheet(f"{fences[0]}\n{NETWORK}{fences[1]}\nh_1 = 2\n---\nend")
    assert (found.lines, found.first_line) == (("h_1 = 2", "---", "end"), 8)


def test_below_the_words_of_a_page_a_header_leaves_its_lines_empty():
    found = parse_worksheet("Homework\n" + sheet())
    assert found.lines == ("Homework", *[""] * 7, "a_11 = 1")
    assert found.first_line == 1


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


ANOTHER = "expected one of [[layer]], [weights], [names], title, learning_rate"
MATRIX = "W = [[0.5, 0.25], [1.0, -1.0]]"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("x = [2.0, 3.0]", "", "worksheet s: x: expected the inputs of one example, such as x = [1, 2]; got none"),
        ("x = ", "z = 1\nx = ", f"worksheet s, line 3: z: {ANOTHER}"),
        ("W = ", "c = 1\nW = ", "worksheet s, line 6: c in layer 1: expected W, b, activation, or its weights"),
        ("W = ", "w = [[1, 2]]\nW = ", "worksheet s, line 7: W of layer 1: expected one of W, w and weights; got two"),
        ("[network]", "w = 1\n[network]", "worksheet s, line 2: w: expected the weights in the layers, or outside of"),
        ("[network]", "learning_rate = inf\n[network]", "worksheet s, line 2: learning_rate: expected a finite number"),
        ("[network]", 'eta = "1"\n[network]', "worksheet s, line 2: eta: expected a number; got '1'"),
        ("[network]", "title = 3\n[network]", "worksheet s, line 2: title: expected text in quotation marks; got 3"),
        ("0.5", '"0.5"', "worksheet s, line 6: W of layer 1, row 1, number 1: expected a number; got '0.5'"),
        ("[[0.5, 0.25], [1.0, -1.0]]", "[[0.5, 0.25], [1.0]]", "worksheet s, line 6: W of layer 1: expected rows of"),
        ("[[0.5, 0.25], [1.0, -1.0]]", "[]", "worksheet s, line 6: W of layer 1: expected a row of numbers for each"),
        ("[[0.5, 0.25], [1.0, -1.0]]", "[[1], [2]]", "worksheet s, line 4: y: expected"),
        (MATRIX, MATRIX + "\nb = [1]", "worksheet s, line 7: b of layer 1: expected 2 numbers, one for each unit"),
        (MATRIX, "", "worksheet s: layer 1: expected W, its weights; got none"),
        (MATRIX, MATRIX + '\n[names]\nu = "W_777"', "worksheet s, line 8: u in [names]: expected one of x (2), W_1"),
        (MATRIX, MATRIX + "\n[names]\nu = 3", "worksheet s, line 8: u in [names]: expected a name of this package"),
        ("[2.0, 3.0]", "[2.0, 3.0", "worksheet s, line 4: expected a header in TOML; got something else"),
        ("[2.0, 3.0]", "[[1, 2], [3]]", "worksheet s, line 3: x: expected numbers, or rows of numbers of one length"),
        ("y = [1, 0]", "y = [1, 0, 0]", "worksheet s, line 4: y: expected 2 targets, one for each output; got 3"),
        ("y = [1, 0]", 'y = "cat"', "worksheet s, line 4: y: expected a number; got 'cat'"),
        ("x = [2.0, 3.0]", "x = [2.0]", "worksheet s, line 6: W of layer 1: expected 1 column, one for each of the in"),
        ("[network]", '[network]\nloss = "foo"', "worksheet s, line 3: loss: expected one of cross_entropy"),
        ("[network]", '[network]\noutput = "relu"\nloss = "bce"', "worksheet s, line 4: loss binary_cross_entropy: "),
        ("[network]", "[network]\nhidden = 3", "worksheet s, line 3: hidden: expected the name of an activation"),
        ("[network]", '[network]\nhidden = ["relu", "tanh"]', "worksheet s, line 3: hidden: expected one activation"),
        ("[network]", "a" + ".a" * 20 + " = 1\n[network]", "worksheet s: expected a header in TOML; got a name of more than 20"),  # noqa: E501
        ("[network]", "a" + ".a" * 19 + " = 1\n[network]", f"worksheet s: a: {ANOTHER}"),
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
    assert parse_worksheet(layers(*[one] * MOST_LAYERS)).network.depth == MOST_LAYERS
    with pytest.raises(InputError, match=f"layers: expected at most {MOST_LAYERS}; got {MOST_LAYERS + 1}"):
        parse_worksheet(layers(*[one] * (MOST_LAYERS + 1)))


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    path = tmp_path / "s.md"
    path.write_text("\ufeff" + sheet(), encoding="utf-8")  # with the mark that some editors put first
    assert read_worksheet(path).lines == ("a_11 = 1",)
    monkeypatch.setattr(inputs, "LARGEST", path.stat().st_size)
    read_worksheet(path)
    monkeypatch.setattr(inputs, "LARGEST", path.stat().st_size - 1)
    with pytest.raises(InputError, match=f"at most {inputs.LARGEST} bytes; got {inputs.LARGEST + 1}"):
        read_worksheet(path)
    monkeypatch.undo()
    path.write_bytes(b"+++\n\xff")
    with pytest.raises(InputError, match="text in UTF-8; got byte 4 is not"):
        read_worksheet(path)
    with pytest.raises(InputError, match="a file; got a folder"):
        read_worksheet(tmp_path)
    with pytest.raises(InputError, match="a file; got no such file"):
        read_worksheet(tmp_path / "none")


# ---------------------------------------------------------------- as people give a network

SEEDS = seeds(8, 28)


CALLED = {
    "as we do": {},
    "in Greek": {"learning_rate": "η", "x": "inputs", "y": "targets", "hidden": "activations"},
    "short": {"learning_rate": "lr", "x": "input", "y": "t", "loss": "cost", "hidden": "hidden activation"},
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("called", CALLED)
@pytest.mark.parametrize(("W", "b"), [("W", "b"), ("w", "bias"), ("weights", "biases")])
def test_layers_under_every_name(seed, called, W, b):
    given = headers.drawn(seed)
    text = headers.settings(*given, CALLED[called].items()) + headers.layers(given[0], W=W, b=b)
    assert headers.same(parse_worksheet(f"+++\n{text}+++\n"), *given)
    old = "[network]\n" + text.replace("[[layer]]", "[[network.layer]]")
    assert headers.same(parse_worksheet(f"+++\n{old}+++\n"), *given)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_row_alone_and_words_without_quotation_marks(seed):
    given = headers.drawn(seed)
    text = (
        headers.settings(*given).replace('"sigmoid"', "logistic").replace('"half_squared_error"', "half squared error")
    )
    text += headers.layers(given[0], written=headers.one_unit_flat)
    text = re.sub(r'hidden = \["(\w+)"\]', lambda m: f"hidden = {m[1].upper()}", text)
    text = re.sub(r"^x = \[(.*)\]$", r"x = (\1)", text, flags=re.MULTILINE)
    assert headers.same(parse_worksheet(f"+++\n{text}+++\n"), *given)


NAMES = {
    "W_211": (lambda i, m, j: f"W_{i}{m}{j}", lambda i, m: f"b_{i}{m}"),
    "w^{(2)}_{11}, to and from": (lambda i, m, j: f"w^{{({i})}}_{{{m}{j}}}", lambda i, m: f"b_{m}^{{({i})}}"),
    "w_11^2, from and to": (lambda i, m, j: f"w_{j}{m}^{i}", lambda i, m: f"b_{m}^{i}"),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("names", NAMES)
def test_weights_one_by_one(seed, names):
    """Where w_ij may go either way, the numbers printed below decide."""
    network, x, y, rate = headers.drawn(seed)
    given = headers.one_by_one(network, *NAMES[names])
    written = "".join(f"{name} = {value}\n" for name, value in given)
    text = f"+++\n{headers.settings(network, x, y, rate)}[weights]\n{written}+++\n{headers.forward_lines(network, x)}"
    assert headers.same(parse_worksheet(text), network, x, y, rate)


@pytest.mark.parametrize("seed", [s for s in SEEDS if len(headers.drawn(s)[0].weights) <= 2])
@pytest.mark.parametrize("by", ["rows", "arrows"])
def test_weights_that_are_numbered_through(seed, by):
    network, x, y, rate = headers.drawn(seed)
    order = [W if by == "rows" else W.T for W in network.weights]
    numbers = [float(one) for W in order for one in np.ravel(W)]
    written = "".join(f"w{i} = {one}\n" for i, one in enumerate(numbers, 1))
    biases = "".join(f"b_{i} = {b.tolist()}\n" for i, b in enumerate(network.biases, 1))
    lines = headers.forward_lines(network, x)
    settings = headers.settings(network, x, y, rate)
    assert headers.same(parse_worksheet(f"+++\n{settings}{written}{biases}+++\n{lines}"), network, x, y, rate)


@pytest.mark.parametrize("seed", SEEDS)
def test_matrices_that_go_from_inputs_to_units_are_turned_and_this_is_said(seed):
    network, x, y, rate = headers.drawn(seed)
    text = headers.settings(network, x, y, rate) + headers.layers(network, written=lambda W: W.T.tolist())
    found = parse_worksheet(f"+++\n{text}+++\n{headers.forward_lines(network, x)}")
    if any(W.shape[0] != W.shape[1] and 1 not in W.shape for W in network.weights):
        assert headers.same(found, network, x, y, rate)
        assert "is read as its transpose" in found.notes[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_layers_one_by_one_row_by_row(seed):
    network, x, y, rate = headers.drawn(seed)
    tables = ""
    for W, b in zip(network.weights, network.biases, strict=True):
        tables += "[[layer]]\n" + "".join(f"w{i} = {one}\n" for i, one in enumerate(np.ravel(W).tolist(), 1))
        tables += f"b = {b.tolist()}\n"
    assert headers.same(
        parse_worksheet(f"+++\n{headers.settings(network, x, y, rate)}{tables}+++\n"), network, x, y, rate
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_one_bias_for_a_layer_is_remembered(seed):
    network, x, y, rate = headers.drawn(seed)
    tables = "".join(f"[[layer]]\nW = {W.tolist()}\nb = 0.35\n" for W in network.weights)
    named = "".join(f"b{i} = 0.35\n" for i in range(1, network.depth + 1))
    for text in (tables, named + "".join(f"W_{i} = {W.tolist()}\n" for i, W in enumerate(network.weights, 1))):
        found = parse_worksheet(f"+++\n{headers.settings(network, x, y, rate)}{text}+++\n")
        assert all((b == 0.35).all() for b in found.network.biases)
        assert found.shared == {i for i, W in enumerate(network.weights, 1) if len(W) > 1}


def test_an_activation_of_one_layer():
    one = '+++\nx = [1]\ny = 1\nloss = "sse"\n[[layer]]\nW = 2\nactivation = "leaky_relu(0.2)"\n'
    found = parse_worksheet(one + "[[layer]]\nW = 1\nA(t) = t/10\n+++\n").network
    assert (found.hidden, found.output, found.loss) == (("leaky_relu(0.2)",), "a/10", "squared_error")
    assert found([-3.0]).tolist() == pytest.approx([-0.12])


def test_what_the_author_calls_our_quantities():
    text = sheet(NETWORK + '[names]\nw5 = "W_121"\nu = "a"\nE = "L"\n"z^1" = "a_11"\n')
    assert parse_worksheet(text).names == {"w5": "W_121", "u": "a", "E": "L", "z^1": "a_11"}
