// The index: one flat, immutable block that holds a list's entries and finds them by their plates.
//
//   header | keys | listed | one: words, postings | two: words, postings | patterns
//   (each part starts on a line of 64 bytes)
//
// `keys` has each entry's folded plate and profile, `listed` what a score needs: the plate as
// written, region and list. Table `one` files each entry under its key and, at `fold+1`, under what
// is left of it less one character; table `two` has the entries of `fold+2`, less one and less two.
// Patterns have a part of their own (patterns.hpp).
//
// A signature's hash names a word of its table and two bits of it, the second by the posting's
// position too: 32 bits of occupancy below the number of the word's first posting, so that one load
// answers most signatures that are not there, or only where no read's could be.
//
// A posting is 23 bits of the entry's number, a mark on the last one of its word, four bits of a
// position and four of the hash. In table one the position is the place of the character that the
// entry's signature lacks (15: none): two plates that lack a character each, and then are the same,
// are one edit apart only where both lack it at one place. In table two it is four more bits of
// hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "plate.hpp"

namespace hotplate {

constexpr std::uint32_t kEntriesMax = 1u << 23;
// About 190 bytes an entry, and some 80 lines of memory a read: small lists only.
constexpr std::uint32_t kTwoEditEntriesMax = 300'000;
constexpr std::uint32_t kPatternsMax = 10'000;
constexpr std::uint32_t kIndexVersion = 3;
constexpr std::uint64_t kIndexMagic = 0x5844'4945'5441'4C50;  // "PLATEIDX" in bytes

// An entry as it is given: 0 length, 1..12 characters A-Z 0-9 ? *, 13 profile, 14..15 list,
// 16..19 region, 20..23 zero (src/matching/record.ts).
constexpr std::size_t kEntryRecordBytes = 24;

struct IndexHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t header_bytes;
  std::uint64_t block_bytes;
  std::uint64_t checksum;         // of the whole block, this field taken as zero
  std::uint64_t header_checksum;  // of the header, both checksums taken as zero
  std::uint32_t entries;
  std::uint32_t exact_entries;
  std::uint32_t one_edit_entries;
  std::uint32_t two_edit_entries;
  std::uint32_t patterns;
  std::uint32_t pattern_bytes;
  std::uint32_t one_words;
  std::uint32_t one_postings;
  std::uint32_t two_words;
  std::uint32_t two_postings;
  std::uint32_t edit_chars_min;
  std::uint8_t fold[kSymbols];
  std::uint8_t unused[8];
};
static_assert(sizeof(IndexHeader) == 128);

constexpr std::uint32_t kPostingEntry = (1u << 23) - 1;
constexpr std::uint32_t kPostingLast = 1u << 23;
constexpr unsigned kPositionShift = 24;
constexpr std::uint32_t kPostingTag = 0xF000'0000u;
constexpr unsigned kNoPosition = 15;
// Postings are read sixteen at a time: that many follow the last.
constexpr std::uint32_t kPostingsPadding = 16;

// Where a signature is looked up, by different bits of its hash: a word; and in sixteen bits two
// bits of the word (the low ten), the tag, and the position where none is given.
struct Place {
  std::uint32_t word;
  std::uint32_t bits;
};

constexpr Place place_of(std::uint64_t signature, std::uint32_t words) noexcept {
  const std::uint64_t hash = hash_of(signature);
  return {static_cast<std::uint32_t>(((hash >> 32) * words) >> 32),
          static_cast<std::uint32_t>(hash & 0xFFFF)};
}
// The bits that postings have in their word: the signature's own, and one of sixteen for the
// position, which begin anywhere. Here of any of `positions`, a bit each.
constexpr std::uint32_t own_bit(std::uint32_t bits) noexcept { return 1u << (bits & 31); }
constexpr std::uint32_t position_bits(std::uint32_t bits, std::uint32_t positions) noexcept {
  return std::rotl(positions, static_cast<int>((bits >> 5) & 31));
}
constexpr bool is_set(std::uint64_t word, std::uint32_t bits, std::uint32_t positions) noexcept {
  const auto occupied = static_cast<std::uint32_t>(word);
  return (occupied & own_bit(bits)) != 0 && (occupied & position_bits(bits, positions)) != 0;
}
constexpr std::uint32_t tag_of(std::uint32_t bits) noexcept { return (bits << 18) & kPostingTag; }
constexpr unsigned hashed_position(std::uint32_t bits) noexcept { return (bits >> 12) & 15; }

// A read's signature goes with the positions, bit by bit, that a posting may have, above its
// sixteen bits.
constexpr unsigned kAllowedShift = 16;
constexpr std::uint32_t kOnlyWhole = 1u << kNoPosition;
// All twelve places, or none: whatever else stands in a block is not shifted by.
constexpr std::uint32_t kAnyPosition = kOnlyWhole | ((1u << kPlateCharsMax) - 1);

// The positions for a read that lacks its character `place`: that place; those after it with the
// same character, since lacking any of them gives the same; none, of an entry that is the shorter
// one. `repeats`: bit i, character i is the same as the one before.
constexpr std::uint32_t allowed_positions(unsigned place, std::uint32_t repeats) noexcept {
  const std::uint32_t after = repeats >> (place + 1);
  const std::uint32_t run = after & ~(after + 1);
  return kOnlyWhole | (1u << place) | (run << (place + 1));
}

// Above the key: the entry's profile, with which it is filed (too short for edits: at `fold`).
constexpr unsigned kProfileShift = 60;
constexpr Profile profile_of(std::uint64_t filed) noexcept {
  return static_cast<Profile>((filed >> kProfileShift) & 3);
}

// An entry as written: characters of six bits (1 to 36 the symbols, 37 `?`, 38 `*`), then region
// and list.
struct Listed {
  std::uint64_t characters;  // the first ten
  std::uint64_t rest;        // two more, 27 bits of region from bit 12, 16 of list from bit 40
};
static_assert(sizeof(Listed) == 16);
constexpr std::uint32_t kRegionMax = (1u << 27) - 1;

struct ListedEntry {
  std::uint8_t plate[kPlateCharsMax];  // zero after the last character
  std::uint32_t region;
  std::uint16_t list;
};
ListedEntry unpack_listed(const Listed& listed) noexcept;

struct IndexOptions {
  FoldTable fold;
  std::uint32_t edit_chars_min;
};

enum class BuildStatus {
  kDone,
  kTooManyEntries,
  kTooManyTwoEdits,
  kTooManyPatterns,
  kBadRecord,
  kBadFoldTable
};

struct IndexPlan {
  BuildStatus status;
  std::size_t bad_record;  // with kBadRecord: the first one
  IndexHeader header;      // all but the checksums
};

// First pass: checks the entries and sizes the block.
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

struct Table {
  const std::uint64_t* words;
  const std::uint32_t* postings;
  std::uint32_t words_n;
  std::uint32_t postings_n;
  bool two;
};

// A checked block; it must outlive the view. The header is a copy, so that no later write into the
// block can move the bounds that were checked.
struct IndexView {
  IndexHeader header;
  const std::uint64_t* keys;
  const Listed* listed;
  Table one;
  Table two;
  std::span<const std::uint8_t> patterns;
};

enum class Check {
  kAll,     // the whole block's checksum
  kHeader,  // only the header's: for a block that was checked before, in no time at any size
};
BlockStatus open_index(std::span<const std::uint8_t> block, Check check, IndexView& view);

}  // namespace hotplate
