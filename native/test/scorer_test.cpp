// The scorer without Node, made to be built with address and undefined-behaviour sanitizers: sound
// models of random numbers, models that someone wrote into, and any bytes for read and entry.
// Prints the seed that broke it; exit 1.
#include "../scorer/scorer.hpp"

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

namespace {

using hotplate::PackedModel;

struct Random {
  std::mt19937_64 engine;
  unsigned below(unsigned n) { return static_cast<unsigned>(engine() % n); }
  float unit() { return static_cast<float>(below(1'000'001)) / 1e6F; }
};

void check(bool holds, unsigned seed, const char* what) {
  if (holds) return;
  std::printf("Seed %u: %s\n", seed, what);
  std::exit(1);
}

std::vector<std::uint8_t> random_model(Random& random) {
  std::vector<std::uint8_t> packed(sizeof(PackedModel));
  for (std::size_t at = 0; at < packed.size(); at += sizeof(float)) {
    const float number = 10 * random.unit();
    std::memcpy(packed.data() + at, &number, sizeof number);
  }
  PackedModel model;
  std::memcpy(&model, packed.data(), sizeof model);
  model.magic = hotplate::kModelMagic;
  model.version = hotplate::kModelVersion;
  model.bytes = sizeof model;
  model.shared /= 10;
  model.edited_forms.fill(0.001F + random.unit() / 2);
  model.forms.fill(0.001F + random.unit() / 2);
  for (hotplate::Curve* curve : {&model.read, &model.candidate, &model.edited}) {
    for (std::size_t i = 0; i < curve->x.size(); ++i) curve->x[i] = static_cast<float>(i) / 8;
  }
  std::memcpy(packed.data(), &model, sizeof model);
  return packed;
}

std::vector<std::uint8_t> random_bytes(Random& random, std::size_t count, bool plates) {
  static constexpr char kSymbols[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::vector<std::uint8_t> bytes(count);
  for (auto& byte : bytes) {
    byte = static_cast<std::uint8_t>(plates ? kSymbols[random.below(36)] : random.below(256));
  }
  return bytes;
}

bool is_taken(std::vector<std::uint8_t> packed, std::size_t at, float number) {
  std::memcpy(packed.data() + at, &number, sizeof number);
  return hotplate::check_model(packed) == hotplate::ModelStatus::kSound;
}

void run(unsigned seed) {
  Random random{std::mt19937_64(seed)};
  auto packed = random_model(random);
  check(hotplate::check_model(packed) == hotplate::ModelStatus::kSound, seed,
        "a sound model is refused");
  const hotplate::Scorer scorer(packed);
  for (unsigned n = 0; n < 20; ++n) {
    const std::size_t count = random.below(14);
    const bool plates = random.below(2) == 0;
    auto records = random_bytes(random, count * 16, plates);
    if (plates) {
      for (std::size_t i = 0; i < count; ++i) {
        records[i * 16] = static_cast<std::uint8_t>(1 + random.below(12));
      }
    }
    const auto evidence = random_bytes(random, count * 24, false);
    const auto plate = random_bytes(random, 12, plates);
    const auto score = scorer.score(records, evidence, plate.data(), random.below(3));
    check(std::isfinite(score.cost) && score.cost >= 0, seed, "the cost is none");
    check(std::isfinite(score.log_odds), seed, "the log odds are none");
    check(count == 0 || score.record < count, seed, "another record is named");
  }
  check(!is_taken(packed, offsetof(PackedModel, rank), 101), seed,
        "a weight beyond powers is taken");
  check(!is_taken(packed, offsetof(PackedModel, state_same), NAN), seed,
        "a weight of none is taken");
  for (unsigned n = 0; n < 20; ++n) {
    packed[random.below(static_cast<unsigned>(packed.size()))] ^=
        static_cast<std::uint8_t>(1 + random.below(255));
    hotplate::check_model(packed);
  }
  packed.resize(random.below(static_cast<unsigned>(packed.size())));
  check(hotplate::check_model(packed) != hotplate::ModelStatus::kSound, seed,
        "a cut model is taken");
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned runs = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 1'000;
  for (unsigned seed = 1; seed <= runs; ++seed) run(seed);
  std::printf("%u models, no difference\n", runs);
}
