"""The page: a network to look at, to walk through, to ask and to change; in a browser, a file or a notebook.

``session`` answers questions, each with a record; ``server``, ``export`` and ``widget`` bring them to the page.
The page itself is written in ``web/`` and comes bundled in ``static/``.
"""
