"""Ingest: transcripts are read, facts extracted, and both stored, in one transaction per batch.

This package connects transcripts, extraction, reconciliation and the store, which do not know each other.
"""
