"""The walk: every equation once, forward, the loss, and back."""

import chainrule as cr
from chainrule.explanation.walk import walk


def test_a_walk_as_data_names_its_network_and_the_phase_of_each_step():
    net = cr.Network.random([2, 3, 2], "tanh", seed=0)
    for notation in ("textbook", "delta"):
        told = walk(net, [0.5, -1.0], 1, notation).to_dict()
        assert (told["network"], told["notation"]) == (repr(net), notation)
        phases = [step["phase"] for step in told["steps"]]
        assert phases == sorted(phases, key=["forward", "loss", "backward"].index)
        assert set(phases) == {"forward", "loss", "backward"}
