"""Backends: the contract, the registry that opens them by name, and files as backends."""
