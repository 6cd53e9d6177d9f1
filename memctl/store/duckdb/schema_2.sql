-- Second version of the store: what models answered, batches under way, and what a run changed so that it can be undone.

-- A model's answer under the hash of what it was asked. `existing` are the facts it was shown beside that, `episodes` the
-- turns it read; an answer goes when one of them is erased.
CREATE TABLE extract_cache (
    key VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    user_id VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL, -- answered, length, refused, filtered, unreadable
    answer VARCHAR NOT NULL,
    existing JSON NOT NULL,
    episodes UUID[] NOT NULL,
    input_tokens BIGINT NOT NULL,
    cached_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    made_at TIMESTAMP NOT NULL
);

-- Batches of questions a server works through on its own. `state` is prepared until the server's id is known, then
-- submitted, then collected or lost; once what it was about has been ingested again it is done or dropped.
CREATE TABLE batches (
    id VARCHAR NOT NULL,
    remote_id VARCHAR,
    model VARCHAR NOT NULL,
    base_url VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    command JSON NOT NULL, -- what was to be ingested, and how
    made_at TIMESTAMP NOT NULL
);
CREATE TABLE batch_requests (
    batch VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    user_id VARCHAR NOT NULL,
    existing JSON NOT NULL,
    episodes UUID[] NOT NULL
);

-- Runs that can be undone, and the rows they changed as they were before. `touched` says of every row a run changed in
-- which state the run found it and left it: a hash, NULL for a row that was not there.
CREATE TABLE runs (
    id VARCHAR NOT NULL,
    command VARCHAR NOT NULL,
    user_id VARCHAR,
    embedder VARCHAR, -- whose vectors its rows have
    made_at TIMESTAMP NOT NULL,
    undone_at TIMESTAMP
);
CREATE TABLE touched (
    run VARCHAR NOT NULL,
    place VARCHAR NOT NULL, -- fact, claim, removed, file
    id UUID NOT NULL, -- a file's row key as one
    before UBIGINT,
    state UBIGINT
);
CREATE TABLE undo_records AS SELECT ''::VARCHAR AS run, * FROM records LIMIT 0;
CREATE TABLE undo_units AS SELECT ''::VARCHAR AS run, * FROM units LIMIT 0;
CREATE TABLE undo_claims AS SELECT ''::VARCHAR AS run, * FROM claims LIMIT 0;
CREATE TABLE undo_evidence AS SELECT ''::VARCHAR AS run, * FROM evidence LIMIT 0;
CREATE TABLE undo_files AS SELECT ''::VARCHAR AS run, * FROM files LIMIT 0;
CREATE TABLE undo_sightings AS SELECT ''::VARCHAR AS run, * FROM sightings LIMIT 0;
CREATE TABLE undo_vectors (run VARCHAR NOT NULL, unit BIGINT NOT NULL, user_id VARCHAR NOT NULL, embedding FLOAT[] NOT NULL);

-- Facts that were written and then undone: a migration that wrote them before has them to write again.
CREATE TABLE taken_back (id UUID NOT NULL);

-- Users who were forgotten, as salted hashes: what is read or moved later does not bring them back.
CREATE TABLE forgotten (salt VARCHAR NOT NULL, digest VARCHAR NOT NULL, forgotten_at TIMESTAMP NOT NULL);
