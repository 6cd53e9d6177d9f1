"""Graphiti, the open temporal knowledge graph, as a backend."""
