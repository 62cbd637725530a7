// The fuzzer's bytes, and how a target says that something is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace hotplate::fuzz {

// Ends the run, which libFuzzer takes for a crash: it keeps the input.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

// The fuzzer's bytes, taken from the front; zeros once there are no more.
class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : left_(data, size) {}
  bool empty() const { return left_.empty(); }
  std::uint8_t next() {
    if (left_.empty()) return 0;
    const std::uint8_t byte = left_.front();
    left_ = left_.subspan(1);
    return byte;
  }
  unsigned below(unsigned n) { return next() % n; }
  std::uint32_t next24() {
    const std::uint32_t low = next();
    const std::uint32_t middle = next();
    return low | middle << 8 | std::uint32_t{next()} << 16;
  }

 private:
  std::span<const std::uint8_t> left_;
};

}  // namespace hotplate::fuzz
