"""The published examples of ``examples/published/``: which line holds which printed value, and whether all are there.

``python tools/published.py`` writes ``examples/published/values.json`` anew (sheet -> id of the example, and the line
of each value); ``--check`` only looks, and exits with 1 where something is missing or differs. Both hold the sheets
against ``tests/data/published.json``, a trimmed copy of the collected examples; ``--from FILE`` makes that copy from
the whole collection, and holds the headers against it too.
"""

import argparse
import json
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "examples" / "published"
VALUES = FOLDER / "values.json"
DATA = ROOT / "tests" / "data" / "published.json"

#: sheet -> (id of the example, what its keys begin with; "" for all the rest)
SHEETS = {
    "mazur.md": ("mazur_2_2_2", ""),
    "han_kamber.md": ("han_kamber_3_2_1", ""),
    "hmkcode.md": ("hmkcode_2018_2_2_1", ""),
    "geeksforgeeks.md": ("geeksforgeeks_2_2_1", ""),
    "postnetwork.md": ("postnetwork_3_2_2", ""),
    "udacity.md": ("udacity_3_2_1", ""),
    "relu_homework.md": ("relu_homework_2_2_1", ""),
    "relu_homework_sigmoid.md": ("relu_homework_2_2_1", "sigmoid_"),
    "dsse_softmax.md": ("dsse_64746_softmax", ""),
    "nptel.md": ("nptel_softmax", ""),
    "nptel_2022.md": ("nptel_softmax", "q_"),
}
#: keys that no rule of ``name_of`` covers
OWN_NAMES = {
    "L_1": "E_1",
    "L_2": "E_2",
    "dL1_dh1_1": "P_1",
    "dL2_dh1_1": "P_2",
    "t_minus_yhat": "y_1 - yhat_1",
    "dyhat1_da1": "dyhat_1/da_11",
}
ACTIVATIONS = {"linear": "identity"}
LOSSES = {"half_sse": "half_squared_error", "ce": "cross_entropy"}


def name_of(key: str, layers: int) -> str:
    """The name under which a sheet claims the value of a key: ``W2_1_2_new`` -> ``W_212'``.

    Args:
        layers: of the network. In the data h of the last layer is yhat, and a lone layer has no number.
    """
    if key in OWN_NAMES:
        return OWN_NAMES[key]
    key = re.sub(r"^q_", "yhat_", key.removeprefix("sigmoid_"))
    if match := re.fullmatch(r"neg_dL_da(\d)_(\d)", key):
        return f"δ^{match[1]}_{match[2]}"
    if key.startswith("neg_"):
        return "-" + name_of(key.removeprefix("neg_"), layers)
    if key.startswith("step_"):
        return "-0.5*" + name_of("dL_d" + key.removeprefix("step_"), layers)
    if match := re.fullmatch(r"(.*)_(new|after)(?:_(\d+))?", key):
        return name_of(match[1], layers) + "'" + (f"{{{match[3]}}}" if match[3] else "")
    if match := re.fullmatch(r"d(L|yhat|h)_d?([ahWb]\d?_(\d).*)", key):
        unit = match[3]  # yhat and h are those of the unit of the pre-activation
        above = {"L": "L", "yhat": f"yhat_{unit}", "h": f"h_{match[2][1]}{unit}"}[match[1]]
        return f"d{above}/d{name_of(match[2], layers)}"
    if match := re.fullmatch(r"([ahWb])(\d?)_(.*)", key):
        symbol, layer, index = match[1], match[2] or str(layers), match[3].replace("_", "")
        return f"yhat_{index}" if symbol == "h" and int(layer) == layers else f"{symbol}_{layer}{index}"
    return key


def keys_of(sheet: str, claimed: dict[str, str]) -> list[str]:
    """The keys of an example that stand in this sheet."""
    entry, prefix = SHEETS[sheet]
    others = tuple(p for e, p in SHEETS.values() if e == entry and p != prefix and p)
    return [key for key in claimed if key.startswith(prefix) and not (others and key.startswith(others))]


def claims(text: str) -> tuple[dict[str, Any], dict[int, list[str]]]:
    """The header of a sheet, and by line number the parts of each plain line with a sign of equality."""
    _, header, body = re.split(r"^\+\+\+$", text, maxsplit=2, flags=re.MULTILINE)
    first = header.count("\n") + 1
    lines = enumerate(body.split("\n"), start=first)
    return tomllib.loads(header), {n: line.split(" = ") for n, line in lines if " = " in line}


