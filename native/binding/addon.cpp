// The addon, and the Node-API face of the matcher: checks and conversion, nothing else. No globals:
// each environment (the main thread, each worker) has an addon object and classes of its own.
#include <napi.h>

#include <algorithm>
#include <memory>
#include <string>

#include "../matcher/index.hpp"
#include "../matcher/matcher.hpp"
#include "../reference/reference.hpp"
#include "arguments.hpp"
#include "scanner.hpp"
#include "scorer.hpp"

namespace {

using hotplate::kRecordBytes;
using hotplate::binding::bytes_of;
using hotplate::binding::integer_of;
using hotplate::binding::refuse;

// The first `count` records of the array.
std::span<const std::uint8_t> records_of(const Napi::Value& array, const Napi::Value& count,
                                         const char* name) {
  const auto bytes = bytes_of(array, name);
  const auto records = static_cast<std::uint32_t>(
      std::min<std::size_t>(bytes.size() / kRecordBytes, UINT32_MAX));
  return bytes.first(std::size_t{integer_of(count, records, "count")} * kRecordBytes);
}

[[noreturn]] void refuse_record(Napi::Env env, const char* name, std::size_t record) {
  refuse(env, "a packed plate of 1 to 12 of A-Z and 0-9", name,
         "other bytes in record " + std::to_string(record) + " of type object");
}

hotplate::IndexPlan plan_of(const Napi::CallbackInfo& info, std::span<const std::uint8_t> records) {
  const auto fold_bytes = bytes_of(info[2], "fold");
  if (fold_bytes.size() != hotplate::kSymbols) refuse(info.Env(), "36 bytes", "fold", info[2]);
  hotplate::IndexOptions options{};
  std::copy(fold_bytes.begin(), fold_bytes.end(), options.fold.begin());
  options.edit_chars_min = integer_of(info[3], 255, "edit_chars_min");
  const auto plan = hotplate::plan_index(records, options);
  switch (plan.status) {
    case hotplate::BuildStatus::kDone:
      break;
    case hotplate::BuildStatus::kTooManyEntries:
      refuse(info.Env(), "at most " + std::to_string(hotplate::kEntriesMax) + " entries", "entries",
             info[1]);
    case hotplate::BuildStatus::kBadFoldTable:
      refuse(info.Env(), "a fold table that ties O with zero", "fold", info[2]);
    case hotplate::BuildStatus::kBadRecord:
      refuse_record(info.Env(), "entries", plan.bad_record);
  }
  return plan;
}

// indexBytes(entries, count, fold, edit_chars_min): size of the block
Napi::Value index_bytes(const Napi::CallbackInfo& info) {
  const auto plan = plan_of(info, records_of(info[0], info[1], "entries"));
  return Napi::Number::New(info.Env(), static_cast<double>(plan.header.block_bytes));
}

// fillIndex(entries, count, fold, edit_chars_min, block)
void fill_index(const Napi::CallbackInfo& info) {
  const auto records = records_of(info[0], info[1], "entries");
  const auto plan = plan_of(info, records);
  const auto block = bytes_of(info[4], "block");
  const bool aligned = reinterpret_cast<std::uintptr_t>(block.data()) % 8 == 0;
  if (block.size() != plan.header.block_bytes || !aligned) {
    refuse(info.Env(), std::to_string(plan.header.block_bytes) + " aligned bytes", "block",
           std::to_string(block.size()) + " of type number");
  }
  std::fill(block.begin(), block.end(), std::uint8_t{0});
  hotplate::fill_index(records, plan, block.data());
}

std::string text_of(const std::uint8_t* record) {
  const std::size_t length = std::min<std::size_t>(record[0], hotplate::kPlateCharsMax);
  return {reinterpret_cast<const char*>(record) + 1, length};
}

Napi::Value pairs_of(Napi::Env env, std::size_t count, auto&& pair) {
  auto pairs = Napi::Uint32Array::New(env, count * 2);
  std::uint32_t* target = pairs.Data();
  for (std::size_t i = 0; i < count; ++i) {
    const auto [record, entry] = pair(i);
    target[2 * i] = record;
    target[2 * i + 1] = entry;
  }
  return pairs;
}

// referenceMatch(entries, entry_count, classes, edit_chars_min, records, count): as Matcher.match
Napi::Value reference_match(const Napi::CallbackInfo& info) {
  namespace reference = hotplate::reference;
  const auto entry_records = records_of(info[0], info[1], "entries");
  if (!info[2].IsArray()) refuse(info.Env(), "an array of strings", "classes", info[2]);
  const auto classes_array = info[2].As<Napi::Array>();
  const auto edit_chars_min = static_cast<int>(integer_of(info[3], 255, "edit_chars_min"));
  const auto read_records = records_of(info[4], info[5], "records");

  reference::Classes classes;
  for (std::uint32_t i = 0; i < classes_array.Length(); ++i) {
    const Napi::Value look_alikes = classes_array[i];
    if (!look_alikes.IsString()) refuse(info.Env(), "a string", "classes", look_alikes);
    classes.push_back(look_alikes.As<Napi::String>().Utf8Value());
  }
  std::vector<reference::Entry> entries;
  for (std::size_t at = 0; at < entry_records.size(); at += kRecordBytes) {
    const std::uint8_t* record = entry_records.data() + at;
    entries.push_back({text_of(record), record[hotplate::kFlagByte]});
  }
  std::vector<reference::Read> reads;
  for (std::size_t at = 0; at < read_records.size(); at += kRecordBytes) {
    const std::uint8_t* record = read_records.data() + at;
    reads.push_back({text_of(record), record[hotplate::kFlagByte] == 1});
  }
  const auto hits = reference::match(reads, entries, classes, edit_chars_min);
  return pairs_of(info.Env(), hits.size(), [&](std::size_t i) { return hits[i]; });
}

// new Matcher(block): keeps the block alive; match(records, count)
class MatcherObject : public Napi::ObjectWrap<MatcherObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Matcher", {InstanceMethod("match", &MatcherObject::match)});
  }

  explicit MatcherObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    const auto block = bytes_of(info[0], "block");
    const auto view = info[0].As<Napi::TypedArray>();
    // Other buffers can be taken away from under us by a transfer.
    if (static_cast<Napi::Value>(view.ArrayBuffer()).IsArrayBuffer()) {
      refuse(info.Env(), "a view of a SharedArrayBuffer", "block", info[0]);
    }
    hotplate::IndexView index;
    const auto status = hotplate::open_index(block, index);
    if (status != hotplate::BlockStatus::kSound) refuse_block(info.Env(), status, block);
    block_ = Napi::Persistent(view.As<Napi::Object>());
    matcher_ = std::make_unique<hotplate::Matcher>(index);
  }

 private:
  [[noreturn]] static void refuse_block(Napi::Env env, hotplate::BlockStatus status,
                                        std::span<const std::uint8_t> block) {
    using hotplate::BlockStatus;
    const std::string bytes = std::to_string(block.size()) + " bytes";
    const std::string version = std::to_string(hotplate::kIndexVersion);
    const auto* header = reinterpret_cast<const hotplate::IndexHeader*>(block.data());
    switch (status) {
      case BlockStatus::kOtherVersion:
        refuse(env, "an index block of version " + version, "block",
               std::to_string(header->version) + " of type number");
      case BlockStatus::kOtherSize:
        refuse(env, "an index block of " + std::to_string(header->block_bytes) + " bytes", "block",
               bytes + " of type object");
      case BlockStatus::kUnaligned:
        refuse(env, "an index block aligned to 8 bytes", "block", bytes + " of type object");
      case BlockStatus::kDamaged:
        refuse(env, "an undamaged index block", "block", bytes + " of type object");
      default:
        refuse(env, "an index block", "block", bytes + " of type object");
    }
  }

  Napi::Value match(const Napi::CallbackInfo& info) {
    using hotplate::MatchStatus;
    const auto result = matcher_->match(records_of(info[0], info[1], "records"));
    switch (result.status) {
      case MatchStatus::kDone:
        break;
      case MatchStatus::kBadRecord:
        refuse_record(info.Env(), "records", result.bad_record);
      case MatchStatus::kTooManyHits:
        throw Napi::RangeError::New(
            info.Env(), "Expected at most " + std::to_string(hotplate::kHitsMax) +
                            " hits for records but received more of type number");
      case MatchStatus::kBlockDamaged:
        throw Napi::Error::New(info.Env(),
                               "Expected an unchanged index block for block but received "
                               "other bytes of type object");
    }
    const auto hits = matcher_->hits();
    return pairs_of(info.Env(), hits.size(), [&](std::size_t i) {
      return std::pair{static_cast<std::uint32_t>(hits[i] >> 32),
                       static_cast<std::uint32_t>(hits[i])};
    });
  }

  Napi::ObjectReference block_;
  std::unique_ptr<hotplate::Matcher> matcher_;
};

class Addon : public Napi::Addon<Addon> {
 public:
  Addon(Napi::Env env, Napi::Object exports) {
    DefineAddon(exports, {
                             InstanceValue("Matcher", MatcherObject::define(env)),
                             InstanceValue("Scanner", hotplate::binding::define_scanner(env)),
                             InstanceValue("Scorer", hotplate::binding::define_scorer(env)),
                             InstanceMethod("indexBytes", &Addon::index_bytes_of),
                             InstanceMethod("fillIndex", &Addon::fill),
                             InstanceMethod("referenceMatch", &Addon::reference),
                         });
  }

 private:
  Napi::Value index_bytes_of(const Napi::CallbackInfo& info) { return index_bytes(info); }
  void fill(const Napi::CallbackInfo& info) { fill_index(info); }
  Napi::Value reference(const Napi::CallbackInfo& info) { return reference_match(info); }
};

}  // namespace

NODE_API_ADDON(Addon)
