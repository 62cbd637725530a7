// Checks what is passed, and turns hits into arrays.
#include "matcher.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "../matcher/matcher.hpp"
#include "../reference/reference.hpp"
#include "arguments.hpp"
#include "block.hpp"

namespace hotplate::binding {
namespace {

const Kernels& kernels_of(const Napi::Value& name) {
  if (name.IsUndefined()) return best_kernels();
  const std::string wanted = name.IsString() ? name.As<Napi::String>().Utf8Value() : "";
  for (const Kernels* kernels : {&kPlainKernels, avx2_kernels(), avx512_kernels()}) {
    if (kernels != nullptr && wanted == kernels->name) return *kernels;
  }
  refuse(name.Env(), "plain, avx2 or avx512, if the machine has it", "kernels", name);
}

class MatcherObject : public Napi::ObjectWrap<MatcherObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "Matcher",
        {InstanceMethod<&MatcherObject::match>("match"),
         InstanceMethod("take", &MatcherObject::take),
         InstanceAccessor("kernels", &MatcherObject::kernels, nullptr),
         InstanceAccessor("touched", &MatcherObject::touched, nullptr)});
  }

  explicit MatcherObject(const Napi::CallbackInfo& info)
      : ObjectWrap(info),
        block_(info[0], Check::kHeader, "source"),
        kernels_(kernels_of(info[1])),
        matcher_(block_.view(), kernels_) {
    // Whatever unwraps its object first takes as long for it as a read that hits nothing.
    napi_value find = nullptr;
    napi_create_function(info.Env(), "find", NAPI_AUTO_LENGTH, &find_alone, this, &find);
    const Napi::Function function(info.Env(), find);
    // It keeps the object that it points into.
    function.Set("matcher", Value());
    Value().Set("find", function);
  }

 private:
  // An array for each call would cost more than the search of a batch that hits nothing.
  Napi::Value match(const Napi::CallbackInfo& info) {
    const auto result = matcher_.match(records_of(info[0], info[1], kRecordBytes, "records"));
    if (result.status != MatchStatus::kDone) refuse_search(info.Env(), result);
    return copy_hits(info[2]);
  }

  Napi::Value take(const Napi::CallbackInfo& info) { return copy_hits(info[0]); }

  // As many pairs as there is room for; returns how many there are.
  Napi::Value copy_hits(const Napi::Value& target) {
    const auto hits = matcher_.hits();
    if (!hits.empty()) {
      const auto pairs = words_of(target, "target");
      const std::size_t count = std::min(hits.size(), pairs.size() / 2);
      for (std::size_t i = 0; i < count; ++i) {
        pairs[2 * i] = static_cast<std::uint32_t>(hits[i] >> 32);
        pairs[2 * i + 1] = static_cast<std::uint32_t>(hits[i]);
      }
    }
    return Napi::Number::New(target.Env(), static_cast<double>(hits.size()));
  }

  static napi_value find_alone(napi_env env, napi_callback_info info) {
    std::size_t count = 1;
    napi_value plate = nullptr;
    void* self = nullptr;
    napi_get_cb_info(env, info, &count, &plate, nullptr, &self);
    try {
      return static_cast<MatcherObject*>(self)->find({env, plate});
    } catch (const Napi::Error& error) {
      error.ThrowAsJavaScriptException();
      return nullptr;
    }
  }

  // Undefined for none; else the number of entries, which take() gives as pairs.
  Napi::Value find(const Napi::Value& plate) {
    const Napi::Env env = plate.Env();
    std::uint8_t record[kRecordBytes + 1] = {};
    // One byte more than the longest plate, so that a longer text shows; and one for its end.
    char* const text = reinterpret_cast<char*>(record) + 1;
    std::size_t length = 0;
    if (napi_get_value_string_utf8(env, plate, text, kPlateCharsMax + 2, &length) != napi_ok) {
      refuse(env, "a string", "plate", plate);
    }
    record[kLengthByte] = static_cast<std::uint8_t>(length);
    if (length > kPlateCharsMax) refuse(env, kReadPlate, "plate", plate);
    const MatchResult result = matcher_.match({record, kRecordBytes});
    if (result.status == MatchStatus::kBadRecord) refuse(env, kReadPlate, "plate", plate);
    if (result.status != MatchStatus::kDone) refuse_search(env, result);
    const std::size_t hits = matcher_.hits().size();
    return hits == 0 ? Napi::Value() : Napi::Number::New(env, static_cast<double>(hits));
  }

  Napi::Value kernels(const Napi::CallbackInfo& info) {
    return Napi::String::New(info.Env(), kernels_.name);
  }

  // Places of memory for each read so far.
  Napi::Value touched(const Napi::CallbackInfo& info) {
    const Touched& touched = matcher_.touched();
    const std::uint64_t places = touched.words + touched.postings + touched.entries;
    const double reads = std::max<double>(1, static_cast<double>(touched.reads));
    return Napi::Number::New(info.Env(), static_cast<double>(places) / reads);
  }

  static constexpr const char* kReadPlate = "1 to 12 of A-Z and 0-9";

  OpenBlock block_;
  const Kernels& kernels_;
  Matcher matcher_;
};

std::string text_of(const std::uint8_t* record) {
  const std::size_t length = std::min<std::size_t>(record[kLengthByte], kPlateCharsMax);
  return {reinterpret_cast<const char*>(record) + 1, length};
}

reference::Classes classes_of(const Napi::Value& value) {
  if (!value.IsArray()) refuse(value.Env(), "an array of strings", "classes", value);
  const auto array = value.As<Napi::Array>();
  reference::Classes classes;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value look_alikes = array[i];
    if (!look_alikes.IsString()) refuse(value.Env(), "a string", "classes", look_alikes);
    classes.push_back(look_alikes.As<Napi::String>().Utf8Value());
  }
  return classes;
}

}  // namespace

Napi::Function define_matcher(Napi::Env env) { return MatcherObject::define(env); }

Napi::Value reference_match(const Napi::CallbackInfo& info) {
  const auto entry_records = records_of(info[0], info[1], kEntryRecordBytes, "entries");
  const auto classes = classes_of(info[2]);
  const auto edit_chars_min = static_cast<int>(integer_of(info[3], 255, "edit_chars_min"));
  const auto read_records = records_of(info[4], info[5], kRecordBytes, "records");
  std::vector<reference::Entry> entries;
  for (std::size_t at = 0; at < entry_records.size(); at += kEntryRecordBytes) {
    const std::uint8_t* record = entry_records.data() + at;
    entries.push_back({text_of(record), record[kFlagByte]});
  }
  std::vector<reference::Read> reads;
  for (std::size_t at = 0; at < read_records.size(); at += kRecordBytes) {
    const std::uint8_t* record = read_records.data() + at;
    reads.push_back({text_of(record), record[kFlagByte] == 1});
  }
  const auto hits = reference::match(reads, entries, classes, edit_chars_min);
  return pairs_of(info.Env(), hits.size(), [&](std::size_t i) { return hits[i]; });
}

}  // namespace hotplate::binding
