"""Write README.md anew: the names in its tables, and its outputs, each by running what stands above it.

python tools/readme.py
"""

import contextlib
import io
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES

README = Path(__file__).parent.parent / "README.md"


def python_output(match: re.Match[str]) -> str:
    """The example with what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(match[2], "README.md", "exec"), {})
    return f"{match[1]}{match[2]}```\n\n```text\n{out.getvalue()}```"


def start_output(match: re.Match[str]) -> str:
    """The start command's output; its progress bar goes to standard error and is left out."""
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [sys.executable, "-m", *match[2].split()], cwd=folder, capture_output=True, text=True, check=True
        )
    return f"{match[1]}{match[2]}{match[3]}{ran.stdout}```"


def command_output(match: re.Match[str]) -> str:
    """The command with what it prints."""
    command = [sys.executable, "-m", *match[2].split()]
    ran = subprocess.run(command, cwd=README.parent, capture_output=True, text=True, check=False)
    if ran.returncode not in (0, 1):  # 1: it ran, and the answer is no
        raise RuntimeError(ran.stderr)
    return f"{match[1]}{match[2]}\n```\n\n```text\n{ran.stdout}```"


def train_output(match: re.Match[str]) -> str:
    """The training with what it prints; its files go to a folder of their own, its progress bar is left out."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", *match[2].split()]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return f"{match[1]}{match[2]}\n```\n\n```text\n{ran.stdout}```"


COLUMNS = ["case", "sizes", "activation", "best peer / chainrule", "scikit-learn / chainrule", "share of the limit"]


def benchmark() -> str:
    """Some columns of the table that benchmarks/training.py wrote, and its warnings."""
    page = (README.parent / "docs/benchmarks/training.md").read_text(encoding="utf-8")
    lines = [line for line in page.split("\n## ")[0].splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    first = next(i for i, row in enumerate(rows) if i and row[0] == "case")  # the second table begins here
    places = [rows[0].index(name) for name in COLUMNS]
    kept = [[row[place] for place in places] for row in rows[:first] if not row[0].startswith("-")]
    kept.insert(1, ["---"] * len(COLUMNS))
    table = "\n".join(f"| {' | '.join(row)} |" for row in kept)
    return "\n\n".join([table, *(line for line in page.splitlines() if line.startswith("**"))])


def with_benchmark(text: str) -> str:
    """The README with that table."""
    return re.sub(r"(<!-- benchmark -->\n).*?(\n<!-- end -->)", lambda m: m[1] + benchmark() + m[2], text, flags=re.S)


def with_names(text: str) -> str:
    """The README with the names that the tables of the rules have."""
    for what, table in (("hidden activations, one for all or one a layer", ACTIVATIONS), ("losses", LOSSES)):
        text = re.sub(rf"(?m)^\| {what} \|.*$", f"| {what} | {', '.join(table)} |", text)
    return text


def main() -> None:
    """Write them."""
    text = with_benchmark(with_names(README.read_text(encoding="utf-8")))
    text = re.sub(r"(<!-- command: \w+ -->\n```sh\n)([^\n]*)\n```\n\n```text\n.*?```", command_output, text, flags=re.S)
    text = re.sub(r"(<!-- train: \w+ -->\n```sh\n)([^\n]*)\n```\n\n```text\n.*?```", train_output, text, flags=re.S)
    text = re.sub(r"(<!-- python: \w+ -->\n```python\n)(.*?)```\n\n```text\n.*?```", python_output, text, flags=re.S)
    text = re.sub(
        r"(<!-- start command -->\n```sh\n[^\n]* && \.venv/bin/)(chainrule [^\n]*)"
        r"(\n```.*?<!-- start output -->\n```text\n).*?```",
        start_output,
        text,
        flags=re.S,
    )
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
