"""Letta as a backend: agents over its REST API, agent files, and memory folders in git."""
