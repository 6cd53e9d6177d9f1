"""What can be understood only with earlier words: answers, lists below a label, corrections, changes."""
