// Goes through both searches' hits read by read.
#include "judge.hpp"

#include <algorithm>
#include <limits>

namespace hotplate {
namespace {

constexpr std::size_t kModelByte = 20;

// Plates that are the same once O is 0 alert whatever the model says of them.
bool same_but_zero(const std::uint8_t* record, const std::uint8_t* plate) {
  for (int i = 0; i < kPlateCharsMax; ++i) {
    const std::uint8_t read = record[1 + i] == 'O' ? '0' : record[1 + i];
    const std::uint8_t listed = plate[i] == 'O' ? '0' : plate[i];
    if (read != listed) return false;
  }
  return true;
}

bool is_pattern(const std::uint8_t* plate) {
  return std::any_of(plate, plate + kPlateCharsMax,
                     [](std::uint8_t c) { return c == '?' || c == '*'; });
}

}  // namespace

Judge::Judge(Matcher& base, Matcher* overlay, std::span<const std::uint32_t> removed,
             std::span<const Scorer* const> scorers, std::span<const double> log_odds_min)
    : base_(base),
      overlay_(overlay),
      removed_(removed),
      scorers_(scorers),
      log_odds_min_(log_odds_min) {}

JudgeResult Judge::judge(const JudgeBatch& batch) {
  hits_.clear();
  base_at_ = overlay_at_ = 0;
  for (Matcher* matcher : {&base_, overlay_}) {
    if (matcher == nullptr) continue;
    const MatchResult search = matcher->match(batch.records);
    if (search.status != MatchStatus::kDone) return {JudgeStatus::kSearchFailed, 0, search};
  }
  const std::size_t count = batch.origins.size();
  for (std::size_t first = 0; first < count;) {
    std::size_t last = first + 1;
    while (last < count && batch.origins[last].read == batch.origins[first].read) ++last;
    const JudgeStatus status = judge_read(batch, first, last);
    if (status != JudgeStatus::kDone) return {status, first, {}};
    first = last;
  }
  return {JudgeStatus::kDone, 0, {}};
}

JudgeStatus Judge::judge_read(const JudgeBatch& batch, std::size_t first, std::size_t last) {
  found_.clear();
  gather(base_, base_at_, last, false);
  if (overlay_ != nullptr) gather(*overlay_, overlay_at_, last, true);
  if (found_.empty()) return JudgeStatus::kDone;
  if (batch.origins[first].candidate >= 0) return JudgeStatus::kBadOrigin;
  if (found_.size() > 1) {
    std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
      return a.entry != b.entry ? a.entry < b.entry : a.record < b.record;
    });
    const auto same = [](const Found& a, const Found& b) { return a.entry == b.entry; };
    found_.erase(std::unique(found_.begin(), found_.end(), same), found_.end());
  }
  for (const Found& found : found_) {
    const JudgeStatus status = weigh(batch, first, last, found);
    if (status != JudgeStatus::kDone) return status;
  }
  return JudgeStatus::kDone;
}

// Both searches give their hits by record, so that each read's follow those of the one before.
void Judge::gather(const Matcher& matcher, std::size_t& at, std::size_t last, bool is_overlay) {
  const auto hits = matcher.hits();
  for (; at < hits.size() && (hits[at] >> 32) < last; ++at) {
    const auto record = static_cast<std::uint32_t>(hits[at] >> 32);
    const auto entry = static_cast<std::uint32_t>(hits[at]);
    if (is_overlay) {
      found_.push_back({base_.entries() + entry, record});
    } else if (!std::binary_search(removed_.begin(), removed_.end(), entry)) {
      found_.push_back({entry, record});
    }
  }
}

JudgeStatus Judge::weigh(const JudgeBatch& batch, std::size_t first, std::size_t last,
                         Found found) {
  const ListedEntry entry = listed(found.entry);
  if (entry.list >= log_odds_min_.size()) return JudgeStatus::kBadList;
  const auto read = static_cast<std::uint32_t>(batch.origins[first].read);
  if (is_pattern(entry.plate)) {
    // A pattern has no likelihood: whoever entered it has asked for all that fits.
    hits_.push_back({read, found.entry, found.record, 0, std::numeric_limits<double>::infinity()});
    return JudgeStatus::kDone;
  }
  const std::size_t count = last - first;
  const auto evidence =
      batch.evidence.subspan(first * kEvidenceRecordBytes, count * kEvidenceRecordBytes);
  const std::size_t model = evidence[kModelByte];
  if (model >= scorers_.size()) return JudgeStatus::kBadModel;
  const auto records = batch.records.subspan(first * kRecordBytes, count * kRecordBytes);
  const Score score = scorers_[model]->score(records, evidence, entry.plate, entry.region);
  if (score.log_odds >= log_odds_min_[entry.list] || same_but_zero(records.data(), entry.plate)) {
    const auto record =
        static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(score.record);
    hits_.push_back({read, found.entry, record, score.cost, score.log_odds});
  }
  return JudgeStatus::kDone;
}

ListedEntry Judge::listed(std::uint32_t entry) const noexcept {
  const std::uint32_t size = base_.entries();
  return entry < size ? base_.listed(entry) : overlay_->listed(entry - size);
}

std::uint32_t Judge::entries() const noexcept {
  return base_.entries() + (overlay_ == nullptr ? 0 : overlay_->entries());
}

}  // namespace hotplate
