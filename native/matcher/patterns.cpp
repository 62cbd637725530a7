// Files patterns by anchors, and asks for those of a read.
#include "patterns.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

namespace hotplate {
namespace {

constexpr unsigned kAnchorCharsMax = 4;
constexpr unsigned kGaps = kPlateCharsMax - 1;

// The part: header | shapes | filter | buckets | patterns by bucket, each a multiple of 8 bytes
// long.
struct PartHeader {
  std::uint32_t shapes;
  std::uint32_t filter_words;  // a power of two
  std::uint32_t buckets;       // a power of two
  std::uint32_t patterns;
  // Kinds of anchors without a fixed place that are in use, by their bit.
  std::uint32_t kinds;
  std::uint32_t unused;
};
static_assert(sizeof(PartHeader) == 24);

constexpr unsigned kThree = 0;               // three in a row
constexpr unsigned kGap = 1;                 // kGap + d - 1: two at distance d
constexpr unsigned kInOrder = kGap + kGaps;  // one before the other

std::uint64_t floating_anchor(unsigned kind, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return (std::uint64_t{kind + 1} << 60) | a | b << 5 | c << 10;
}

constexpr std::uint64_t place_mask(unsigned place) {
  return std::uint64_t{kCodeMax} << (kCodeBits * place);
}

std::size_t length_of_codes(const std::uint8_t* codes) {
  return static_cast<std::size_t>(std::find(codes, codes + kPlateCharsMax, 0) - codes);
}

bool is_known(std::uint8_t code) { return code < kCodeAnyOne; }

// What of a pattern stands at fixed places.
struct Fixed {
  Shape shape;  // all of it
  std::uint64_t from_start = 0;
  std::uint64_t from_end = 0;
};

Fixed fixed_of(const Pattern& pattern) {
  Fixed fixed;
  const std::size_t length = length_of_codes(pattern.codes);
  const auto* const end = pattern.codes + length;
  const auto first_run =
      static_cast<std::size_t>(std::find(pattern.codes, end, kCodeAnyRun) - pattern.codes);
  for (std::size_t i = 0; i < first_run; ++i) {
    if (!is_known(pattern.codes[i])) continue;
    fixed.shape.start |= place_mask(static_cast<unsigned>(i));
    fixed.from_start |= std::uint64_t{pattern.codes[i]} << (kCodeBits * i);
  }
  // A pattern without `*` is fixed from its start already.
  if (first_run == length) return fixed;
  for (std::size_t back = 0; pattern.codes[length - 1 - back] != kCodeAnyRun; ++back) {
    const std::uint8_t code = pattern.codes[length - 1 - back];
    if (!is_known(code)) continue;
    const auto place = static_cast<unsigned>(kPlateCharsMax - 1 - back);
    fixed.shape.end |= place_mask(place);
    fixed.from_end |= std::uint64_t{code} << (kCodeBits * place);
  }
  return fixed;
}

// The first few from the start, then the last few from the end.
Shape preferred(const Shape& all) {
  Shape shape;
  for (unsigned i = 0; i < kPlateCharsMax && shape.characters() < kAnchorCharsMax; ++i) {
    shape.start |= all.start & place_mask(i);
  }
  for (unsigned i = kPlateCharsMax; i-- > 0 && shape.characters() < kAnchorCharsMax;) {
    shape.end |= all.end & place_mask(i);
  }
  return shape;
}

// A few shapes that serve all: the commonest first, and a new one only where none of those before
// is within a pattern and about as telling.
class Shapes {
 public:
  explicit Shapes(std::span<const Fixed> patterns) {
    std::map<Shape, std::size_t> wanted;
    for (const Fixed& fixed : patterns) ++wanted[preferred(fixed.shape)];
    std::vector<std::pair<std::size_t, Shape>> by_use;
    for (const auto& [shape, uses] : wanted) by_use.emplace_back(uses, shape);
    std::sort(by_use.rbegin(), by_use.rend());
    for (const auto& [uses, shape] : by_use) {
      if (best(shape) == nullptr) chosen_.push_back(shape);
    }
  }

  // Null where none will do.
  const Shape* best(const Shape& all) const {
    const unsigned enough = std::min(all.characters(), 3u);
    const Shape* best = nullptr;
    for (const Shape& shape : chosen_) {
      if (!shape.within(all) || shape.characters() < enough) continue;
      if (best == nullptr || shape.characters() > best->characters()) best = &shape;
    }
    return best;
  }

  const std::vector<Shape>& chosen() const { return chosen_; }

