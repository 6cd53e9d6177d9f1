"""mem0's self-hosted REST server."""
