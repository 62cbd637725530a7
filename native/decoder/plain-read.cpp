// A line gone through once from left to right, without looking back; it gives up at the first byte
// that is not plain.
#include "plain-read.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string>
#include <system_error>

namespace hotplate {
namespace {

constexpr std::size_t kPlateMax = 12;
constexpr std::size_t kIdMax = 128;
constexpr std::size_t kTextMax = 64;

// Up to here a number's digits and the power of ten below them are doubles without loss, so that
// one division rounds as a full conversion does.
constexpr std::ptrdiff_t kExactDigits = 15;
constexpr double kPowers[kExactDigits + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

// The double nearest to a number that stands there whole. Where the library can't say without a
// locale, it is asked in the one that a program begins with, which is C's.
bool nearest(const char* first, const char* last, double& value) {
#if defined(__cpp_lib_to_chars)
  const auto [stop, error] = std::from_chars(first, last, value);
  return error == std::errc{} && stop == last;
#else
  const std::string text(first, last);
  char* stop = nullptr;
  value = std::strtod(text.c_str(), &stop);
  return std::isfinite(value) && stop == text.c_str() + text.size();
#endif
}

enum Field : std::size_t {
  kId,
  kTime,
  kCamera,
  kPlate,
  kRegion,
  kConfidence,
  kCharConfidence,
  kCandidates,
  kLocation,
  kHeading,
  kLane,
  kVehicle,
  kImages,
};
constexpr std::array<std::string_view, 13> kFields = {
    "id",         "time",     "camera",  "plate", "region",  "confidence", "charConfidence",
    "candidates", "location", "heading", "lane",  "vehicle", "images"};
constexpr unsigned kRequired = 1U << kId | 1U << kTime | 1U << kCamera | 1U << kPlate;
constexpr std::array<std::string_view, 2> kCandidateFields = {"plate", "confidence"};
constexpr std::array<std::string_view, 2> kLocationFields = {"lat", "lon"};
constexpr std::array<std::string_view, 5> kVehicleFields = {"year", "make", "model", "color",
                                                            "type"};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_upper_or_digit(char c) { return is_upper(c) || is_digit(c); }

bool is_plate(std::string_view text) {
  return !text.empty() && text.size() <= kPlateMax &&
         std::all_of(text.begin(), text.end(), is_upper_or_digit);
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kIdMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// US-ID
bool is_region(std::string_view text) {
  return text.size() >= 4 && text.size() <= 6 && is_upper(text[0]) && is_upper(text[1]) &&
         text[2] == '-' && std::all_of(text.begin() + 3, text.end(), is_upper_or_digit);
}

// The whole number of these digits; -1 where one is none.
int whole(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

// YYYY-MM-DDTHH:MM:SSZ with up to three decimals, of a day that the calendar has.
bool parse_time(std::string_view text, std::int64_t& time_ms) {
  namespace chrono = std::chrono;
  if (text.size() < 20 || text.size() == 21 || text.size() > 24) return false;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' ||
      text.back() != 'Z') {
    return false;
  }
  const int year = whole(text.substr(0, 4));
  const int month = whole(text.substr(5, 2));
  const int day = whole(text.substr(8, 2));
  const int hour = whole(text.substr(11, 2));
  const int minute = whole(text.substr(14, 2));
  const int second = whole(text.substr(17, 2));
  if (year < 0 || month < 0 || day < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 59) {
    return false;
  }
  const chrono::year_month_day date{chrono::year{year},
                                    chrono::month{static_cast<unsigned>(month)},
                                    chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return false;
  int ms = 0;
  if (text.size() > 20) {
    const auto decimals = text.substr(20, text.size() - 21);
    ms = whole(decimals);
    if (text[19] != '.' || ms < 0) return false;
    for (auto places = decimals.size(); places < 3; ++places) ms *= 10;
  }
  const std::int64_t days = chrono::sys_days{date}.time_since_epoch().count();
  time_ms = ((days * 24 + hour) * 60 + minute) * 60'000 + second * 1'000 + ms;
  return true;
}

// Goes through a line once, from left to right; each step is false where the line is not plain.
class Parser {
 public:
  Parser(std::string_view line, const PlainContext& context, PlainRead& read)
      : at_(line.data()), end_(line.data() + line.size()), context_(context), read_(read) {}

  bool line() {
    unsigned seen = 0;
    const bool spaced = at_ != end_ && is_space(*at_);
    if (spaced || !object(kFields, seen, [&](auto f) { return field(f); })) return false;
    // Of a line that ends in CR LF, the CR.
    if (at_ != end_ && *at_ == '\r') ++at_;
    return at_ == end_ && (seen & kRequired) == kRequired;
  }

 private:
  bool field(std::size_t field) {
    std::string_view text;
    switch (field) {
      case kId:
        return string(read_.id) && is_id(read_.id);
      case kTime:
        return string(text) && parse_time(text, read_.time_ms) && is_trusted(read_.time_ms);
      case kCamera:
        return string(text) && text == context_.camera;
      case kPlate:
        return string(read_.plate) && is_plate(read_.plate);
      default:
        return null() || optional(field);
    }
  }

  bool optional(std::size_t field) {
    switch (field) {
      case kRegion:
        return string(read_.region) && is_region(read_.region);
      case kConfidence:
        return number(read_.confidence.emplace(), 0, 1);
      case kCharConfidence:
        return array([&] {
          return read_.chars < kSharesMax && number(read_.char_confidence[read_.chars++], 0, 1);
        });
      case kCandidates:
        return array([&] {
          return read_.candidate_count < kCandidatesMax &&
                 candidate(read_.candidates[read_.candidate_count++]);
        });
      case kLocation:
        return location(read_.location.emplace());
      case kHeading:
        return number(read_.heading.emplace(), 0, 360);
      case kLane:
        return number(read_.lane.emplace(), 0, 255);
      case kVehicle:
        return vehicle();
      default:
        // Pictures are not plain.
        return false;
    }
  }

  bool candidate(PlainCandidate& candidate) {
    unsigned seen = 0;
    const bool sound = object(kCandidateFields, seen, [&](std::size_t field) {
      if (field == 1) return number(candidate.confidence, 0, 1);
      return string(candidate.plate) && is_plate(candidate.plate);
    });
    return sound && seen == 3;
  }

  bool location(PlainLocation& place) {
    unsigned seen = 0;
    const bool sound = object(kLocationFields, seen, [&](std::size_t field) {
      return field == 0 ? number(place.lat, -90, 90) : number(place.lon, -180, 180);
    });
    return sound && seen == 3;
  }

  bool vehicle() {
    unsigned seen = 0;
    return object(kVehicleFields, seen, [&](std::size_t field) {
      if (null()) return true;
      if (field == 0) return number(read_.year.emplace(), 1900, 2100);
      std::string_view* const texts[] = {&read_.make, &read_.model, &read_.color, &read_.type};
      std::string_view& text = *texts[field - 1];
      return string(text) && !text.empty() && text.size() <= kTextMax;
    });
  }

  bool is_trusted(std::int64_t time_ms) const {
    const auto ms = static_cast<double>(time_ms);
    return ms >= context_.time_ms_min && ms <= context_.time_ms_max;
  }

  // An object of known names, each at most once; `seen` gets a bit for each that came.
  template <std::size_t kNames, class Member>
  bool object(const std::array<std::string_view, kNames>& names, unsigned& seen, Member&& member) {
    if (!take('{')) return false;
    if (take('}')) return true;
    do {
      std::string_view name;
      if (!string(name) || !take(':')) return false;
      std::size_t which = 0;
      while (which < kNames && names[which] != name) ++which;
      if (which == kNames || (seen >> which & 1U) != 0) return false;
      seen |= 1U << which;
      if (!member(which)) return false;
    } while (take(','));
    return take('}');
  }

  template <class Element>
  bool array(Element&& element) {
    if (!take('[')) return false;
    if (take(']')) return true;
    do {
      if (!element()) return false;
    } while (take(','));
    return take(']');
  }

  // Printable, and without escapes.
  bool string(std::string_view& text) {
    if (!take('"')) return false;
    const char* start = at_;
    while (at_ != end_ && *at_ != '"') {
      if (*at_ < ' ' || *at_ > '~' || *at_ == '\\') return false;
      ++at_;
    }
    if (at_ == end_) return false;
    text = {start, static_cast<std::size_t>(at_ - start)};
    ++at_;
    return true;
  }

  bool number(double& value, double min, double max) {
    return number(value) && value >= min && value <= max;
  }

  // By the grammar of JSON, which is narrower than that of from_chars.
  bool number(double& value) {
    skip_space();
    const char* start = at_;
    const bool negative = eat('-');
    std::uint64_t digits = 0;
    const char* integer = at_;
    const auto integers = eat_digits(digits);
    if (integers == 0 || (integers > 1 && *integer == '0')) return false;
    const auto decimals = eat('.') ? eat_digits(digits) : -1;
    if (decimals == 0) return false;
    const bool exponent = eat('e') || eat('E');
    if (!exponent && integers + std::max<std::ptrdiff_t>(decimals, 0) <= kExactDigits) {
      const double size = static_cast<double>(digits) / kPowers[decimals < 0 ? 0 : decimals];
      value = negative ? -size : size;
      return true;
    }
    std::uint64_t power = 0;
    if (exponent && !eat('-')) eat('+');
    if (exponent && eat_digits(power) == 0) return false;
    return nearest(start, at_, value);
  }

  // How many there were; `value` wraps around where they are too many for it.
  std::ptrdiff_t eat_digits(std::uint64_t& value) {
    const char* start = at_;
    for (; at_ != end_ && is_digit(*at_); ++at_) {
      value = value * 10 + static_cast<std::uint64_t>(*at_ - '0');
    }
    return at_ - start;
  }

  bool null() {
    skip_space();
    if (end_ - at_ < 4 || std::string_view(at_, 4) != "null") return false;
    at_ += 4;
    return true;
  }

  bool take(char c) {
    skip_space();
    return eat(c);
  }

  bool eat(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  void skip_space() {
    while (at_ != end_ && is_space(*at_)) ++at_;
  }

  const char* at_;
  const char* end_;
  const PlainContext& context_;
  PlainRead& read_;
};

void forget(PlainRead& read) {
  read.region = read.make = read.model = read.color = read.type = {};
  read.chars = read.candidate_count = 0;
  read.confidence = read.heading = read.lane = read.year = std::nullopt;
  read.location.reset();
}

}  // namespace

bool decode_plain(std::string_view line, const PlainContext& context, PlainRead& read) {
  forget(read);
  return Parser(line, context, read).line();
}

}  // namespace hotplate
