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

// A key reaches this high when it has that many characters.
constexpr std::uint64_t least_key_of(std::uint32_t chars) {
  if (chars <= 1) return 1;
  return chars > kPlateCharsMax ? ~std::uint64_t{0} : below(chars - 1) + 1;
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
      long_enough_(least_key_of(index.header.edit_chars_min)),
      fold_(fold_of(index.header)),
      patterns_sound_(patterns_.open(index.patterns)),
      chunk_(std::make_unique<Chunk>()) {}

MatchResult Matcher::match(std::span<const std::uint8_t> records) {
  hits_.clear();
  if (index_.two.words_n > 0) seen_.fill(~std::uint64_t{0});
  if (!patterns_sound_) return {MatchStatus::kBlockDamaged, 0};
  const std::size_t count = records.size() / kRecordBytes;
  if (count == 1 && misses(records.data())) return {MatchStatus::kDone, 0};
  for (std::size_t first = 0; first < count; first += kChunk) {
    const std::size_t reads = std::min(kChunk, count - first);
    touched_.reads += reads;
    records_ = records.data() + first * kRecordBytes;
    first_ = first;
    Wanted wanted;
    if (!prepare(records_, reads, wanted)) {
      const auto bad = static_cast<std::size_t>(std::countr_one(wanted.all));
      return {MatchStatus::kBadRecord, first + bad};
    }
    chunk_->hits_n = 0;
    if (!search(index_.one, reads, wanted.edits) || !search(index_.two, reads, wanted.edits)) {
      return {MatchStatus::kBlockDamaged, 0};
    }
    if (!patterns_.empty()) search_patterns(reads);
    if (chunk_->hits_n > 0) {
      drop_doubtful(wanted);
      take_hits();
    }
    if (hits_.size() > kHitsMax) return {MatchStatus::kTooManyHits, 0};
  }
  return {MatchStatus::kDone, 0};
}

// Most reads that come alone hit nothing, and their words say so; whatever they don't say goes the
// long way.
bool Matcher::misses(const std::uint8_t* record) noexcept {
  const std::uint64_t key = key_of_record(record, codes_);
  const std::uint8_t flag = record[kFlagByte];
  if (key == 0 || flag > 1 || index_.two.words_n > 0 || !patterns_.empty()) return false;
  const bool edits = flag == 0 && key >= long_enough_ && index_.header.one_edit_entries > 0;
  if (index_.one.words_n > 0 && !kernels_.misses(key, edits, index_.one)) return false;
  ++touched_.reads;
  touched_.words += edits ? length_of(key) + 1 : 1;
  return true;
}

// On failure the lowest zero of `wanted.all` is the bad record.
bool Matcher::prepare(const std::uint8_t* records, std::size_t count, Wanted& wanted) noexcept {
  const auto& keys = chunk_->keys;
  kernels_.fold(records, count, codes_, chunk_->keys.data());
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t flag = records[i * kRecordBytes + kFlagByte];
    const bool sound = keys[i] != 0 && flag <= 1;
    wanted.all |= std::uint64_t{sound} << i;
    wanted.fold_only |= std::uint64_t{flag} << i;
    wanted.edits |= std::uint64_t{keys[i] >= long_enough_} << i;
  }
  wanted.edits &= ~wanted.fold_only;
  return wanted.all == first_bits(count);
}

// Group by group: while one group's words come, the postings of the one before do, and the keys of
// the one before that.
bool Matcher::search(const Table& table, std::size_t count, std::uint64_t edits) {
  if (table.words_n == 0) return true;
  Chunk& chunk = *chunk_;
  const bool deletions = table.two || index_.header.one_edit_entries > 0;
  std::size_t next = deletions ? 0 : count;
  chunk.vectors = chunk.found = chunk.candidates = 0;
  kernels_.probe_whole(chunk, count, edits, table);
  std::size_t probed = chunk.vectors;
  std::size_t filtered = 0;
  std::size_t scanned = 0;
  for (;;) {
    if (next < count) next = kernels_.probe_lanes(chunk, next, count, edits, table);
    const std::size_t found = chunk.found;
    kernels_.filter(chunk, table, filtered, probed);
    if (!kernels_.scan(chunk, table, index_.keys, index_.header.entries, scanned, found)) {
      return false;
    }
    scanned = found;
    filtered = probed;
    if (probed < chunk.vectors) {
      probed = chunk.vectors;
    } else if (scanned == chunk.found) {
      finish(table, edits);
      if (next == count) return true;
      chunk.vectors = chunk.found = chunk.candidates = 0;
      probed = filtered = scanned = 0;
    }
  }
}

void Matcher::finish(const Table& table, std::uint64_t edits) {
  Chunk& chunk = *chunk_;
  kernels_.verify(chunk, table, index_.keys, edits);
  for (std::size_t i = 0; i < chunk.vectors; ++i) {
    touched_.words += static_cast<unsigned>(std::popcount(chunk.lanes[i]));
  }
  touched_.postings += chunk.found;
  touched_.entries += chunk.candidates;
}

