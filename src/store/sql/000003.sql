-- Per hot list and UTC day of the read: how many reads it was compared with, how many alerts came
-- of it, and what people have said of them. Counts alone: they stay when the reads have gone. A row
-- is written again as verdicts come in, and the latest one stands.
CREATE TABLE IF NOT EXISTS {database}.list_days {on_cluster}
(
    list LowCardinality(String),
    day Date,
    since DateTime64(3, 'UTC'),
    reads UInt64,
    alerts UInt32,
    verified UInt32,
    false_alerts UInt32,
    rejected_otherwise UInt32,
    counted_at DateTime64(3, 'UTC')
)
ENGINE = {replacing}(counted_at)
ORDER BY (list, day);
