"""What the parameters of somebody's function mean, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from chainrule.errors import InputError
from chainrule.gradcheck.given.names import Label, at_zero, read_label


class Role(NamedTuple):
    """What a parameter is: W, b, a, h, x, y, yhat, or a kind of ``_KINDS``. Without a layer: those of all layers."""

    kind: str
    layer: int | None = None


#: kind -> names, in small letters and without underscores
_KINDS = {
    "x": "x xs input inputs data features images xb xbatch batchx batch minibatch xtrain xdata trainx samples "
    "a0 h0 layer0 l0 inputdata example",
    "y": "y ys t target targets label labels ytrue truey ytrain trainy yb ybatch batchy yonehot onehoty ytarget "
    "expected expectedoutput expectedoutputs desired desiredoutput desiredoutputs desiredout desiredouts truth "
    "groundtruth ydata targetoutput targetoutputs",
    "yhat": "al yhat ypred pred preds prediction predictions output outputs out probs prob probabilities p o",
    "params": "params parameters param model nn net",
    "network": "network",
    "cache": "cache caches memory forwardcache fwdcache ctx state intermediates forwardvalues results",
    "n": "m n batchsize numexamples nexamples nsamples numsamples",
    "sizes": "sizes layers layerdims layersdims layersizes dims architecture topology",
    "depth": "l numlayers nlayers depth",
    "rate": "lr learningrate alpha eta rate stepsize",
    "flat": "nnparams initialnnparams flatparams paramsvec paramvec paramvector paramsvector thetavec",
    "zero": "reg lambd lambda lam l2 regstrength regularization weightdecay reglambda lambdareg",
    "drop": "dropout dropoutrate",
    "one": "keepprob",
    "activation": "activation hiddenactivation activationfunction",
}
#: names in a constructor that say how many units there are
_SIZES = {
    "inputs": "inputsize inputdim nin nx ninputs numinputs inputnodes nfeatures numfeatures indim d inputs input nin "
    "ninput numinput inputunits inputlayersize din",
    "hidden": "hiddensize hiddendim nh nhidden numhidden hiddennodes hidden h hiddenunits hiddenlayersize nhid",
    "hiddens": "hiddensizes hiddendims hiddenlayers hiddenlayersizes",
    "outputs": "outputsize outputdim nout ny numclasses nclasses numoutputs noutputs outputnodes c k outdim outputs "
    "output noutput numoutput outputunits outputlayersize dout numlabels classes",
}
#: words -> what is said of a kind
WORDS = {
    "x": "the inputs", "y": "the targets", "yhat": "the outputs", "params": "all W and b", "flat": "all W and b",
    "network": "the network",
    "cache": "the forward values", "n": "the number of examples", "W": "weights", "b": "biases",
    "a": "pre-activations", "h": "activations",
}  # fmt: skip
#: words in a name of weights that say that it is none: weight_init_std
_OTHER = {
    "init",
    "std",
    "scale",
    "decay",
    "size",
    "shape",
    "count",
    "seed",
    "mean",
    "sigma",
    "var",
    "factor",
    "name",
    "reg",
}
KNOWN = "X, y, W1, b1, weights, biases, params, cache, Z1, A1 or AL"
_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names.split()}
_LONG_SIZES = {name: kind for kind, names in _SIZES.items() for name in names.split() if name.endswith("size")}
_LONG_SIZES["numlabels"] = "outputs"
_OF_SIZES = _BY_NAME | {name: kind for kind, names in _SIZES.items() for name in names.split()}


def roles_of(names: Iterable[str], depth: int, *, constructor: bool = False) -> dict[str, Role]:
    """The roles of those names that are understood; what a number counts, all names together say."""
    found: dict[str, Role] = {}
    labels: dict[str, Label] = {}
    names = list(names)
    biases = at_zero(names)
    for name in names:
        key = name.lower().replace("_", "")
        if (kind := (_OF_SIZES if constructor else _BY_NAME | _LONG_SIZES).get(key)) is not None:
            found[name] = Role(kind)
        elif (label := value_label(name, any_letter=name in biases.values())) is not None:
            labels[name] = label
    for name, weights in biases.items():
        if name in labels and weights in labels and labels[weights].kinds == ("W",):
            labels[name] = replace(labels[weights], kinds=("b",))
    for kind in ("W", "b", "a", "h", "yhat", "x", "logits"):
        found |= _of_kind(kind, {name: label for name, label in labels.items() if _kind(label, labels) == kind}, depth)
    return found


def value_label(name: str, *, any_letter: bool = False) -> Label | None:
    """The label of a weight, a bias or a unit's value; None for a gradient and for what means nothing here."""
    try:
        label = read_label((name,))
    except InputError:
        return None
    letter = len(name) == 1 and name.lower() not in "wbahz" and not any_letter  # else any other means anything
    other = letter or not _OTHER.isdisjoint(label.key)
    if other or label.marked or label.exact is not None or label.kinds[0] == "L":
        return None
    return replace(label, kinds=("h", "a")) if label.kinds == ("a",) and label.designed else label


def _kind(label: Label, labels: dict[str, Label]) -> str:
    """Which of its kinds a label is: ``a`` beside ``h`` is before the activation, beside ``z`` behind it."""
    kinds = {other.kinds for other in labels.values()}
    if label.kinds == ("h", "a") and ("h",) in kinds and ("a", "h") not in kinds:
        return "a"
    return label.kinds[0]


def _of_kind(kind: str, labels: dict[str, Label], depth: int) -> dict[str, Role]:
    if kind == "logits":
        return {name: Role("a", depth) for name in labels}
    if kind in ("yhat", "x"):
        return {name: Role(kind) for name in labels}
    numbered = {name: label.numbers[-1] for name, label in labels.items() if label.numbers}
    if not numbered and len(labels) == 1:
        one_hidden = kind == "h" and depth == 2  # h, not hs or activations
        return {name: Role(kind, 1 if depth == 1 or (one_hidden and name[-1] != "s") else None) for name in labels}
    if not numbered:  # W_hidden, W_out: in the order in which they stand
        numbered = {name: i for i, name in enumerate(labels, 1)} if len(labels) == depth else {}
    shift = int(kind in "Wb" and 0 in numbered.values())
    found = {name: _of_layer(kind, number + shift, depth) for name, number in numbered.items()}
    return {name: role for name, role in found.items() if role is not None}


def _of_layer(kind: str, layer: int, depth: int) -> Role | None:
    if kind == "h" and layer in (0, depth):
        return Role("x" if layer == 0 else "yhat")
    return Role(kind, layer) if 1 <= layer <= depth else None


def told(names: Sequence[str], roles: dict[str, Role]) -> str:
    """What was understood of parameters, in words: ``X (the inputs)``."""
    said = [f"{name} ({WORDS[role.kind]})" if role.kind in WORDS else name
            for name in names if (role := roles.get(name)) is not None]  # fmt: skip
    return ", ".join(said) or "none"
