"""What the train command does."""
