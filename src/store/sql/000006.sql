-- Reads are found by what an engine's candidate readings are once look-alikes are folded: a filter
-- of some 20 KB per 8,192 reads, so that a back-test need not unpack all candidates of thirty days.
-- The classes are those of config/look-alikes.yaml as shipped; where an agency's differ, the search
-- goes without the filter and finds the same (store/read-search.ts). Days written before this have
-- none, and go within thirty days.
ALTER TABLE {database}.reads {on_cluster}
    ADD INDEX IF NOT EXISTS candidates_folded
        splitByChar(',', translate(
            arrayStringConcat(candidates.plate, ','), 'BDGILOQSZ', '806110052'))
        TYPE bloom_filter(0.01) GRANULARITY 1;
