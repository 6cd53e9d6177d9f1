"""One module per format: detect it, and read it into sessions."""
