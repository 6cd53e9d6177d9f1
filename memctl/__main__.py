"""`python -m memctl` runs the command line."""

from memctl.cli.app import script

script()
