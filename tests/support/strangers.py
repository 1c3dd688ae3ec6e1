"""Files that strangers could hand in: no worksheets, worksheets with hostile lines, worksheets of unusual networks."""

import builtins
from itertools import pairwise

import numpy as np

HEADER = """+++
title = "Exercise 7"
learning_rate = 0.5
[network]
hidden = "sigmoid"
output = "softmax"
loss = "cross_entropy"
x = [1, 0.5, -1]
y = [1, 0]
[[network.layer]]
W = [[0.1, 0.3, 0.8], [-0.3, -0.2, 0.5], [0.4, 0.1, -0.6]]
b = [0.1, -0.2, 0]
[[network.layer]]
W = [[0.5, 0.8, 0.2], [0.5, -0.2, 0.3]]
b = [0.1, 0]
+++
"""
RIGHT = (
    HEADER
    + """a_1 = [-0.45, -1.1, 1.05]
h_1 = [0.3894, 0.2497, 0.7408]
a_2 = [0.6426, 0.3670]
yhat = [0.5685, 0.4315]
dL/da_2 = [-0.4315, 0.4315]
dL/dW_212 = -0.1078
"""
)


def header(**fields):
    """A header of two inputs and one output with fields of [network] changed, as TOML."""
    given = {"output": '"sigmoid"', "loss": '"half_squared_error"', "x": "[1, 2]", "y": "[1]"} | fields
    layers = given.pop("layers", "[[network.layer]]\nW = [[0.5, -0.5]]\n")
    top = given.pop("top", "")
    return f"+++\n{top}\n[network]\n" + "".join(f"{k} = {v}\n" for k, v in given.items()) + layers + "\n+++\n"


def drawn(sizes, lines="", seed=0, hidden="sigmoid", examples=0, **fields):
    """A sheet for a network of these sizes with drawn weights, and one example or a batch of them."""
    rng = np.random.default_rng(seed)
    layers = ""
    for columns, rows in pairwise(sizes):
        W = rng.normal(size=(rows, columns)).round(2)
        layers += f"[[network.layer]]\nW = {W.tolist()}\n"
    shape = (examples, sizes[0]) if examples else sizes[0]
    x = rng.normal(size=shape).round(2).tolist()
    output = '"softmax"' if sizes[-1] > 1 else '"sigmoid"'
    target = [1] + [0] * (sizes[-1] - 1)
    y = [target] * examples if examples else target
    given = {"output": output, "x": x, "y": y, "hidden": f'"{hidden}"', "layers": layers} | fields
    return header(top="learning_rate = 0.5", **given) + lines


