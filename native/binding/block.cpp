// Checks, and the words of their errors.
#include "block.hpp"

#include <algorithm>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "arguments.hpp"

namespace hotplate::binding {
namespace {

[[noreturn]] void refuse_block(Napi::Env env, BlockStatus status, const char* name,
                               std::span<const std::uint8_t> block) {
  const std::string bytes = std::to_string(block.size()) + " bytes";
  const std::string version = std::to_string(kIndexVersion);
  const auto* header = reinterpret_cast<const IndexHeader*>(block.data());
  switch (status) {
    case BlockStatus::kOtherVersion:
      refuse(env, "an index block of version " + version, name,
             std::to_string(header->version) + " of type number");
    case BlockStatus::kOtherSize:
      refuse(env, "an index block of " + std::to_string(header->block_bytes) + " bytes", name,
             bytes + " of type object");
    case BlockStatus::kUnaligned:
      refuse(env, "an index block aligned to 8 bytes", name, bytes + " of type object");
    case BlockStatus::kDamaged:
      refuse(env, "an undamaged index block", name, bytes + " of type object");
    default:
      refuse(env, "an index block", name, bytes + " of type object");
  }
}

// The code is what the TypeScript side turns into errors of its own.
[[noreturn]] void refuse_many(Napi::Env env, const char* code, std::uint32_t max,
                              const char* what) {
  auto error = Napi::RangeError::New(env, "Expected at most " + std::to_string(max) + " " + what +
                                              " for entries but received more");
  error.Set("code", code);
  throw error;
}

IndexPlan plan_of(const Napi::CallbackInfo& info, std::span<const std::uint8_t> records) {
  const Napi::Env env = info.Env();
  const auto fold_bytes = bytes_of(info[2], "fold");
  if (fold_bytes.size() != kSymbols) refuse(env, "36 bytes", "fold", info[2]);
  IndexOptions options{};
  std::copy(fold_bytes.begin(), fold_bytes.end(), options.fold.begin());
  options.edit_chars_min = integer_of(info[3], 255, "edit_chars_min");
  const auto plan = plan_index(records, options);
  switch (plan.status) {
    case BuildStatus::kDone:
      break;
    case BuildStatus::kTooManyEntries:
      refuse_many(env, "INDEX_TOO_MANY_ENTRIES", kEntriesMax, "entries");
    case BuildStatus::kTooManyTwoEdits:
      refuse_many(env, "INDEX_FOLD2_TOO_LARGE", kTwoEditEntriesMax, "entries of fold+2");
    case BuildStatus::kTooManyPatterns:
      refuse_many(env, "INDEX_TOO_MANY_PATTERNS", kPatternsMax, "patterns");
    case BuildStatus::kBadFoldTable:
      refuse(env, "a fold table that ties O with zero", "fold", info[2]);
    case BuildStatus::kBadRecord:
      refuse_record(env, "a packed entry of 1 to 12 of A-Z, 0-9, ? and *", "entries",
                    plan.bad_record);
  }
  return plan;
}

// A search looks at a dozen places all over the block: with few large pages their addresses are
// found in less time. Only a hint: whole pages of it, if the system has them to give.
void ask_for_large_pages([[maybe_unused]] std::span<std::uint8_t> block) {
#if defined(__linux__)
  constexpr std::uintptr_t kLargePage = std::uintptr_t{1} << 21;
  const auto begin = reinterpret_cast<std::uintptr_t>(block.data());
  const std::uintptr_t first = (begin + kLargePage - 1) / kLargePage * kLargePage;
  const std::uintptr_t last = (begin + block.size()) / kLargePage * kLargePage;
  if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#endif
}

}  // namespace

OpenBlock::OpenBlock(const Napi::Value& source, Check check, const char* name) {
  const Napi::Env env = source.Env();
  std::span<const std::uint8_t> block;
  if (source.IsString()) {
    const std::string path = source.As<Napi::String>().Utf8Value();
    file_ = std::make_unique<MappedFile>(path);
    if (!file_->error().empty()) {
      refuse(env, "a file with an index block", name, path + " (" + file_->error() + ")");
    }
    block = file_->bytes();
  } else {
    block = bytes_of(source, name);
    const auto array = source.As<Napi::TypedArray>();
    // Other buffers can be taken away from under us by a transfer.
    if (static_cast<Napi::Value>(array.ArrayBuffer()).IsArrayBuffer()) {
      refuse(env, "a view of a SharedArrayBuffer", name, source);
    }
    array_ = Napi::Persistent(array.As<Napi::Object>());
  }
  const BlockStatus status = open_index(block, check, view_);
  if (status != BlockStatus::kSound) refuse_block(env, status, name, block);
}

std::span<const std::uint8_t> records_of(const Napi::Value& array, const Napi::Value& count,
                                         std::size_t record_bytes, const char* name) {
  const auto bytes = bytes_of(array, name);
  const auto records =
      static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size() / record_bytes, UINT32_MAX));
  return bytes.first(std::size_t{integer_of(count, records, "count")} * record_bytes);
}

