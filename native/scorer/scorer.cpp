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
constexpr float kShareMin = 1e-20F;

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

// O counts as the digit it ties.
bool is_letter(std::uint8_t symbol) { return symbol >= symbol_of('A') && symbol != symbol_of('O'); }

// ln of how many plates there are of the same letters and digits.
double log_plates(const Symbols& plate) {
  double sum = 0;
  for (int i = 0; i < plate.length; ++i) {
    sum += is_letter(plate.at[i]) ? kLogLetters : kLogDigits;
  }
  return sum;
}

// A 1, then a bit a character, 1 for letters.
unsigned form_of(const Symbols& plate) {
  unsigned form = 1;
  for (int i = 0; i < plate.length; ++i) form = form << 1 | (is_letter(plate.at[i]) ? 1 : 0);
  return form;
}

struct Edits {
  double log_likelihood;  // of all edits of a reading, several too, beside its being faithful
  double share;           // of plates of the form that one makes, on average
};

// Two at once stand for all that are more than one.
Edits edits_of(const PackedModel& model, const Symbols& read) {
  const int chars = read.length;
  const unsigned form = form_of(read);
  double sum = 0;
  double once = 0;
  double twice = 0;
  const auto add = [&](float likelihood, unsigned made) {
    sum += likelihood;
    once += double{likelihood} * model.forms[made];
    twice += double{likelihood} * model.edited_forms[made];
  };
  for (int i = 0; i < chars; ++i) {
    const std::size_t place = place_of_character(i, chars);
    const std::uint8_t seen = read.at[i];
    const unsigned bit = 1U << (chars - 1 - i);
    const unsigned after = form & (bit - 1);
    add(model.letters[place][seen], form | bit);
    add(model.digits[place][seen], form & ~bit);
    if (chars > 1) add(model.removed[place][seen], (form >> 1 & ~(bit - 1)) | after);
  }
  for (int gap = 0; chars < kPlateCharsMax && gap <= chars; ++gap) {
    const std::size_t place = place_of_gap(gap, chars);
    const unsigned bit = 1U << (chars - gap);
    const unsigned wider = (form & ~(bit - 1)) << 1 | (form & (bit - 1));
    add(model.lost_letters[place], wider | bit);
    add(model.lost_digits[place], wider);
  }
  const double single = std::clamp(sum, kEditsMin, kEditsMax);
  const double all = std::expm1(single);
  const double share = (single * once + (all - single) * twice) / all;
  return {std::log(all), sum > 0 ? share / sum : 1};
}

template <typename Number>
Number number_at(const std::uint8_t* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

// No number either.
bool is_weight(float weight) { return std::abs(weight) <= kWeightMax; }

bool is_share(float share) { return share >= kShareMin && share <= 1; }

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
      are_costs(&model.letters[0][0], sizeof model.letters / sizeof(float)) &&
      are_costs(&model.digits[0][0], sizeof model.digits / sizeof(float)) &&
      are_costs(&model.removed[0][0], sizeof model.removed / sizeof(float)) &&
      are_costs(model.lost_letters.data(), model.lost_letters.size()) &&
      are_costs(model.lost_digits.data(), model.lost_digits.size()) &&
      std::all_of(model.forms.begin(), model.forms.end(), is_share) &&
      std::all_of(model.edited_forms.begin(), model.edited_forms.end(), is_share);
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
  const double entry_share = model_.forms[form_of(entry)];
  double weights = 0;
  double shares = 0;
  double form_shares = 0;
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
    const Edits edits = edits_of(model_, read);
    const double weight = std::exp(log_weight) * model_.forms[form_of(read)];
    const double share = std::exp(model_.shared * log_weight);
    weights += weight;
    shares += share;
    form_shares += share * edits.share;
    double cost = 0;
    if (same_but_zero(read, entry)) {
      right += weight;
    } else {
      const Doubts doubts = doubts_of(beside, read.length);
      cost = std::min(alignment_cost(model_, read, entry, doubts), kCostMax);
      const double others = log_plates(read) - entry_plates - edits.log_likelihood;
      edited += share * std::exp(others - cost);
    }
    const double total = cost + std::max(0.0, weight_of_read - log_weight);
    if (total < best.cost) best = {i, total, 0};
  }
  // The plate is one of the records, or an edit of one, which each has its share of; each by how
  // common its form is.
  const double found = right + edit * edited * entry_share / shares;
  const double all = weights + edit * form_shares / shares;
  const double posterior = std::clamp(found / all, 1e-30, 1 - 1e-12);
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
