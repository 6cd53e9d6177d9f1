"""An example of a backend that lives outside memctl: a SQLite file."""
