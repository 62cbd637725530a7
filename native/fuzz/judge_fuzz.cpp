// libFuzzer: the judge on lists and reads of any kind, with evidence and origins of any bytes, a
// base and an overlay. Nothing outside of what is passed may be touched; each hit names a read, an
// entry and a record that are there, once, in order.
#include <cmath>

#include "../judge/judge.hpp"
#include "lists.hpp"

namespace {

using hotplate::fuzz::require;

hotplate::Scorer plain_scorer() {
  hotplate::PackedModel model{};
  model.forms.fill(1);
  model.edited_forms.fill(1);
  for (hotplate::Curve* curve : {&model.read, &model.candidate, &model.edited}) {
    for (std::size_t i = 0; i < curve->x.size(); ++i) curve->x[i] = static_cast<float>(i) / 8;
  }
  std::vector<std::uint8_t> packed(sizeof model);
  std::memcpy(packed.data(), &model, sizeof model);
  return hotplate::Scorer(packed);
}

// Records of a read together, mostly: else the judge is to say so.
std::vector<hotplate::Origin> take_origins(hotplate::fuzz::Bytes& bytes, std::size_t count) {
  std::vector<hotplate::Origin> origins(count);
  std::int32_t read = 0;
  std::int32_t candidate = -1;
  for (auto& origin : origins) {
    const std::uint8_t kind = bytes.next();
    if (kind < 128) {
      ++read;
      candidate = -1;
    }
    if (kind == 255) candidate = static_cast<std::int32_t>(bytes.next24());
    origin = {read, candidate++};
  }
  return origins;
}

void check_hits(const hotplate::Judge& judge, std::size_t records) {
  const hotplate::JudgedHit* before = nullptr;
  for (const auto& hit : judge.hits()) {
    require(hit.entry < judge.entries() && hit.record < records, "a hit of what is not there");
    require(std::isfinite(hit.cost) && !std::isnan(hit.log_odds), "a hit without weight");
    const bool next_read = before == nullptr || before->read != hit.read;
    require(next_read || before->entry < hit.entry, "a pair comes twice");
    judge.listed(hit.entry);
    before = &hit;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hotplate::fuzz::Bytes bytes(data, size);
  const auto lists = hotplate::fuzz::take_lists(bytes);
  auto added = lists;
  hotplate::fuzz::take_entries(bytes, hotplate::fuzz::kAlphabets[1], added);
  hotplate::fuzz::Block base_block(lists);
  hotplate::fuzz::Block overlay_block(added);
  hotplate::IndexView base_view;
  hotplate::IndexView overlay_view;
  hotplate::open_index(base_block.bytes(), hotplate::Check::kAll, base_view);
  hotplate::open_index(overlay_block.bytes(), hotplate::Check::kAll, overlay_view);
  hotplate::Matcher base(base_view);
  hotplate::Matcher overlay(overlay_view);

  const std::size_t count = lists.reads.size();
  std::vector<std::uint8_t> evidence(count * hotplate::kEvidenceRecordBytes);
  for (auto& byte : evidence) byte = bytes.below(4) == 0 ? bytes.next() : 0;
  std::vector<std::uint32_t> removed;
  for (unsigned n = bytes.below(8); n > 0; --n) removed.push_back(bytes.next());
  std::sort(removed.begin(), removed.end());
  const hotplate::Scorer scorer = plain_scorer();
  const hotplate::Scorer* const scorers[] = {&scorer, &scorer};
  const double least[] = {static_cast<double>(bytes.next()) - 128};
  const auto origins = take_origins(bytes, count);
  hotplate::Judge judge(base, bytes.below(2) == 0 ? &overlay : nullptr, removed, scorers, least);
  const auto result = judge.judge({lists.read_records, evidence, origins});
  require(result.status != hotplate::JudgeStatus::kSearchFailed, "the reads are refused");
  if (result.status == hotplate::JudgeStatus::kDone) check_hits(judge, count);
  return 0;
}
