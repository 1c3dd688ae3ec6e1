"""``chainrule grade`` on a folder of sheets with links, pipes, folders and files that cannot be read among them.

    python -m trials.folder
    python -m trials.folder --count 300

Every sheet must have its row, the whole ones their points and the others a reason; nothing outside the folder is
read, nothing hangs. Prints time, memory and rows; exits with 1 where one is not as it should be. Run as another user
than root to have files that may not be read.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHEET = (ROOT / "examples" / "derivation.md").read_text(encoding="utf-8")
ODD = ("outside", "nowhere", "loop", "inside", "pipe", "closed", "empty", "binary", "large", "header", "device")


def make(folder: Path, count: int) -> dict[str, str]:
    """Fill a folder; what each file is. Every tenth is no plain sheet."""
    kinds: dict[str, str] = {}
    outside = folder.parent / "secret.md"
    outside.write_text(SHEET.replace("0.", "0.0"), encoding="utf-8")
    for number in range(count):
        name = f"sheet{number:05}.md"
        place = folder / name
        kind = ODD[number // 10 % len(ODD)] if number % 10 == 9 else "whole"
        kinds[name] = kind
        if kind == "outside":
            place.symlink_to(outside)
        elif kind == "nowhere":
            place.symlink_to(folder / "not there")
        elif kind == "loop":
            place.symlink_to(place)
        elif kind == "inside":
            place.symlink_to(folder / "sheet00000.md")
        elif kind == "device":
            place.symlink_to("/dev/zero")
        elif kind == "pipe":
            os.mkfifo(place)
        else:
            contents = {"empty": b"", "binary": os.urandom(3000), "large": b"+" * 2_000_000, "header": b"+++\nx = [\n"}
            place.write_bytes(contents.get(kind, SHEET.encode()))
        if kind == "closed":
            place.chmod(0)
    return kinds


def grade(count: int) -> tuple[list[str], dict[str, str]]:
    """(what went wrong, what was measured)."""
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "sheets")
        folder.mkdir()
        kinds = make(folder, count)
        begun = time.monotonic()
        command = [sys.executable, "-m", "chainrule", "grade", str(folder), "--seconds", "120"]  # on a busy machine too
        ran = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        seconds = time.monotonic() - begun
        if ran.returncode != 0 or "Traceback" in ran.stderr:
            return [f"exit code {ran.returncode}: {ran.stderr[-1000:]}"], {}
        with (folder / "marked" / "grades.csv").open(encoding="utf-8", newline="") as file:
            rows = {row["file"]: row for row in csv.DictReader(file)}
        if set(rows) != set(kinds):
            faults.append(f"{len(rows)} rows for {len(kinds)} files")
        marked = ("whole", "inside", *(("closed",) if os.geteuid() == 0 else ()))  # root may read all
        for file, kind in kinds.items():
            error = rows.get(file, {}).get("error", "no row")
            if bool(error) == (kind in marked):
                faults.append(f"{file} ({kind}): {error or 'it was marked'}")
        pages = len(list((folder / "marked" / "feedback").iterdir()))
        if pages != count:
            faults.append(f"{pages} pages for {count} files")
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    told = {"files": f"{count}", "time": f"{seconds:.1f} s", "memory": f"{memory:.0f} MB of the largest process"}
    return faults, told | {kind: f"{number}" for kind, number in sorted(Counter(kinds.values()).items())}


def main() -> int:
    """Try, print; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    faults, told = grade(parser.parse_args().count)
    for name, words in told.items():
        print(f"{name:10}{words}")
    for fault in faults[:10]:
        print(f"---\n{fault}")
    print(f"{len(faults)} faults")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