#: no worksheets: refused with exit code 2
REFUSED = {
    # ---- not text
    "nothing": b"",
    "random bytes": np.random.default_rng(0).bytes(100_000),
    "every byte": bytes(range(256)) * 40,
    "NUL bytes": b"\0" * 100_000,
    "more than a megabyte": b"+++\n" * 300_000,
    "10 MB of brackets": b"[" * 10_000_000,
    "10 MB of pairs of brackets": b"()" * 5_000_000,
    "UTF-16": RIGHT.encode("utf-16"),
    "UTF-16 without a mark": RIGHT.encode("utf-16-le"),
    "UTF-32": RIGHT.encode("utf-32"),
    "Latin-1": RIGHT.replace("Exercise", "Übung").encode("latin-1"),
    "half a character at the end": RIGHT.encode() + b"\xe2\x82",
    "a surrogate": RIGHT.encode() + b"\xed\xa0\x80\n",
    "an overlong slash": RIGHT.encode() + b"\xc0\xaf\n",
    "gzip": b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xcb\x48" * 100,
    "a PNG": b"\x89PNG\r\n\x1a\n" + bytes(2000),
    "a zip": b"PK\x03\x04" + bytes(2000),
    "a pickle": b"cos\nsystem\n(S'echo harm'\ntR.",
    "a script": b"#!/usr/bin/env python\nimport os\nos.system('echo harm')\n",
    # ---- no header
    "one fence": "+++\ntitle = 1\n",
    "no fence": "a_1 = [1, 2]\n",
    "an empty header": "+++\n+++\na_1 = 1\n",
    "a million line ends": "\n" * 999_999,
    "YAML": "---\ntitle: a\n---\na_1 = 1\n",
    # ---- TOML
    "brackets in TOML": "+++\nx = " + "[" * 10_000 + "]" * 10_000 + "\n+++\n",
    "open brackets in TOML": "+++\nx = " + "[" * 500_000 + "\n+++\n",
    "inline tables in TOML": "+++\nx = " + "{a=" * 10_000 + "1" + "}" * 10_000 + "\n+++\n",
    "a dotted key in TOML": "+++\n" + ".".join(["a"] * 100_000) + " = 1\n+++\n",
    "dotted keys in TOML": "+++\n" + "".join(f"{'a.' * 500}b{i} = 1\n" for i in range(900)) + "+++\n",
    "a deep table in TOML": "+++\n[" + ".".join(["a"] * 100_000) + "]\n+++\n",
    "100,000 tables in TOML": "+++\n" + "".join(f"[t{i}]\n" for i in range(100_000)) + "+++\n",
    "a key twice": header(top="title = 'a'\ntitle = 'b'"),
    "a table twice": header() .replace("[network]", "[network]\n[network]"),
    "a string that does not end": header(top='title = """'),
    "NUL in TOML": header(top='title = "\0"'),
    "an escape in TOML": header(top="title = '\x1b[2J'"),
    "a surrogate in TOML": header(top=r'title = "\uD800"'),
    "an integer of 900,000 digits": header(x=f"[1, {'9' * 900_000}]"),
    "an integer of 4,000 digits": header(x=f"[1, {'9' * 4000}]"),
    "a float of 900,000 digits": header(x=f"[1, 1.{'9' * 900_000}e400]"),
    "a float beyond all": header(x="[1, 1e400]"),
    "a hexadecimal of 100,000 digits": header(x=f"[1, 0x{'f' * 100_000}]"),
    "a hexadecimal of 900,000 digits": header(top=f"learning_rate = 0x{'f' * 900_000}"),
    "nan": header(x="[1, nan]"),
    "infinity": header(layers="[[network.layer]]\nW = [[inf, 1]]\n"),
    "an infinite learning rate": header(top="learning_rate = inf"),
    "a learning rate that is not a number": header(top="learning_rate = nan"),
    "an infinite target": header(y="[inf]"),
    "an infinite weight of an example": header(sample_weight="[inf]"),
    "a learning rate of 10^4000": header(top=f"learning_rate = 1{'0' * 4000}"),
    "text for a number": header(x='["1", "2"]'),
    "truth for a number": header(x="[true, false]"),
    "a date for a number": header(x="[1979-05-27, 1]"),
    "a date": header(x="1979-05-27T07:32:00Z"),
    "a table for a number": header(x="[{a = 1}, 2]"),
    "a matrix in a matrix": header(layers="[[network.layer]]\nW = [[[1, 2]]]\n"),
    "a ragged matrix": header(layers="[[network.layer]]\nW = [[1, 2], [1]]\n"),
    "an empty matrix": header(layers="[[network.layer]]\nW = []\n"),
    "empty rows": header(layers="[[network.layer]]\nW = [[], []]\n"),
    "no layers": header(layers="layer = []\n"),
    "no layer at all": header(layers=""),
    "a number for a layer": header(layers="layer = [1000000000]\n"),
    "a declared layer of 10^9 units": header(layers="[[network.layer]]\nunits = 1000000000\n"),
    "a layer of 10^9 units by its sizes": header(sizes="[2, 1000000000, 1]"),
    "a matrix of 10^9 by a number": header(layers="[[network.layer]]\nW = 1000000000\n"),
    "layers that do not fit": header(layers="[[network.layer]]\nW = [[1, 2]]\n[[network.layer]]\nW = [[1, 2]]\n"),
    "x that does not fit": header(x=str([1] * 100_000)),
    "x of no examples": header(x="[]"),
    "x of empty examples": header(x="[[], []]"),
    "x of ragged examples": header(x="[[1, 2], [1]]"),
    "y that does not fit": header(y="[1, 2, 3]"),
    "y of 4,000 digits": header(y="9" * 4000),
    "y of a list of 4,000 digits": header(y=f"[{'9' * 4000}]"),
    "a weight for each of 3 examples": header(sample_weight="[1, 1, 1]"),
    "weights below 0": header(sample_weight="[-1]"),
    "an unknown activation": header(hidden='"__import__(\'os\')"'),
    "an unknown loss": header(loss='"eval"'),
    "an unknown output": header(output='"{0.__class__}"'),
    "an unknown reduction": header(reduction='"%n%n%n"'),
    "a key nobody knows": header(exec='"1"'),
    "a name of Python's as a key": header(__class__='"1"'),
    "100,000 activations": header(hidden=str(["sigmoid"] * 60_000)),
    "a title of numbers": header(top="title = 1e400"),
    "a bomb of references": "+++\n" + "".join(f"a{i} = &a\n" for i in range(10)) + "+++\n",
    # ---- networks larger than a person writes
    "100,000 layers": header(layers="layer = [" + ",".join(["{W=[[1]]}"] * 90_000) + "]\n", x="[1]", y="[1]"),
    "5,000 layers": header(layers="layer = [" + ",".join(["{W=[[1]]}"] * 5_000) + "]\n", x="[1]", y="[1]"),
    "a softmax of 100,000": header(
        output='"softmax"', loss='"cross_entropy"', x="[1]", y="0",
        layers="[[network.layer]]\nW = [" + ",".join(["[1]"] * 100_000) + "]\n",
    ),
    "900 layers of one unit": header(x="[1]", layers="layer = [" + ",".join(["{W=[[1]]}"] * 900) + "]\n") + "L = 3.5\n",
    "a softmax of 3,000": header(
        output='"softmax"', loss='"cross_entropy"', x="[1]", y="0",
        layers="[[network.layer]]\nW = [" + ",".join(["[1]"] * 3_000) + "]\n",
    )
    + "L = 3.5\ndL/dW_{1,1,1} = 3\n",
    "40,000 inputs": header(x=str([1] * 40_000), layers=f"[[network.layer]]\nW = [{[1] * 40_000}]\n")
    + "a_1 = 3\nL = 3.5\ndL/dW_1 = [1, 2]\ndL/dW_{1,1,1} = 3\n",
    "zero weights of examples": header(sample_weight="[0]") + "L = 3\ndL/dW_1 = [1, 2]\n",
    "more than 5,000 lines": RIGHT + "a_11 = -0.45\n" * 5_001,
    "50,000 lines of prose": RIGHT + "So.\n" * 50_000,
}  # fmt: skip

