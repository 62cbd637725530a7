-- Reads: what every camera saw, one partition per UTC day of the trusted time, so that the purge is
-- a partition drop. A read is identified by (camera, id) and the first one wins: `precedence` falls
-- as the stream's sequence rises, and ReplacingMergeTree keeps the highest. Plate look-ups and
-- camera-and-time scans have an order of their own each, as projections: with either as the table's
-- key a read sent twice with another plate would be stored twice.
CREATE TABLE IF NOT EXISTS {database}.reads {on_cluster}
(
    camera LowCardinality(String),
    id String CODEC(LZ4),
    time DateTime64(3, 'UTC') CODEC(Delta(8), LZ4),
    received_at DateTime64(3, 'UTC') CODEC(Delta(8), LZ4),
    device_time Nullable(DateTime64(3, 'UTC')) CODEC(LZ4),
    clock_suspect Bool,
    plate String CODEC(LZ4),
    region LowCardinality(String),
    confidence Nullable(Float32) CODEC(LZ4),
    char_confidence Array(Float32) CODEC(ZSTD(1)),
    candidates Array(Tuple(plate String, confidence Float32)) CODEC(ZSTD(1)),
    lat Nullable(Decimal(9, 6)) CODEC(LZ4),
    lon Nullable(Decimal(9, 6)) CODEC(LZ4),
    heading Nullable(UInt16) CODEC(LZ4),
    lane Nullable(UInt8) CODEC(LZ4),
    make LowCardinality(String),
    model LowCardinality(String),
    color LowCardinality(String),
    type LowCardinality(String),
    year Nullable(UInt16) CODEC(LZ4),
    image_plate Bool,
    image_vehicle Bool,
    precedence UInt64 CODEC(Delta(8), LZ4),
    PROJECTION by_plate (SELECT plate, time, camera, id ORDER BY plate, time),
    PROJECTION by_camera_time (SELECT camera, time, plate, id ORDER BY camera, time)
)
ENGINE = {replacing}(precedence)
PARTITION BY toDate(time, 'UTC')
ORDER BY (camera, id)
SETTINGS deduplicate_merge_projection_mode = 'rebuild';

-- Hot-list entries by version; the manifest that says which version is in force is a key-value
-- document.
CREATE TABLE IF NOT EXISTS {database}.hotlist_entries {on_cluster}
(
    list LowCardinality(String),
    version UInt32,
    id String CODEC(LZ4),
    plate String CODEC(LZ4),
    region LowCardinality(String),
    reason String CODEC(LZ4),
    case_number String CODEC(LZ4),
    make LowCardinality(String),
    model LowCardinality(String),
    color LowCardinality(String),
    type LowCardinality(String),
    year Nullable(UInt16)
)
ENGINE = {replacing}
ORDER BY (list, version, id);

-- What the keeper drops: a row before (`begun`, with what there was) and a row once its absence was
-- looked up (`proved`), both under the time of the run that began it.
CREATE TABLE IF NOT EXISTS {database}.retention_log {on_cluster}
(
    run_at DateTime64(3, 'UTC'),
    day Date,
    phase Enum8('begun' = 1, 'proved' = 2),
    reads UInt64,
    images UInt64,
    cutoff DateTime64(3, 'UTC'),
    holder String
)
ENGINE = {plain}
ORDER BY (day, run_at);
