// Each column in parts of its own, put one behind the other once all rows are there.
#include "read-columns.hpp"

#include <cmath>

namespace hotplate {
namespace {

constexpr unsigned kLineBits = 14;
constexpr double kMillionths = 1e6;

struct Column {
  std::string_view name;
  std::string_view type;
  std::size_t parts;
};

constexpr Column kColumns[] = {
    {"camera", "String", 1},
    {"id", "String", 1},
    {"time", "DateTime64(3, 'UTC')", 1},
    {"received_at", "DateTime64(3, 'UTC')", 1},
    {"device_time", "Nullable(DateTime64(3, 'UTC'))", 2},
    {"clock_suspect", "Bool", 1},
    {"plate", "String", 1},
    {"region", "String", 1},
    {"confidence", "Nullable(Float32)", 2},
    {"char_confidence", "Array(Float32)", 2},
    {"candidates", "Array(Tuple(plate String, confidence Float32))", 3},
    {"lat", "Nullable(Decimal(9, 6))", 2},
    {"lon", "Nullable(Decimal(9, 6))", 2},
    {"heading", "Nullable(UInt16)", 2},
    {"lane", "Nullable(UInt8)", 2},
    {"make", "String", 1},
    {"model", "String", 1},
    {"color", "String", 1},
    {"type", "String", 1},
    {"year", "Nullable(UInt16)", 2},
    {"image_plate", "Bool", 1},
    {"image_vehicle", "Bool", 1},
    {"precedence", "UInt64", 1},
};

// As JavaScript's Math.round: halves go up, also below zero.
double round_up(double value) {
  const double up = std::ceil(value);
  return up - 0.5 > value ? up - 1 : up;
}

std::int32_t millionths(double degrees) {
  return static_cast<std::int32_t>(round_up(degrees * kMillionths));
}

std::uint16_t whole(const std::optional<double>& value) {
  return static_cast<std::uint16_t>(round_up(value.value_or(0)));
}

}  // namespace

template <class Number>
void ReadColumns::add_optional(Part nulls, bool given, Number value) {
  parts_[nulls].number(std::uint8_t{!given});
  parts_[nulls + 1].number(value);
}

void ReadColumns::add(const PlainRead& read, const Standing& standing) {
  rows_ += 1;
  parts_[kCamera].text(standing.camera);
  parts_[kId].text(read.id);
  parts_[kTime].number(read.time_ms);
  parts_[kReceivedAt].number(static_cast<std::int64_t>(std::floor(standing.received_ms)));
  // A plain read's clock is trusted.
  add_optional(kDeviceTimeNull, false, std::int64_t{0});
  parts_[kClockSuspect].number(std::uint8_t{0});
  parts_[kPlate].text(read.plate);
  parts_[kRegion].text(read.region);
  add_optional(kConfidenceNull, read.confidence.has_value(),
               static_cast<float>(read.confidence.value_or(0)));
  for (std::size_t i = 0; i < read.chars; ++i) {
    parts_[kCharValues].number(static_cast<float>(read.char_confidence[i]));
  }
  chars_ += read.chars;
  parts_[kCharEnds].number(chars_);
  for (std::size_t i = 0; i < read.candidate_count; ++i) {
    parts_[kCandidatePlates].text(read.candidates[i].plate);
    parts_[kCandidateConfidences].number(static_cast<float>(read.candidates[i].confidence));
  }
  candidates_ += read.candidate_count;
  parts_[kCandidateEnds].number(candidates_);
  const auto place = read.location.value_or(PlainLocation{0, 0});
  add_optional(kLatNull, read.location.has_value(), millionths(place.lat));
  add_optional(kLonNull, read.location.has_value(), millionths(place.lon));
  add_optional(kHeadingNull, read.heading.has_value(), whole(read.heading));
  add_optional(kLaneNull, read.lane.has_value(), static_cast<std::uint8_t>(whole(read.lane)));
  add_vehicle(read);
  parts_[kImagePlate].number(std::uint8_t{0});
  parts_[kImageVehicle].number(std::uint8_t{0});
  parts_[kPrecedence].number(~(standing.seq << kLineBits | standing.line));
}

void ReadColumns::add_vehicle(const PlainRead& read) {
  parts_[kMake].text(read.make);
  parts_[kModel].text(read.model);
  parts_[kColor].text(read.color);
  parts_[kType].text(read.type);
  add_optional(kYearNull, read.year.has_value(), whole(read.year));
}

void ReadColumns::clear() {
  for (Bytes& part : parts_) part.clear();
  rows_ = 0;
  chars_ = 0;
  candidates_ = 0;
}

Bytes ReadColumns::head() const {
  Bytes head;
  head.var_uint(std::size(kColumns));
  head.var_uint(rows_);
  return head;
}

std::size_t ReadColumns::block_bytes() const {
  if (rows_ == 0) return 0;
  std::size_t bytes = head().used().size();
  // Names and types are shorter than 128 characters: one byte of length each.
  for (const Column& column : kColumns) bytes += 2 + column.name.size() + column.type.size();
  for (const Bytes& part : parts_) bytes += part.used().size();
  return bytes;
}

void ReadColumns::write_block(std::uint8_t* target) const {
  if (rows_ == 0) return;
  const auto put = [&](const Bytes& bytes) {
    const auto used = bytes.used();
    if (!used.empty()) std::memcpy(target, used.data(), used.size());
    target += used.size();
  };
  put(head());
  Bytes names;
  std::size_t part = 0;
  for (const Column& column : kColumns) {
    names.clear();
    names.text(column.name);
    names.text(column.type);
    put(names);
    for (const std::size_t end = part + column.parts; part < end; ++part) put(parts_[part]);
  }
}

}  // namespace hotplate
