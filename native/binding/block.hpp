// Index blocks as JavaScript passes them: built, opened, refused in words.
#pragma once

#include <napi.h>

#include <memory>
#include <span>
#include <string>

#include "../matcher/index.hpp"
#include "../matcher/matcher.hpp"
#include "mapped-file.hpp"

namespace hotplate::binding {

// An opened block, kept alive: a view of a SharedArrayBuffer, or the path of a file, which is
// mapped.
class OpenBlock {
 public:
  // Throws where the value is neither, or no block of this version.
  OpenBlock(const Napi::Value& source, Check check, const char* name);
  const IndexView& view() const noexcept { return view_; }

 private:
  Napi::ObjectReference array_;
  std::unique_ptr<MappedFile> file_;
  IndexView view_{};
};

// The first `count` records of `record_bytes` each.
std::span<const std::uint8_t> records_of(const Napi::Value& array, const Napi::Value& count,
                                         std::size_t record_bytes, const char* name);
[[noreturn]] void refuse_record(Napi::Env env, const char* expected, const char* name,
                                std::size_t record);

[[noreturn]] void refuse_search(Napi::Env env, const MatchResult& result);

// Pairs of numbers as one Uint32Array: `pair(i)` for each i below `count`.
Napi::Value pairs_of(Napi::Env env, std::size_t count, auto&& pair) {
  auto pairs = Napi::Uint32Array::New(env, count * 2);
  std::uint32_t* target = pairs.Data();
  for (std::size_t i = 0; i < count; ++i) {
    const auto [first, second] = pair(i);
    target[2 * i] = first;
    target[2 * i + 1] = second;
  }
  return pairs;
}

// indexBytes(entries, count, fold, edit_chars_min): size of the block
Napi::Value index_bytes(const Napi::CallbackInfo& info);
// fillIndex(entries, count, fold, edit_chars_min, block)
void fill_index_block(const Napi::CallbackInfo& info);
// touchLines(block, lines, seed): reads that many of its lines at random; the sum of a byte of each
Napi::Value touch_lines(const Napi::CallbackInfo& info);
// checkIndex(source): throws unless the whole block is sound
void check_index(const Napi::CallbackInfo& info);

}  // namespace hotplate::binding
