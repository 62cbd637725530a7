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

// Of all searches so far.
struct Touched {
  std::uint64_t reads = 0;
  std::uint64_t words = 0;     // of the tables, one a signature
  std::uint64_t postings = 0;  // runs of them
  std::uint64_t entries = 0;   // keys compared
};

// Not for two threads at once; any number of matchers may share one block.
class Matcher {
 public:
  explicit Matcher(const IndexView& index, const Kernels& kernels = best_kernels());

  // Searches the records (16 bytes each; flag byte 1: a candidate reading, at `fold` only).
  MatchResult match(std::span<const std::uint8_t> records);

  // Of the last call: record << 32 | entry, by record, the entries of one in no order; every hit
  // once.
  std::span<const std::uint64_t> hits() const noexcept { return hits_; }

  const Touched& touched() const noexcept { return touched_; }
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

  bool misses(const std::uint8_t* record) noexcept;
  bool prepare(const std::uint8_t* records, std::size_t count, Wanted& wanted) noexcept;
  bool search(const Table& table, std::size_t count, std::uint64_t edits);
  void finish(const Table& table, std::uint64_t edits);
  void search_patterns(std::size_t count);
  void add_fitting(std::uint64_t read);
  void drop_doubtful(const Wanted& wanted);
  bool holds_as_written(std::uint64_t read, std::uint32_t entry, unsigned edits) const noexcept;
  void take_hits();
  void drop_doubles(std::size_t begin, std::span<const std::uint32_t> ends);
  bool is_new(std::uint64_t hit) noexcept;

  const IndexView index_;
  const Kernels& kernels_;
  const CodeTable codes_;
  const std::uint64_t long_enough_;  // keys from here on may be edited
  const FoldTable fold_;
  PatternIndex patterns_;
  bool patterns_sound_;
  std::unique_ptr<Chunk> chunk_;
  const std::uint8_t* records_ = nullptr;  // of the chunk
  std::uint64_t first_ = 0;
  Touched touched_;
  std::vector<std::uint64_t> hits_;
  std::array<std::uint64_t, 256> seen_;
  struct Asked {
    PatternIndex::Bucket bucket;
    std::uint8_t read;
  };
  std::vector<Asked> asked_;
  std::vector<std::uint32_t> fitting_;
};

}  // namespace hotplate
