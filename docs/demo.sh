#!/bin/sh
# What `make demo` shows: transcripts become facts, facts are found again, and what was superseded is still known.
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