def located(examples: list[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """What ``values.json`` should be, and what is wrong with the sheets."""
    by_id = {example["id"]: example for example in examples}
    values: dict[str, Any] = {}
    faults: list[str] = []
    for sheet, (entry, _) in SHEETS.items():
        claimed = by_id[entry]["claimed_text"]
        header, lines = claims((FOLDER / sheet).read_text(encoding="utf-8"))
        found: dict[str, int] = {}
        for key in keys_of(sheet, claimed):
            name = name_of(key, len(header["network"]["layer"]))
            at = [n for n, parts in lines.items() if parts[0] == name]
            if len(at) != 1:
                faults.append(f"{sheet}: {key} ({name}) is on {len(at)} lines")
            elif lines[at[0]][-1] != claimed[key]:
                faults.append(f"{sheet}:{at[0]}: {key} is {claimed[key]}, the line has {lines[at[0]][-1]}")
            else:
                found[key] = at[0]
        values[sheet] = {"id": entry, "lines": found}
        for line, count in Counter(found.values()).items():
            if count > 1:
                faults.append(f"{sheet}:{line}: {count} values on one line")
    for entry, example in by_id.items():
        there = Counter(key for v in values.values() if v["id"] == entry for key in v["lines"])
        faults += [f"{entry}: {key} is in {there[key]} sheets" for key in example["claimed_text"] if there[key] != 1]
    return values, faults


def trimmed(example: dict[str, Any]) -> dict[str, Any]:
    """What the tests need of an example."""
    errors = [{"names": error["names"], "mistake": error["mistake"]} for error in example["errors"]]
    return {key: example[key] for key in ("id", "claimed_text", "check")} | {"errors": errors}


def header_faults(examples: list[dict[str, Any]]) -> list[str]:
    """Where the header of a sheet is not the network of its example."""
    faults = []
    by_id = {example["id"]: example for example in examples}
    for sheet, (entry, prefix) in SHEETS.items():
        example = by_id[entry]
        header, _ = claims((FOLDER / sheet).read_text(encoding="utf-8"))
        network = header["network"]
        weights, x, y = example["W"], example["x"], example["y"]
        if prefix == "q_":
            x, y = [0, 1.1, 1.7, 2.5], None
        if weights is None:
            weights = [[[float(i == j) for j in range(len(x))] for i in range(len(x))]]
        names = ["sigmoid"] * len(weights) if prefix == "sigmoid_" else example["activations"]
        due = {
            "W": weights,
            "b": example["b"] or [[0] * len(w) for w in weights],
            "x": x,
            "y": y,
            "activations": [ACTIVATIONS.get(name, name) for name in names],
            "loss": LOSSES[example["loss"]],
            "learning_rate": example["lr"],
        }
        is_there = {
            "W": [layer["W"] for layer in network["layer"]],
            "b": [layer["b"] for layer in network["layer"]],
            "x": network["x"],
            "y": network.get("y"),
            "activations": [network["hidden"]] * (len(weights) - 1) + [network["output"]]
            if len(weights) > 1
            else [network["output"]],
            "loss": network["loss"],
            "learning_rate": header.get("learning_rate"),
        }
        faults += [f"{sheet}: {k} is {is_there[k]}, not {due[k]}" for k in due if is_there[k] != due[k]]
    return faults


def as_text(data: Any) -> str:
    """JSON as it is committed."""
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or check; the number of faults decides the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--from", dest="whole", type=Path, help="the whole collection (worked_examples.json)")
    options = parser.parse_args()
    faults: list[str] = []
    if options.whole:
        whole = json.loads(options.whole.read_text(encoding="utf-8"))
        faults += header_faults(whole)
        copy = as_text([trimmed(example) for example in whole])
        if not options.check:
            DATA.parent.mkdir(exist_ok=True)
            DATA.write_text(copy, encoding="utf-8")
        elif DATA.read_text(encoding="utf-8") != copy:
            faults.append(f"{DATA.relative_to(ROOT)} is not the copy of {options.whole}")
    examples = json.loads(DATA.read_text(encoding="utf-8"))
    values, wrong = located(examples)
    faults += wrong
    if not options.check:
        VALUES.write_text(as_text(values), encoding="utf-8")
    elif VALUES.read_text(encoding="utf-8") != as_text(values):
        faults.append(f"{VALUES.relative_to(ROOT)} does not say where the values are: run tools/published.py")
    for fault in faults:
        print(fault, file=sys.stderr)
    count = sum(len(v["lines"]) for v in values.values())
    print(f"{count} of {sum(len(e['claimed_text']) for e in examples)} values in {len(SHEETS)} sheets")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
