"""`memctl mcp`: one user's memory as tools for assistants, over the Model Context Protocol (extra `mcp`).

`records` and `tools` do not know the protocol; `server`, `stdio` and `http` do, and only they import the SDK.
"""
