// Takes batches chunk by chunk through the inner loops (kernels.hpp), and decides on the
// candidates.
#include "matcher.hpp"

#include <algorithm>

namespace hotplate {
namespace {

FoldTable fold_of(const IndexHeader& header) {
  FoldTable fold;
  std::copy(std::begin(header.fold), std::end(header.fold), fold.begin());
  return fold;
}

constexpr std::uint64_t first_bits(std::size_t count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

// Levenshtein distance of two plates, class by class; by the row, since plates are short.
unsigned distance_of(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  std::array<unsigned, kPlateCharsMax + 1> row{};
  for (unsigned j = 0; j <= b.size(); ++j) row[j] = j;
  for (unsigned i = 1; i <= a.size(); ++i) {
    unsigned diagonal = row[0];
    row[0] = i;
    for (unsigned j = 1; j <= b.size(); ++j) {
      const unsigned substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

// A code for the character's class; zero where it is no symbol.
std::uint8_t class_of(std::uint8_t character, const FoldTable& fold) {
  const std::uint8_t symbol = symbol_of(character);
  return symbol == kNoSymbol ? 0 : static_cast<std::uint8_t>(fold[symbol] + 1);
}

}  // namespace

Matcher::Matcher(const IndexView& index, const Kernels& kernels)
    : index_(index),
      kernels_(kernels),
      codes_(fold_of(index.header)),
      fold_(fold_of(index.header)),
      patterns_sound_(patterns_.open(index.patterns)),
      chunk_(std::make_unique<Chunk>()) {}

MatchResult Matcher::match(std::span<const std::uint8_t> records) {
  hits_.clear();
  if (!patterns_sound_) return {MatchStatus::kBlockDamaged, 0};
  const std::size_t count = records.size() / kRecordBytes;
  for (std::size_t first = 0; first < count; first += kChunk) {
    const std::size_t reads = std::min(kChunk, count - first);
    records_ = records.data() + first * kRecordBytes;
    first_ = first;
    Wanted wanted;
    if (!prepare(records_, reads, wanted)) {
      const auto bad = static_cast<std::size_t>(std::countr_one(wanted.all));
      return {MatchStatus::kBadRecord, first + bad};
    }
    const std::size_t begin = hits_.size();
    if (!search_one(reads, wanted) || !search_two(reads, wanted)) {
      return {MatchStatus::kBlockDamaged, 0};
    }
    if (!patterns_.empty()) search_patterns(reads, wanted);
    if (hits_.size() - begin > 1) sort_chunk(begin);
    if (hits_.size() > kHitsMax) return {MatchStatus::kTooManyHits, 0};
  }
  return {MatchStatus::kDone, 0};
}

// On failure the lowest zero of `wanted.all` is the bad record.
bool Matcher::prepare(const std::uint8_t* records, std::size_t count, Wanted& wanted) noexcept {
  const auto& keys = chunk_->keys;
  kernels_.fold(records, count, codes_, chunk_->keys.data());
  const unsigned chars_min = std::min<std::uint32_t>(index_.header.edit_chars_min, 64);
  // A key reaches this high when it has that many characters.
  const std::uint64_t long_enough = chars_min <= 1               ? 1
                                    : chars_min > kPlateCharsMax ? ~std::uint64_t{0}
                                                                 : below(chars_min - 1) + 1;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t flag = records[i * kRecordBytes + kFlagByte];
    const bool sound = keys[i] != 0 && flag <= 1;
    wanted.all |= std::uint64_t{sound} << i;
    wanted.fold_only |= std::uint64_t{flag} << i;
    wanted.edits |= std::uint64_t{keys[i] >= long_enough} << i;
  }
  wanted.edits &= ~wanted.fold_only;
  return wanted.all == first_bits(count);
}

bool Matcher::search_one(std::size_t count, const Wanted& wanted) {
  if (index_.one.words_n == 0) return true;
  kernels_.probe_whole(*chunk_, count, wanted.all, index_.one);
  if (!collect(index_.one)) return false;
  verify_one(wanted);
  if (index_.header.one_edit_entries == 0) return true;
  for (std::size_t next = 0; next < count;) {
    next = kernels_.probe_lanes(*chunk_, next, count, wanted.edits, kOneEditDeletions, index_.one);
    if (!collect(index_.one)) return false;
    verify_one(wanted);
  }
  return true;
}

bool Matcher::search_two(std::size_t count, const Wanted& wanted) {
  if (index_.two.words_n == 0) return true;
  kernels_.probe_whole(*chunk_, count, wanted.all, index_.two);
  if (!collect(index_.two)) return false;
  verify_two(wanted);
  for (std::size_t next = 0; next < count;) {
    next = kernels_.probe_lanes(*chunk_, next, count, wanted.edits, kTwoEditDeletions, index_.two);
    if (!collect(index_.two)) return false;
    verify_two(wanted);
  }
  return true;
}

bool Matcher::collect(const Table& table) {
  kernels_.filter(*chunk_, table);
  return kernels_.scan(*chunk_, table, index_.keys, index_.header.entries);
}

// Each pair is taken by the one signature that both are filed under, so that none comes twice.
void Matcher::verify_one(const Wanted& wanted) {
  const Chunk& chunk = *chunk_;
  const bool merges = codes_.merges();
  for (std::size_t i = 0; i < chunk.candidates; ++i) {
    const std::uint32_t found = chunk.candidate_found[i];
    const std::uint32_t entry = chunk.candidate_entry[i];
    const std::uint64_t read = chunk.found_read[found];
    const std::uint64_t filed = index_.keys[entry];
    const std::uint64_t listed = filed & kKeyMask;
    const std::uint64_t key = chunk.keys[read];
    if (common_signature(key, listed) != chunk.found_signature[found]) continue;
    const Profile profile = profile_of(filed);
    if (key != listed && (profile != Profile::kFoldOneEdit || (wanted.edits >> read & 1) == 0)) {
      continue;
    }
    if (profile == Profile::kExact && (wanted.fold_only >> read & 1) != 0) continue;
    if ((merges || profile == Profile::kExact) &&
        !holds_as_written(
            read, entry,
            (wanted.edits >> read & 1) != 0 && profile == Profile::kFoldOneEdit ? 1 : 0)) {
      continue;
    }
    add(read, entry);
  }
}

// A pair may share several signatures: sort_chunk() leaves one.
void Matcher::verify_two(const Wanted& wanted) {
  const Chunk& chunk = *chunk_;
  const bool merges = codes_.merges();
  for (std::size_t i = 0; i < chunk.candidates; ++i) {
    const std::uint32_t entry = chunk.candidate_entry[i];
    const std::uint64_t read = chunk.found_read[chunk.candidate_found[i]];
    const std::uint64_t listed = index_.keys[entry] & kKeyMask;
    const std::uint64_t key = chunk.keys[read];
    const bool near = (wanted.edits >> read & 1) != 0;
    if (near ? !within_two_edits(key, listed) : key != listed) continue;
    if (merges && !holds_as_written(read, entry, near ? 2 : 0)) continue;
    add(read, entry);
  }
}

void Matcher::search_patterns(std::size_t count, const Wanted& wanted) {
  for (std::size_t read = 0; read < count; ++read) {
    fitting_.clear();
    patterns_.find(chunk_->keys[read], fitting_);
    for (const std::uint32_t entry : fitting_) {
      if (entry >= index_.header.entries) continue;
      const bool exact = profile_of(index_.keys[entry]) == Profile::kExact;
      if (exact && (wanted.fold_only >> read & 1) != 0) continue;
      if ((exact || codes_.merges()) && !holds_as_written(read, entry, 0)) continue;
      add(read, entry);
    }
  }
}

// The same decision by the characters themselves, where keys leave it open: `exact` entries tie
// only O with zero, and merged classes are not one.
bool Matcher::holds_as_written(std::uint64_t read, std::uint32_t entry,
                               unsigned edits) const noexcept {
  static constexpr FoldTable kExactFold = zero_fold();
  const FoldTable& fold = profile_of(index_.keys[entry]) == Profile::kExact ? kExactFold : fold_;
  const ListedEntry listed = this->listed(entry);
  std::array<std::uint8_t, kPlateCharsMax> a{};
  std::array<std::uint8_t, kPlateCharsMax> b{};
  const std::uint8_t* record = records_ + read * kRecordBytes;
  std::size_t b_length = 0;
  bool pattern = false;
  for (unsigned i = 0; i < record[kLengthByte]; ++i) {
    a[i] = class_of(record[1 + i], fold);
  }
  for (; b_length < kPlateCharsMax && listed.plate[b_length] != 0; ++b_length) {
    const std::uint8_t character = listed.plate[b_length];
    const bool open = character == '?' || character == '*';
    pattern |= open;
    b[b_length] = character == '?'   ? kCodeAnyOne
                  : character == '*' ? kCodeAnyRun
                                     : class_of(character, fold);
  }
  if (pattern) return pattern_fits(b.data(), b_length, a.data(), record[kLengthByte]);
  return distance_of({a.data(), record[kLengthByte]}, {b.data(), b_length}) <= edits;
}

// Hits come by search and signature: into the order of reads by counting, then of entries.
void Matcher::sort_chunk(std::size_t begin) {
  const std::size_t count = hits_.size() - begin;
  std::array<std::uint32_t, kChunk + 1> starts{};
  for (std::size_t i = begin; i < hits_.size(); ++i) ++starts[(hits_[i] >> 32) - first_ + 1];
  for (std::size_t i = 1; i <= kChunk; ++i) starts[i] += starts[i - 1];
  sorted_.resize(count);
  auto ends = starts;
  for (std::size_t i = begin; i < hits_.size(); ++i) {
    sorted_[ends[(hits_[i] >> 32) - first_]++] = hits_[i];
  }
  const auto at = [this](std::size_t i) {
    return sorted_.begin() + static_cast<std::ptrdiff_t>(i);
  };
  for (std::size_t read = 0; read < kChunk; ++read) {
    const std::size_t reads_hits = starts[read + 1] - starts[read];
    if (reads_hits == 2 && sorted_[starts[read]] > sorted_[starts[read] + 1]) {
      std::swap(sorted_[starts[read]], sorted_[starts[read] + 1]);
    } else if (reads_hits > 2) {
      std::sort(at(starts[read]), at(starts[read + 1]));
    }
  }
  const auto last = std::unique(sorted_.begin(), sorted_.end());
  hits_.resize(begin);
  hits_.insert(hits_.end(), sorted_.begin(), last);
}

}  // namespace hotplate
