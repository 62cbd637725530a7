// Bytes of one part of a column; they grow, and are used again for the next block.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace hotplate {

static_assert(std::endian::native == std::endian::little, "Native blocks are little-endian");

class Bytes {
 public:
  std::span<const std::uint8_t> used() const { return {bytes_.data(), length_}; }
  void clear() { length_ = 0; }

  template <class Number>
  void number(Number value) {
    std::memcpy(room(sizeof value), &value, sizeof value);
    length_ += sizeof value;
  }

  void var_uint(std::uint64_t value) {
    for (; value > 127; value >>= 7) number(static_cast<std::uint8_t>(value | 128));
    number(static_cast<std::uint8_t>(value));
  }

  void text(std::string_view value) {
    var_uint(value.size());
    if (value.empty()) return;
    std::memcpy(room(value.size()), value.data(), value.size());
    length_ += value.size();
  }

 private:
  std::uint8_t* room(std::size_t bytes) {
    if (bytes_.size() - length_ < bytes) bytes_.resize(bytes_.size() * 2 + bytes + 4096);
    return bytes_.data() + length_;
  }

  std::vector<std::uint8_t> bytes_;
  std::size_t length_ = 0;
};

}  // namespace hotplate
