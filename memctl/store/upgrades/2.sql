-- Users who were forgotten, as salted hashes: what is read or moved later does not bring them back.
CREATE TABLE forgotten (salt VARCHAR NOT NULL, digest VARCHAR NOT NULL, forgotten_at TIMESTAMP NOT NULL);
