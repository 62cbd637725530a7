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

std::uint8_t char_share(double confidence) {
  return static_cast<std::uint8_t>(std::floor(confidence * 254 + 0.5));
}

// The number that regionCode of src/matching/evidence.ts gives: 'US-ID' in base 37, five places.
std::uint32_t region_code(std::string_view region) {
  if (region.empty()) return 0;
  std::uint32_t code = 0;
  for (std::size_t place = 0; place < 5; ++place) {
    const std::size_t at = place < 2 ? place : place + 1;
    const std::uint32_t digit =
        at < region.size() ? symbol_of(static_cast<std::uint8_t>(region[at])) + 1u : 0u;
    code = code * (kSymbols + 1) + digit;
  }
  return code;
}

bool is_integer(double value, double max) {
  return value >= 0 && value <= max && value == std::floor(value);
}

}  // namespace

bool Scanner::scan(const ScanBatch& batch, const ScanLimits& limits) {
  clear();
  if (batch.data.size() > kScanBytesMax || batch.meta.size() % kMessageFields != 0) return false;
  const auto cameras = static_cast<double>(std::min(batch.cameras.size(), batch.models.size()));
  const auto size = static_cast<double>(batch.data.size());
  const std::size_t messages = batch.meta.size() / kMessageFields;
  if (messages > UINT32_MAX) return false;
  for (std::size_t index = 0; index < messages; ++index) {
    const double* meta = batch.meta.data() + index * kMessageFields;
    const double offset = meta[0];
    const double received_ms = meta[3];
    if (!is_integer(offset, size) || !is_integer(meta[1], size - offset) ||
        !is_integer(meta[2], kIntegerMax) || !(received_ms >= 0 && received_ms <= kIntegerMax) ||
        !is_integer(meta[4], cameras - 1)) {
      return false;
    }
    const auto number = static_cast<std::size_t>(meta[4]);
    const std::string_view camera = batch.cameras[number];
    const char* start = reinterpret_cast<const char*>(batch.data.data());
    Message message{
        static_cast<std::uint32_t>(index),
        static_cast<std::uint32_t>(offset),
        {start + static_cast<std::size_t>(offset), static_cast<std::size_t>(meta[1])},
        batch.models[number],
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
  evidence_.clear();
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
  pack(message.model);
  return true;
}

void Scanner::leave(const Message& message, std::uint32_t line, std::string_view text, bool whole) {
  const auto offset = static_cast<std::uint32_t>(text.data() - message.text.data());
  left_overs_.push_back({{message.index, line, message.offset + offset,
                          static_cast<std::uint32_t>(text.size())},
                         std::uint32_t{whole}});
}

void Scanner::pack(std::uint8_t model) {
  const auto many = std::min(read_.candidate_count, kCandidatesMatchedMax);
  const auto candidates = std::span(read_.candidates).first(many);
  const auto own = std::find_if(candidates.begin(), candidates.end(),
                                [&](const auto& other) { return other.plate == read_.plate; });
  const double of_list = own == candidates.end() ? -1 : own->confidence;
  pack_plate(read_.plate, -1);
  pack_evidence(read_.confidence.value_or(of_list), true, model);
  for (std::size_t i = 0; i < many; ++i) {
    const auto& [plate, confidence] = read_.candidates[i];
    if (plate == read_.plate) continue;
    pack_plate(plate, static_cast<std::int32_t>(i));
    pack_evidence(confidence, false, model);
  }
}

void Scanner::pack_plate(std::string_view plate, std::int32_t candidate) {
  std::uint8_t record[kRecordBytes] = {static_cast<std::uint8_t>(plate.size())};
  std::memcpy(record + 1, plate.data(), plate.size());
  record[kFlagByte] = candidate < 0 ? 0 : 1;
  records_.insert(records_.end(), record, record + kRecordBytes);
  origins_.push_back({static_cast<std::int32_t>(places_.size() - 1), candidate});
}

void Scanner::pack_evidence(double confidence, bool of_read, std::uint8_t model) {
  std::uint8_t record[kEvidenceBytes] = {};
  const auto share = static_cast<float>(confidence);
  std::memcpy(record, &share, sizeof share);
  // Confidences of another number of characters than the plate's can't be told apart.
  const bool by_char = of_read && read_.chars == read_.plate.size();
  for (std::size_t i = 0; i < kPlateCharsMax; ++i) {
    record[4 + i] = by_char && i < read_.chars ? char_share(read_.char_confidence[i]) : 255;
  }
  const std::uint32_t region = region_code(read_.region);
  std::memcpy(record + 16, &region, sizeof region);
  record[20] = model;
  evidence_.insert(evidence_.end(), record, record + kEvidenceBytes);
}

}  // namespace hotplate
