"""Which mistake is behind a wrong line."""
