"""mem0's hosted platform, through `mem0.MemoryClient`."""
