"""What letta-memfs and the agents' memory folders share: folders of text to which an agent and memctl both write."""
