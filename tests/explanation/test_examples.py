"""The notes' example explained: what the README, the docs and ``examples/`` show."""

import chainrule as cr

NOTES_NET = cr.Network(
    [
        [[0.1, 0.3, 0.8, -0.4], [-0.3, -0.2, 0.5, 0.5], [-0.3, 0, 0.5, 0.4], [0.2, 0.5, -0.9, 0.7]],
        [[0.5, 0.8, 0.2, 0.4], [0.5, 0.2, 0.3, -0.5]],
    ],
    hidden="sigmoid",
    output="softmax",
    loss="squared_error",
)
