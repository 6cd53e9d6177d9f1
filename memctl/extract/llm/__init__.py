"""Extraction by a language model: windows of a session, prompts, requests, and validation of the answers.

A proposed fact becomes a claim only if its quote occurs in the transcript. The caller decides when to send requests,
and stores answers and costs.
"""
