"""A stranger's backward pass called: what its parameters mean, what they are given, what came back."""
