"""Large trials, each a command with a fixed seed; the tests run a sample of each."""
