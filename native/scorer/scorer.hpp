// How likely a vehicle is the entry's, given what the camera read: the engine's model of misreads,
// as src/matching/packed-model.ts packs it, over the read, its candidates and what the camera tells
// besides. test/property/score.reference.ts is the same in words of the model; the two are compared
// by a property test.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace hotplate {

struct Score {
  std::size_t record;  // which of the read's records explains it best: 0 is the read's own
  double cost;         // nats, 0 where nothing differs
  double log_odds;     // ln of the posterior odds that the vehicle is the entry's
};

enum class ModelStatus { kSound, kNoModel, kOtherVersion, kOtherSize, kDamaged };

// Straight lines between points, the first and last values beyond; `none` where there is no value.
struct Curve {
  static constexpr std::size_t kPoints = 8;
  float none;
  std::array<float, kPoints> x;  // ascending
  std::array<float, kPoints> y;
};

// All costs in nats, symbols as in matcher/plate.hpp; O and 0 have the same costs.
struct PackedModel {
  static constexpr std::size_t kPlaces = 3;  // first, inside, last
  static constexpr std::size_t kSymbols = 36;
  static constexpr std::size_t kRanks = 10;
  static constexpr std::size_t kForms = 1 << 13;  // of at most 12 characters

  std::uint32_t magic;
  std::uint32_t version;
  std::uint32_t bytes;
  std::uint32_t unused;
  Curve read;       // weight of the read's being right, by its confidence
  Curve candidate;  // the same of a candidate, by its own
  Curve edited;     // weight of an edit besides, by the read's confidence
  std::array<float, kRanks> rank;  // added to a candidate's weight, by its place in the list
  float alone;     // added to the weight of an edit where there are no candidates
  float shared;    // power of the records' weights by which they share an edit
  float plates;    // ln of how many plates an entry's is one of, where its prior is even
  float state_same;
  float state_differs;
  // By the entry's character, then the read's.
  std::array<std::array<std::array<float, kSymbols>, kSymbols>, kPlaces> substitution;
  std::array<std::array<float, kSymbols>, kPlaces> deletion;
  std::array<std::array<float, kSymbols>, kPlaces> insertion;
  // Likelihood of all single edits together: of a character that was read, by its place, its being
  // some letter's, some digit's, nobody's; and by the gap, a letter or a digit lost there.
  std::array<std::array<float, kSymbols>, kPlaces> letters;
  std::array<std::array<float, kSymbols>, kPlaces> digits;
  std::array<std::array<float, kSymbols>, kPlaces> removed;
  std::array<float, kPlaces> lost_letters;
  std::array<float, kPlaces> lost_digits;
  // Share of plates that have a form, by its number: a 1, then a bit a character, 1 for letters. 1
  // for all where nothing is known of them.
  std::array<float, kForms> forms;
  // The same of the form that an edit makes of a plate of it, on average over edits.
  std::array<float, kForms> edited_forms;
};
inline constexpr std::uint32_t kModelMagic = 0x4D535048;  // "HPSM"
inline constexpr std::uint32_t kModelVersion = 3;

ModelStatus check_model(std::span<const std::uint8_t> packed) noexcept;

class Scorer {
 public:
  // `packed` must be sound (check_model); it is copied.
  explicit Scorer(std::span<const std::uint8_t> packed_model);

  // records: the read's own packed plate (16 bytes), then its candidates'; evidence: 24 bytes
  // beside each; plate: the entry's 12 characters, zero padded; region: its issuing state's code,
  // 0 where the list gives none. Any bytes are safe.
  Score score(std::span<const std::uint8_t> records, std::span<const std::uint8_t> evidence,
              const std::uint8_t* plate, std::uint32_t region) const noexcept;

 private:
  PackedModel model_;
};

}  // namespace hotplate
