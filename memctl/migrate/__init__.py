"""Moving facts from one backend to another: plan, apply, verify, and the ledger that makes a second run the resume.

Speaks to backends through the adapter contract and asks their Capabilities, never their names.
"""
