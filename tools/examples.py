"""Write ``examples/*`` and the explanations in the docs anew, each by the command that stands in its first lines.

``python tools/examples.py``; the tests hold that the files are what the commands print.
"""

import contextlib
import io
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHEET = "examples/worked_example.md"

LAYER = "h = tanh(W x + b); p = softmax(h); L = -ln(p_1)"
PICTURED = "f = 1/(1 + exp(-(w0*x0 + w1*x1 + w2)))"
#: file in examples/ -> (what it shows, the command line)
EXAMPLES = {
    "dL_dW_212.txt": ("A weight of the output layer (notes, 003).", ["explain", SHEET, "dL/dW_212"]),
    "dL_dW_131.txt": ("A weight of the first layer (notes, 003).", ["explain", SHEET, "dL/dW_131"]),
    "paths_dL_dW_212.txt": ("Both paths of that weight (notes, 003).", ["paths", SHEET, "dL/dW_212"]),
    "paths_dL_dW_131.txt": ("All four paths (notes, 003).", ["paths", SHEET, "dL/dW_131"]),
    "dL_dh_13.txt": ("A hidden unit: the sum over all paths (notes, 000).", ["explain", SHEET, "dL/dh_13"]),
    "delta_dL_dw_1.txt": (
        "Every weight of a hidden layer, in delta notation (notes, 001).",
        ["explain", SHEET, "dL/dw^1"],
    ),
    "delta_dL_dw_1_13.txt": ("One weight, in delta notation (notes, 001).", ["explain", SHEET, "dL/dw^1_13"]),
    "vector_dL_da_2.txt": ("The gradient of the output layer as a vector (notes, 004).", ["explain", SHEET, "dL/da_2"]),
    "vector_dL_dh_1.txt": (
        "The gradient of the hidden units as a vector (notes, 000, 004).",
        ["explain", SHEET, "dL/dh_1"],
    ),
    "vector_dL_da_1.txt": ("Through the activation, as a vector (notes, 004).", ["explain", SHEET, "dL/da_1"]),
    "matrix_dL_dW_1.txt": ("All weights of a layer as a matrix (notes, 002).", ["explain", SHEET, "dL/dW_1"]),
    "vector_dL_db_1.txt": ("All biases of a layer (notes, 002).", ["explain", SHEET, "dL/db_1"]),
    "vector_dL_dx.txt": ("The gradient of the inputs.", ["explain", SHEET, "dL/dx"]),
    "jacobian_dyhat_dx.txt": ("A whole Jacobian, as matrices step by step.", ["explain", SHEET, "dyhat/dx"]),
    "second_d2L_db_2.txt": ("A block of the Hessian.", ["explain", SHEET, "d2L/db_2^2"]),
    "loss.txt": ("The forward pass up to the loss (notes, 003).", ["explain", SHEET, "L"]),
    "toy_graph.txt": (
        "The chain rule along two paths (notes, 004).",
        ["graph", "y1 = x^2; y2 = x^3; z = log(y1/y2)", "--of", "dz/dx", "--at", "x=2"],
    ),
    "circuit.txt": (
        "All derivatives of a circuit in one table, as lectures print them.",
        ["graph", "x = -2; y = 5; z = -4; q = x + y; f = q*z", "--all"],
    ),
    "layer.txt": (
        "A layer of vectors and a matrix, and its loss.",
        ["graph", LAYER, "--all", "--at", "W=[[0.5,-1],[2,0.25]]", "--at", "x=[1,-0.5]", "--at", "b=[0.5,0.25]"],
    ),
    "dL_dW_212.md": ("As Markdown with LaTeX.", ["explain", SHEET, "dL/dW_212", "--format", "markdown"]),
    "dL_dW_212.tex": ("As LaTeX.", ["explain", SHEET, "dL/dW_212", "--format", "latex", "--standalone"]),
    "dL_dW_212.html": ("As a page.", ["explain", SHEET, "dL/dW_212", "--format", "html"]),
    "dL_dW_212.json": ("As data.", ["explain", SHEET, "dL/dW_212", "--json"]),
}
#: those that the docs show whole
IN_DOCS = (
    "dL_dW_212.txt",
    "dL_dW_131.txt",
    "dL_dh_13.txt",
    "paths_dL_dW_131.txt",
    "delta_dL_dw_1.txt",
    "toy_graph.txt",
    "circuit.txt",
    "layer.txt",
)


def output(arguments: list[str]) -> str:
    """What a command prints."""
    from chainrule.cli import main

    out = io.StringIO()
    before, sys.argv = sys.argv, ["chainrule", *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
            main()
    finally:
        sys.argv = before
    return out.getvalue()


def shell(arguments: list[str]) -> str:
    """The command as a person types it."""
    return " ".join(["chainrule", *(f'"{a}"' if " " in a else a for a in arguments)])


def docs_page(outputs: dict[str, str]) -> str:
    """``docs/explaining.md``."""
    parts = [
        "# Explaining a derivative",
        "Every page below is the output of the command above it. `python tools/examples.py` writes them anew; the\n"
        "tests hold that they are what the commands print. More are in `examples/`.",
    ]
    for name in IN_DOCS:
        title, arguments = EXAMPLES[name]
        parts.append(f"## {title}\n\n```sh\n{shell(arguments)}\n```\n\n```text\n{outputs[name].rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def graph_picture() -> str:
    """The picture of ``docs/graphs.md``."""
    from chainrule import Graph

    return Graph(PICTURED).gradients("f", {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}).to_svg()


def written() -> dict[Path, str]:
    """Every file this writes, with its text."""
    outputs = {name: output(arguments) for name, (_, arguments) in EXAMPLES.items()}
    files = {ROOT / "examples" / name: text for name, text in outputs.items()}
    lines = [f"| `{name}` | {title} | `{shell(arguments)}` |" for name, (title, arguments) in EXAMPLES.items()]
    table = "\n".join(["| file | what it shows | made by |", "|---|---|---|", *lines])
    files[ROOT / "examples" / "README.md"] = f"# Examples\n\n{table}\n"
    files[ROOT / "docs" / "explaining.md"] = docs_page(outputs)
    files[ROOT / "docs" / "pictures" / "graph.svg"] = graph_picture()
    return files


if __name__ == "__main__":
    import os

    os.chdir(ROOT)
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
