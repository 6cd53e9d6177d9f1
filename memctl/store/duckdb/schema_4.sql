-- Fourth version of the store: the tables of vectors have columns for the vectors in two bits a dimension
-- (`signs.complete`), from which a search of all users estimates cosines.

-- Half of what 64 dimensions of two vectors add to their inner product, without what the second vector alone adds. The
-- bits of `a` and `b` are for positive numbers, those of `p` and `q` for large ones, which count 3 and the others 1.
CREATE MACRO agreement(a, p, b, q) AS
    bit_count(p)::INTEGER + 2 * bit_count(p & q)::INTEGER
    - bit_count(xor(a, b))::INTEGER - 2 * bit_count(xor(a, b) & q)::INTEGER
    - 2 * bit_count(xor(a, b) & p)::INTEGER - 4 * bit_count(xor(a, b) & p & q)::INTEGER;
