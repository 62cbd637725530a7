// From a batch of reads to the matches that alert: all entries in reach (native/matcher), each
// scored by how likely the reading is of that plate (native/scorer), less those that are below
// their list's threshold. The base block and a small overlay of single changes count as one list of
// entries: those of the overlay are numbered on after the base's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../matcher/matcher.hpp"
#include "../scorer/scorer.hpp"

namespace hotplate {

// What a packed plate is of: a read, and one of its candidates (-1: the plate itself). The records
// of a read stand together, its own first.
struct Origin {
  std::int32_t read;
  std::int32_t candidate;
};

struct JudgedHit {
  std::uint32_t read;
  std::uint32_t entry;
  // The record that explains the reading best: the read's own, or a candidate's.
  std::uint32_t record;
  double cost;
  double log_odds;
};

inline constexpr std::size_t kEvidenceRecordBytes = 24;

struct JudgeBatch {
  std::span<const std::uint8_t> records;
  std::span<const std::uint8_t> evidence;
  std::span<const Origin> origins;  // one for each record
};

enum class JudgeStatus {
  kDone,
  kBadOrigin,     // records of a read that do not stand together, or not its own first
  kBadModel,      // evidence that names a model that there is none of
  kBadList,       // an entry of a list without a threshold
  kSearchFailed,  // `search` says what
};

struct JudgeResult {
  JudgeStatus status;
  std::size_t bad_record;
  MatchResult search;
};

// Not for two threads at once.
class Judge {
 public:
  // `overlay` may be null; `removed` are entries of the base, ascending; `log_odds_min` has the
  // threshold of each list by its number. All must outlive the judge.
  Judge(Matcher& base, Matcher* overlay, std::span<const std::uint32_t> removed,
        std::span<const Scorer* const> scorers, std::span<const double> log_odds_min);

  JudgeResult judge(const JudgeBatch& batch);
  ListedEntry listed(std::uint32_t entry) const noexcept;
  std::uint32_t entries() const noexcept;
  // Of the last call: by read, then entry, each pair once.
  std::span<const JudgedHit> hits() const noexcept { return hits_; }

 private:
  struct Found {
    std::uint32_t entry;
    std::uint32_t record;
  };

  JudgeStatus judge_read(const JudgeBatch& batch, std::size_t first, std::size_t last);
  void gather(const Matcher& matcher, std::size_t& at, std::size_t last, bool is_overlay);
  JudgeStatus weigh(const JudgeBatch& batch, std::size_t first, std::size_t last, Found found);

  Matcher& base_;
  Matcher* overlay_;
  std::span<const std::uint32_t> removed_;
  std::span<const Scorer* const> scorers_;
  std::span<const double> log_odds_min_;
  std::size_t base_at_ = 0;
  std::size_t overlay_at_ = 0;
  std::vector<Found> found_;
  std::vector<JudgedHit> hits_;
};

}  // namespace hotplate
