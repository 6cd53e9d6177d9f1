"""The tables of typed facts, one module a topic: data only, read by `memctl.extract.rules`."""
