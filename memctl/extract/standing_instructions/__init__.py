"""Standing instructions to an assistant."""
