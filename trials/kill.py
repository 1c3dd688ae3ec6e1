"""Kill trainings at random moments and resume them: the model must be, bit for bit, that of one never killed.

    python -m trials.kill --kills 20

The moments are drawn with a fixed seed, within the time that the epochs still to make take;
the tests run a sample. Prints a line for each kill and exits with 1 where a model differs.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from safetensors import safe_open

TRAININGS = (
    ["iris", "--epochs", "300", "--hidden", "32,16"],
    ["wine", "--epochs", "300", "--hidden", "16", "--early-stopping", "--patience", "60", "--dropout", "0.2",
     "--schedule", "cosine"],
    ["diabetes", "--epochs", "300", "--optimizer", "nesterov", "--checkpoint-every", "3", "--l2", "0.1"],
)  # fmt: skip


def command(training: list[str], name: str) -> list[str]:
    """The training as a command line; ``name`` is that of its files."""
    files = ["--out", f"{name}.safetensors", "--plot", f"{name}.png", "--checkpoint", name]
    return [sys.executable, "-m", "chainrule", "train", *training, *files]


def finish(arguments: list[str], folder: Path) -> None:
    """Run it to its end."""
    subprocess.run(arguments, cwd=folder, capture_output=True, check=True, timeout=300)


def kill(arguments: list[str], folder: Path, seconds: float) -> bool:
    """SIGKILL it so many seconds after its first epoch begins; whether it was still running."""
    run = subprocess.Popen(arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    while not (said := run.stdout.readline()).startswith(("no checkpoint", "resumed from")):
        if not said:
            raise RuntimeError(f"no training began; exit code {run.wait()}")
    try:
        run.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        run.kill()
        run.communicate()
    return run.returncode == -signal.SIGKILL


def done(state: Path) -> tuple[int, float]:
    """Epochs and seconds that a checkpoint has behind it; it must be whole."""
    if not state.exists():
        return 0, 0.0
    with safe_open(state, framework="numpy") as file:
        history = file.get_tensor("history")
    return len(history), float(history[-1, -1])


def trial(training: list[str], kills: int, seed: int, folder: Path) -> tuple[bool, int]:
    """Whether the model is the same after so many kills; how many of them came within the epochs."""
    rng = random.Random(seed)
    finish(command(training, "whole"), folder)
    epochs, seconds = done(folder / "whole" / "training.safetensors")
    arguments, state = [*command(training, "killed"), "--resume"], folder / "killed" / "training.safetensors"
    met = 0
    for number in range(1, kills + 1):
        moment = rng.uniform(0, max(0.0, seconds - done(state)[1]))
        killed, made = kill(arguments, folder, moment), done(state)[0]
        met += killed and 0 < made < epochs
        print(
            f"{training[0]}: kill {number} after {moment:.2f} s, {made} of {epochs} epochs in the checkpoint",
            flush=True,
        )
        if number % 3 == 0 or number == kills:  # now and then to the end, and then from the beginning
            finish(arguments, folder)
            models = [(folder / f"{name}.safetensors").read_bytes() for name in ("whole", "killed")]
            if models[0] != models[1]:
                return False, met
            for file in (state, folder / "killed.safetensors"):
                file.unlink()
    return True, met


def main() -> int:
    """Run the trials; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    good, met = True, 0
    for i, training in enumerate(TRAININGS):
        kills = asked.kills // len(TRAININGS) + (i < asked.kills % len(TRAININGS))
        with tempfile.TemporaryDirectory() as folder:
            same, running = trial(training, kills, asked.seed + i, Path(folder)) if kills else (True, 0)
        good, met = good and same, met + running
        print(f"{' '.join(training)}: {'the same model' if same else 'ANOTHER MODEL'}")
    print(f"{met} of {asked.kills} kills met a training with some epochs behind it and some to go")
    return 0 if good and (met or not asked.kills) else 1


if __name__ == "__main__":
    sys.exit(main())
