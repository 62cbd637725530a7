// Entries with wildcards: `?` is one character, `*` any run of them, none included. Part of the
// index block; found by what is known of them, so that a read pays for the kinds of patterns in use
// and not for their number.
//
// An anchor is what a pattern is filed under: up to four known characters at fixed places from the
// start or the end (their places are a shape; a few shapes serve all patterns), or, where fewer
// than two stand at fixed places, three in a row, two at a distance, or two in order. A read is
// asked for under each shape and each such kind in use; two bits of a word of the filter answer
// most, for many reads at a time (kernels.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plate.hpp"

namespace hotplate {

// In a pattern's codes, beside those of plates.
constexpr std::uint8_t kCodeAnyOne = 0xFE;
constexpr std::uint8_t kCodeAnyRun = 0xFF;

// Known characters, at least: fewer fit a good part of all traffic.
constexpr unsigned kPatternCharsMin = 2;

struct Pattern {
  std::uint32_t entry;
  std::uint8_t codes[kPlateCharsMax];  // zero after the last
};
static_assert(sizeof(Pattern) == 16);

// Whether `?` and `*` can be filled so that the pattern gives the text.
bool pattern_fits(const std::uint8_t* pattern, std::size_t pattern_length, const std::uint8_t* text,
                  std::size_t text_length) noexcept;

// The key moved up so that its last character stands highest.
constexpr std::uint64_t moved_to_end(std::uint64_t key) noexcept {
  return key << (kCodeBits * (kPlateCharsMax - length_of(key)));
}

// Size of the part for these patterns, and its bytes.
std::vector<std::uint8_t> file_patterns(std::span<const Pattern> patterns);

// The places of an anchor's characters, as masks.
struct Shape {
  std::uint64_t start = 0;  // of the key
  std::uint64_t end = 0;    // of the key moved up so that its last character stands highest
  friend bool operator==(const Shape&, const Shape&) = default;
  friend auto operator<=>(const Shape&, const Shape&) = default;
  bool within(const Shape& other) const {
    return (start & ~other.start) == 0 && (end & ~other.end) == 0;
  }
  unsigned characters() const {
    return static_cast<unsigned>(std::popcount(start) + std::popcount(end)) / kCodeBits;
  }
};
static_assert(sizeof(Shape) == 16);

// What tells the same characters of different shapes apart.
constexpr std::uint64_t salt_of(const Shape& shape) noexcept {
  return hash_of(shape.start ^ hash_of(shape.end));
}

// Hash of the anchor that a read, or a pattern, has under a shape.
constexpr std::uint64_t anchor_hash(const Shape& shape, std::uint64_t salt, std::uint64_t key,
                                    std::uint64_t from_end) noexcept {
  return hash_of((key & shape.start) ^ (from_end & shape.end) ^ salt);
}

struct PatternFilter {
  const std::uint64_t* words;
  std::uint64_t word_mask;
};
// By different bits of an anchor's hash: a word of the filter, and two bits of it. (The lowest bits
// say which bucket.)
constexpr unsigned kFilterWordShift = 44;
constexpr unsigned kFilterBitShift = 32;
constexpr unsigned kFilterSecondBitShift = 38;
constexpr std::uint64_t filter_bits(std::uint64_t hash) noexcept {
  return std::uint64_t{1} << (hash >> kFilterBitShift & 63) |
         std::uint64_t{1} << (hash >> kFilterSecondBitShift & 63);
}
inline bool passes(const PatternFilter& filter, std::uint64_t hash) noexcept {
  const std::uint64_t bits = filter_bits(hash);
  return (filter.words[hash >> kFilterWordShift & filter.word_mask] & bits) == bits;
}

class PatternIndex {
 public:
  // `part` is of file_patterns(). False where it can't be: someone wrote into the block.
  bool open(std::span<const std::uint8_t> part);
  bool empty() const noexcept { return patterns_.empty(); }

  std::span<const Shape> shapes() const noexcept { return shapes_; }
  PatternFilter filter() const noexcept { return {filter_.data(), filter_.size() - 1}; }

  // Entries that may fit a read: a bucket of them, whose memory is on its way.
  struct Bucket {
    std::uint32_t number;
    std::uint32_t begin;
    std::uint32_t end;
  };
  // By a shape under which the filter has let the read pass.
  Bucket bucket_of(const Shape& shape, std::uint64_t key) const noexcept;
  void fetch(Bucket& bucket) const noexcept;
  // Appends those that fit the read.
  void take(const Bucket& bucket, std::uint64_t key, std::vector<std::uint32_t>& entries) const;

  // Whether there are any without a shape; appends those that fit, some of them twice.
  bool floats() const noexcept { return kinds_ != 0; }
  void find_floating(std::uint64_t key, std::vector<std::uint32_t>& entries) const;

 private:
  struct Read;
  void ask(std::uint64_t anchor, const Read& read, std::vector<std::uint32_t>& entries) const;
  void take(const Bucket& bucket, const Read& read, std::vector<std::uint32_t>& entries) const;

  std::span<const Shape> shapes_;
  std::span<const std::uint64_t> filter_;
  std::span<const std::uint32_t> buckets_;
  std::span<const Pattern> patterns_;
  std::uint32_t kinds_ = 0;
};

}  // namespace hotplate
