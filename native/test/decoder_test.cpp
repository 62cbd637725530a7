// The scanner of batches without Node, made to be built with address and undefined-behaviour
// sanitizers: lines whose bytes were changed, each batch in memory of exactly its size. Prints the
// seed that broke it; exit 1.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "../decoder/scanner.hpp"

namespace {

using hotplate::kMessageFields;

constexpr double kReceivedMs = 1'795'449'600'000;  // 2026-11-23T16:00:00Z
constexpr hotplate::ScanLimits kLimits = {4'000, 8, 30 * 86'400'000.0, 300'000};
constexpr std::string_view kCameras[] = {"pole-1", ""};

const std::string kLines[] = {
    R"({"id":"r-1","time":"2026-11-23T15:59:59.123Z","camera":"pole-1","plate":"ABC123"})",
    R"({"id":"r-2","time":"2026-11-20T15:59:59Z","camera":"pole-1","plate":"A1","region":"US-ID",)"
    R"("confidence":0.956,"charConfidence":[0.96,1,0],"candidates":[{"plate":"A7","confidence":)"
    R"(0.5},{"confidence":1e-1,"plate":"A1"}],"location":{"lat":42.5917,"lon":-114.52406},)"
    R"("heading":359.5,"lane":1,"vehicle":{"make":"ford","model":"f-150","color":"white",)"
    R"("type":"truck","year":2019},"images":null})",
};
const std::string kParts[] = {
    "1e400",  "-0",  "0.1e1", "1E-1", "01", "+1", "5e-324", "\"", "\\", "null", "{", "}", "[", "]",
    "\"id\"", "\n",  "\r\n",  ":",    ",",  "-",  "1e",     "0.", " ",  "\n\n",
    "0.12345678901234567890123456789012345678901234567890123456789"};

constexpr char kDeep[] = {'[', '{', '"', '0', ' '};

struct Random {
  std::mt19937_64 engine;
  unsigned below(std::size_t n) { return static_cast<unsigned>(engine() % n); }
};

struct Batch {
  std::vector<std::uint8_t> data;
  std::vector<double> meta;

