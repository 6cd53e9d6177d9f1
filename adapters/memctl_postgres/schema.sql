-- Version 1. Run with the schema first on the search path. PostgreSQL's texts cannot contain NUL: it is written as ␀0,
-- and ␀ itself as ␀␀.

-- One row per fact. `key` is the order of arrival, by which reading resumes. jsonb changes some numbers (1e16, -0.0):
-- `exact` then has both objects as they were written, and `exact_of` the hash of the jsonb, so that a later edit of the
-- jsonb takes precedence. `embedding` gets its number of dimensions from the first vector; `embedding_exact` has vectors
-- that single precision, or this number of dimensions, cannot represent. Vectors of usual length are stored in the row
-- itself, because a search of a user's facts reads them all.
CREATE TABLE facts (
    id uuid PRIMARY KEY,
    key bigint GENERATED ALWAYS AS IDENTITY,
    user_id text NOT NULL,
    agent_id text,
    session_id text,
    app_id text,
    kind text NOT NULL,
    text text NOT NULL,
    subject text,
    predicate text,
    object text,
    categories text[] NOT NULL DEFAULT '{}',
    confidence double precision CHECK (confidence BETWEEN 0 AND 1),
    valid_at timestamptz,
    invalid_at timestamptz,
    created_at timestamptz,
    updated_at timestamptz,
    expired_at timestamptz,
    expires_at timestamptz,
    superseded_by uuid,
    source_system text NOT NULL DEFAULT 'postgres',
    source_id text,
    source_uri text,
    source_session text,
    source_turns text[] NOT NULL DEFAULT '{}',
    source_quote text,
    metadata jsonb NOT NULL DEFAULT '{}',
    native jsonb NOT NULL DEFAULT '{}',
    exact text,
    exact_of text,
    content_hash text,
    embedding_model text,
    embedding vector,
    embedding_exact double precision[],
    imported_at timestamptz NOT NULL DEFAULT now(),
    -- Stems without accents and vowel points; the same expression as `STEMS` in search.py.
    lexemes tsvector GENERATED ALWAYS AS (
        to_tsvector('english', normalize(regexp_replace(
            normalize(left(text, 60000), NFKD),
            '[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]', '', 'g'
        ), NFC))
    ) STORED
) WITH (toast_tuple_target = 8160);

CREATE UNIQUE INDEX facts_user_id ON facts (user_id, key);
CREATE INDEX facts_lexemes ON facts USING gin (lexemes);

-- The graph: one edge per fact with subject, predicate and object.
CREATE VIEW relations AS
SELECT id, user_id, subject, predicate AS edge, object, text, confidence, valid_at, invalid_at, created_at, expired_at,
       superseded_by
FROM facts
WHERE subject IS NOT NULL AND predicate IS NOT NULL AND object IS NOT NULL;

-- The summary of each user and scope: the latest one that was not replaced.
CREATE VIEW summaries AS
SELECT DISTINCT ON (user_id, agent_id, session_id, app_id)
       id, user_id, agent_id, session_id, app_id, text, valid_at, created_at, updated_at
FROM facts
WHERE kind = 'summary' AND superseded_by IS NULL AND expired_at IS NULL
ORDER BY user_id, agent_id, session_id, app_id, coalesce(updated_at, created_at) DESC NULLS LAST, key DESC;
