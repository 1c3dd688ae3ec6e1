"""Names in worksheets: how they are spelled, and what each could mean in a network."""