// Where keys leave it open: `exact` entries tie only O with zero, and merged classes are not one.
void Matcher::drop_doubtful(const Wanted& wanted) {
  if (index_.header.exact_entries == 0 && !codes_.merges()) return;
  Chunk& chunk = *chunk_;
  const auto fails = [&](std::uint64_t hit) {
    const std::uint64_t read = hit >> 32;
    const auto entry = static_cast<std::uint32_t>(hit);
    const Profile profile = profile_of(index_.keys[entry]);
    const bool edited = (wanted.edits >> read & 1) != 0;
    if (profile == Profile::kExact && (wanted.fold_only >> read & 1) != 0) return true;
    if (profile != Profile::kExact && !codes_.merges()) return false;
    const unsigned edits = !edited                             ? 0
                           : profile == Profile::kFoldOneEdit  ? 1
                           : profile == Profile::kFoldTwoEdits ? 2
                                                               : 0;
    return !holds_as_written(read, entry, edits);
  };
  const auto begin = chunk.hits.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(chunk.hits_n);
  chunk.hits_n = static_cast<std::size_t>(std::remove_if(begin, end, fails) - begin);
}

void Matcher::search_patterns(std::size_t count) {
  Chunk& chunk = *chunk_;
  const std::size_t known = chunk.hits_n;
  for (std::size_t read = 0; read < count; ++read) {
    chunk.from_end[read] = moved_to_end(chunk.keys[read]);
  }
  asked_.clear();
  for (const Shape& shape : patterns_.shapes()) {
    std::uint64_t passed = kernels_.sieve(chunk, shape, patterns_.filter()) & first_bits(count);
    for (; passed != 0; passed &= passed - 1) {
      const auto read = static_cast<std::uint8_t>(std::countr_zero(passed));
      asked_.push_back({patterns_.bucket_of(shape, chunk.keys[read]), read});
    }
  }
  for (Asked& asked : asked_) patterns_.fetch(asked.bucket);
  for (const Asked& asked : asked_) {
    fitting_.clear();
    patterns_.take(asked.bucket, chunk.keys[asked.read], fitting_);
    add_fitting(asked.read);
  }
  for (std::size_t read = 0; patterns_.floats() && read < count; ++read) {
    fitting_.clear();
    patterns_.find_floating(chunk.keys[read], fitting_);
    add_fitting(read);
  }
  // Anchors may share a bucket, and a read that repeats itself has one of them twice.
  const auto first = chunk.hits.begin() + static_cast<std::ptrdiff_t>(known);
  const auto last = chunk.hits.begin() + static_cast<std::ptrdiff_t>(chunk.hits_n);
  std::sort(first, last);
  chunk.hits_n = static_cast<std::size_t>(std::unique(first, last) - chunk.hits.begin());
}

void Matcher::add_fitting(std::uint64_t read) {
  Chunk& chunk = *chunk_;
  for (const std::uint32_t entry : fitting_) {
    if (entry >= index_.header.entries) continue;
    chunk.candidates = 1;
    reserve_hits(chunk);
    chunk.hits[chunk.hits_n++] = read << 32 | entry;
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

// Hits come by search and signature: into the order of reads, by counting. Those of table two may
// come twice.
void Matcher::take_hits() {
  const Chunk& chunk = *chunk_;
  std::array<std::uint32_t, kChunk + 1> ends{};
  for (std::size_t i = 0; i < chunk.hits_n; ++i) ++ends[(chunk.hits[i] >> 32) + 1];
  for (std::size_t i = 1; i <= kChunk; ++i) ends[i] += ends[i - 1];
  const std::size_t begin = hits_.size();
  hits_.resize(begin + chunk.hits_n);
  std::uint64_t* const taken = hits_.data() + begin;
  for (std::size_t i = 0; i < chunk.hits_n; ++i) {
    const std::uint64_t hit = chunk.hits[i];
    taken[ends[hit >> 32]++] = (first_ << 32) + hit;
  }
  if (index_.two.words_n > 0) drop_doubles(begin, ends);
}

// What is kept is in the order in which it came.
void Matcher::drop_doubles(std::size_t begin, std::span<const std::uint32_t> ends) {
  std::uint64_t* const taken = hits_.data() + begin;
  std::uint64_t* kept = taken;
  std::size_t from = 0;
  for (std::size_t read = 0; read < kChunk; ++read) {
    const std::size_t count = ends[read] - from;
    if (count > seen_.size() / 2) {
      std::sort(taken + from, taken + ends[read]);
      kept = std::unique_copy(taken + from, taken + ends[read], kept);
    } else {
      for (std::size_t i = from; i < ends[read]; ++i) {
        const std::uint64_t hit = taken[i];
        if (is_new(hit)) *kept++ = hit;
      }
    }
    from = ends[read];
  }
  hits_.resize(static_cast<std::size_t>(kept - hits_.data()));
}

// A table by hash; what it holds of other reads counts as empty, so that it is never cleared within
// a call.
inline bool Matcher::is_new(std::uint64_t hit) noexcept {
  const std::uint32_t hash = static_cast<std::uint32_t>(hit) * 0x9E37'79B1u;
  for (std::size_t slot = hash >> 24;; slot = (slot + 1) % seen_.size()) {
    if (seen_[slot] == hit) return false;
    if (seen_[slot] >> 32 != hit >> 32) {
      seen_[slot] = hit;
      return true;
    }
  }
}

}  // namespace hotplate
