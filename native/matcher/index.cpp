// Builds, and opens, the index block.
#include "index.hpp"

#include <algorithm>
#include <vector>

#include "patterns.hpp"

namespace hotplate {
namespace {

// Five signatures to two words: ten bits of 64.
constexpr std::uint64_t kSignaturesOfWords = 5;
constexpr std::uint64_t kWordsOfSignatures = 2;
constexpr std::uint64_t kLineBytes = 64;
constexpr std::uint64_t kPostingsOfLine = kLineBytes / sizeof(std::uint32_t);
// One in eight is enough to pad nearly all runs to their line.
constexpr std::uint64_t kSignaturesPerPadding = 8;
constexpr std::uint64_t kPostingsMax = std::uint64_t{1} << 32;
constexpr std::uint64_t kOnePosting = std::uint64_t{1} << 32;
// Signatures whose words are fetched before the first is used.
constexpr std::size_t kAhead = 32;

struct Layout {
  std::uint64_t keys;
  std::uint64_t listed;
  std::uint64_t one_words;
  std::uint64_t one_postings;
  std::uint64_t two_words;
  std::uint64_t two_postings;
  std::uint64_t patterns;
  std::uint64_t bytes;
};

constexpr std::uint64_t to_line(std::uint64_t bytes) {
  return (bytes + kLineBytes - 1) / kLineBytes * kLineBytes;
}

Layout layout_of(const IndexHeader& header) {
  std::uint64_t at = sizeof(IndexHeader);
  const auto next = [&at](std::uint64_t count, std::uint64_t size) {
    const std::uint64_t begin = at;
    at = to_line(at + count * size);
    return begin;
  };
  Layout layout{};
  layout.keys = next(header.entries, sizeof(std::uint64_t));
  layout.listed = next(header.entries, sizeof(Listed));
  layout.one_words = next(header.one_words, sizeof(std::uint64_t));
  layout.one_postings = next(std::uint64_t{header.one_postings} + kPostingsPadding, 4);
  layout.two_words = next(header.two_words, sizeof(std::uint64_t));
  layout.two_postings = next(std::uint64_t{header.two_postings} + kPostingsPadding, 4);
  layout.patterns = next(header.pattern_bytes, 1);
  layout.bytes = next(0, 0);
  return layout;
}

IndexView view_of(const std::uint8_t* block) {
  IndexView view{};
  std::memcpy(&view.header, block, sizeof view.header);
  const IndexHeader& header = view.header;
  const Layout layout = layout_of(header);
  const auto words = [block](std::uint64_t at) {
    return reinterpret_cast<const std::uint64_t*>(block + at);
  };
  const auto postings = [block](std::uint64_t at) {
    return reinterpret_cast<const std::uint32_t*>(block + at);
  };
  view.keys = words(layout.keys);
  view.listed = reinterpret_cast<const Listed*>(block + layout.listed);
  view.one = {words(layout.one_words), postings(layout.one_postings), header.one_words,
              header.one_postings, false};
  view.two = {words(layout.two_words), postings(layout.two_postings), header.two_words,
              header.two_postings, true};
  view.patterns = {block + layout.patterns, header.pattern_bytes};
  return view;
}

// Four lanes, so that the multiplications overlap. Blocks are whole lines.
std::uint64_t sum_of(std::span<const std::uint8_t> bytes, std::uint64_t seed) {
  constexpr std::uint64_t kPrime = 0x9E3779B97F4A7C15u;
  std::uint64_t lanes[4] = {seed + 1, seed + 2, seed + 3, seed + 4};
  for (std::size_t at = 0; at < bytes.size(); at += sizeof lanes) {
    std::uint64_t part[4];
    std::memcpy(part, bytes.data() + at, sizeof part);
    for (int lane = 0; lane < 4; ++lane) {
      lanes[lane] = (std::rotl(lanes[lane], 29) ^ part[lane]) * kPrime;
    }
  }
  std::uint64_t sum = bytes.size();
  for (const std::uint64_t lane : lanes) {
    sum = (sum ^ lane) * kPrime;
    sum ^= sum >> 32;
  }
  return sum;
}

std::uint64_t header_sum(IndexHeader header) {
  header.checksum = header.header_checksum = 0;
  return sum_of({reinterpret_cast<const std::uint8_t*>(&header), sizeof header}, 0);
}

std::uint64_t block_sum(const IndexHeader& header, std::span<const std::uint8_t> block) {
  return sum_of(block.subspan(sizeof(IndexHeader)), header_sum(header));
}

struct Entry {
  std::uint64_t filed;  // zero for a pattern
  Listed listed;
  Pattern pattern;
  bool is_pattern;
};

std::uint32_t load32(const std::uint8_t* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Reads the records of entries: checks them, and gives each in the forms in which it is filed.
class EntryReader {
 public:
  explicit EntryReader(const FoldTable& fold, std::uint32_t edit_chars_min)
      : codes_(fold), edit_chars_min_(edit_chars_min) {}

  // Returns false where the record is none.
  bool read(const std::uint8_t* record, Entry& entry) const noexcept {
    const unsigned length = record[kLengthByte];
    const std::uint32_t region = load32(record + 16);
    if (length < 1 || length > kPlateCharsMax || record[kFlagByte] > kProfileMax ||
        region > kRegionMax || load32(record + 20) != 0) {
      return false;
    }
    entry = {};
    std::uint64_t key = 0;
    unsigned known = 0;
    for (unsigned i = 0; i < kPlateCharsMax; ++i) {
      const std::uint8_t character = record[1 + i];
      if (i >= length) {
        if (character != 0) return false;
        continue;
      }
      const std::uint8_t six_bits = character == '?'   ? kAnyOne
                                    : character == '*' ? kAnyRun
                                                       : symbol_code(character);
      if (six_bits == 0) return false;
      const std::uint8_t code = codes_[character];
      entry.is_pattern |= code == 0;
      known += code != 0;
      key |= std::uint64_t{code} << (kCodeBits * i);
      entry.pattern.codes[i] = six_bits == kAnyOne   ? kCodeAnyOne
                               : six_bits == kAnyRun ? kCodeAnyRun
                                                     : code;
      if (i < 10)
        entry.listed.characters |= std::uint64_t{six_bits} << (6 * i);
      else
        entry.listed.rest |= std::uint64_t{six_bits} << (6 * (i - 10));
    }
    if (entry.is_pattern && known < kPatternCharsMin) return false;
    const std::uint64_t list = record[14] | record[15] << 8;
    entry.listed.rest |= (std::uint64_t{region} << 12) | (list << 40);
    const std::uint64_t profile =
        profile_as_filed(static_cast<Profile>(record[kFlagByte]), length, entry.is_pattern);
    entry.filed = (entry.is_pattern ? 0 : key) | (profile << kProfileShift);
    return true;
  }

 private:
  static std::uint8_t symbol_code(std::uint8_t character) noexcept {
    const std::uint8_t symbol = symbol_of(character);
    return symbol == kNoSymbol ? 0 : static_cast<std::uint8_t>(symbol + 1);
  }

  // Too short for edits, and patterns: at `fold`.
  std::uint64_t profile_as_filed(Profile profile, unsigned length, bool pattern) const noexcept {
    const bool edits = profile == Profile::kFoldOneEdit || profile == Profile::kFoldTwoEdits;
    const bool at_fold = edits && (pattern || length < edit_chars_min_);
    return static_cast<std::uint64_t>(at_fold ? Profile::kFold : profile);
  }

  CodeTable codes_;
  std::uint32_t edit_chars_min_;
};

// `visit(signature, position)` for each that an entry is filed under.
template <typename Visit>
void for_each_signature(std::uint64_t filed, Visit&& visit) {
  const std::uint64_t key = filed & kKeyMask;
  visit(key, kNoPosition);
  switch (profile_of(filed)) {
    case Profile::kExact:
    case Profile::kFold:
      return;
    case Profile::kFoldOneEdit:
      for (unsigned place = 0; place < length_of(key); ++place) visit(without(key, place), place);
      return;
    case Profile::kFoldTwoEdits: {
      std::array<std::uint64_t, kTwoEditLanes> less;
      const unsigned count = kTwoEditDeletions.count[length_of(key)];
      for (unsigned lane = 0; lane < count; ++lane)
        less[lane] = kTwoEditDeletions.signature(key, lane);
      std::sort(less.data(), less.data() + count);
      std::uint64_t* const end = std::unique(less.data(), less.data() + count);
      for (const std::uint64_t* s = less.data(); s != end; ++s) visit(*s, kNoPosition);
    }
  }
}

bool is_two_edits(std::uint64_t filed) { return profile_of(filed) == Profile::kFoldTwoEdits; }
// Patterns are filed elsewhere.
bool has_key(std::uint64_t filed) { return (filed & kKeyMask) != 0; }

// Files the entries of one of the two tables.
class TableWriter {
 public:
  TableWriter(const IndexView& view, const Table& table)
      : keys_(view.keys, view.header.entries),
        words_(const_cast<std::uint64_t*>(table.words)),
        postings_(const_cast<std::uint32_t*>(table.postings)),
        words_n_(table.words_n),
        postings_n_(table.postings_n),
        signatures_(postings_n_ - postings_n_ / (kSignaturesPerPadding + 1)),
        two_(table.two) {}

  void write() {
    if (words_n_ == 0) return;
    // 1. Set the bits, and count the postings of each word in its upper half.
    for_each_place([this](const Place& place, unsigned position, std::uint32_t) {
      std::uint64_t& word = words_[place.word];
      const std::uint32_t at = 1u << filed_position(place, position);
      word = (word + kOnePosting) | own_bit(place.bits) | position_bits(place.bits, at);
    });
    // 2. Counts become the number after the word's last posting...
    give_places();
    // 3. ...and step back to its first as the postings come.
    for_each_place([this](const Place& place, unsigned position, std::uint32_t entry) {
      std::uint64_t& word = words_[place.word];
      word -= kOnePosting;
      postings_[word >> 32] =
          tag_of(place.bits) | filed_position(place, position) << kPositionShift | entry;
    });
    mark_last();
  }

 private:
  unsigned filed_position(const Place& place, unsigned position) const noexcept {
    return two_ ? hashed_position(place.bits) : position;
  }

  // No run lies across two lines of memory while there is room to pad.
  void give_places() {
    std::uint64_t next = 0;
    std::uint64_t padding = postings_n_ - signatures_;
    for (std::uint32_t word = 0; word < words_n_; ++word) {
      const std::uint64_t count = words_[word] >> 32;
      const std::uint64_t left = kPostingsOfLine - next % kPostingsOfLine;
      if (count > left && count <= kPostingsOfLine && left <= padding) {
        for (std::uint64_t i = 0; i < left; ++i) postings_[next++] = kPostingLast;
        padding -= left;
      }
      next += count;
      words_[word] = (next << 32) | static_cast<std::uint32_t>(words_[word]);
    }
    postings_used_ = next;
  }

  // The last posting of each word stands before the next word's first, and before the padding
  // there, which alone is marked so far.
  void mark_last() {
    std::uint64_t end = postings_used_;
    for (std::uint32_t word = words_n_; word-- > 0;) {
      while (end > 0 && (postings_[end - 1] & kPostingLast) != 0) --end;
      const std::uint64_t begin = words_[word] >> 32;
      if (begin < end) postings_[end - 1] |= kPostingLast;
      end = std::min(begin, end);
    }
  }

  // All signatures of the table's entries, their words fetched some way ahead.
  template <typename Visit>
  void for_each_place(Visit&& visit) {
    struct Ahead {
      Place place;
      unsigned position;
      std::uint32_t entry;
    };
    std::array<Ahead, kAhead> ring;
    std::size_t filled = 0;
    for (std::uint32_t entry = 0; entry < keys_.size(); ++entry) {
      const std::uint64_t filed = keys_[entry];
      if (!has_key(filed) || is_two_edits(filed) != two_) continue;
      for_each_signature(filed, [&](std::uint64_t signature, unsigned position) {
        Ahead& slot = ring[filled % kAhead];
        if (filled >= kAhead) visit(slot.place, slot.position, slot.entry);
        slot = {place_of(signature, words_n_), position, entry};
        __builtin_prefetch(words_ + slot.place.word, 1);
        ++filled;
      });
    }
    for (std::size_t i = filled < kAhead ? 0 : filled - kAhead; i < filled; ++i) {
      const Ahead& slot = ring[i % kAhead];
      visit(slot.place, slot.position, slot.entry);
    }
  }

  std::span<const std::uint64_t> keys_;
  std::uint64_t* words_;
  std::uint32_t* postings_;
  std::uint32_t words_n_;
  std::uint32_t postings_n_;
  std::uint64_t signatures_;
  std::uint64_t postings_used_ = 0;
  bool two_;
};

FoldTable fold_of(const IndexHeader& header) {
  FoldTable fold;
  std::copy(std::begin(header.fold), std::end(header.fold), fold.begin());
  return fold;
}

// What the entries need, counted.
struct Counts {
  std::uint64_t one = 0;
  std::uint64_t two = 0;
  std::vector<Pattern> patterns;
};

void count_entry(const Entry& entry, std::uint32_t number, IndexHeader& header, Counts& counts) {
  header.exact_entries += profile_of(entry.filed) == Profile::kExact;
  if (entry.is_pattern) {
    counts.patterns.push_back(entry.pattern);
    counts.patterns.back().entry = number;
    return;
  }
  header.one_edit_entries += profile_of(entry.filed) == Profile::kFoldOneEdit;
  header.two_edit_entries += is_two_edits(entry.filed);
  std::uint64_t& signatures = is_two_edits(entry.filed) ? counts.two : counts.one;
  for_each_signature(entry.filed, [&](std::uint64_t, unsigned) { ++signatures; });
}

std::uint32_t words_for(std::uint64_t signatures) {
  return signatures == 0
             ? 0
             : static_cast<std::uint32_t>(signatures * kWordsOfSignatures / kSignaturesOfWords + 1);
}

std::uint32_t postings_for(std::uint64_t signatures) {
  return static_cast<std::uint32_t>(signatures + signatures / kSignaturesPerPadding);
}

BuildStatus too_many(const IndexHeader& header, const Counts& counts) {
  if (header.two_edit_entries > kTwoEditEntriesMax) return BuildStatus::kTooManyTwoEdits;
  if (counts.patterns.size() > kPatternsMax) return BuildStatus::kTooManyPatterns;
  if (counts.one + counts.one / kSignaturesPerPadding >= kPostingsMax)
    return BuildStatus::kTooManyEntries;
  return BuildStatus::kDone;
}

}  // namespace

ListedEntry unpack_listed(const Listed& listed) noexcept {
  ListedEntry entry{};
  for (unsigned i = 0; i < kPlateCharsMax; ++i) {
    const std::uint64_t from =
        i < 10 ? listed.characters >> (6 * i) : listed.rest >> (6 * (i - 10));
    const auto code = static_cast<std::uint8_t>(from & 63);
    if (code == 0) break;
    entry.plate[i] = code == kAnyOne ? '?' : code == kAnyRun ? '*' : character_of(code - 1u);
  }
  entry.region = static_cast<std::uint32_t>(listed.rest >> 12) & kRegionMax;
  entry.list = static_cast<std::uint16_t>(listed.rest >> 40);
  return entry;
}

IndexPlan plan_index(std::span<const std::uint8_t> records, const IndexOptions& options) {
  IndexPlan plan{};
  const std::size_t entries = records.size() / kEntryRecordBytes;
  if (!is_fold_table(options.fold)) {
    plan.status = BuildStatus::kBadFoldTable;
    return plan;
  }
  if (entries > kEntriesMax) {
    plan.status = BuildStatus::kTooManyEntries;
    return plan;
  }
  const EntryReader reader(options.fold, options.edit_chars_min);
  IndexHeader& header = plan.header;
  Counts counts;
  for (std::size_t number = 0; number < entries; ++number) {
    Entry entry;
    if (!reader.read(records.data() + number * kEntryRecordBytes, entry)) {
      plan.status = BuildStatus::kBadRecord;
      plan.bad_record = number;
      return plan;
    }
    count_entry(entry, static_cast<std::uint32_t>(number), header, counts);
  }
  plan.status = too_many(header, counts);
  if (plan.status != BuildStatus::kDone) return plan;
  header.magic = kIndexMagic;
  header.version = kIndexVersion;
  header.header_bytes = sizeof(IndexHeader);
  header.entries = static_cast<std::uint32_t>(entries);
  header.one_postings = postings_for(counts.one);
  header.one_words = words_for(counts.one);
  header.two_postings = postings_for(counts.two);
  header.two_words = words_for(counts.two);
  header.patterns = static_cast<std::uint32_t>(counts.patterns.size());
  header.pattern_bytes = static_cast<std::uint32_t>(file_patterns(counts.patterns).size());
  header.edit_chars_min = options.edit_chars_min;
  std::copy(options.fold.begin(), options.fold.end(), header.fold);
  header.block_bytes = layout_of(header).bytes;
  return plan;
}

void fill_index(std::span<const std::uint8_t> records, const IndexPlan& plan, std::uint8_t* block) {
  const IndexHeader& header = plan.header;
  std::memcpy(block, &header, sizeof header);
  const IndexView view = view_of(block);
  auto* keys = const_cast<std::uint64_t*>(view.keys);
  auto* listed = const_cast<Listed*>(view.listed);
  const EntryReader reader(fold_of(header), header.edit_chars_min);
  std::vector<Pattern> patterns;
  for (std::uint32_t number = 0; number < header.entries; ++number) {
    Entry entry{};
    reader.read(records.data() + std::size_t{number} * kEntryRecordBytes, entry);
    keys[number] = entry.filed;
    listed[number] = entry.listed;
    if (!entry.is_pattern) continue;
    patterns.push_back(entry.pattern);
    patterns.back().entry = number;
  }
  TableWriter(view, view.one).write();
  TableWriter(view, view.two).write();
  const auto part = file_patterns(patterns);
  std::copy(part.begin(), part.end(), const_cast<std::uint8_t*>(view.patterns.data()));
  auto* written = reinterpret_cast<IndexHeader*>(block);
  written->header_checksum = header_sum(header);
  written->checksum = block_sum(header, {block, static_cast<std::size_t>(header.block_bytes)});
}

BlockStatus open_index(std::span<const std::uint8_t> block, Check check, IndexView& view) {
  if (block.size() < sizeof(IndexHeader)) return BlockStatus::kTooShort;
  if (reinterpret_cast<std::uintptr_t>(block.data()) % alignof(IndexHeader) != 0) {
    return BlockStatus::kUnaligned;
  }
  IndexHeader header;
  std::memcpy(&header, block.data(), sizeof header);
  if (header.magic != kIndexMagic) return BlockStatus::kNoBlock;
  if (header.version != kIndexVersion) return BlockStatus::kOtherVersion;
  if (header.block_bytes != block.size()) return BlockStatus::kOtherSize;
  const bool consistent = header.header_checksum == header_sum(header) &&
                          header.header_bytes == sizeof(IndexHeader) &&
                          header.entries <= kEntriesMax && is_fold_table(fold_of(header)) &&
                          layout_of(header).bytes == block.size();
  if (!consistent) return BlockStatus::kDamaged;
  if (check == Check::kAll && block_sum(header, block) != header.checksum) {
    return BlockStatus::kDamaged;
  }
  view = view_of(block.data());
  view.header = header;
  return BlockStatus::kSound;
}

}  // namespace hotplate
