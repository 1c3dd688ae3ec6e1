"""Networks from PyTorch modules, which small classes of the same names stand for."""

import numpy as np
import pytest

from chainrule import InputError, audit_gradients, from_module
from tests.storage.test_importers import Tensor


class Layer:
    training = False

    def __init__(self, **attributes):
        self.__dict__.update(attributes)

    def children(self):
        return ()


def kind(name):
    return type(name, (Layer,), {})


ReLU, Tanh, Sigmoid, GELU, SiLU, ELU, Softplus, LeakyReLU, Identity = map(
    kind, ("ReLU", "Tanh", "Sigmoid", "GELU", "SiLU", "ELU", "Softplus", "LeakyReLU", "Identity")
)
Flatten, Dropout, Softmax, LogSoftmax, Conv2d, BatchNorm1d = map(
    kind, ("Flatten", "Dropout", "Softmax", "LogSoftmax", "Conv2d", "BatchNorm1d")
)
CrossEntropyLoss, BCEWithLogitsLoss, MSELoss, NLLLoss, L1Loss = map(
    kind, ("CrossEntropyLoss", "BCEWithLogitsLoss", "MSELoss", "NLLLoss", "L1Loss")
)


class Parameter(Tensor):
    """A tensor that may have a gradient."""

    def __init__(self, array, grad=None):
        super().__init__(np.asarray(array))
        self.grad = None if grad is None else Tensor(np.asarray(grad))


class Linear(Layer):
    def __init__(self, j, m, seed=0, bias=True, dtype=float):
        rng = np.random.default_rng((seed, j, m))
        self.weight = Parameter(rng.normal(size=(m, j)).astype(dtype))
        self.bias = Parameter(rng.normal(size=m).astype(dtype)) if bias else None


class Sequential(list):
    def __init__(self, *layers):
        super().__init__(layers)

    def children(self):
        return iter(self)

    def named_parameters(self, start=""):
        for i, layer in enumerate(self):
            if isinstance(layer, Sequential):
                yield from layer.named_parameters(f"{start}{i}.")
            elif isinstance(layer, Linear):
                yield f"{start}{i}.weight", layer.weight
                if layer.bias is not None:
                    yield f"{start}{i}.bias", layer.bias


class Net(Sequential):
    """A class of somebody's own."""


def test_a_module_becomes_the_network_it_is():
    module = Net(
        Flatten(), Linear(4, 5), ReLU(), Dropout(p=0.5), Sequential(Linear(5, 4, bias=False), GELU(approximate="none")),
        Identity(), Linear(4, 3), LogSoftmax(dim=-1),
    )  # fmt: skip
    network = from_module(module)
    assert network.sizes == (4, 5, 4, 3)
    assert (network.hidden, network.output, network.loss) == (("relu", "gelu"), "softmax", "cross_entropy")
    np.testing.assert_array_equal(network.weights[0], module[1].weight.array)
    np.testing.assert_array_equal(network.biases[1], np.zeros(4))
    assert from_module(Sequential(Linear(2, 3, dtype=np.float32))).dtype == np.float32


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (Tanh(), "tanh"), (Sigmoid(), "sigmoid"), (SiLU(), "silu"), (ELU(alpha=1.0), "elu"),
        (Softplus(beta=1.0), "softplus"),
        (LeakyReLU(negative_slope=0.01), "leaky_relu"), (LeakyReLU(negative_slope=0.2), "leaky_relu(0.2)"),
    ],
)  # fmt: skip
def test_activations_are_known_by_name(layer, name):
    assert from_module(Sequential(Linear(2, 3), layer, Linear(3, 1))).hidden == (name,)


