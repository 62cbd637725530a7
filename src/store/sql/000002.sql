-- An entry may be looked for with another profile than its list's; '' where it is the list's.
ALTER TABLE {database}.hotlist_entries {on_cluster}
    ADD COLUMN IF NOT EXISTS profile LowCardinality(String);
