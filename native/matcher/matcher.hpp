// The search: all entries within their profile's reach of each read of a batch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "index.hpp"
#include "kernels.hpp"
#include "patterns.hpp"

namespace hotplate {

// Hits of one call, at most. A single read can never have more than there are entries.
constexpr std::size_t kHitsMax = std::size_t{1} << 24;

enum class MatchStatus {
  kDone,
  kBadRecord,     // `bad_record` is the first that is no plate
  kTooManyHits,   // more than kHitsMax: fewer reads per call will do
  kBlockDamaged,  // someone wrote into the block since it was opened
};

struct MatchResult {
  MatchStatus status;
  std::size_t bad_record;
};

// Not for two threads at once; any number of matchers may share one block.
class Matcher {
 public:
  explicit Matcher(const IndexView& index, const Kernels& kernels = best_kernels());

  // Searches the records (16 bytes each; flag byte 1: a candidate reading, at `fold` only).
  MatchResult match(std::span<const std::uint8_t> records);

  // Of the last call: record << 32 | entry, ascending, every hit once.
  std::span<const std::uint64_t> hits() const noexcept { return hits_; }

  std::uint32_t entries() const noexcept { return index_.header.entries; }
  ListedEntry listed(std::uint32_t entry) const noexcept {
    return unpack_listed(index_.listed[entry]);
  }

 private:
  // Which reads of a chunk, bit by bit.
  struct Wanted {
    std::uint64_t all = 0;
    std::uint64_t edits = 0;
    std::uint64_t fold_only = 0;
  };

  bool prepare(const std::uint8_t* records, std::size_t count, Wanted& wanted) noexcept;
  bool search_one(std::size_t count, const Wanted& wanted);
  bool search_two(std::size_t count, const Wanted& wanted);
  void search_patterns(std::size_t count, const Wanted& wanted);
  bool collect(const Table& table);
  void verify_one(const Wanted& wanted);
  void verify_two(const Wanted& wanted);
  bool holds_as_written(std::uint64_t read, std::uint32_t entry, unsigned edits) const noexcept;
  void add(std::uint64_t read, std::uint32_t entry) {
    hits_.push_back((first_ + read) << 32 | entry);
  }
  void sort_chunk(std::size_t begin);

  const IndexView index_;
  const Kernels& kernels_;
  const CodeTable codes_;
  const FoldTable fold_;
  PatternIndex patterns_;
  bool patterns_sound_;
  std::unique_ptr<Chunk> chunk_;
  const std::uint8_t* records_ = nullptr;  // of the chunk
  std::uint64_t first_ = 0;
  std::vector<std::uint64_t> hits_;
  std::vector<std::uint64_t> sorted_;
  std::vector<std::uint32_t> fitting_;
};

}  // namespace hotplate
