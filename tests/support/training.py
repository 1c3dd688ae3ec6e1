"""Trainings by the command line that several tests share."""

import json

IRIS = ("train", "iris", "--hidden", "8")


def told(run, *arguments):
    """What a command prints for programs."""
    code, out, err = run(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)
