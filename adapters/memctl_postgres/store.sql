-- The store in PostgreSQL: the tables of memctl/store/duckdb/schema*.sql. Run with the schema first on the search path.
-- Every table of a user's rows has a column for the user, so that one condition selects the shard of a statement.
-- {text} is text sorted by its bytes, {collation} a collation that knows the case of every letter.

CREATE TABLE meta (name {text} PRIMARY KEY, value text NOT NULL);

CREATE TABLE records (
    key bigint NOT NULL,
    id uuid NOT NULL,
    user_id {text} NOT NULL,
    agent_id {text},
    session_id {text},
    app_id {text},
    kind {text} NOT NULL,
    text {text} NOT NULL,
    subject {text},
    predicate {text},
    object {text},
    categories text[] NOT NULL,
    confidence float8,
    valid_at timestamp,
    invalid_at timestamp,
    created_at timestamp,
    updated_at timestamp,
    expired_at timestamp,
    expires_at timestamp,
    superseded_by uuid,
    source_system {text} NOT NULL,
    source_id text,
    source_uri text,
    source_session text,
    source_turns text[] NOT NULL,
    source_quote text,
    metadata json NOT NULL,
    native json NOT NULL,
    content_hash text NOT NULL,
    imported_at timestamp NOT NULL,
    role {text},
    speaker {text},
    position integer,
    episode uuid,
    PRIMARY KEY (user_id, id)
);
CREATE INDEX records_id ON records (id);

CREATE TABLE units (
    key bigint NOT NULL,
    record bigint NOT NULL,
    user_id {text} NOT NULL,
    seq smallint NOT NULL,
    text {text} NOT NULL,
    toks text[] NOT NULL
);
CREATE INDEX units_key ON units (key);
CREATE INDEX units_record ON units (record);
CREATE INDEX units_user ON units (user_id);

CREATE TABLE claims (
    id uuid NOT NULL,
    user_id {text} NOT NULL,
    subject {text} NOT NULL,
    predicate {text} NOT NULL,
    episode uuid,
    recorded_at timestamp NOT NULL,
    claim json NOT NULL,
    PRIMARY KEY (user_id, id)
);
CREATE INDEX claims_id ON claims (id);
CREATE INDEX claims_about ON claims (user_id, subject, predicate);
CREATE INDEX claims_episode ON claims (episode);

CREATE TABLE evidence (fact uuid NOT NULL, claim uuid NOT NULL, seq integer NOT NULL, user_id {text} NOT NULL);
CREATE INDEX evidence_fact ON evidence (fact);
CREATE INDEX evidence_claim ON evidence (claim);

CREATE TABLE files (
    key bigint PRIMARY KEY,
    uri {text} NOT NULL,
    attribution {text} NOT NULL,
    recipe {text} NOT NULL,
    format {text} NOT NULL,
    size bigint NOT NULL,
    mtime_ns bigint NOT NULL,
    sha256 text NOT NULL,
    sessions bigint NOT NULL,
    turns bigint NOT NULL,
    since timestamp,
    complete boolean NOT NULL,
    ingested_at timestamp NOT NULL
);
CREATE INDEX files_uri ON files (uri);
CREATE TABLE sightings (file bigint NOT NULL, episode uuid NOT NULL, user_id {text} NOT NULL);
CREATE INDEX sightings_file ON sightings (file);
CREATE INDEX sightings_episode ON sightings (episode);

CREATE TABLE removed (id uuid NOT NULL, user_id {text} NOT NULL);
CREATE INDEX removed_id ON removed (id);

CREATE TABLE extract_cache (
    key {text} NOT NULL,
    model text NOT NULL,
    user_id {text} NOT NULL,
    outcome text NOT NULL,
    answer text NOT NULL,
    existing json NOT NULL,
    episodes uuid[] NOT NULL,
    input_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    made_at timestamp NOT NULL
);
CREATE INDEX extract_cache_key ON extract_cache (key);
CREATE TABLE batches (
    id {text} PRIMARY KEY,
    remote_id text,
    model text NOT NULL,
    base_url text NOT NULL,
    state text NOT NULL,
    command json NOT NULL,
    made_at timestamp NOT NULL
);
CREATE TABLE batch_requests (
    batch {text} NOT NULL,
    key {text} NOT NULL,
    user_id {text} NOT NULL,
    existing json NOT NULL,
    episodes uuid[] NOT NULL
);
CREATE INDEX batch_requests_batch ON batch_requests (batch);
CREATE INDEX batch_requests_key ON batch_requests (key);

