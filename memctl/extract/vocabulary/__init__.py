"""Words that the rules know: verb forms, relatives, and the words of dates."""
