"""Commands: copy facts between backends, and compare them."""
