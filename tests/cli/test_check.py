"""``chainrule check`` with gradients of somebody's own code: from a file, and of a PyTorch module in a file."""

import json
import sys

import numpy as np
import pytest

from chainrule import Network, audit_gradients, save
from chainrule.storage import load_model, module_files, read_table


@pytest.fixture
def flowers(run, tmp_path):
    """A model trained on a table, and the right gradients of all its rows."""
    assert run("train", "iris", "--epochs", 2, "--hidden", "5")[0] == 0
    model, table = load_model(tmp_path / "iris.safetensors"), read_table("iris")
    b = model.network.backward(model.inputs.apply(table), model.target.apply(table))
    return {f"layers.{i}.{s}": np.array(v) for s, part in (("weight", b.grad_W), ("bias", b.grad_b)) for i, v in
            enumerate(part)}  # fmt: skip


def test_gradients_of_a_file_are_audited_with_the_diagnosis(run, tmp_path, flowers):
    np.savez(tmp_path / "mine.npz", **flowers)
    command = ("check", "iris.safetensors", "--data", "iris", "--gradients", "mine.npz")
    code, out, _ = run(*command)
    assert code == 0
    assert "All 4 arrays are right." in out
    assert "layers.0.weight is dL/dW_1" in out
    np.savez(tmp_path / "mine.npz", **flowers | {"layers.0.weight": -flowers["layers.0.weight"]})
    code, out, _ = run(*command)
    assert code == 1
    assert "the sign is lost" in " ".join(out.split())
    code, out, _ = run(*command, "--json")
    told = json.loads(out)
    assert (code, told["schema"], told["kind"], told["ok"]) == (1, "chainrule/1", "check", False)
    assert [line["name"] for line in told["lines"] if line["verdict"] == "wrong"] == ["dL/dW_1"]


def test_a_network_alone_takes_a_table_of_numbers(run, tmp_path):
    network = Network.random([2, 3, 2], "tanh", seed=0)
    save(network, tmp_path / "net.safetensors")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 2)), rng.integers(0, 2, 5)
    np.savetxt(tmp_path / "data.csv", np.column_stack([x, y]), delimiter=",", header="a,b,class", comments="")
    b = network.backward(x, y)
    rows = [f"dW{i},{','.join(map(repr, row))}" for i, W in enumerate(b.grad_W, 1) for row in W.tolist()]
    (tmp_path / "mine.csv").write_text("\n".join(rows))
    command = ("check", "net.safetensors", "--data", "data.csv", "--gradients", "mine.csv")
    assert run(*command)[0] == 0
    (tmp_path / "mine.json").write_text(json.dumps([(0.01 * g).tolist() for g in b.grad_W]))
    code, out, _ = run(*command[:-1], "mine.json", "--learning-rate", 0.01)
    assert code == 0
    assert "All arrays are 0.01 times the gradient (the learning rate)" in " ".join(out.split())
    assert run("check", "net.safetensors", "--data", "data.csv", "--example", 2)[0] == 0


def test_bad_options_are_refused(refused, flowers, tmp_path):
    np.save(tmp_path / "mine.npy", np.zeros(3))
    assert "--data" in refused("check", "iris.safetensors", "--gradients", "mine.npy")
    assert "one vector of" in refused("check", "iris.safetensors", "--data", "iris", "--gradients", "mine.npy")
    assert "no such file" in refused("check", "iris.safetensors", "--data", "iris", "--gradients", "none.npz")
    assert "FILE" in refused("check")
    assert "--torch" in refused("check", "iris.safetensors", "--torch", "module.py:net")
    assert "--torch" in refused("check", "iris.safetensors", "--loss", "MSELoss")
    assert "a file and a name in it" in refused("check", "--torch", "module.py")
    assert "no such file" in refused("check", "--torch", "module.py:net")
    save(Network.random([2, 2], seed=0), tmp_path / "net.safetensors")
    assert "numbers alone" in refused("check", "net.safetensors", "--data", "iris")
    (tmp_path / "data.csv").write_text("a,b\n1,2\n")
    assert "2 columns of inputs" in refused("check", "net.safetensors", "--data", "data.csv")


MODULE = """
import time
import numpy as np

print("this goes to standard error")
rng = np.random.default_rng(0)

class Tensor:
    def __init__(self, array): self.array, self.grad = array, None
    def detach(self): return self
    def cpu(self): return self
    def numpy(self): return self.array

class Linear:
    def __init__(self, j, m):
        self.weight, self.bias = Tensor(rng.normal(size=(m, j))), Tensor(rng.normal(size=m))

class Tanh: pass

class Sequential(list):
    def eval(self): return self
    def parameters(self): return [p for _, p in self.named_parameters()]
    def named_parameters(self):
        return [(f"{i}.{s}", getattr(layer, s)) for i, layer in enumerate(self) if hasattr(layer, "weight") for s in
                ("weight", "bias")]

x, y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))

def make(spoiled=1.0):
    net = Sequential([Linear(3, 5), Tanh(), Linear(5, 2)])
    one, _, two = net
    h = np.tanh(x @ one.weight.array.T + one.bias.array)
    d2 = (h @ two.weight.array.T + two.bias.array - y) / 4
    d1 = d2 @ two.weight.array * (1 - h * h) * spoiled
    for layer, d, before in ((two, d2, h), (one, d1, x)):
        layer.weight.grad, layer.bias.grad = Tensor(d.T @ before), Tensor(d.sum(axis=0))
    return net

right, wrong = make(), make(1.5)
def endless(): time.sleep(60)
def broken(): raise RuntimeError("it is broken")
"""


def test_a_module_of_a_file_is_audited_in_a_process_of_its_own(run, refused, tmp_path):
    (tmp_path / "module.py").write_text(MODULE)
    code, out, _ = run("check", "--torch", "module.py:wrong")
    assert code == 1
    assert "The first that is wrong is array 3, dL/dW_1." in " ".join(out.split())
    assert "RuntimeError: it is broken" in refused("check", "--torch", "module.py:broken")
    assert "took more than 1 s" in refused("check", "--torch", "module.py:endless", "--seconds", 1)


def test_what_the_process_does(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "module.py").write_text(MODULE)
    found = module_files._run(module_files._ModuleTask("module.py", "right", None, None, 0))
    assert (found.network.sizes, found.x.shape) == ((3, 5, 2), (4, 3))
    assert audit_gradients(found.network, found.x, found.y, found.gradients).ok
    assert capsys.readouterr().out == ""
    refusal = module_files._run(module_files._ModuleTask("module.py", "nothing", None, None, 0))
    assert "right, wrong" in str(refusal)
