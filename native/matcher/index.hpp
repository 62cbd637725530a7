// The index: one flat, immutable block that holds a list's plates and finds them by key.
//
//   header | words | plates | postings           (each part starts on a line of 64 bytes)
//
// An entry is filed under the key of its plate (`exact`: O folded to zero; else all classes folded)
// and, where it may be found with one edit, under the keys of its plate less one character. A key's
// hash names a word and a bit of it. A word is 32 bits of occupancy below the number of its first
// posting, so that one load answers most keys that are not there; the next word ends its postings.
// A posting is 32 bits of the hash below the number of the entry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "plate.hpp"

namespace hotplate {

constexpr std::uint32_t kEntriesMax = 1u << 24;
constexpr std::uint32_t kIndexVersion = 1;
constexpr std::uint64_t kIndexMagic = 0x5844'4945'5441'4C50;  // "PLATEIDX" in bytes

struct IndexHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_bytes;
  std::uint64_t block_bytes;
  std::uint64_t checksum;  // of the whole block, this field taken as zero
  std::uint32_t entries;
  std::uint32_t exact_entries;
  std::uint32_t fold_entries;  // all that are not exact
  std::uint32_t edit_entries;  // of these, the ones that one edit may find
  std::uint32_t postings;
  std::uint32_t words;
  std::uint32_t edit_chars_min;
  std::uint8_t fold[kSymbols];
  std::uint8_t unused[32];
};
static_assert(sizeof(IndexHeader) == 128);

struct Posting {
  std::uint32_t tag;
  std::uint32_t entry;
};
static_assert(sizeof(Posting) == 8);

// Where a hash is looked up: three numbers of different bits.
struct Place {
  std::uint32_t word;
  std::uint32_t tag;
  std::uint8_t bit;
};

inline Place place_of(std::uint64_t hash, std::uint32_t words) noexcept {
  return {
      static_cast<std::uint32_t>((Word128{hash} * words) >> 64),
      static_cast<std::uint32_t>(hash),
      static_cast<std::uint8_t>((hash >> 32) & 31),
  };
}

struct IndexOptions {
  FoldTable fold;
  std::uint32_t edit_chars_min;
};

enum class BuildStatus { kDone, kTooManyEntries, kBadRecord, kBadFoldTable };

struct IndexPlan {
  BuildStatus status;
  std::size_t bad_record;  // with kBadRecord: the first one
  IndexHeader header;      // all but the checksum
};

// First pass: checks the entries (records whose flag byte is a Profile) and sizes the block.
IndexPlan plan_index(std::span<const std::uint8_t> records, const IndexOptions& options);

// Second pass: fills `block`, which is aligned to 8 bytes, zeroed and `plan.header.block_bytes`
// long, from the same records.
void fill_index(std::span<const std::uint8_t> records, const IndexPlan& plan, std::uint8_t* block);

enum class BlockStatus {
  kSound,
  kTooShort,
  kUnaligned,
  kNoBlock,
  kOtherVersion,
  kOtherSize,
  kDamaged,
};

// A checked block; it must outlive the view. The header is a copy, so that no later write into the
// block can move the bounds that were checked.
struct IndexView {
  IndexHeader header;
  const std::uint64_t* words;  // one more than header.words
  const Plate* plates;
  const Posting* postings;
};

BlockStatus open_index(std::span<const std::uint8_t> block, IndexView& view);

}  // namespace hotplate
