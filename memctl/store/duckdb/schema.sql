-- The local store. Every time is UTC in a TIMESTAMP; a row key is a BIGINT because DuckDB keeps those far smaller and
-- faster than UUIDs. `facts` at the end is what people query; the tables beneath it are the store's own.

CREATE TABLE meta (name VARCHAR NOT NULL, value VARCHAR NOT NULL);

-- One row a Fact. `episode` is the episode a typed fact was first read from, `position` an episode's place in its session.
CREATE TABLE records (
    key BIGINT NOT NULL,
    id UUID NOT NULL,
    user_id VARCHAR NOT NULL,
    agent_id VARCHAR,
    session_id VARCHAR,
    app_id VARCHAR,
    kind VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    subject VARCHAR,
    predicate VARCHAR,
    object VARCHAR,
    categories VARCHAR[] NOT NULL,
    confidence DOUBLE,
    valid_at TIMESTAMP,
    invalid_at TIMESTAMP,
    created_at TIMESTAMP,
    updated_at TIMESTAMP,
    expired_at TIMESTAMP,
    expires_at TIMESTAMP,
    superseded_by UUID,
    source_system VARCHAR NOT NULL,
    source_id VARCHAR,
    source_uri VARCHAR,
    source_session VARCHAR,
    source_turns VARCHAR[] NOT NULL,
    source_quote VARCHAR,
    metadata JSON NOT NULL,
    native JSON NOT NULL,
    content_hash VARCHAR NOT NULL,
    imported_at TIMESTAMP NOT NULL,
    role VARCHAR,
    speaker VARCHAR,
    position INTEGER,
    episode UUID
);

-- What search looks at: a record's whole text (seq 0) and, for an episode, its sentences (seq 1, 2, …).
-- `toks` are the stop-worded stems of a whole text, repeats kept; sentences are compared by their vectors alone.
CREATE TABLE units (
    key BIGINT NOT NULL,
    record BIGINT NOT NULL,
    user_id VARCHAR NOT NULL,
    seq SMALLINT NOT NULL,
    text VARCHAR NOT NULL,
    toks VARCHAR[] NOT NULL
);

-- The evidence log: what turns said, as an extractor read it. Facts of transcripts are a fold over it.
CREATE TABLE claims (
    id UUID NOT NULL,
    user_id VARCHAR NOT NULL,
    subject VARCHAR NOT NULL, -- case-folded
    predicate VARCHAR NOT NULL,
    episode UUID,
    recorded_at TIMESTAMP NOT NULL,
    claim JSON NOT NULL
);

-- Which claims a fact rests on, in order.
CREATE TABLE evidence (fact UUID NOT NULL, claim UUID NOT NULL, seq INTEGER NOT NULL);

-- The files ingested, and which episodes were seen in each.
CREATE TABLE files (
    key BIGINT NOT NULL,
    uri VARCHAR NOT NULL,
    attribution VARCHAR NOT NULL,
    recipe VARCHAR NOT NULL,
    format VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    sha256 VARCHAR NOT NULL,
    sessions BIGINT NOT NULL,
    turns BIGINT NOT NULL,
    since TIMESTAMP, -- turns before it were left out
    complete BOOLEAN NOT NULL, -- false when something in the file could not be read
    ingested_at TIMESTAMP NOT NULL
);
CREATE TABLE sightings (file BIGINT NOT NULL, episode UUID NOT NULL);

-- Episodes and claims somebody removed by hand: no transcript brings them back.
CREATE TABLE removed (id UUID NOT NULL);

CREATE MACRO similarity(a, b) AS array_inner_product(a, b);
