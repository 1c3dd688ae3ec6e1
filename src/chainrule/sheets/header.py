"""The header of a worksheet: a network with its numbers, as a person writes it, in TOML between lines of ``+++``."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.checks import examples, targets
from chainrule.network.network import Network

LARGEST = 1_000_000  # bytes
MOST_LAYERS = 40
MOST_UNITS = 10_000  # of a layer, the inputs too
MOST_PAIRS = 1_000_000  # of outputs, over all examples: softmax has a slope for each pair
MOST_PRODUCTS = 2_000_000  # of weights and examples
_FENCE = "+++"
#: a name of more parts than any here has; a reader of TOML takes a time that grows with their square
_DEEP_NAME = re.compile(r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){20}""")


class _Layer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    W: list[list[float]]
    b: list[float] | None = None


class _Network(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    layer: Annotated[list[_Layer], Field(max_length=MOST_LAYERS)]
    hidden: str | list[str] = "sigmoid"
    output: str = "softmax"
    loss: str = "cross_entropy"
    reduction: str = "mean"
    x: list[float] | list[list[float]]
    y: int | float | list[int] | list[float] | list[list[float]] | None = None
    sample_weight: list[float] | None = None


class _Header(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    title: str = ""
    learning_rate: Annotated[float, Field(allow_inf_nan=False)] | None = None
    network: _Network


@dataclass(frozen=True, eq=False)
class Worksheet:
    """A worksheet: its header read, its lines as they are.

    Attributes:
        network, x, y, sample_weight: as for ``Network.backward``.
        lines: the text below the header; ``first_line`` is the number of its first line in the file.
    """

    path: str
    title: str
    network: Network
    x: Array
    y: Any
    sample_weight: list[float] | None
    learning_rate: float | None
    lines: tuple[str, ...]
    first_line: int


def read_worksheet(path: str | os.PathLike[str]) -> Worksheet:
    """Read a worksheet file.

    Raises:
        InputError: no such file, not text, no header, or a header that does not fit.
    """
    name = os.fspath(path)
    file = Path(path)
    if not file.is_file():
        raise InputError(f"worksheet {name}", "a file", "a folder" if file.is_dir() else "no such file")
    if file.stat().st_size > LARGEST:
        raise InputError(f"worksheet {name}", f"at most {LARGEST} bytes", str(file.stat().st_size))
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"worksheet {name}", "text in UTF-8", f"byte {error.start} is not") from None
    return parse_worksheet(text, name)


def parse_worksheet(text: str, name: str = "worksheet") -> Worksheet:
    """Read the text of a worksheet; ``name`` stands for it in messages."""
    lines = text.splitlines()
    fences = [i for i, line in enumerate(lines) if line.strip() == _FENCE][:2]
    if len(fences) < 2 or any(line.strip() for line in lines[: fences[0]]):
        raise InputError(f"worksheet {name}", f"a header in TOML between two lines of {_FENCE}", "none")
    header = _read_header("\n".join(lines[fences[0] + 1 : fences[1]]), name)
    spec = header.network
    biases = [layer.b if layer.b is not None else [0.0] * len(layer.W) for layer in spec.layer]
    rules = (spec.hidden, spec.output, spec.loss, spec.reduction)
    network = Network([layer.W for layer in spec.layer], biases, *rules)
    largest = max(network.sizes)
    if largest > MOST_UNITS:
        raise InputError(f"worksheet {name}", f"layers of at most {MOST_UNITS} units", str(largest))
    batch, single = examples("x", spec.x, network.sizes[0], network.dtype)
    if (pairs := len(batch) * network.sizes[-1] ** 2) > MOST_PAIRS:
        most = f"at most {MOST_PAIRS} for outputs x outputs x examples"
        raise InputError(f"worksheet {name}", most, str(pairs))
    if (products := len(batch) * network.parameter_count) > MOST_PRODUCTS:
        raise InputError(f"worksheet {name}", f"at most {MOST_PRODUCTS} for weights x examples", str(products))
    if spec.y is not None:
        targets(spec.y, len(batch), network.sizes[-1], single, network.dtype)
    given = (batch[0] if single else batch, spec.y, spec.sample_weight, header.learning_rate)
    return Worksheet(name, header.title, network, *given, tuple(lines[fences[1] + 1 :]), fences[1] + 2)


def _read_header(text: str, name: str) -> _Header:
    if _DEEP_NAME.search(text):
        raise InputError(f"worksheet {name}", "a header in TOML", "a name of more than 20 parts")
    try:
        return _Header.model_validate(tomllib.loads(text))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"worksheet {name}: {where}", "a header that fits", first["msg"].lower()) from None
    except (ValueError, RecursionError) as error:  # an integer of 5,000 digits is a ValueError
        reason = str(error).splitlines()[0].partition(";")[0]
        raise InputError(f"worksheet {name}", "a header in TOML", f"something else ({reason})") from None