 private:
  std::vector<Shape> chosen_;
};

struct Filed {
  std::uint64_t hash;
  Pattern pattern;
};

// What a pattern with fewer than two characters at fixed places is filed under.
std::uint64_t floating_of(const Pattern& pattern, std::uint32_t& kinds) {
  const std::uint8_t* codes = pattern.codes;
  const std::size_t length = length_of_codes(codes);
  const auto use = [&kinds](unsigned kind, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    kinds |= 1u << kind;
    return floating_anchor(kind, a, b, c);
  };
  for (std::size_t i = 0; i + 2 < length; ++i) {
    if (is_known(codes[i]) && is_known(codes[i + 1]) && is_known(codes[i + 2])) {
      return use(kThree, codes[i], codes[i + 1], codes[i + 2]);
    }
  }
  std::size_t last_known = length;
  std::size_t run_since = 0;
  for (std::size_t i = 0; i < length; ++i) {
    if (codes[i] == kCodeAnyRun) run_since = i + 1;
    if (!is_known(codes[i])) continue;
    if (last_known < length && last_known >= run_since) {
      return use(kGap + static_cast<unsigned>(i - last_known) - 1, codes[last_known], codes[i], 0);
    }
    last_known = i;
  }
  // Two known characters at least, each in a piece of its own.
  const auto* const first = std::find_if(codes, codes + length, is_known);
  const auto* const second = std::find_if(first + 1, codes + length, is_known);
  return use(kInOrder, *first, *second, 0);
}

template <typename T>
void append(std::vector<std::uint8_t>& part, std::span<const T> values) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(values.data());
  part.insert(part.end(), bytes, bytes + values.size_bytes());
  part.resize((part.size() + 7) / 8 * 8);
}

}  // namespace

