// A plain read: a line whose every field has the form that cameras send nearly always. What is
// plain here is a part of what src/ingest/decode.ts takes, and means the same; all else is left to
// it, so that refusing, dropping and folding stay in one place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hotplate {

inline constexpr std::size_t kSharesMax = 64;
inline constexpr std::size_t kCandidatesMax = 16;

struct PlainCandidate {
  std::string_view plate;
  double confidence;
};

struct PlainLocation {
  double lat;
  double lon;
};

// Texts point into the line. An empty text is one that was not given.
struct PlainRead {
  std::string_view id;
  std::string_view plate;
  std::string_view region;
  std::int64_t time_ms = 0;
  std::optional<double> confidence;
  std::array<double, kSharesMax> char_confidence{};
  std::size_t chars = 0;
  std::array<PlainCandidate, kCandidatesMax> candidates{};
  std::size_t candidate_count = 0;
  std::optional<PlainLocation> location;
  // Not yet rounded.
  std::optional<double> heading;
  std::optional<double> lane;
  std::string_view make;
  std::string_view model;
  std::string_view color;
  std::string_view type;
  std::optional<double> year;
};

// What a line is held against: the message's camera, and when a camera's clock is trusted.
struct PlainContext {
  std::string_view camera;
  double time_ms_min;
  double time_ms_max;
};

// Decodes one line of bytes below 128. False where it is not plain; `read` then holds anything.
bool decode_plain(std::string_view line, const PlainContext& context, PlainRead& read);

}  // namespace hotplate
