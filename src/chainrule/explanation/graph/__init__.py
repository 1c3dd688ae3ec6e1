"""The chain rule in any graph of formulas.

From text to an answer: ``tokens`` and ``language`` read formulas, ``build`` makes ``nodes`` of them, which ``circuit``
knows by name. ``functions`` has a row for each function, with its derivative. ``reverse`` is the backward pass,
``numbers`` the forward pass, ``routes`` counts paths and finds the largest, ``symbolic`` writes formulas by ``sums``.
``answer``, ``gradients`` and ``jacobian`` each answer one kind of question; ``graph`` is what users see.
"""
