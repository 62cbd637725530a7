// Checks what is passed to the scorer, and words what is wrong with a packed model.
#include "scorer.hpp"

#include <cstring>
#include <memory>
#include <string>

#include "../scorer/scorer.hpp"
#include "arguments.hpp"

namespace hotplate::binding {
namespace {

constexpr std::size_t kEntryBytes = 24;
constexpr std::size_t kPlateByte = 1;
constexpr std::size_t kRegionByte = 16;
constexpr std::size_t kReadBytes = 16;
constexpr std::size_t kEvidenceBytes = 24;
constexpr std::size_t kFieldsOfScore = 3;

class ScorerObject : public Napi::ObjectWrap<ScorerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Scorer", {InstanceMethod("score", &ScorerObject::score)});
  }

  explicit ScorerObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    const auto packed = bytes_of(info[0], "model");
    if (check_model(packed) != ModelStatus::kSound) {
      refuse(info.Env(), "a packed model of version " + std::to_string(kModelVersion), "model",
             "other bytes of type object");
    }
    scorer_ = std::make_unique<Scorer>(packed);
  }

 private:
  Napi::Value score(const Napi::CallbackInfo& info) {
    const auto records = bytes_of(info[0], "records");
    const auto evidence = bytes_of(info[1], "evidence");
    const auto entries = bytes_of(info[2], "entries");
    const std::size_t count = records.size() / kReadBytes;
    if (count == 0) refuse(info.Env(), "at least one record", "records", info[0]);
    if (evidence.size() != count * kEvidenceBytes) {
      refuse(info.Env(), std::to_string(count * kEvidenceBytes) + " bytes", "evidence", info[1]);
    }
    const std::size_t listed = entries.size() / kEntryBytes;
    auto scores = Napi::Float64Array::New(info.Env(), listed * kFieldsOfScore);
    double* target = scores.Data();
    for (std::size_t i = 0; i < listed; ++i) {
      const std::uint8_t* entry = entries.data() + i * kEntryBytes;
      std::uint32_t region;
      std::memcpy(&region, entry + kRegionByte, sizeof region);
      const Score found = scorer_->score(records, evidence, entry + kPlateByte, region);
      *target++ = static_cast<double>(found.record);
      *target++ = found.cost;
      *target++ = found.log_odds;
    }
    return scores;
  }

  std::unique_ptr<Scorer> scorer_;
};

}  // namespace

Napi::Function define_scorer(Napi::Env env) { return ScorerObject::define(env); }

}  // namespace hotplate::binding
