"""Words that people have for the quantities of a network, in worksheets and in code."""

from __future__ import annotations

#: a Δ by itself, which some write for δ
CHANGE = "capital delta"
#: a word in small letters -> the kinds of quantity that it may stand for, the likeliest first
WORDS: dict[str, tuple[str, ...]] = {
    "z": ("a", "h"),
    **dict.fromkeys(("net", "pre", "preact", "preactivation", "neti", "sum", "net_input", "netinput", "neta"), ("a",)),
    "v": ("a", "W"),
    **dict.fromkeys(("u", "s", "n", "in", "input", "q", "ζ", "ξ"), ("a",)),
    **dict.fromkeys(("logit", "logits", "score", "scores"), ("logits",)),
    "a": ("a", "h"),
    **dict.fromkeys(("h", "act", "activation", "hidden"), ("h",)),
    **dict.fromkeys(("o", "out", "output", "outputs"), ("yhat", "h")),
    **dict.fromkeys(("yhat", "ohat", "that", "ypred", "pred", "preds", "prediction", "predicted"), ("yhat",)),
    **dict.fromkeys(("p", "phat", "prob", "probs"), ("yhat",)),
    "y": ("y", "yhat", "logits", "h"),
    **dict.fromkeys(("t", "target", "targets", "label", "labels", "true", "ytrue", "tgt"), ("y",)),
    **dict.fromkeys(("d", "yd", "actual", "desired"), ("y",)),
    **dict.fromkeys(("x", "inp"), ("x",)),
    "i": ("x", "a"),
    "f": ("yhat", "h"),
    **dict.fromkeys(("l", "j", "e", "loss", "cost", "mse", "bce", "ce", "sse"), ("L",)),
    "c": ("L", "b"),
    **dict.fromkeys(("error", "err"), ("L", "δ")),
    **dict.fromkeys(("δ", "delta"), ("δ",)),
    CHANGE: ("δ", "dW"),
    **dict.fromkeys(("w", "weight", "weights"), ("W",)),
    **dict.fromkeys(("theta", "θ"), ("W", "b")),
    **dict.fromkeys(("b", "bias", "biases"), ("b",)),
}  # fmt: skip