bool pattern_fits(const std::uint8_t* pattern, std::size_t pattern_length, const std::uint8_t* text,
                  std::size_t text_length) noexcept {
  // The last `*` met, and how much of the text it has been given.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t run = pattern_length;
  std::size_t run_text = 0;
  while (t < text_length) {
    if (p < pattern_length && pattern[p] == kCodeAnyRun) {
      run = p++;
      run_text = t;
    } else if (p < pattern_length && (pattern[p] == kCodeAnyOne || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (run < pattern_length) {
      p = run + 1;
      t = ++run_text;
    } else {
      return false;
    }
  }
  while (p < pattern_length && pattern[p] == kCodeAnyRun) ++p;
  return p == pattern_length;
}

std::vector<std::uint8_t> file_patterns(std::span<const Pattern> patterns) {
  if (patterns.empty()) return {};
  std::vector<Fixed> fixed;
  std::vector<Fixed> anchored;
  for (const Pattern& pattern : patterns) {
    fixed.push_back(fixed_of(pattern));
    if (fixed.back().shape.characters() >= 2) anchored.push_back(fixed.back());
  }
  const Shapes shapes(anchored);
  PartHeader header{};
  std::vector<Filed> filed;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    filed.push_back({0, patterns[i]});
    if (fixed[i].shape.characters() < 2) {
      filed.back().hash = hash_of(floating_of(patterns[i], header.kinds));
      continue;
    }
    const Shape& shape = *shapes.best(fixed[i].shape);
    filed.back().hash = anchor_hash(shape, salt_of(shape), fixed[i].from_start, fixed[i].from_end);
  }
  header.shapes = static_cast<std::uint32_t>(shapes.chosen().size());
  header.patterns = static_cast<std::uint32_t>(patterns.size());
  // About sixteen bits and one bucket to a pattern.
  header.buckets = std::bit_ceil(header.patterns);
  header.filter_words = std::max(1u, header.buckets / 4);
  const auto bucket = [&header](const Filed& f) { return f.hash & (header.buckets - 1); };
  std::stable_sort(filed.begin(), filed.end(),
                   [&](const Filed& a, const Filed& b) { return bucket(a) < bucket(b); });

  std::vector<std::uint64_t> filter(header.filter_words);
  std::vector<std::uint32_t> begins(header.buckets + 1);
  std::vector<Pattern> sorted;
  for (const Filed& f : filed) {
    filter[f.hash >> kFilterWordShift & (header.filter_words - 1)] |= filter_bits(f.hash);
    ++begins[bucket(f) + 1];
    sorted.push_back(f.pattern);
  }
  for (std::size_t i = 1; i < begins.size(); ++i) begins[i] += begins[i - 1];
  std::vector<std::uint8_t> part;
  append(part, std::span<const PartHeader>(&header, 1));
  append(part, std::span<const Shape>(shapes.chosen()));
  append(part, std::span<const std::uint64_t>(filter));
  append(part, std::span<const std::uint32_t>(begins));
  append(part, std::span<const Pattern>(sorted));
  return part;
}

bool PatternIndex::open(std::span<const std::uint8_t> part) {
  if (part.empty()) return true;
  if (part.size() < sizeof(PartHeader)) return false;
  PartHeader header;
  std::memcpy(&header, part.data(), sizeof header);
  const auto rounded = [](std::uint64_t bytes) { return (bytes + 7) / 8 * 8; };
  const std::uint64_t shapes_at = sizeof(PartHeader);
  const std::uint64_t filter_at = shapes_at + std::uint64_t{header.shapes} * sizeof(Shape);
  const std::uint64_t buckets_at = filter_at + std::uint64_t{header.filter_words} * 8;
  const std::uint64_t patterns_at = buckets_at + rounded((std::uint64_t{header.buckets} + 1) * 4);
  const std::uint64_t end = patterns_at + std::uint64_t{header.patterns} * sizeof(Pattern);
  if (end != part.size() || !std::has_single_bit(header.filter_words) ||
      !std::has_single_bit(header.buckets)) {
    return false;
  }
  const std::uint8_t* base = part.data();
  shapes_ = {reinterpret_cast<const Shape*>(base + shapes_at), header.shapes};
  filter_ = {reinterpret_cast<const std::uint64_t*>(base + filter_at), header.filter_words};
  buckets_ = {reinterpret_cast<const std::uint32_t*>(base + buckets_at), header.buckets + 1u};
  patterns_ = {reinterpret_cast<const Pattern*>(base + patterns_at), header.patterns};
  kinds_ = header.kinds;
  return true;
}

struct PatternIndex::Read {
  std::uint8_t codes[kPlateCharsMax];
  unsigned length;

  explicit Read(std::uint64_t key) : codes{}, length(length_of(key)) {
    for (unsigned i = 0; i < length; ++i) {
      codes[i] = static_cast<std::uint8_t>((key >> (kCodeBits * i)) & kCodeMax);
    }
  }
};

PatternIndex::Bucket PatternIndex::bucket_of(const Shape& shape, std::uint64_t key) const noexcept {
  const std::uint64_t hash = anchor_hash(shape, salt_of(shape), key, moved_to_end(key));
  const auto number = static_cast<std::uint32_t>(hash & (buckets_.size() - 2));
  __builtin_prefetch(&buckets_[number]);
  return {number, 0, 0};
}

void PatternIndex::fetch(Bucket& bucket) const noexcept {
  const auto size = static_cast<std::uint32_t>(patterns_.size());
  bucket.begin = std::min(buckets_[bucket.number], size);
  bucket.end = std::min(buckets_[bucket.number + 1], size);
  __builtin_prefetch(patterns_.data() + bucket.begin);
}

void PatternIndex::take(const Bucket& bucket, std::uint64_t key,
                        std::vector<std::uint32_t>& entries) const {
  take(bucket, Read(key), entries);
}

void PatternIndex::find_floating(std::uint64_t key, std::vector<std::uint32_t>& entries) const {
  const Read read(key);
  const std::uint8_t* codes = read.codes;
  for (unsigned i = 0; (kinds_ & 1u << kThree) != 0 && i + 2 < read.length; ++i) {
    ask(floating_anchor(kThree, codes[i], codes[i + 1], codes[i + 2]), read, entries);
  }
  for (unsigned i = 0; i < read.length; ++i) {
    for (unsigned j = i + 1; j < read.length; ++j) {
      const unsigned gap = kGap + (j - i) - 1;
      if ((kinds_ & 1u << gap) != 0) {
        ask(floating_anchor(gap, codes[i], codes[j], 0), read, entries);
      }
      if ((kinds_ & 1u << kInOrder) != 0) {
        ask(floating_anchor(kInOrder, codes[i], codes[j], 0), read, entries);
      }
    }
  }
}

void PatternIndex::ask(std::uint64_t anchor, const Read& read,
                       std::vector<std::uint32_t>& entries) const {
  const std::uint64_t hash = hash_of(anchor);
  if (!passes(filter(), hash)) return;
  Bucket bucket{static_cast<std::uint32_t>(hash & (buckets_.size() - 2)), 0, 0};
  fetch(bucket);
  take(bucket, read, entries);
}

void PatternIndex::take(const Bucket& bucket, const Read& read,
                        std::vector<std::uint32_t>& entries) const {
  for (std::size_t i = bucket.begin; i < bucket.end; ++i) {
    const Pattern& pattern = patterns_[i];
    if (pattern_fits(pattern.codes, length_of_codes(pattern.codes), read.codes, read.length)) {
      entries.push_back(pattern.entry);
    }
  }
}

}  // namespace hotplate
