"""One name of somebody's code, taken apart: what kinds of quantity it may mean, and which layer it speaks of.

What a number counts and which of the kinds it is, the whole set decides (``naming``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from chainrule.errors import InputError
from chainrule.gradcheck.given.containers import Path, path_name
from chainrule.network import names as notation
from chainrule.network.names import LOSS, Derivative, Name
from chainrule.network.words import WORDS

WHAT = (
    "a gradient of L, such as dL/dW_1, dW1, db1, dZ1, grad_W1, layers.0.weight.grad or coefs_[0], or a unit's value "
    "such as a_1, h_1 or yhat"
)

#: words of code, beside those that worksheets have too
_CODE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("kernel", "kernels", "coef", "coefs", "wt", "wts", "ws", "matrix", "mat", "syn"), ("W",)),
    **dict.fromkeys(("intercept", "intercepts", "bs", "bia"), ("b",)),
    **dict.fromkeys(("theta", "thetas", "θ", "w", "v", "u"), ("W",)),
    **dict.fromkeys(("a", "as"), ("h", "a")),
    **dict.fromkeys(("hs", "activations", "activated", "relu", "sigmoid", "tanh"), ("h",)),
    **dict.fromkeys(("zs", "preactivations", "affine", "linear"), ("a",)),
    **dict.fromkeys(("deltas", "δs"), ("δ",)),
    **dict.fromkeys(("inputs", "xs"), ("x",)),
    **dict.fromkeys(("probabilities", "softmax", "predictions"), ("yhat",)),
    **dict.fromkeys(("y",), ("yhat", "logits")),
    **dict.fromkeys(("c", "e"), ("L",)),
    "hidden": ("h", "a"),
    **dict.fromkeys(("out", "output", "outputs"), ("yhat", "logits", "h")),
    **dict.fromkeys(("err", "error", "errors"), ("δ",)),
}
_IN_OUT = ("kernel", "kernels", "coef", "coefs")  # libraries whose weights are (in, out)
#: words that say "gradient" and nothing else
_MARKS = frozenset(("grad", "grads", "gradient", "gradients", "d", "g", "nabla", "deriv", "derivative", "derivatives"))
_LOSS = r"(?:J|L|E|C|Loss|loss|LOSS|cost|Cost|error|Error|err|obj|objective|l|j)"
_RATIO = re.compile(rf"d_?{_LOSS}\s*(?:/|_?over_?|_?by_?|_?wrt_?|_)*\s*d_?(?=[^\W\d])(?P<wrt>.+)")
_PREFIXES = ("d", "grad", "gradient", "nabla", "delta", "g")  # of a word in small letters: dw, gradb
_WORD = re.compile(r"[A-ZΔΘ]?[a-zδθ]+|[A-ZΔΘ]+(?![a-z])|[0-9]+")
#: a bias as the weight of an input that is 1: w0 beside w, w01 beside W1
_AT_ZERO = re.compile(r"(?P<letters>.*[^\W\d_])_?0(?P<number>\d*)")
#: W or b with a word of the layer behind it: Wo, bh, Wxh
_WITH_PLACE = re.compile(r"(?P<symbol>[WwVUb])(?P<place>[a-z]{1,6})")
_PLACES = frozenset(("out", "output", "outputs", "hidden", "hid", "h", "o", "input", "in", "linear", "layer"))


@dataclass(frozen=True)
class Label:
    """A name as given.

    Attributes:
        name: as a person would write it.
        kinds: W, b, a, h, x, yhat, L, or ``logits`` (a of the last layer), the likeliest first.
        gradient: it says that it is one.
        numbers: those in it, in order. key: the words in it that say no kind: the layer's own name.
        exact: the quantity, where it is a component by a name of the design.
        in_out: the name's library, or the notation, has weights with a row for each unit before.
        designed: it is a name of the design: layers are counted from 1.
        marked: the name itself says that it is a gradient; ``gradient`` holds of every weight and bias.
    """

    name: str
    kinds: tuple[str, ...]
    gradient: bool
    numbers: tuple[int, ...] = ()
    key: tuple[str, ...] = ()
    exact: Name | None = None
    in_out: bool = False
    designed: bool = False
    marked: bool = False

    @property
    def parameter(self) -> bool:
        """Whether it is of W or b."""
        return self.kinds[0] in ("W", "b")


def read_label(path: Path) -> Label:
    """The name of an array, from the keys that lead to it.

    Raises:
        InputError: no quantity is in it.
    """
    name = path_name(path)
    if len(path) == 1 and isinstance(path[0], str) and (found := _designed(path[0])) is not None:
        return found
    words: list[str] = []
    numbers: list[int] = []
    gradient = False
    for part in path:
        if isinstance(part, int):
            numbers.append(part)
            continue
        found_words, found_numbers, marked = _taken_apart(part)
        words, numbers, gradient = [*words, *found_words], [*numbers, *found_numbers], gradient or marked
    kinds, key, in_out = _kinds(words)
    kinds = tuple(kind for kind in kinds if kind != "y" and not (kind == "L" and gradient))
    if not kinds:
        raise InputError(f"gradients: name {name!r}", WHAT, "another name")
    marked = gradient or kinds[0] == "δ"
    kinds = tuple("a" if kind == "δ" else kind for kind in kinds)
    of_parameter = kinds[0] in ("W", "b")
    return Label(name, kinds, marked or of_parameter, tuple(numbers), key, in_out=in_out, marked=marked)


def at_zero(names: Iterable[str]) -> dict[str, str]:
    """The biases that are named as weights with a 0, ``w0`` or ``w01``, each with the name of its weights.

    >>> at_zero(["W1", "w01", "W2", "w02"])
    {'w01': 'W1', 'w02': 'W2'}
    >>> at_zero(["w0", "w1"])
    {}
    """
    known = {name.lower().replace("_", ""): name for name in names}
    matches = {name: _AT_ZERO.fullmatch(key) for key, name in known.items()}
    own = {name: known.get(m["letters"] + m["number"]) for name, m in matches.items() if m is not None}
    return {name: weights for name, weights in own.items() if weights is not None}


def _designed(text: str) -> Label | None:
    """A name of the design; layers are not held against the network yet."""
    try:
        read, way = notation.read(text)
    except InputError:
        return None
    if isinstance(read, Derivative) and read.of != LOSS:
        raise InputError(f"gradients: name {text!r}", "a gradient of L, such as dL/dW_1, or a unit's value", str(read))
    subject, gradient = read.subject, isinstance(read, Derivative) or read.subject.symbol in "Wb"
    if subject.index:
        return Label(text, (subject.symbol,), gradient, exact=read, designed=True, marked=isinstance(read, Derivative))
    numbers = () if subject.layer is None else (subject.layer,)
    in_out = way == "delta" and subject.symbol == "W"
    return Label(
        text, (subject.symbol,), gradient, numbers, in_out=in_out, designed=True, marked=isinstance(read, Derivative)
    )


def _taken_apart(text: str) -> tuple[list[str], list[int], bool]:
    """(words, numbers, whether it says "gradient") of one key."""
    text = unicodedata.normalize("NFKC", text).replace("∂", "d").replace("∇", "grad_").replace("ŷ", "yhat")
    text = re.sub(r":\d+$", "", text.strip())  # kernel:0
    ratio = _RATIO.fullmatch(text)
    marked = ratio is not None
    text = ratio["wrt"] if ratio is not None else text
    words: list[str] = []
    numbers: list[int] = []
    for piece in re.findall(r"[^\W_]+", text):
        for word in _WORD.findall(piece):
            if word.isdecimal():
                numbers.append(int(word[:9]))
                continue
            if word in _MARKS:
                marked = True
                continue
            if (rest := _differentiated(word)) is not None:
                word, marked = rest, True
            words.append(word)
    return words, numbers, marked


def _differentiated(word: str) -> str | None:
    """What stands behind a prefix that says "gradient"."""
    if not word.islower() or _kinds_of(word):
        return None
    rests = [word.removeprefix(prefix) for prefix in _PREFIXES if word.startswith(prefix) and word != prefix]
    return next((rest for rest in rests if _known(rest)), None)


def _known(word: str) -> bool:
    return bool(_kinds_of(word)) or _WITH_PLACE.fullmatch(word) is not None


def _kinds_of(word: str) -> tuple[str, ...]:
    if word in ("L", "J", "E", "C"):
        return ("L",)
    low = word.lower()
    return _CODE.get(low) or WORDS.get(low, ())


def _kinds(words: list[str]) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """(kinds, the other words, whether weights of that name are (in, out)) of the words of a name."""
    known = [(i, word, _kinds_of(word)) for i, word in enumerate(words)]
    parameters = [one for one in known if one[2][:1] in (("W",), ("b",))]
    units = [one for one in known if one[2] and one not in parameters]
    chosen = parameters or [one for one in units if one[1].lower() not in _PLACES] or units
    for i, word, kinds in reversed(chosen):
        own = () if word.lower() in ("w", "b") or kinds != ("W",) or len(word) > 1 else (word.lower(),)
        key = tuple(w.lower() for j, w in enumerate(words) if j != i)
        return kinds, (*key, *own), word.lower() in _IN_OUT
    for i, word in enumerate(words):
        if (match := _WITH_PLACE.fullmatch(word)) is not None:
            key = (*(w.lower() for j, w in enumerate(words) if j != i), match["place"])
            return ("b",) if match["symbol"] == "b" else ("W",), key, False
    return (), (), False
