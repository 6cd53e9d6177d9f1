"""One user's memory as a page: what was true when, what replaced it, how things relate, and the words it rests on."""
