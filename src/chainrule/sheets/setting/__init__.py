"""What a sheet gives of its network, in a header or in its own lines, and what is assumed beside it."""
