"""The command line: one module per command, each parses options, calls one function and renders its typed result."""

import gc

# Otherwise a short command spends a tenth of its time looking for cycles among its modules, which stay until the end.
gc.set_threshold(100_000, 20, 20)
