"""The mathematics: names, activations, losses, the equations, the network and its two passes."""
