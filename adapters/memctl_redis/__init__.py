"""Redis: the records of Redis Agent Memory Server, and the conversations that applications keep there."""
