-- What goes with an entry: the policy's purpose ('' where it is the list's), the moment from which
-- it alerts no more (ISO 8601 UTC, '' for none), and its details (JSON, '' for none). An entry that
-- is not active is kept to be looked at, and never matched.
ALTER TABLE {database}.hotlist_entries {on_cluster}
    ADD COLUMN IF NOT EXISTS purpose LowCardinality(String),
    ADD COLUMN IF NOT EXISTS expires_at String CODEC(LZ4),
    ADD COLUMN IF NOT EXISTS details String CODEC(LZ4),
    ADD COLUMN IF NOT EXISTS active UInt8 DEFAULT 1;
