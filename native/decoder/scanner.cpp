// Message by message and line by line; which lines there are is as in src/ingest/digest.ts.
#include "scanner.hpp"

#include <algorithm>
#include <cmath>

#include "../matcher/plate.hpp"

namespace hotplate {
namespace {

constexpr double kIntegerMax = 9'007'199'254'740'991;

bool is_ascii(std::string_view text) {
  std::uint64_t all = 0;
  std::size_t at = 0;
  for (; at + sizeof all <= text.size(); at += sizeof all) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    all |= word;
  }
  for (; at < text.size(); ++at) all |= static_cast<std::uint8_t>(text[at]);
  return (all & 0x8080'8080'8080'8080) == 0;
}

bool is_integer(double value, double max) {
  return value >= 0 && value <= max && value == std::floor(value);
}

}  // namespace

bool Scanner::scan(const ScanBatch& batch, const ScanLimits& limits) {
  clear();
  if (batch.data.size() > kScanBytesMax || batch.meta.size() % kMessageFields != 0) return false;
  const auto size = static_cast<double>(batch.data.size());
  const std::size_t messages = batch.meta.size() / kMessageFields;
  if (messages > UINT32_MAX) return false;
  for (std::size_t index = 0; index < messages; ++index) {
    const double* meta = batch.meta.data() + index * kMessageFields;
    const double offset = meta[0];
    const double received_ms = meta[3];
    if (!is_integer(offset, size) || !is_integer(meta[1], size - offset) ||
        !is_integer(meta[2], kIntegerMax) || !(received_ms >= 0 && received_ms <= kIntegerMax) ||
        !is_integer(meta[4], static_cast<double>(batch.cameras.size()) - 1)) {
      return false;
    }
    const std::string_view camera = batch.cameras[static_cast<std::size_t>(meta[4])];
    const char* start = reinterpret_cast<const char*>(batch.data.data());
    Message message{
        static_cast<std::uint32_t>(index),
        static_cast<std::uint32_t>(offset),
        {start + static_cast<std::size_t>(offset), static_cast<std::size_t>(meta[1])},
        {camera, received_ms, static_cast<std::uint64_t>(meta[2]), 0},
        {camera, received_ms - limits.behind_ms_max, received_ms + limits.ahead_ms_max}};
    this->message(message, limits);
  }
  return true;
}

void Scanner::clear() {
  columns_.clear();
  places_.clear();
  left_overs_.clear();
  records_.clear();
  origins_.clear();
}

void Scanner::message(Message& message, const ScanLimits& limits) {
  const std::string_view text = message.text;
  std::size_t end = text.find('\n');
  const auto bytes = static_cast<double>(text.size());
  const bool sound = bytes > 0 && bytes <= limits.message_bytes_max &&
                     !message.context.camera.empty() && is_ascii(text);
  const auto feeds = static_cast<double>(std::count(text.begin(), text.end(), '\n'));
  const bool too_many = feeds > 0 && feeds + 1 > limits.lines_max;
  // Only a first line that is JSON by itself says that this is no object printed over lines.
  if (!sound || too_many || !line(message, 0, text.substr(0, end))) {
    leave(message, 0, text, true);
    return;
  }
  for (std::uint32_t number = 1; end != std::string_view::npos; ++number) {
    const std::size_t start = end + 1;
    end = text.find('\n', start);
    const auto part = text.substr(start, end == std::string_view::npos ? end : end - start);
    if (part.empty() || part == "\r") continue;
    if (!line(message, number, part)) leave(message, number, part, false);
  }
}

bool Scanner::line(Message& message, std::uint32_t number, std::string_view text) {
  if (!decode_plain(text, message.context, read_)) return false;
  const auto offset = static_cast<std::uint32_t>(text.data() - message.text.data());
  places_.push_back({message.index, number, message.offset + offset,
                     static_cast<std::uint32_t>(text.size())});
  message.standing.line = number;
  columns_.add(read_, message.standing);
  pack();
  return true;
}

void Scanner::leave(const Message& message, std::uint32_t line, std::string_view text, bool whole) {
  const auto offset = static_cast<std::uint32_t>(text.data() - message.text.data());
  left_overs_.push_back({{message.index, line, message.offset + offset,
                          static_cast<std::uint32_t>(text.size())},
                         std::uint32_t{whole}});
}

void Scanner::pack() {
  pack_plate(read_.plate, -1);
  const auto many = std::min(read_.candidate_count, kCandidatesMatchedMax);
  for (std::size_t i = 0; i < many; ++i) {
    const std::string_view plate = read_.candidates[i].plate;
    if (plate != read_.plate) pack_plate(plate, static_cast<std::int32_t>(i));
  }
}

void Scanner::pack_plate(std::string_view plate, std::int32_t candidate) {
  std::uint8_t record[kRecordBytes] = {static_cast<std::uint8_t>(plate.size())};
  std::memcpy(record + 1, plate.data(), plate.size());
  record[kFlagByte] = candidate < 0 ? 0 : 1;
  records_.insert(records_.end(), record, record + kRecordBytes);
  origins_.push_back({static_cast<std::int32_t>(places_.size() - 1), candidate});
}

}  // namespace hotplate
