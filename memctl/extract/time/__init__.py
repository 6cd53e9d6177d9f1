"""The periods of time that a text names."""
