// libFuzzer: messages of any bytes. Nothing outside of them may be read, and every place that the
// scanner names lies within.
#include <cstring>
#include <memory>
#include <vector>

#include "../decoder/scanner.hpp"
#include "bytes.hpp"

namespace {

using hotplate::fuzz::require;

constexpr double kReceivedMs = 1'795'449'600'000;  // 2026-11-23T16:00:00Z
constexpr hotplate::ScanLimits kLimits = {4'000, 8, 30 * 86'400'000.0, 300'000};
constexpr std::string_view kCameras[] = {"pole-1", ""};
constexpr std::uint8_t kModels[] = {0, 1};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Two messages: where the first ends is in the first byte. An allocation of exactly the size.
  if (size == 0) return 0;
  const std::size_t bytes = size - 1;
  const std::size_t cut = data[0] % (bytes + 1);
  const auto copy = std::make_unique<std::uint8_t[]>(bytes);
  std::memcpy(copy.get(), data + 1, bytes);
  const double meta[] = {0,
                         static_cast<double>(cut),
                         1,
                         kReceivedMs,
                         0,
                         static_cast<double>(cut),
                         static_cast<double>(bytes - cut),
                         2,
                         kReceivedMs,
                         0};
  hotplate::Scanner scanner;
  require(scanner.scan({{copy.get(), bytes}, meta, kCameras, kModels}, kLimits), "refused");
  const auto inside = [&](const hotplate::LinePlace& place) {
    return place.message < 2 && std::size_t{place.offset} + place.length <= bytes;
  };
  for (const auto& place : scanner.places()) require(inside(place), "a row lies outside");
  for (const auto& left : scanner.left_overs()) require(inside(left.place), "a line outside");
  require(scanner.columns().rows() == scanner.places().size(), "rows without a place");
  require(scanner.records().size() == scanner.origins().size() * 16, "plates without origin");
  std::vector<std::uint8_t> block(scanner.columns().block_bytes());
  scanner.columns().write_block(block.data());
  return 0;
}
