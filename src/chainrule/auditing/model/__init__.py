"""What a sheet says of a network: its problem, its claims, and what each name is worth."""
