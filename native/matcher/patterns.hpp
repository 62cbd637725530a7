// Entries with wildcards: `?` is one character, `*` any run of them, none included. Part of the
// index block; found by what is known of them, so that a read pays for the kinds of patterns in use
// and not for their number.
//
// An anchor is what a pattern is filed under: up to four known characters at fixed places from the
// start or the end (their places are a shape; a few shapes serve all patterns), or, where fewer
// than two stand at fixed places, three in a row, two at a distance, or two in order. A read is
// asked for under each shape and each such kind in use; a bit filter answers most.
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

// Size of the part for these patterns, and its bytes.
std::vector<std::uint8_t> file_patterns(std::span<const Pattern> patterns);

class PatternIndex {
 public:
  // `part` is of file_patterns(). False where it can't be: someone wrote into the block.
  bool open(std::span<const std::uint8_t> part);
  bool empty() const noexcept { return patterns_.empty(); }

  // Appends the entries whose pattern fits the read's key, some of them twice.
  void find(std::uint64_t key, std::vector<std::uint32_t>& entries) const;

 private:
  struct Read {
    std::uint64_t key;
    std::uint64_t from_end;
    std::uint8_t codes[kPlateCharsMax];
    unsigned length;
  };
  void ask(std::uint64_t anchor, const Read& read, std::vector<std::uint32_t>& entries) const;
  void ask_shapes(const Read& read, std::vector<std::uint32_t>& entries) const;
  void ask_floating(const Read& read, std::vector<std::uint32_t>& entries) const;

  std::span<const std::uint64_t> shapes_;  // pairs: mask of the key, mask of the key from its end
  std::span<const std::uint64_t> filter_;
  std::span<const std::uint32_t> buckets_;
  std::span<const Pattern> patterns_;
  std::uint32_t kinds_ = 0;
};

}  // namespace hotplate
