"""The C reference: W1, W3, W4 and W5 by hand, as a measure for the engine."""