  void add(const std::string& text, double camera) {
    const auto offset = static_cast<double>(data.size());
    const auto length = static_cast<double>(text.size());
    const auto seq = static_cast<double>(meta.size() + 1);
    meta.insert(meta.end(), {offset, length, seq, kReceivedMs, camera});
    data.insert(data.end(), text.begin(), text.end());
  }
};

void check(bool holds, unsigned seed, const char* what) {
  if (holds) return;
  std::printf("Seed %u: %s\n", seed, what);
  std::exit(1);
}

std::string message(Random& random) {
  std::string text;
  for (unsigned lines = random.below(5); lines > 0; --lines) {
    text += kLines[random.below(std::size(kLines))];
    if (lines > 1) text += '\n';
  }
  for (unsigned n = random.below(3); n > 0 && !text.empty(); --n) {
    const std::size_t at = random.below(text.size());
    switch (random.below(6)) {
      case 0:
        text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
        break;
      case 1:
        text.insert(at, 1, static_cast<char>(random.below(256)));
        break;
      case 2:
        text.erase(at, 1 + random.below(4));
        break;
      case 3:
        text.resize(at);
        break;
      case 4:
        text.insert(at, kParts[random.below(std::size(kParts))]);
        break;
      default:
        text.insert(at, std::string(20'000, kDeep[random.below(std::size(kDeep))]));
    }
  }
  return text;
}

// What a scan says of itself holds, and no place lies outside the data.
void check_sound(const hotplate::Scanner& scanner, const Batch& batch, unsigned seed) {
  const auto inside = [&](const hotplate::LinePlace& place) {
    return place.message < batch.meta.size() / kMessageFields &&
           std::size_t{place.offset} + place.length <= batch.data.size();
  };
  for (const auto& place : scanner.places()) check(inside(place), seed, "a row lies outside");
  for (const auto& left : scanner.left_overs()) check(inside(left.place), seed, "a line outside");
  const std::size_t rows = scanner.columns().rows();
  check(rows == scanner.places().size(), seed, "rows without a place");
  check(scanner.records().size() == scanner.origins().size() * 16, seed, "plates without origin");
  check(scanner.evidence().size() == scanner.origins().size() * hotplate::kEvidenceBytes, seed,
        "plates without evidence");
  for (const auto& origin : scanner.origins()) {
    const bool of_row = origin.row >= 0 && static_cast<std::size_t>(origin.row) < rows;
    check(of_row, seed, "a plate of no row");
  }
}

std::vector<std::uint8_t> block_of(const hotplate::Scanner& scanner) {
  std::vector<std::uint8_t> block(scanner.columns().block_bytes());
  scanner.columns().write_block(block.data());
  return block;
}

bool scan(hotplate::Scanner& scanner, const Batch& batch) {
  // Exactly as large as it says: one byte beyond is seen by the sanitizer.
  const std::vector<std::uint8_t> data(batch.data);
  const std::vector<double> meta(batch.meta);
  const std::vector<std::uint8_t> models(std::size(kCameras), 1);
  return scanner.scan({data, meta, kCameras, models}, kLimits);
}

// Returns how many rows there were.
std::size_t run(unsigned seed, hotplate::Scanner& used) {
  Random random{std::mt19937_64(seed)};
  Batch batch;
  std::size_t apart = 0;
  for (unsigned n = random.below(5); n > 0; --n) {
    const std::string text = message(random);
    const double camera = random.below(8) == 0 ? 1 : 0;
    batch.add(text, camera);
    Batch alone;
    alone.add(text, camera);
    hotplate::Scanner fresh;
    check(scan(fresh, alone), seed, "a message is refused");
    apart += fresh.columns().rows();
  }
  check(scan(used, batch), seed, "a batch is refused");
  check_sound(used, batch, seed);
  const std::size_t rows = used.columns().rows();
  check(rows == apart, seed, "a message is taken otherwise beside others");
  hotplate::Scanner fresh;
  scan(fresh, batch);
  check(block_of(fresh) == block_of(used), seed, "an earlier batch shows");

  if (batch.meta.empty()) return rows;
  const double wrong[] = {-1, 0.5, 1e9, 1e300, 9e15, std::numeric_limits<double>::quiet_NaN(),
                          std::numeric_limits<double>::infinity()};
  batch.meta[random.below(batch.meta.size())] = wrong[random.below(std::size(wrong))];
  if (scan(used, batch)) {
    check_sound(used, batch, seed);
    block_of(used);
  }
  return rows;
}

std::string digits(Random& random, unsigned most) {
  std::string text(1 + random.below(most), '0');
  for (char& c : text) c = static_cast<char>('0' + random.below(10));
  return text;
}

// A number's value is the nearest double, as strtod (and JavaScript) has it, to the bit.
void run_number(unsigned seed) {
  Random random{std::mt19937_64(seed)};
  std::string text = random.below(9) == 0 ? "-" : "";
  text += random.below(2) == 0 ? "0" : std::to_string(1 + random.below(200));
  if (random.below(9) != 0) text += "." + digits(random, random.below(2) == 0 ? 6 : 40);
  if (random.below(4) == 0) text += "e" + std::to_string(static_cast<int>(random.below(9)) - 7);
  const std::string line = kLines[0].substr(0, kLines[0].size() - 1) +
                           R"(,"location":{"lat":0,"lon":)" + text + "}}";
  const hotplate::PlainContext context{"pole-1", 0, 2 * kReceivedMs};
  hotplate::PlainRead read;
  const double expected = std::strtod(text.c_str(), nullptr);
  const bool plain = hotplate::decode_plain(line, context, read);
  check(plain == (expected >= -180 && expected <= 180), seed, "a number is refused or taken");
  const double value = plain ? read.location->lon : expected;
  check(std::memcmp(&value, &expected, sizeof value) == 0, seed, "a number has another value");
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned runs = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 10'000;
  hotplate::Scanner used;
  std::size_t rows = 0;
  for (unsigned seed = 1; seed <= runs; ++seed) rows += run(seed, used);
  for (unsigned seed = 1; seed <= 20 * runs; ++seed) run_number(seed);
  check(rows > runs, 0, "hardly a line is plain");
  std::printf("%u batches, no difference\n", runs);
}
