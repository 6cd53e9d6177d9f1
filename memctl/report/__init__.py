"""Volume of a memory on any backend, its costs by a dated price book, and charts of both."""
