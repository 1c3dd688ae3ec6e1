"""Tables of data: read, made ready for a network, trained on, scored."""
