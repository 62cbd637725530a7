// The search: all entries within their profile's reach of each read of a batch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index.hpp"

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
  explicit Matcher(const IndexView& index);

  // Searches the records (16 bytes each; flag byte 1: a candidate reading, at `fold` only).
  MatchResult match(std::span<const std::uint8_t> records);

  // Of the last call: record << 32 | entry, ascending, every hit once.
  std::span<const std::uint64_t> hits() const noexcept { return hits_; }

 private:
  enum class Key : std::uint8_t { kExact, kWhole, kDeletion };

  struct Query {
    Plate folded;
    Plate exact;
    bool edits;
  };
  struct Probe {
    Place place;
    std::uint8_t query;
    Key key;
  };
  struct Run {
    std::uint32_t begin;
    std::uint32_t end;
    std::uint16_t probe;
  };

  // Reads in flight at once: enough for the loads to overlap, few enough to stay in the first
  // cache.
  static constexpr std::size_t kChunk = 32;
  static constexpr std::size_t kProbesOfQueryMax = kPlateCharsMax + 2;

  bool prepare(const std::uint8_t* record, std::uint8_t query);
  void add_probe(std::uint64_t key, std::uint8_t query, Key kind) noexcept;
  bool filter() noexcept;
  bool verify(std::uint32_t first_record);
  bool accepts(const Query& query, const Plate& entry, Key key) const noexcept;

  const IndexView index_;
  const CodeTable exact_codes_;
  const CodeTable fold_codes_;
  std::array<Query, kChunk> queries_;
  std::array<Probe, kChunk * kProbesOfQueryMax> probes_;
  std::array<Run, kChunk * kProbesOfQueryMax> runs_;
  std::size_t probes_n_ = 0;
  std::size_t runs_n_ = 0;
  std::vector<std::uint64_t> hits_;
};

}  // namespace hotplate
