-- How often a cleared vehicle was seen and its alert not raised: per clearance, UTC day and process
-- that matched, the count so far. Counts alone, which outlive the reads.
CREATE TABLE IF NOT EXISTS {database}.cleared_counts {on_cluster}
(
    list LowCardinality(String),
    clearance String,
    day Date,
    source String,
    silenced UInt64,
    last_at DateTime64(3, 'UTC')
)
ENGINE = {replacing}(silenced)
ORDER BY (list, clearance, day, source);

-- What an entry would have matched before it came into force: its history, kept by the day of the
-- read, so that it goes with the day's partition as the reads do. `found_at` tells the searches of
-- an entry apart.
CREATE TABLE IF NOT EXISTS {database}.past_reads {on_cluster}
(
    list LowCardinality(String),
    entry_id String CODEC(LZ4),
    found_at DateTime64(3, 'UTC'),
    time DateTime64(3, 'UTC'),
    camera LowCardinality(String),
    read_id String CODEC(LZ4),
    plate String CODEC(LZ4),
    region LowCardinality(String),
    class LowCardinality(String),
    cost Float64,
    posterior Float64,
    state LowCardinality(String),
    candidate String CODEC(LZ4),
    alerts Bool
)
ENGINE = {replacing}
PARTITION BY toDate(time, 'UTC')
ORDER BY (list, entry_id, found_at, camera, read_id);
