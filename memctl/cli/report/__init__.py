"""Commands: what a memory contains and costs."""
