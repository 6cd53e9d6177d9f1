"""Code shared by letta-memfs and the agents' memory folders: text files that an agent and memctl both write."""
