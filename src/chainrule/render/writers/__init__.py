"""Documents as text, Markdown, LaTeX, HTML, and plain data."""
