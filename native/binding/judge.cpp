// Checks what is passed, and turns hits into arrays.
#include "judge.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "../judge/judge.hpp"
#include "arguments.hpp"
#include "block.hpp"

namespace hotplate::binding {
namespace {

constexpr std::size_t kOriginWords = 2;
constexpr std::size_t kPlaceWords = 3;

template <typename T>
std::span<T> numbers_of(const Napi::Value& value, napi_typedarray_type type, const char* kind,
                        const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
    refuse(value.Env(), kind, name, value);
  }
  auto array = value.As<Napi::TypedArrayOf<T>>();
  return {array.Data(), array.ElementLength()};
}

std::vector<Scorer> scorers_of(const Napi::Value& value) {
  if (!value.IsArray()) refuse(value.Env(), "an array of packed models", "models", value);
  const auto array = value.As<Napi::Array>();
  std::vector<Scorer> scorers;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const auto packed = bytes_of(array[i], "models");
    if (check_model(packed) != ModelStatus::kSound) {
      refuse(value.Env(), "packed models of this version", "models", array[i]);
    }
    scorers.emplace_back(packed);
  }
  return scorers;
}

// What the judge refers to; it outlives it.
struct Parts {
  explicit Parts(const Napi::CallbackInfo& info)
      : base(info[0], Check::kHeader, "base"),
        base_matcher(base.view()),
        scorers(scorers_of(info[3])) {
    if (!info[1].IsNull()) {
      overlay = std::make_unique<OpenBlock>(info[1], Check::kHeader, "overlay");
      overlay_matcher = std::make_unique<Matcher>(overlay->view());
    }
    const auto silenced = words_of(info[2], "removed");
    removed.assign(silenced.begin(), silenced.end());
    if (!std::is_sorted(removed.begin(), removed.end())) {
      refuse(info.Env(), "ascending numbers", "removed", info[2]);
    }
    const auto least =
        numbers_of<double>(info[4], napi_float64_array, "a Float64Array", "log_odds_min");
    log_odds_min.assign(least.begin(), least.end());
    for (const Scorer& scorer : scorers) pointers.push_back(&scorer);
  }

  OpenBlock base;
  Matcher base_matcher;
  std::unique_ptr<OpenBlock> overlay;
  std::unique_ptr<Matcher> overlay_matcher;
  std::vector<std::uint32_t> removed;
  std::vector<double> log_odds_min;
  std::vector<Scorer> scorers;
  std::vector<const Scorer*> pointers;
};

class JudgeObject : public Napi::ObjectWrap<JudgeObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Judge",
                       {InstanceMethod("judge", &JudgeObject::judge),
                        InstanceMethod("listed", &JudgeObject::listed)});
  }

  explicit JudgeObject(const Napi::CallbackInfo& info)
      : ObjectWrap(info),
        parts_(info),
        judge_(parts_.base_matcher, parts_.overlay_matcher.get(), parts_.removed, parts_.pointers,
               parts_.log_odds_min) {}

 private:
  [[noreturn]] static void refuse_result(Napi::Env env, const JudgeResult& result) {
    const std::string record = std::to_string(result.bad_record);
    switch (result.status) {
      case JudgeStatus::kBadOrigin:
        refuse(env, "the records of a read together, its own first", "origins",
               "another in record " + record + " of type number");
      case JudgeStatus::kBadModel:
        refuse(env, "numbers of models that there are", "evidence",
               "another in record " + record + " of type number");
      case JudgeStatus::kBadList:
        refuse(env, "a number for each list of the index", "log_odds_min", "fewer of type object");
      default:
        refuse_search(env, result.search);
    }
  }

  Napi::Value judge(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto records = records_of(info[0], info[3], kRecordBytes, "records");
    const auto evidence = records_of(info[1], info[3], kEvidenceRecordBytes, "evidence");
    const auto origins =
        numbers_of<std::int32_t>(info[2], napi_int32_array, "an Int32Array", "origins");
    const std::size_t count = records.size() / kRecordBytes;
    if (origins.size() < count * kOriginWords) {
      refuse(env, std::to_string(count * kOriginWords) + " numbers", "origins", info[2]);
    }
    const auto* first = reinterpret_cast<const Origin*>(origins.data());
    const JudgeResult result = judge_.judge({records, evidence, {first, count}});
    if (result.status != JudgeStatus::kDone) refuse_result(env, result);
    const auto hits = judge_.hits();
    if (hits.empty()) return env.Null();
    auto places = Napi::Uint32Array::New(env, hits.size() * kPlaceWords);
    auto weights = Napi::Float64Array::New(env, hits.size() * 2);
    for (std::size_t i = 0; i < hits.size(); ++i) {
      places[kPlaceWords * i] = hits[i].read;
      places[kPlaceWords * i + 1] = hits[i].entry;
      places[kPlaceWords * i + 2] = hits[i].record;
      weights[2 * i] = hits[i].cost;
      weights[2 * i + 1] = hits[i].log_odds;
    }
    auto judged = Napi::Object::New(env);
    judged.Set("places", places);
    judged.Set("weights", weights);
    return judged;
  }

  Napi::Value listed(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::uint32_t entries = judge_.entries();
    if (entries == 0) refuse(env, "an entry of the index", "entry", info[0]);
    const ListedEntry entry = judge_.listed(integer_of(info[0], entries - 1, "entry"));
    const auto* plate = reinterpret_cast<const char*>(entry.plate);
    const auto length =
        static_cast<std::size_t>(std::find(plate, plate + kPlateCharsMax, 0) - plate);
    auto listed = Napi::Object::New(env);
    listed.Set("plate", Napi::String::New(env, plate, length));
    listed.Set("region", Napi::Number::New(env, entry.region));
    listed.Set("list", Napi::Number::New(env, entry.list));
    return listed;
  }

  Parts parts_;
  Judge judge_;
};

}  // namespace

Napi::Function define_judge(Napi::Env env) { return JudgeObject::define(env); }

}  // namespace hotplate::binding
