"""Each line held against the truth and against the author's own earlier lines: right, follows or wrong."""
