"""The page: a network to look at, to walk through, to ask and to change; in a browser, a file or a notebook.

``session`` answers each record of ``questions`` with one of ``answers``; ``server``, ``export`` and ``widget`` bring
them to the page, which is written in ``web/`` and comes bundled in ``static/``.
"""
