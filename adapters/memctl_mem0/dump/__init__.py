"""Exports of mem0 as files of facts."""