CREATE TABLE runs (
    id {text} PRIMARY KEY,
    command text NOT NULL,
    user_id {text},
    embedder text,
    made_at timestamp NOT NULL,
    undone_at timestamp
);
CREATE TABLE touched (
    run {text} NOT NULL,
    place {text} NOT NULL,
    id uuid NOT NULL,
    before bigint,
    state bigint,
    user_id {text} NOT NULL
);
CREATE INDEX touched_run ON touched (run, place);
CREATE INDEX touched_id ON touched (id);
CREATE TABLE undo_records AS SELECT ''::{text} AS run, * FROM records LIMIT 0;
CREATE TABLE undo_units AS SELECT ''::{text} AS run, * FROM units LIMIT 0;
CREATE TABLE undo_claims AS SELECT ''::{text} AS run, * FROM claims LIMIT 0;
CREATE TABLE undo_evidence AS SELECT ''::{text} AS run, * FROM evidence LIMIT 0;
CREATE TABLE undo_files AS SELECT ''::{text} AS run, * FROM files LIMIT 0;
CREATE TABLE undo_sightings AS SELECT ''::{text} AS run, * FROM sightings LIMIT 0;
CREATE TABLE undo_vectors (run {text} NOT NULL, unit bigint NOT NULL, user_id {text} NOT NULL, embedding real[] NOT NULL);
CREATE INDEX undo_records_run ON undo_records (run);
CREATE INDEX undo_units_run ON undo_units (run);
CREATE INDEX undo_claims_run ON undo_claims (run);
CREATE INDEX undo_evidence_run ON undo_evidence (run);
CREATE INDEX undo_files_run ON undo_files (run);
CREATE INDEX undo_sightings_run ON undo_sightings (run);
CREATE INDEX undo_vectors_run ON undo_vectors (run);

CREATE TABLE taken_back (id uuid NOT NULL, user_id {text} NOT NULL);
CREATE INDEX taken_back_id ON taken_back (id);

CREATE TABLE forgotten (salt text NOT NULL, digest text NOT NULL, forgotten_at timestamp NOT NULL);

CREATE SEQUENCE records_keys;
CREATE SEQUENCE units_keys;
CREATE SEQUENCE files_keys;

-- Functions that DuckDB has built in, or as macros of the same name in schema.sql and schema_3.sql.
CREATE FUNCTION similarity(a vector, b vector) RETURNS float8 IMMUTABLE PARALLEL SAFE
    RETURN -(a <#> b);
CREATE FUNCTION strlen(said text) RETURNS bigint IMMUTABLE PARALLEL SAFE
    RETURN octet_length(said);
CREATE FUNCTION epoch_us(at timestamp) RETURNS bigint IMMUTABLE PARALLEL SAFE
    RETURN (extract(epoch FROM at) * 1000000)::bigint;
CREATE FUNCTION half(hex text) RETURNS bigint IMMUTABLE PARALLEL SAFE
    RETURN ('x' || right(replace(hex, '-', ''), 16))::bit(64)::bigint;
CREATE FUNCTION row_state(line text) RETURNS bigint IMMUTABLE PARALLEL SAFE
    RETURN ('x' || left(md5(line), 16))::bit(64)::bigint;
CREATE FUNCTION file_id(key bigint) RETURNS uuid IMMUTABLE PARALLEL SAFE
    RETURN ('00000000-0000-0000-0000-' || lpad(to_hex(key), 12, '0'))::uuid;
CREATE FUNCTION file_key(id uuid) RETURNS bigint IMMUTABLE PARALLEL SAFE
    RETURN ('x' || right(id::text, 12))::bit(48)::bigint;
CREATE FUNCTION bag(stems text[]) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN array_to_string(ARRAY(SELECT unnest(stems) ORDER BY 1), ' ');
CREATE FUNCTION each(list text[]) RETURNS text[] IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN cardinality(list) = 0 THEN ARRAY[NULL]::text[] ELSE ARRAY(SELECT DISTINCT unnest(list)) END;
CREATE FUNCTION negates(said text) RETURNS boolean IMMUTABLE PARALLEL SAFE
    RETURN said ~ '(?i)\y(no|not|never|none|nor|nobody|nothing|neither|without|cannot)\y|n[''’]t\y';
CREATE FUNCTION folded(said text) RETURNS text IMMUTABLE PARALLEL SAFE
    RETURN lower(regexp_replace(normalize(said, NFD), '[\u0300-\u036f]', '', 'g') COLLATE {collation});
CREATE FUNCTION says_only(said text, allowed text[]) RETURNS boolean IMMUTABLE PARALLEL SAFE
    RETURN NOT EXISTS (
        SELECT FROM regexp_matches(lower(said COLLATE {collation}), '[0-9A-Za-z_]+', 'g') AS found
        WHERE found[1] <> ALL (allowed)
    );
