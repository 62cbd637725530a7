// Aligns each of the read's records with the entry's plate and weighs them together.
#include "scorer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "../matcher/plate.hpp"

namespace hotplate {
namespace {

constexpr std::size_t kEvidenceBytes = 24;
constexpr std::size_t kCharactersByte = 4;
constexpr std::uint8_t kNoConfidence = 255;
constexpr double kConfidenceSteps = 254;
constexpr std::size_t kRegionByte = 16;
// A character that the engine is sure of may be wrong all the same.
constexpr double kDoubtMin = 0.05;
constexpr double kDoubtNatsMax = 2;
const double kLogLetters = std::log(26.0);
const double kLogDigits = std::log(10.0);
constexpr double kEditsMin = 0.001;
constexpr double kEditsMax = 1.5;
// Dearer alignments are of other plates: they count as none at all.
constexpr double kCostMax = 40;
// Of a weight, a logarithm: their sums must stay powers that a double holds.
constexpr float kWeightMax = 100;

struct Symbols {
  std::array<std::uint8_t, kPlateCharsMax> at;
  int length;
};

// Up to the first byte that is no plate's.
Symbols symbols_of(const std::uint8_t* characters, int most) {
  Symbols symbols{};
  for (; symbols.length < most; ++symbols.length) {
    const std::uint8_t symbol = symbol_of(characters[symbols.length]);
    if (symbol == kNoSymbol) break;
    symbols.at[symbols.length] = symbol;
  }
  return symbols;
}

bool same_but_zero(const Symbols& a, const Symbols& b) {
  if (a.length != b.length) return false;
  const auto zero = [](std::uint8_t symbol) { return symbol == symbol_of('O') ? 0 : symbol; };
  for (int i = 0; i < a.length; ++i) {
    if (zero(a.at[i]) != zero(b.at[i])) return false;
  }
  return true;
}

double value_at(const Curve& curve, float x) {
  if (!(x >= 0)) return curve.none;
  if (x <= curve.x.front()) return curve.y.front();
  for (std::size_t i = 1; i < Curve::kPoints; ++i) {
    if (x > curve.x[i]) continue;
    const double part = (double{x} - curve.x[i - 1]) / (double{curve.x[i]} - curve.x[i - 1]);
    return curve.y[i - 1] + part * (double{curve.y[i]} - curve.y[i - 1]);
  }
  return curve.y.back();
}

// Place of the entry's character, or of the gap before its character i (up to its length).
std::size_t place_of_character(int i, int length) { return i == 0 ? 0 : i == length - 1 ? 2 : 1; }
std::size_t place_of_gap(int i, int length) { return i == 0 ? 0 : i == length ? 2 : 1; }

// By how much an edit of each character that was read is cheaper, in nats.
using Doubts = std::array<double, kPlateCharsMax>;

// Engines' scales differ: a character's confidence counts only beside those of its own reading.
Doubts doubts_of(const std::uint8_t* evidence, int length) {
  Doubts doubts{};
  double sum = 0;
  for (int i = 0; i < length; ++i) {
    const std::uint8_t step = evidence[kCharactersByte + i];
    if (step == kNoConfidence) return {};
    doubts[i] = 1 - static_cast<double>(step) / kConfidenceSteps + kDoubtMin;
    sum += doubts[i];
  }
  for (int i = 0; i < length; ++i) {
    doubts[i] = std::clamp(std::log(doubts[i] * length / sum), -kDoubtNatsMax, kDoubtNatsMax);
  }
  return doubts;
}

double eased(double cost, double doubt) { return cost > 0 ? std::max(0.0, cost - doubt) : 0; }

// Least cost of all alignments; the textbook's table, one row at a time.
double alignment_cost(const PackedModel& model, const Symbols& read, const Symbols& entry,
                      const Doubts& doubts) {
  std::array<double, kPlateCharsMax + 1> row;
  row[0] = 0;
  for (int j = 1; j <= read.length; ++j) {
    row[j] = row[j - 1] + eased(model.insertion[0][read.at[j - 1]], doubts[j - 1]);
  }
  for (int i = 1; i <= entry.length; ++i) {
    const std::uint8_t listed = entry.at[i - 1];
    const std::size_t place = place_of_character(i - 1, entry.length);
    const auto& substitution = model.substitution[place][listed];
    const auto& insertion = model.insertion[place_of_gap(i, entry.length)];
    const double deletion = model.deletion[place][listed];
    double diagonal = row[0];
    row[0] += deletion;
    for (int j = 1; j <= read.length; ++j) {
      const std::uint8_t seen = read.at[j - 1];
      const double substituted = diagonal + eased(substitution[seen], doubts[j - 1]);
      diagonal = row[j];
      const double inserted = row[j - 1] + eased(insertion[seen], doubts[j - 1]);
      row[j] = std::min({substituted, row[j] + deletion, inserted});
    }
  }
  return row[read.length];
}

// ln of how many plates there are of the same letters and digits; O counts as the digit it ties.
double log_plates(const Symbols& plate) {
  double sum = 0;
  for (int i = 0; i < plate.length; ++i) {
    const bool letter = plate.at[i] >= symbol_of('A') && plate.at[i] != symbol_of('O');
    sum += letter ? kLogLetters : kLogDigits;
  }
  return sum;
}

// ln of the likelihood of all edits of a reading, several too, beside its being faithful.
double log_edits(const PackedModel& model, const Symbols& read) {
  double sum = model.losses[0] + model.losses[2] + model.losses[1] * (read.length - 1);
  for (int i = 0; i < read.length; ++i) {
    sum += model.edits[place_of_character(i, read.length)][read.at[i]];
  }
  return std::log(std::expm1(std::clamp(sum, kEditsMin, kEditsMax)));
}

template <typename Number>
Number number_at(const std::uint8_t* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

// No number either.
bool is_weight(float weight) { return std::abs(weight) <= kWeightMax; }

bool is_sound(const Curve& curve) {
  if (!is_weight(curve.none)) return false;
  for (std::size_t i = 0; i < Curve::kPoints; ++i) {
    if (!std::isfinite(curve.x[i]) || !is_weight(curve.y[i])) return false;
    if (i > 0 && !(curve.x[i] > curve.x[i - 1])) return false;
  }
  return true;
}

bool are_costs(const float* first, std::size_t count) {
  return std::all_of(first, first + count,
                     [](float cost) { return std::isfinite(cost) && cost >= 0; });
}

}  // namespace

ModelStatus check_model(std::span<const std::uint8_t> packed) noexcept {
  if (packed.size() < 3 * sizeof(std::uint32_t)) return ModelStatus::kNoModel;
  if (number_at<std::uint32_t>(packed.data()) != kModelMagic) return ModelStatus::kNoModel;
  if (number_at<std::uint32_t>(packed.data() + 4) != kModelVersion) {
    return ModelStatus::kOtherVersion;
  }
  if (packed.size() != sizeof(PackedModel)) return ModelStatus::kOtherSize;
  PackedModel model;
  std::memcpy(&model, packed.data(), sizeof model);
  if (model.bytes != sizeof model) return ModelStatus::kOtherSize;
  const bool sound =
      is_sound(model.read) && is_sound(model.candidate) && is_sound(model.edited) &&
      std::all_of(model.rank.begin(), model.rank.end(), is_weight) && is_weight(model.alone) &&
      is_weight(model.shared) && model.shared >= 0 && model.shared <= 1 &&
      is_weight(model.plates) && is_weight(model.state_same) &&
      is_weight(model.state_differs) &&
      are_costs(&model.substitution[0][0][0], sizeof model.substitution / sizeof(float)) &&
      are_costs(&model.deletion[0][0], sizeof model.deletion / sizeof(float)) &&
      are_costs(&model.insertion[0][0], sizeof model.insertion / sizeof(float)) &&
      are_costs(&model.edits[0][0], sizeof model.edits / sizeof(float)) &&
      are_costs(model.losses.data(), model.losses.size());
  return sound ? ModelStatus::kSound : ModelStatus::kDamaged;
}

Scorer::Scorer(std::span<const std::uint8_t> packed_model) {
  std::memcpy(&model_, packed_model.data(), sizeof model_);
}

Score Scorer::score(std::span<const std::uint8_t> records, std::span<const std::uint8_t> evidence,
                    const std::uint8_t* plate, std::uint32_t region) const noexcept {
  const std::size_t count = std::min(
      {records.size() / kRecordBytes, evidence.size() / kEvidenceBytes, PackedModel::kRanks + 1});
  if (count == 0) return {0, kCostMax, -kCostMax};
  const Symbols entry = symbols_of(plate, kPlateCharsMax);
  const double entry_plates = log_plates(entry);
  const float confidence = number_at<float>(evidence.data());
  const double alone = count == 1 ? model_.alone : 0;
  const double edit = std::exp(value_at(model_.edited, confidence) + alone);
  double weights = edit;
  double shares = 0;
  double right = 0;
  double edited = 0;
  double weight_of_read = 0;
  Score best{0, std::numeric_limits<double>::infinity(), 0};
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* record = records.data() + i * kRecordBytes;
    const std::uint8_t* beside = evidence.data() + i * kEvidenceBytes;
    const Symbols read = symbols_of(record + 1, std::min<int>(record[kLengthByte], kPlateCharsMax));
    const double log_weight =
        i == 0 ? value_at(model_.read, confidence)
               : model_.rank[i - 1] + value_at(model_.candidate, number_at<float>(beside));
    if (i == 0) weight_of_read = log_weight;
    const double weight = std::exp(log_weight);
    const double share = std::exp(model_.shared * log_weight);
    weights += weight;
    shares += share;
    double cost = 0;
    if (same_but_zero(read, entry)) {
      right += weight;
    } else {
      const Doubts doubts = doubts_of(beside, read.length);
      cost = std::min(alignment_cost(model_, read, entry, doubts), kCostMax);
      const double others = log_plates(read) - entry_plates - log_edits(model_, read);
      edited += share * std::exp(others - cost);
    }
    const double total = cost + std::max(0.0, weight_of_read - log_weight);
    if (total < best.cost) best = {i, total, 0};
  }
  // The plate is one of the records, or an edit of one, which each has its share of.
  const double posterior = std::clamp((right + edit * edited / shares) / weights, 1e-30, 1 - 1e-12);
  const auto seen = number_at<std::uint32_t>(evidence.data() + kRegionByte);
  const double state = seen == 0 || region == 0 ? 0
                       : seen == region         ? model_.state_same
                                                : model_.state_differs;
  // Where few plates are of the entry's form, chance brings up a listed one the more often.
  const double prior = std::min(0.0, entry_plates - model_.plates);
  best.log_odds = std::log(posterior) - std::log1p(-posterior) + prior + state;
  return best;
}

}  // namespace hotplate
