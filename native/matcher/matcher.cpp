// The search, in three steps per chunk of reads, each step asking for the memory of the next:
// 1. code the reads and compute their keys, 2. drop the keys whose bit is not set, 3. compare
// plates.
#include "matcher.hpp"

#include <algorithm>

namespace hotplate {
namespace {

FoldTable fold_of(const IndexHeader& header) {
  FoldTable fold;
  std::copy(std::begin(header.fold), std::end(header.fold), fold.begin());
  return fold;
}

}  // namespace

Matcher::Matcher(const IndexView& index)
    : index_(index), exact_codes_(zero_fold()), fold_codes_(fold_of(index.header)) {}

MatchResult Matcher::match(std::span<const std::uint8_t> records) {
  hits_.clear();
  const std::size_t count = records.size() / kRecordBytes;
  for (std::size_t first = 0; first < count; first += kChunk) {
    const std::size_t chunk = std::min(kChunk, count - first);
    probes_n_ = 0;
    for (std::size_t i = 0; i < chunk; ++i) {
      const std::uint8_t* record = records.data() + (first + i) * kRecordBytes;
      if (!prepare(record, static_cast<std::uint8_t>(i))) {
        return {MatchStatus::kBadRecord, first + i};
      }
    }
    if (!filter()) return {MatchStatus::kBlockDamaged, 0};
    const auto hits_before = static_cast<std::ptrdiff_t>(hits_.size());
    if (!verify(static_cast<std::uint32_t>(first))) return {MatchStatus::kBlockDamaged, 0};
    const auto begin = hits_.begin() + hits_before;
    if (hits_.end() - begin > 1) {
      std::sort(begin, hits_.end());
      // Keys whose hashes collide can lead to one entry twice.
      hits_.erase(std::unique(begin, hits_.end()), hits_.end());
    }
    if (hits_.size() > kHitsMax) return {MatchStatus::kTooManyHits, 0};
  }
  return {MatchStatus::kDone, 0};
}

bool Matcher::prepare(const std::uint8_t* record, std::uint8_t query_number) {
  const IndexHeader& header = index_.header;
  Query& query = queries_[query_number];
  const bool fold_only = record[kFlagByte] == 1;
  if (record[kFlagByte] > 1 || !code_record(record, fold_codes_, query.folded)) return false;
  query.edits = header.edit_entries > 0 && !fold_only &&
                query.folded.length >= header.edit_chars_min;
  if (header.fold_entries > 0) {
    const std::uint64_t key = key_of(query.folded);
    add_probe(key, query_number, Key::kWhole);
    if (query.edits) {
      for_each_deletion(query.folded, key, [&](std::uint64_t deleted) {
        add_probe(deleted, query_number, Key::kDeletion);
      });
    }
  }
  if (header.exact_entries > 0 && !fold_only) {
    code_record(record, exact_codes_, query.exact);
    add_probe(key_of(query.exact) | kExactKey, query_number, Key::kExact);
  }
  return true;
}

inline void Matcher::add_probe(std::uint64_t key, std::uint8_t query, Key kind) noexcept {
  Probe& probe = probes_[probes_n_++];
  probe = {place_of(hash_of(key), index_.header.words), query, kind};
  __builtin_prefetch(index_.words + probe.place.word);
}

bool Matcher::filter() noexcept {
  runs_n_ = 0;
  for (std::size_t i = 0; i < probes_n_; ++i) {
    const Place& place = probes_[i].place;
    const std::uint64_t word = index_.words[place.word];
    if (((word >> place.bit) & 1) == 0) continue;
    const auto begin = static_cast<std::uint32_t>(word >> 32);
    const auto end = static_cast<std::uint32_t>(index_.words[place.word + 1] >> 32);
    if (begin > end || end > index_.header.postings) return false;
    runs_[runs_n_++] = {begin, end, static_cast<std::uint16_t>(i)};
    __builtin_prefetch(index_.postings + begin);
  }
  return true;
}

bool Matcher::verify(std::uint32_t first_record) {
  for (std::size_t i = 0; i < runs_n_; ++i) {
    const Run& run = runs_[i];
    const Probe& probe = probes_[run.probe];
    const Query& query = queries_[probe.query];
    const std::uint64_t record = std::uint64_t{first_record} + probe.query;
    for (std::uint32_t p = run.begin; p < run.end; ++p) {
      const Posting posting = index_.postings[p];
      if (posting.tag != probe.place.tag) continue;
      if (posting.entry >= index_.header.entries) return false;
      if (accepts(query, index_.plates[posting.entry], probe.key)) {
        hits_.push_back(record << 32 | posting.entry);
      }
    }
  }
  return true;
}

// Two plates one edit apart share exactly one key: a substitution, the one with that place deleted
// in both; else the shorter plate. So each pair is accepted through that key alone.
inline bool Matcher::accepts(const Query& query, const Plate& entry, Key key) const noexcept {
  const unsigned length = query.folded.length;
  switch (key) {
    case Key::kExact:
      return entry.profile == Profile::kExact && same_plate(query.exact, entry);
    case Key::kWhole:
      if (entry.profile == Profile::kExact) return false;
      if (same_plate(query.folded, entry)) return true;
      return query.edits && entry.profile == Profile::kFoldOneEdit && entry.length == length + 1 &&
             one_edit_apart(query.folded, entry);
    case Key::kDeletion:
      return entry.profile == Profile::kFoldOneEdit &&
             (entry.length == length || entry.length + 1u == length) &&
             one_edit_apart(query.folded, entry);
  }
  return false;
}

}  // namespace hotplate