@pytest.mark.parametrize(
    ("layers", "loss", "due"),
    [
        ((), None, ("identity", "mean_squared_error", "mean")),
        ((), MSELoss(reduction="mean"), ("identity", "mean_squared_error", "mean")),
        ((), MSELoss(reduction="sum"), ("identity", "squared_error", "sum")),
        ((), CrossEntropyLoss(reduction="mean"), ("softmax", "cross_entropy", "mean")),
        ((), "CrossEntropyLoss", ("softmax", "cross_entropy", "mean")),
        ((), "cross_entropy", ("softmax", "cross_entropy", "mean")),
        ((LogSoftmax(dim=1),), NLLLoss(reduction="sum"), ("softmax", "cross_entropy", "sum")),
        ((), BCEWithLogitsLoss(reduction="sum"), ("sigmoid", "binary_cross_entropy", "sum")),
        ((Sigmoid(),), None, ("sigmoid", "binary_cross_entropy", "mean")),
        ((Softmax(dim=1),), "half_squared_error", ("softmax", "half_squared_error", "mean")),
    ],
)
def test_a_loss_may_contain_the_last_function(layers, loss, due):
    network = from_module(Sequential(Linear(2, 3), *layers), loss)
    assert (network.output, network.loss, network.reduction) == due


@pytest.mark.parametrize(
    ("module", "loss", "words"),
    [
        (Linear(2, 3), None, "a feed-forward nn.Sequential"),
        (Sequential(), None, "no Linear layer in it"),
        (Sequential(Conv2d()), None, "got Conv2d"),
        (Sequential(Linear(2, 3), BatchNorm1d()), None, "got BatchNorm1d"),
        (Sequential(Tanh(), Linear(2, 3)), None, "a Linear layer before each activation"),
        (Sequential(Linear(2, 3), Tanh(), ReLU(), Linear(3, 1)), None, "a Linear layer before each activation"),
        (Sequential(Linear(2, 3), Linear(4, 1)), None, "one for each unit of"),
        (Sequential(Linear(2, 3), Softmax(dim=1), Linear(3, 1)), None, "as its last layer"),
        (Sequential(Linear(2, 3), Softmax(dim=0)), None, "dim=0"),
        (Sequential(Linear(2, 3), ELU(alpha=0.5), Linear(3, 1)), None, "alpha=1.0"),
        (Sequential(Linear(2, 3), GELU(approximate="tanh"), Linear(3, 1)), None, "approximate='none'"),
        (Sequential(Linear(2, 3), LogSoftmax(dim=1)), "CrossEntropyLoss", "ends in logits"),
        (Sequential(Linear(2, 3)), L1Loss(reduction="mean"), "the mean over 3 outputs"),
        (Sequential(Linear(2, 3)), "TripletLoss", "one of cross_entropy"),
        (object(), None, "a feed-forward nn.Sequential"),
    ],
)
def test_what_is_no_such_network_is_refused(module, loss, words):
    with pytest.raises(InputError, match="expected") as error:
        from_module(module, loss)
    assert words in str(error.value)


def test_dropout_in_training_is_refused():
    dropout = Dropout(p=0.5)
    dropout.training = True
    with pytest.raises(InputError, match="eval"):
        from_module(Sequential(Linear(2, 3), dropout))


def test_the_gradients_of_a_module_are_audited():
    module = Sequential(Linear(3, 3), Tanh(), Linear(3, 3, seed=1))
    network, rng = from_module(module), np.random.default_rng(0)
    x, y = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    with pytest.raises(InputError, match=r"none has a \.grad"):
        audit_gradients(network, x, y, module)
    b = network.backward(x, y)
    for layer, W, bias in zip((module[0], module[2]), b.grad_W, b.grad_b, strict=True):
        layer.weight.grad, layer.bias.grad = Tensor(np.array(W)), Tensor(np.array(bias))
    assert audit_gradients(network, x, y, module).ok
    assert [a.text for a in audit_gradients(network, x, y, module).lines][:2] == ["2.weight.grad", "2.bias.grad"]
    module[0].weight.grad = Tensor(b.grad_W[0].T.copy())
    assert audit_gradients(network, x, y, module).first_wrong.mistakes == ("outer_product_orientation_1",)
