// libFuzzer: a packed model, reads, evidence and an entry of any bytes. Whatever the check takes
// must give numbers.
#include <cmath>
#include <cstring>
#include <vector>

#include "../matcher/plate.hpp"
#include "../scorer/scorer.hpp"
#include "bytes.hpp"

namespace {

using hotplate::PackedModel;
using hotplate::fuzz::require;

// A sound one, so that the fuzzer need not guess its twenty thousand numbers.
std::vector<std::uint8_t> plain_model() {
  PackedModel model{};
  model.magic = hotplate::kModelMagic;
  model.version = hotplate::kModelVersion;
  model.bytes = sizeof model;
  model.forms.fill(1);
  model.edited_forms.fill(1);
  for (hotplate::Curve* curve : {&model.read, &model.candidate, &model.edited}) {
    for (std::size_t i = 0; i < curve->x.size(); ++i) curve->x[i] = static_cast<float>(i) / 8;
  }
  std::vector<std::uint8_t> packed(sizeof model);
  std::memcpy(packed.data(), &model, sizeof model);
  return packed;
}

std::vector<std::uint8_t> take_bytes(hotplate::fuzz::Bytes& bytes, std::size_t count) {
  std::vector<std::uint8_t> taken(count);
  for (auto& byte : taken) byte = bytes.next();
  return taken;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hotplate::fuzz::Bytes bytes(data, size);
  auto packed = plain_model();
  for (unsigned writes = bytes.below(32); writes > 0; --writes) {
    const std::size_t at = bytes.next24() % packed.size();
    for (std::size_t i = at; i < packed.size() && i < at + 4; ++i) packed[i] = bytes.next();
  }
  if (bytes.below(8) == 0) packed.resize(bytes.next24() % (packed.size() + 1));
  if (hotplate::check_model(packed) != hotplate::ModelStatus::kSound) return 0;
  const hotplate::Scorer scorer(packed);
  const std::size_t count = bytes.below(14);
  const auto plate = take_bytes(bytes, hotplate::kPlateCharsMax);
  const std::uint32_t region = bytes.next24();
  const auto records = take_bytes(bytes, count * hotplate::kRecordBytes);
  const auto evidence = take_bytes(bytes, count * 24);
  const auto score = scorer.score(records, evidence, plate.data(), region);
  require(std::isfinite(score.cost) && score.cost >= 0, "the cost is none");
  require(std::isfinite(score.log_odds), "the log odds are none");
  require(count == 0 || score.record < count, "another record is named");
  return 0;
}
