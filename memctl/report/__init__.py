"""What a memory holds and what it costs: volumes measured on any backend, prices from a dated book, charts of both."""
