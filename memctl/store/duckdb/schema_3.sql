-- Third version of the store: every table of a user's rows names the user, and what DuckDB and PostgreSQL do differently
-- has one name in both. An owner that is no longer known is ''.

ALTER TABLE evidence ADD COLUMN user_id VARCHAR DEFAULT '';
ALTER TABLE sightings ADD COLUMN user_id VARCHAR DEFAULT '';
ALTER TABLE removed ADD COLUMN user_id VARCHAR DEFAULT '';
ALTER TABLE touched ADD COLUMN user_id VARCHAR DEFAULT '';
ALTER TABLE taken_back ADD COLUMN user_id VARCHAR DEFAULT '';
ALTER TABLE undo_evidence ADD COLUMN user_id VARCHAR DEFAULT '';
ALTER TABLE undo_sightings ADD COLUMN user_id VARCHAR DEFAULT '';

CREATE TEMP TABLE owners AS
SELECT id, min(user_id) AS user_id FROM (
    SELECT id, user_id FROM records UNION ALL SELECT id, user_id FROM claims
    UNION ALL SELECT id, user_id FROM undo_records UNION ALL SELECT id, user_id FROM undo_claims
) GROUP BY id;
UPDATE evidence SET user_id = o.user_id FROM owners o WHERE o.id = evidence.fact;
UPDATE evidence SET user_id = o.user_id FROM owners o WHERE o.id = evidence.claim AND evidence.user_id = '';
UPDATE undo_evidence SET user_id = o.user_id FROM owners o WHERE o.id = undo_evidence.fact;
UPDATE sightings SET user_id = o.user_id FROM owners o WHERE o.id = sightings.episode;
UPDATE undo_sightings SET user_id = o.user_id FROM owners o WHERE o.id = undo_sightings.episode;
UPDATE removed SET user_id = o.user_id FROM owners o WHERE o.id = removed.id;
UPDATE touched SET user_id = o.user_id FROM owners o WHERE o.id = touched.id;
UPDATE taken_back SET user_id = o.user_id FROM owners o WHERE o.id = taken_back.id;
DROP TABLE owners;

-- PostgreSQL has no unsigned integers.
ALTER TABLE touched ALTER before TYPE BIGINT USING CASE WHEN place = 'removed' THEN before ELSE before >> 1 END;
ALTER TABLE touched ALTER state TYPE BIGINT USING CASE WHEN place = 'removed' THEN state ELSE state >> 1 END;

-- The lower 64 bits of an MD5 or a UUID.
CREATE MACRO half(hex) AS ('0x' || right(replace(hex, '-', ''), 16))::UBIGINT;
-- The state of a row, from its text.
CREATE MACRO row_state(row) AS (md5_number_lower(row) >> 1)::BIGINT;
-- A file's row key as an id, as `model.file_id` computes it in Python, and back.
CREATE MACRO file_id(key) AS ('00000000-0000-0000-0000-' || lpad(to_hex(key), 12, '0'))::UUID;
CREATE MACRO file_key(id) AS ('0x' || right(id::VARCHAR, 12))::BIGINT;
-- Stems in any order, with repetitions: summing their hashes takes a quarter of the time of sorting.
CREATE MACRO bag(stems) AS list_sum(list_transform(stems, lambda stem: (hash(stem) >> 8)::HUGEINT));
-- The distinct elements of a list; one NULL for an empty list.
CREATE MACRO each(list) AS CASE WHEN len(list) = 0 THEN [NULL] ELSE list_distinct(list) END;
-- Whether a text says that something is not so; `tally.NEGATION` in Python.
CREATE MACRO negates(said) AS regexp_matches(said, '(?i)\b(no|not|never|none|nor|nobody|nothing|neither|without|cannot)\b|n[''’]t\b');
-- A text in lower case, without accents.
CREATE MACRO folded(said) AS lower(strip_accents(said));
-- Whether a text has no words but these.
CREATE MACRO says_only(said, allowed) AS len(list_filter(
    regexp_extract_all(lower(said), '\w+'), lambda word: NOT list_contains(allowed, word)
)) = 0;
