-- The memory of migrations, apart from any store. One row of `entries` is one fact on one route; a route is a source,
-- a target and a mode. Times are UTC.

CREATE TABLE meta (name VARCHAR NOT NULL, value VARCHAR NOT NULL);

CREATE TABLE routes (route INTEGER NOT NULL, source VARCHAR NOT NULL, target VARCHAR NOT NULL, mode VARCHAR NOT NULL);

CREATE TABLE runs (
    id VARCHAR NOT NULL,
    route INTEGER NOT NULL,
    state VARCHAR NOT NULL, -- running, done, partial, interrupted, limit, failed, killed
    command VARCHAR NOT NULL, -- the command line that goes on with it
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    counts JSON NOT NULL,
    rejects_file VARCHAR,
    error VARCHAR
);

-- `attempts` counts the times the fact was sent; a planned entry with attempts may or may not be in the target.
CREATE TABLE entries (
    key BIGINT NOT NULL,
    route INTEGER NOT NULL,
    run VARCHAR NOT NULL,
    user_id VARCHAR NOT NULL, -- in the target
    source_id UUID NOT NULL,
    target_id VARCHAR,
    content_hash BLOB NOT NULL, -- SHA-256
    state VARCHAR NOT NULL, -- planned, written, verified, rejected, removed
    attempts INTEGER NOT NULL,
    error VARCHAR
);
