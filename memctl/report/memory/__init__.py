"""One user's memory as an HTML page: a timeline, a graph, and the facts with their evidence."""