_DEEP = 10_000
#: of those that come by the hundred, the one whose audit takes longest: as many as a sheet may have, and more
LONGEST = "wrong formulas"
#: lines that cannot be read, or are wrong, or are no claims: the sheet around them is marked
LINES = {
    # ---- deep and long
    "brackets": "a_11 = " + "(" * _DEEP + "1" + ")" * _DEEP,
    "open brackets": "a_11 = " + "(" * 19_000,
    "closed brackets": "a_11 = " + ")" * 19_000,
    "square brackets": "a_1 = " + "[" * _DEEP + "1" + "]" * _DEEP,
    "braces": "a_11 = " + "{" * 9_000 + "1" + "}" * 9_000,
    "brackets of all kinds": "a_11 = " + "([{" * 3_000,
    "a line of 900,000 brackets": "a_11 = " + "(" * 900_000,
    "a line of 900,000 letters": "a_11 = " + "z" * 900_000,
    "a line of 900,000 signs of equality": "a_11 " + "= " * 450_000,
    "19,000 signs of equality": "a_11 " + "=" * 19_000,
    "9,000 parts": "a_11" + " = 1" * 4_900,
    "9,000 semicolons": "a_11 = 1" + ";" * 9_000,
    "3,000 claims in a line": "; ".join(["a_11 = -0.45"] * 1_200),
    "a power tower in brackets": "a_11 = " + "(" * 59 + "2" + ")^2" * 59,
    "signs": "a_11 = " + "-" * 19_000 + "1",
    "signs apart": "a_11 = " + "- " * 9_000 + "1",
    "primes": "a_11" + "'" * 19_000 + " = 1",
    "transposes": "a_1 = x" + "^T" * 9_000,
    "roots": "a_11 = " + "√" * 9_000 + "2",
    "functions of functions": "a_11 = " + "exp(" * 55 + "1" + ")" * 55,
    "functions without brackets": "a_11 = " + "exp " * 4_000 + "1",
    "fractions of fractions": "a_11 = " + r"\frac{1}{" * 2_000 + "2" + "}" * 2_000,
    "open fractions": "a_11 = " + r"\frac" * 3_500,
    "hats": "a_11 = " + r"\hat{" * 3_500 + "y" + "}" * 3_500,
    "carets": "a_11 = 2" + "^" * 9_000 + "2",
    "subscripts": "a" + "_1" * 9_000 + " = 1",
    "commas": "a_1 = [" + "," * 19_000 + "]",
    "ampersands": "a_1 = " + r"\begin{bmatrix}" + "&" * 9_000 + r"\end{bmatrix}",
    "rows": "a_1 = " + r"\begin{bmatrix}" + r"1\\" * 4_000 + r"\end{bmatrix}",
    "matrices in matrices": "a_1 = " + r"\begin{bmatrix}" * 600 + "1" + r"\end{bmatrix}" * 600,
    "blocks that do not end": (r"\begin{align}" + "\n") * 4_000 + "a_11 = 1",
    "dollars": "$$\n" * 4_001 + "a_11 = 1",
    "numbers in dollars beside equations": "$a_1 = 1$ $2$ " * 1_400,
    "a label before signs": "w5: 1" + "-1" * 9_000 + " = x",
    "brackets over lines": "a_1 = [\n" * 4_000,
    # ---- large
    "terms": "a_11 = " + "+".join(["1"] * 9_900),
    "terms with names": "a_11 = " + "+".join(["x_1"] * 4_900),
    "wrong terms with names": "a_11 = " + " + ".join(["W_111 * x_1"] * 1_300) + " = 3",
    "factors": "a_11 = " + "*".join(["1"] * 9_900),
    "quotients": "a_11 = " + "/".join(["2"] * 9_900),
    "factors without signs": "a_11 = " + "x_1 " * 4_900,
    "data in terms": "a_11 = " + " + ".join(["0.123"] * 2_300) + " = 1.5",
    "data and names": "a_11 = " + " + ".join(["0.123 * x_1"] * 1_300) + " = 1.5",
    "a vector of 9,000": "a_1 = [" + ", ".join(["1"] * 6_000) + "]",
    "a vector of 100,000": "a_1 = [" + ", ".join(["1"] * 100_000) + "]",
    "a matrix of 9,000": "W_1' = [" + ", ".join(["[1,2,3]"] * 2_000) + "]",
    "a number of 900,000 digits": "a_11 = " + "9" * 900_000,
    "a number of 19,000 digits": "a_11 = " + "9" * 19_000,
    "a number of 39 digits": "a_11 = " + "9" * 39,
    "decimals": "a_11 = 0." + "3" * 19_000,
    "an exponent": "a_11 = 1e999999999",
    "an exponent below": "a_11 = 1e-999999999",
    "an exponent of 400": "a_11 = 1e400",
    "an exponent of -400": "a_11 = 1e-400",
    "an exponent of 300": "a_11 = 1e300",
    "an exponent of -320": "a_11 = 0.1e-320",
    "an exponent of 30 digits": "a_11 = 1e" + "9" * 30,
    "ten to the 400": "a_11 = 1 * 10^400",
    "ten to the 300": "a_11 = 1.0 * 10^300",
    "ten to the -400": "a_11 = 1 * 10^-400",
    "1e300 and to the 300": "a_11 = 1e300 * 10^300",
    "1e-300 and to the -300": "a_11 = 1e-300 * 10^-300",
    "a vector with 1e400": "a_1 = [1e400, -1e400, 0]",
    "a vector from 1e-300 to 1e300": "a_1 = [1e-300, 1e300, 0.0]",
    "zeros": "a_11 = 0." + "0" * 35,
    "a power tower": "a_11 = 10^10^10^10^10",
    "a power tower of 9s": "a_11 = 9^9^9^9",
    "2 to the 100,000": "a_11 = 2^100000",
    "a tower of brackets": "a_11 = ((10^10)^10)^10 = 1",
    "exp of exp": "a_11 = exp(exp(exp(exp(10)))) = 1",
    "exp of exp of a name": "a_11 = exp(exp(exp(exp(W_111 * 100)))) = 1",
    "division by 0": "a_11 = 1/0",
    "0 over 0": "a_11 = 0/0 = 0",
    "division by a name that is 0": "a_11 = x_1/b_13 = 3",
    "0 to the -1": "a_11 = 0^-1",
    "logarithm below 0": "a_11 = log(-1) = 3",
    "logarithm of 0": "a_11 = ln(0)",
    "root below 0": "a_11 = sqrt(-2) = 1.4",
    "a negative number to the 0.5": "a_11 = (-2)^0.5 = 1.4",
    "max of nothing": "a_11 = max()",
    "sum of nothing": "a_11 = sum()",
    "logsumexp of 1e308": "a_11 = logsumexp(1e308, -1e308) = 1",
    "logsumexp of infinities": "a_11 = logsumexp(1/0, 1/0) = 1",
    "logsumexp of vectors": "a_11 = logsumexp(x, x) = 1",
    "logsumexp of nothing": "a_11 = logsumexp([])",
    "max of shapes": "a_1 = max(x, W_1)",
    "max of a vector": "a_11 = max(x) = 1",
    "clip": "a_1 = clip(W_1)",
    "diag": "a_1 = diag(W_1) x",
    "diag of 200 terms": "a_1 = diag([" + ",".join(["1"] * 5_000) + "])",
    "outer products": "a_1 = [" + ",".join(["1"] * 4_000) + "] [" + ",".join(["1"] * 4_000) + "]^T",
    "softmax of a matrix": "yhat = softmax(W_1)",
    "powers of matrices": "a_1 = W_1^W_2 = 3",
    "a matrix to a vector": "a_1 = 2^x",
    "a derivative by a vector": "a_1 = d/dx[x] = 3",
    "derivatives of derivatives": "a_11 = " + "d/dx_1[" * 19 + "x_1" + "]" * 19 + " = 1",
    "30 derivatives": "a_11 = " + "d/dx_1[" * 30 + "x_1" + "]" * 30 + " = 1",
    # ---- updates
    "updates": "yhat_1'{99999999} = 0.5",
    "999,999,999 updates": "yhat_1'{999999999} = 0.5",
    "ten digits of updates": "yhat_1'{9999999999} = 0.5",
    "100,000 updates": "yhat_1'{100000} = 0.5",
    "updates of updates": "yhat_1'{5000}'{5000}'{5000} = 0.5",
    "10,000 updates": "yhat_1'{10000} = 0.9999",
    "many updates each their own": "\n".join(f"yhat_1'{{{i}}} = 0.5" for i in range(2, 1000)),
    "many updates from the largest": "\n".join(f"yhat_1'{{{i}}} = 0.5" for i in range(9999, 9000, -1)),
    "updates in formulas": "a_11 = " + " + ".join(f"yhat_1'{{{i}}}" for i in range(9000, 9900)),
    # ---- sums
    "a sum of 10^9": "a_11 = sum_{i=1}^{1000000000} x_1",
    "a sum of 999,999": "a_11 = sum_{i=1}^{999999} 1",
    "a sum of 19,999": "a_11 = sum_{i=1}^{19999} 1",
    "a sum of sums": "a_11 = " + "".join(rf"\sum_{{{c}=1}}^{{9}} " for c in "ijklmn") + "1",
    "sums of large sums": r"a_11 = \sum_{i=1}^{19999} \sum_{j=1}^{19999} \sum_{k=1}^{19999} 1",
    "a sum of another letter": "a_11 = sum_{q} x_q",
    "an empty sum": "a_11 = sum_{i=5}^{1} x_i",
    "a sum of many names": "a_11 = sum_{i=1}^{9000} x_1 * W_111",
    "a sum of 999,999,999 in LaTeX": r"$a_{11} = \sum_{i=1}^{999999999} x_i$",
    # ---- names
    "a weight of 10^9": "W_{999999999} = 1",
    "a weight of three 10^9": "W_{999999999,999999999,999999999} = 1",
    "a unit of 10^9": "a_{1,999999999} = 1",
    "layer 10^9": "a^{(999999999)} = 1",
    "a weight of 100 digits": "W_{" + "9" * 100 + "} = 1",
    "layer 0": "a_0 = 1; W_0 = 1; b_01 = 1; a_{0,0} = 1; W_{1,0,0} = 1",
    "a layer below 0": "a_{-1} = 1; h^{(-3)} = 1; W_{1,-1,-1} = 1",
    "Python": "a_11 = __import__('os').system('echo harm')",
    "Python as a subject": "__import__('os').system('echo harm') = 1",
    "eval": "a_11 = eval('1+1')",
    "exec as a name": "exec = 3; eval = exec; a_11 = eval",
    "open": "a_11 = open('/etc/passwd').read()",
    "a lambda": "a_11 = (lambda: 1)()",
    "a comprehension": "a_11 = [x for x in ().__class__.__base__.__subclasses__()]",
    "attributes": "a_11 = x.__class__.__mro__[1]",
    "an f-string": "a_11 = f'{x}' = f\"{__import__('os')}\"",
    "a format string": "a_11 = {0.__class__.__init__.__globals__}",
    "a format string as a name": "e_{0.__class__} = 3; {0} = 1; {} = 2; {line} = 3",
    "printf": "a_11 = %n%n%s%x; %s = 1",
    "a walrus": "a_11 := 3; (a_11 := 4) = 5",
    "SQL": "a_11 = 1'; DROP TABLE students; --",
    "a shell": "a_11 = $(echo harm) = `echo harm`; a_12 = ${HOME}",
    "HTML": "a_11 = <script>alert(1)</script>; e_1 = <img src=x onerror=alert(1)>",
    "an entity": "a_11 = &lt;&#x3c;&xxe; = 1",
    "a formula for a spreadsheet": "=cmd|' /C calc'!A0\n@SUM(1) = 2\n+1 = 2",
    "Jinja": "a_11 = {{ config.__class__ }} = {% for x in y %}",
    "names of Python": "\n".join(f"{name} = 3\na_11 = {name}(x_1)" for name in dir(builtins)),
    "names of NumPy": "\n".join(f"a_11 = np.{n}(x_1) = {n}(2)" for n in dir(np)),
    "TeX that reads files": r"a_11 = \input{/etc/passwd} = \include{x} = \openin5=/etc/passwd",
    "TeX that defines": r"\def\a{\a\a}\a = 1; a_11 = \def\x{3}\x; \newcommand{\a_{11}}{3} = 1",
    "TeX that loops": r"a_11 = \loop\iftrue\repeat = \csname a\endcsname = \catcode`\{=12",
    "TeX that writes": r"a_11 = \write18{echo harm} = \immediate\write18{echo harm}",
    "TeX without its braces": r"a_11 = \frac{1}{2 = \frac{1 = {{{ = }}}; $$$ a_{1 = 3",
    "TeX with braces too many": r"a_{11}}} = 3; }}}a_11 = 3; \hat{y}}_1 = 3; \boxed{\boxed{a_{11}} = 1",
    "TeX that ends early": "a_11 = \\",
    "TeX of 3,000 unknown commands": "a_11 = " + r"\foo" * 3_000,
    # ---- characters
    "NUL": "a_11 = \0; \0a_12 = 1\0; e_\0 = 2",
    "control characters": "a_11 = " + "".join(map(chr, range(1, 9))) + "".join(map(chr, range(14, 28))) + " 1",
    "escapes of a terminal": "a_11 = \x1b[2J\x1b[31m 3\x1b]0;harm\x07; \x1b[1me_1 = 3",
    "CSI in one character": "a_11 = \x9b2J 3; e_1\x9b = 4",
    "bidirectional": "a_11 = \u202e54.0- \u2066 = \u2069 3; \u202ee_1 = 4\u202c",
    "zero width": "a\u200b_11 = -0.45; a_\u20601\u20611 = -0.45; e\ufeff_1 = 2",
    "line separators": "a_11 = -0.45\u2028a_12 = -1.1\u2029a_13\x85= 1.05\x0bh_11 = 1\x0ch_12 = 2\x1c = 3",
    "carriage returns": "a_11 = -0.45\ra_12 = -1.1\r\ra_13 = 1.05",
    "digits of other scripts": "a_11 = ١٢٣; a_１１ = -0.45; a_11 = −०.४५; a_¹ = ²; a_11 = ½⅓",
    "letters that look alike": "а_11 = 1; ɑ_11 = 1; a‗11 = 1; a_11 ＝ 1; 𝐚_11 = 1; ＷWw_111 = 1",
    "combining marks": "a" + "\u0300" * 9_000 + "_11 = 1",
    "y with a hat of combining": "y" + "\u0302" * 9_000 + "_1 = 0.5",
    "emoji": "🙂_1 = 3; a_11 = 🙂; e_🙂 = 👩‍👩‍👧‍👦",
    "our own marks": "a_11 = ⟦1⏎2⟧ \u2003 ⇒ a_12 = ⁠ 3 ⟧⟦⏎ = 1",
    "not a character": "a_11 = \uffff\ufffe; \U0010ffff_1 = 1",
    "indices of all kinds": "a₁₁ = 1; a¹ = 2; W₁₁₁ᵀ = 3; a⁻¹⁻¹ = 4; W₂ᵢⱼ = 5; a_1₁ = 6; a_₁ = 1",
    # ---- names of the author's
    "a name that is itself": "e_1 = e_1 + 1 = 3",
    "a name that becomes itself": "e_1 = 3\ne_1 = e_1 + 1 = 4",
    "a name that becomes its formula": "e_1 = x_1\ne_1 = e_1 + 1\na_11 = e_1\na_12 = e_1 = 2",
    "names of each other": "e_1 = x_1\nf_1 = e_1\ne_1 = f_1\na_11 = e_1 + f_1 = 3",
    "a circle of three": "e_1 = x_1\nf_1 = e_1\nk_1 = f_1\ne_1 = k_1\nf_1 = k_1\na_11 = e_1 = 3\ne_1 = 2 e_1 = 4",
    "a circle with numbers": "e_1 = 3\nf_1 = e_1 = 3\ne_1 = f_1 = 3\na_11 = e_1 + f_1 = 3\ne_1 = e_1 = e_1",
    "names that double": "e_0 = x_1 + x_1\n" + "\n".join(f"e_{i} = e_{i - 1} + e_{i - 1}" for i in range(1, 60)),
    "names that double, with a number": "e_0 = x_1 + x_1\n"
    + "\n".join(f"e_{i} = e_{i - 1} + e_{i - 1}" for i in range(1, 60))
    + "\na_11 = e_59 = 3",
    "a chain of names": "e_0 = x_1\n"
    + "\n".join(f"e_{i} = e_{i - 1} + 1" for i in range(1, 1_500))
    + "\na_11 = e_1499",
    "names that square": "e_0 = 10\n" + "\n".join(f"e_{i} = e_{i - 1} * e_{i - 1}" for i in range(1, 40)),
    "names that grow in size": "E_0 = [" + ",".join(["1"] * 3_000) + "]\nE_1 = E_0 E_0^T\nE_2 = E_1 E_1\nE_3 = E_2 E_2",
    "a name in other shapes": "e_1 = [1, 2, 3]\ne_1 = [[1, 2], [3, 4]]\na_11 = e_1\na_1 = e_1 x = 3",
    "names of the network": "h_1 = 3\nh_1 = [1, 2]\nW_1 = 5\nx_1 = 7\ny_1 = 0.1\nb_1 = [0, 0, 9]",
    "the learning rate": "eta = 3\nlr = 4\nη = 5\nalpha = 6\nW_111' = W_111 - eta * dL/dW_111 = 0.1",
    "a name that is a function": "exp = 3\nsigma = 2\nsum = 1\na_11 = exp(sum) = sigma\nlog_1 = exp_1 = 3",
    "a name that is a letter": "d = 3\ne = 2\nL = 5\na_11 = d/dx_1[e] = e^L = d\nT = 4\na_1 = x^T",
    "a name of 40 letters": "e" * 41 + " = 1; " + "e" * 42 + " = 2; e_" + "1" * 40 + " = 3; e" + "_1" * 9 + " = 4",
    "a name of 9,000 letters": "e" * 9_000 + " = 1",
    "a name without a value": "e_1 =\nf_1 = \n= 3\n= = =\n=",
    "blanks": "a_11 = ?; a_12 = ___; a_13 = ...; h_1 = [ , , ]; yhat = []; a_2 = [[]]; a_2 = [[], []]",
    "shapes": "a_1 = 3; a_11 = [1]; a_11 = [[1]]; a_1 = [1, 2]; W_1 = [1, 2, 3]; L = [1, 2]; W_111 = [[1, 2], [3]]",
    "products that do not fit": "a_1 = x W_1 b_1 W_2 = 3; a_1 = W_1 W_1 W_2; a_2 = W_2 + W_1; a_1 = x ⊙ W_1",
    "0 times": "0 * a_11 = 0; 0 a_1 = [1, 2, 3]; -0 * L = 3; 0 * e_1 = 3; 1e300 * a_11 = 3; 1e-320 a_11 = 1",
    "a subject of numbers": "1 = 2; 3 + 4 = 8; 1/0 = 2; 10^10^10 = 3; [1, 2] = 3; 2 = 2 = 2",
    "a subject that is a formula": "W_1 x + b_1 = [1, 2, 3]; x_1 / b_13 = 3; softmax(a_2) = 3; x^T x = 1e400",
    "a derivative of itself": "dL/dL = 1; dx_1/dx_1 = 1; dx_1/dx_2 = 3; dW_111/dW_111 = 2; dL/dy_1 = 3; da_1/dh_2 = 0",
    "far derivatives": "dyhat/dW_1 = 3; dyhat/dx = 1; dyhat_1/dW_1 = [1]; dh_1/dx = 0; dL/dx = 3; dyhat/dyhat = 1",
    # ---- many
    **{
        f"{count} {name}": "\n".join(map(line, range(count)))
        for name, line in {
            "times one name": lambda i: "a_11 = 3",
            "times one name, each otherwise": lambda i: f"a_11 = {i / 100}",
            "wrong lines": lambda i: f"dL/dW_1{i % 3 + 1}{i // 3 % 3 + 1} = {0.1 + i / 7:.4f}",
            "wrong lines before others": lambda i: f"a_1{i % 3 + 1} = {i}.5" if i % 2 else f"h_1{i % 3 + 1} = {i}.5",
            "wrong formulas": lambda i: f"dL/dW_1{i % 3 + 1}1 = dL/da_1{i % 3 + 1} * {i}.5 + x_1",
            "wrong formulas of names": lambda i: "dL/dW_111 = dL/da_12 * x_3 + W_111",
            "wrong numbers of arithmetic": lambda i: f"dL/dW_111 = 0.123 * 0.456 + 0.{i}1 = 0.{i}2",
            "names of the author's": lambda i: f"e_{i} = x_1 = 1",
            "names of the author's from h": lambda i: f"e_{i} = h_11 - {i}.5 * h_12 = {i}.3",
            "names with numbers": lambda i: f"e_{i} = {i} * 2 = {i}",
            "lines that cannot be read": lambda i: "a_11 = ???1",
            "lines with nobody's names": lambda i: f"a_11 = q_{i}",
            "δ": lambda i: f"δ^1_1 = {i}.5",
            "units that are not there": lambda i: f"a_{{1,{i + 4}}} = {i}.5",
            "updates": lambda i: f"yhat_1'{{{i + 2}}} = 0.51",
            "of both passes": lambda i: f"dL/dW_1{i % 3 + 1}1' = 0.{i + 10}",
            "sums": lambda i: f"a_11 = sum_{{i=1}}^{{100}} W_111 = {i}",
        }.items()
        for count in ((900, 4_900) if name == LONGEST else (40,))
    },
    "400 lines of 100 terms": "\n".join(["a_11 = " + " + ".join(["W_111 x_1"] * 80) + " = 3"] * 400),
    "50 long lines that cannot be read": "\n".join(["a_11 = " + "x_1 " * 4_800 + "?"] * 50),
    "50 long lines of numbers": "\n".join(["a_11 = " + "1 " * 9_000 + "?"] * 50),
    "50 long subjects": "\n".join(["x_1 " * 4_800 + "= 1"] * 50),
    "50 long lines of words": "\n".join(["a_11 = " + "word " * 3_800] * 50),
    "50 long lines of LaTeX": "\n".join(["a_11 = " + r"\frac{1}{2} \hat{y}_1 " * 900] * 49),
    "4,000 lines of prose with signs": "\n".join(["This is = " + "all prose and words " * 10] * 4_000),
}
#: whole sheets of unusual networks: marked
SHEETS = {
    "a target of 10^9": header(y="1000000000") + "L = 3\n",
    "BOM": b"\xef\xbb\xbf" + RIGHT.encode(),
    "CRLF": RIGHT.replace("\n", "\r\n"),
    "CR": RIGHT.replace("\n", "\r"),
    "no end of the last line": RIGHT.rstrip("\n"),
    "three fences": RIGHT + "+++\n",
    "no lines": HEADER,
    "lines of blanks": HEADER + " \t\n" * 4_000,
    "4,000 lines of prose": RIGHT + "So it goes on.\n" * 4_000,
    "a title of 900,000 letters": header(top=f"title = '{'a' * 900_000}'") + "a_11 = 1\n",
    "a title that escapes": header(top=r'title = "\u001b[2J\u202e<script>\u0000\\input{x}"') + "a_11 = 1\n",
    "numbers of 1e308": header(x="[1e308, 1e308]", layers="[[network.layer]]\nW = [[1e308, -1e308]]\n") + "a_1 = 3\n",
    "numbers of 1e308 and updates": header(
        x="[1e308, 1e308]", top="learning_rate = 1e308", layers="[[network.layer]]\nW = [[1e308, 1e308]]\n"
    )
    + "a_1 = 3\nL = 2\ndL/dW_1 = [1, 2]\nW_1' = [3, 4]\nyhat_1' = 2\nL'{100} = 3\n",
    "numbers of 1e-320": header(x="[1e-320, 1e-320]", layers="[[network.layer]]\nW = [[1e-320, 5e-324]]\n")
    + "a_1 = 3\n",
    "no learning rate": header() + "W_1' = [1, 2]\nW_111' = W_111 - eta * 3 = 2\nyhat_1' = 0.5\n",
    "a learning rate of 0": header(top="learning_rate = 0.0") + "W_1' = [1, 2]\nW_111' = W_111 - eta * 3 = 2\n",
    "a learning rate of -1e300": header(top="learning_rate = -1e300") + "W_1' = [1, 2]\nyhat_1' = 3\nL'{50} = 2\n",
    "no targets": header(y="[]").replace("y = []\n", "") + "a_1 = 3\nL = 3\ndL/dW_1 = [1, 2]\nyhat_1' = 0.5\n",
    "20 layers, 20 wrong lines": drawn(
        [3] * 21, "".join(f"dL/dW_{{{i % 20 + 1},1,1}} = {i}.53\n" for i in range(20))
    ),
    "40 layers": drawn([2] * 41, "dL/dW_1 = [[1, 2], [4, 5]]\nL = 3\ndL/dW_1' = [[1, 2], [4, 5]]\n"),
    "a hidden layer of 10,000": header(
        layers=f"[[network.layer]]\nW = {[[1, 2]] * 10_000}\n[[network.layer]]\nW = [{[1] * 10_000}]\n"
    )
    + "L = 3\ndL/dW_{1,1,1} = 3\na_11 = 9\n",
    "200 wide": drawn([20, 200, 20, 2], "a_11 = 3.5\ndL/dW_1,1,1 = 0.5\ndL/da_1 = [" + "0.1, " * 199 + "0.2]\nL = 3\n"),
    "200 wide, 20 wrong lines": drawn(
        [20, 200, 20, 2], "".join(f"dL/dW_{{1,{i + 1},1}} = {i}.53\n" for i in range(20))
    ),
    "a batch of 20,000": header(x=str([[1, 2]] * 20_000), y=str([[1]] * 20_000)) + "L = 3.5\ndL/dW_1 = [1, 2]\n",
    "300 wide twice": drawn([1, 300, 300, 1], "L = 3.5\ndL/dW_{1,1,1} = 3\n"),
}  # fmt: skip


def sheets():
    """All that are marked, by name."""
    return SHEETS | {name: RIGHT + line + "\nL = 0.5648\n" for name, line in LINES.items()}


def as_bytes(content):
    return content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
