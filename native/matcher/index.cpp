// Builds, and opens, the index block.
#include "index.hpp"

#include <algorithm>

namespace hotplate {
namespace {

// Four keys to 32 bits: about one absent key in nine gets past its bit.
constexpr std::uint64_t kKeysPerWord = 4;
constexpr std::uint64_t kLineBytes = 64;
// The plate and its deletions: 2^24 entries stay below 2^32 postings.
constexpr std::uint64_t kPostingsOfEntryMax = kPlateCharsMax + 1;

struct Layout {
  std::uint64_t words;
  std::uint64_t plates;
  std::uint64_t postings;
  std::uint64_t bytes;
};

constexpr std::uint64_t to_line(std::uint64_t bytes) {
  return (bytes + kLineBytes - 1) / kLineBytes * kLineBytes;
}

Layout layout_of(const IndexHeader& header) {
  Layout layout{};
  layout.words = sizeof(IndexHeader);
  layout.plates = to_line(layout.words + (std::uint64_t{header.words} + 1) * sizeof(std::uint64_t));
  layout.postings = to_line(layout.plates + std::uint64_t{header.entries} * sizeof(Plate));
  layout.bytes = to_line(layout.postings + std::uint64_t{header.postings} * sizeof(Posting));
  return layout;
}

IndexView view_of(const std::uint8_t* block) {
  IndexHeader header;
  std::memcpy(&header, block, sizeof header);
  const Layout layout = layout_of(header);
  return {
      header,
      reinterpret_cast<const std::uint64_t*>(block + layout.words),
      reinterpret_cast<const Plate*>(block + layout.plates),
      reinterpret_cast<const Posting*>(block + layout.postings),
  };
}

// Four lanes, so that the multiplications overlap. Blocks are whole lines.
std::uint64_t checksum_of(std::span<const std::uint8_t> block) {
  constexpr std::uint64_t kPrime = 0x9E3779B97F4A7C15u;
  std::uint64_t lanes[4] = {1, 2, 3, 4};
  for (std::size_t at = 0; at < block.size(); at += sizeof lanes) {
    std::uint64_t part[4];
    std::memcpy(part, block.data() + at, sizeof part);
    if (at == 0) part[3] = 0;  // the checksum's own place
    for (int lane = 0; lane < 4; ++lane) {
      lanes[lane] = (std::rotl(lanes[lane], 29) ^ part[lane]) * kPrime;
    }
  }
  std::uint64_t sum = block.size();
  for (const std::uint64_t lane : lanes) sum = hash_of(sum ^ lane);
  return sum;
}
static_assert(offsetof(IndexHeader, checksum) == 3 * sizeof(std::uint64_t));

// An entry as it is filed: coded by its profile, and at `kFold` where it is too short for edits.
bool code_entry(const std::uint8_t* record, const CodeTable& exact, const CodeTable& folded,
                std::uint32_t edit_chars_min, Plate& plate) {
  if (record[kFlagByte] > static_cast<std::uint8_t>(Profile::kFoldOneEdit)) return false;
  auto profile = static_cast<Profile>(record[kFlagByte]);
  if (!code_record(record, profile == Profile::kExact ? exact : folded, plate)) return false;
  if (profile == Profile::kFoldOneEdit && plate.length < edit_chars_min) profile = Profile::kFold;
  plate.profile = profile;
  return true;
}

template <typename Visit>
void for_each_key(const Plate& plate, Visit&& visit) {
  const std::uint64_t key = key_of(plate);
  visit(plate.profile == Profile::kExact ? key | kExactKey : key);
  if (plate.profile == Profile::kFoldOneEdit) for_each_deletion(plate, key, visit);
}

}  // namespace

IndexPlan plan_index(std::span<const std::uint8_t> records, const IndexOptions& options) {
  IndexPlan plan{};
  const std::size_t entries = records.size() / kRecordBytes;
  if (!is_fold_table(options.fold)) {
    plan.status = BuildStatus::kBadFoldTable;
    return plan;
  }
  if (entries > kEntriesMax) {
    plan.status = BuildStatus::kTooManyEntries;
    return plan;
  }
  const CodeTable exact(zero_fold());
  const CodeTable folded(options.fold);
  IndexHeader& header = plan.header;
  std::uint64_t keys = 0;
  for (std::size_t entry = 0; entry < entries; ++entry) {
    Plate plate;
    const std::uint8_t* record = records.data() + entry * kRecordBytes;
    if (!code_entry(record, exact, folded, options.edit_chars_min, plate)) {
      plan.status = BuildStatus::kBadRecord;
      plan.bad_record = entry;
      return plan;
    }
    header.exact_entries += plate.profile == Profile::kExact;
    header.fold_entries += plate.profile != Profile::kExact;
    header.edit_entries += plate.profile == Profile::kFoldOneEdit;
    for_each_key(plate, [&](std::uint64_t) { ++keys; });
  }
  header.magic = kIndexMagic;
  header.version = kIndexVersion;
  header.header_bytes = sizeof(IndexHeader);
  header.entries = static_cast<std::uint32_t>(entries);
  header.postings = static_cast<std::uint32_t>(keys);
  header.words = static_cast<std::uint32_t>(keys / kKeysPerWord + 1);
  header.edit_chars_min = options.edit_chars_min;
  std::copy(options.fold.begin(), options.fold.end(), header.fold);
  header.block_bytes = layout_of(header).bytes;
  plan.status = BuildStatus::kDone;
  return plan;
}

void fill_index(std::span<const std::uint8_t> records, const IndexPlan& plan, std::uint8_t* block) {
  const IndexHeader& header = plan.header;
  std::memcpy(block, &header, sizeof header);
  const IndexView view = view_of(block);
  auto* words = const_cast<std::uint64_t*>(view.words);
  auto* plates = const_cast<Plate*>(view.plates);
  auto* postings = const_cast<Posting*>(view.postings);

  FoldTable fold;
  std::copy(std::begin(header.fold), std::end(header.fold), fold.begin());
  const CodeTable exact(zero_fold());
  const CodeTable folded(fold);
  constexpr std::uint64_t kOnePosting = std::uint64_t{1} << 32;

  // 1. Set the bits, and count the postings of each word in its upper half.
  for (std::uint32_t entry = 0; entry < header.entries; ++entry) {
    const std::uint8_t* record = records.data() + entry * kRecordBytes;
    code_entry(record, exact, folded, header.edit_chars_min, plates[entry]);
    for_each_key(plates[entry], [&](std::uint64_t key) {
      const Place place = place_of(hash_of(key), header.words);
      words[place.word] = (words[place.word] + kOnePosting) | (std::uint64_t{1} << place.bit);
    });
  }
  // 2. Counts become the number of the first posting of the NEXT word...
  std::uint64_t next = 0;
  for (std::uint32_t word = 0; word <= header.words; ++word) {
    next += words[word] >> 32;
    words[word] = (next << 32) | static_cast<std::uint32_t>(words[word]);
  }
  // 3. ...and step back to the first of their own as the postings come, last entry first.
  for (std::uint32_t entry = header.entries; entry-- > 0;) {
    for_each_key(plates[entry], [&](std::uint64_t key) {
      const Place place = place_of(hash_of(key), header.words);
      words[place.word] -= kOnePosting;
      postings[words[place.word] >> 32] = {place.tag, entry};
    });
  }
  const std::uint64_t sum = checksum_of({block, header.block_bytes});
  reinterpret_cast<IndexHeader*>(block)->checksum = sum;
}

BlockStatus open_index(std::span<const std::uint8_t> block, IndexView& view) {
  if (block.size() < sizeof(IndexHeader)) return BlockStatus::kTooShort;
  if (reinterpret_cast<std::uintptr_t>(block.data()) % alignof(IndexHeader) != 0) {
    return BlockStatus::kUnaligned;
  }
  const auto& header = *reinterpret_cast<const IndexHeader*>(block.data());
  if (header.magic != kIndexMagic) return BlockStatus::kNoBlock;
  if (header.version != kIndexVersion) return BlockStatus::kOtherVersion;
  if (header.block_bytes != block.size()) return BlockStatus::kOtherSize;

  FoldTable fold;
  std::copy(std::begin(header.fold), std::end(header.fold), fold.begin());
  const bool consistent =
      header.header_bytes == sizeof(IndexHeader) && header.entries <= kEntriesMax &&
      header.postings <= header.entries * kPostingsOfEntryMax && header.words > 0 &&
      std::uint64_t{header.exact_entries} + header.fold_entries == header.entries &&
      header.edit_entries <= header.fold_entries && is_fold_table(fold) &&
      layout_of(header).bytes == block.size();
  if (!consistent || checksum_of(block) != header.checksum) return BlockStatus::kDamaged;
  view = view_of(block.data());
  return BlockStatus::kSound;
}

}  // namespace hotplate