void refuse_record(Napi::Env env, const char* expected, const char* name, std::size_t record) {
  refuse(env, expected, name,
         "other bytes in record " + std::to_string(record) + " of type object");
}

void refuse_search(Napi::Env env, const MatchResult& result) {
  switch (result.status) {
    case MatchStatus::kBadRecord:
      refuse_record(env, "a packed plate of 1 to 12 of A-Z and 0-9", "records", result.bad_record);
    case MatchStatus::kTooManyHits:
      throw Napi::RangeError::New(env, "Expected at most " + std::to_string(kHitsMax) +
                                           " hits for records but received more of type number");
    default:
      throw Napi::Error::New(env,
                             "Expected an unchanged index block for source but received "
                             "other bytes of type object");
  }
}

Napi::Value index_bytes(const Napi::CallbackInfo& info) {
  const auto plan = plan_of(info, records_of(info[0], info[1], kEntryRecordBytes, "entries"));
  return Napi::Number::New(info.Env(), static_cast<double>(plan.header.block_bytes));
}

void fill_index_block(const Napi::CallbackInfo& info) {
  const auto records = records_of(info[0], info[1], kEntryRecordBytes, "entries");
  const auto plan = plan_of(info, records);
  const auto block = bytes_of(info[4], "block");
  const bool aligned = reinterpret_cast<std::uintptr_t>(block.data()) % 8 == 0;
  if (block.size() != plan.header.block_bytes || !aligned) {
    refuse(info.Env(), std::to_string(plan.header.block_bytes) + " aligned bytes", "block",
           std::to_string(block.size()) + " of type number");
  }
  ask_for_large_pages(block);
  std::fill(block.begin(), block.end(), std::uint8_t{0});
  fill_index(records, plan, block.data());
}

// As the search does it: some dozens asked for before the first is read.
Napi::Value touch_lines(const Napi::CallbackInfo& info) {
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kAhead = 64;
  const auto block = bytes_of(info[0], "block");
  const std::uint32_t lines = integer_of(info[1], UINT32_MAX, "lines");
  std::uint64_t state = integer_of(info[2], UINT32_MAX, "seed");
  if (block.size() < kLine) refuse(info.Env(), "64 bytes or more", "block", info[0]);
  std::size_t places[kAhead] = {};
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < lines + kAhead; ++i) {
    std::size_t& place = places[i % kAhead];
    if (i >= kAhead) sum += block[place];
    // Knuth's generator (MMIX); its upper half is the better one.
    state = state * 6364136223846793005u + 1442695040888963407u;
    place = static_cast<std::size_t>((state >> 32) * (block.size() / kLine) >> 32) * kLine;
    __builtin_prefetch(block.data() + place);
  }
  return Napi::Number::New(info.Env(), static_cast<double>(sum));
}

void check_index(const Napi::CallbackInfo& info) {
  const OpenBlock block(info[0], Check::kAll, "source");
}

}  // namespace hotplate::binding
