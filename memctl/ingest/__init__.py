"""Transcripts in, facts out: whose they are, what they say, one transaction a batch.

This floor joins transcripts, extraction, reconciliation and the store; none of those knows of each other through it.
"""
