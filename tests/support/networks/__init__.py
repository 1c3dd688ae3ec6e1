"""Three small networks as strangers write them, each in a style of its own; tests call them and plant mistakes."""
