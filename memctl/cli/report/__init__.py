"""Commands: the size and the cost of a memory."""
