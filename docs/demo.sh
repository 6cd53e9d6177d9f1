#!/bin/sh
# Run by `make demo`: ingest transcripts, search facts, show the history of one.
set -eu
run() {
    printf '\n$ memctl %s\n' "$*"
    "$BIN/memctl" "$@" --store "$STORE"
}
mkdir -p "$(dirname "$STORE")"
run ingest fixtures/transcripts
run users
run search alice "shipping" -k 3
run facts alice
run history alice --predicate lives_in
run search alice "where does she live" -k 3 --explain
run diff alice --from 2026-03-01 --to now
