"""Training: data prepared for a network, optimizers, the loop over epochs."""
