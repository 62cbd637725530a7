-- Lines of an import that could not be taken, the first ones of each.
CREATE TABLE IF NOT EXISTS {database}.hotlist_bad_lines {on_cluster}
(
    list LowCardinality(String),
    version UInt32,
    line UInt32,
    field LowCardinality(String),
    expected LowCardinality(String),
    came String CODEC(LZ4)
)
ENGINE = {replacing}
ORDER BY (list, version, line, field);

-- What tells a version from the one that was in force when it was staged: each entry that is not
-- the same on both sides, once for each side that has it. By plate and state, because an entry that
-- comes for one that went with the same plate is a change to whoever reads it. `silenced` are the
-- entries of the file that a removal keeps out of the version.
CREATE TABLE IF NOT EXISTS {database}.hotlist_differences {on_cluster}
(
    list LowCardinality(String),
    version UInt32,
    plate String CODEC(LZ4),
    region LowCardinality(String),
    side Enum8('was' = 1, 'is' = 2, 'silenced' = 3),
    id String CODEC(LZ4),
    reason String CODEC(LZ4),
    case_number String CODEC(LZ4),
    profile LowCardinality(String),
    make LowCardinality(String),
    model LowCardinality(String),
    color LowCardinality(String),
    type LowCardinality(String),
    year Nullable(UInt16),
    purpose LowCardinality(String),
    expires_at String CODEC(LZ4),
    details String CODEC(LZ4),
    active UInt8
)
ENGINE = {replacing}
ORDER BY (list, version, plate, region, side, id);
