// The matcher against the reference without Node, made to be built with address and
// undefined-behaviour sanitizers:
// random lists, then blocks that someone writes into. Prints the seed that broke it; exit 1.
#include "../matcher/matcher.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "../matcher/index.hpp"
#include "../reference/reference.hpp"

namespace {

using hotplate::kRecordBytes;

const hotplate::reference::Classes kClasses = {"0ODQ", "1IL", "2Z", "5S", "8B", "6G"};
constexpr char kNarrow[] = "AB8C3O0D";
constexpr char kWide[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

struct Random {
  std::mt19937_64 engine;
  unsigned below(unsigned n) { return static_cast<unsigned>(engine() % n); }
};

hotplate::FoldTable fold_table() {
  auto fold = hotplate::zero_fold();
  for (const auto& look_alikes : kClasses) {
    for (const char c : look_alikes) {
      fold[hotplate::symbol_of(static_cast<std::uint8_t>(c))] =
          hotplate::symbol_of(static_cast<std::uint8_t>(look_alikes[0]));
    }
  }
  return fold;
}

std::string plate(Random& random, const char* alphabet) {
  const auto symbols = static_cast<unsigned>(std::strlen(alphabet));
  std::string text(1 + random.below(12), ' ');
  for (char& c : text) c = alphabet[random.below(symbols)];
  return text;
}

// With two known characters, at least.
std::string pattern(Random& random, const char* alphabet) {
  std::string text = plate(random, alphabet);
  text = text.substr(0, 9) + plate(random, alphabet).substr(0, 1) + "A";
  for (unsigned n = 1 + random.below(4); n > 0; --n) {
    const std::size_t at = random.below(static_cast<unsigned>(text.size() + 1));
    if (text.size() < 12) text.insert(at, 1, random.below(2) == 0 ? '?' : '*');
  }
  return text;
}

void pack(std::vector<std::uint8_t>& records, std::size_t bytes, const std::string& text,
          int flag) {
  const std::size_t at = records.size();
  records.resize(at + bytes);
  records[at] = static_cast<std::uint8_t>(text.size());
  std::memcpy(records.data() + at + 1, text.data(), text.size());
  records[at + hotplate::kFlagByte] = static_cast<std::uint8_t>(flag);
}

// Whole words, so that the block is aligned.
struct Block {
  std::vector<std::uint64_t> words;
  std::span<std::uint8_t> bytes() {
    return {reinterpret_cast<std::uint8_t*>(words.data()), words.size() * sizeof(std::uint64_t)};
  }
};

std::vector<const hotplate::Kernels*> kernels_here() {
  std::vector<const hotplate::Kernels*> kernels = {&hotplate::kPlainKernels};
  for (const auto* wider : {hotplate::avx2_kernels(), hotplate::avx512_kernels()}) {
    if (wider != nullptr) kernels.push_back(wider);
  }
  return kernels;
}

void check(bool holds, unsigned seed, const char* what) {
  if (holds) return;
  std::printf("Seed %u: %s\n", seed, what);
  std::exit(1);
}

// Hits of each read by itself.
std::vector<std::uint64_t> found_alone(hotplate::Matcher& matcher,
                                       const std::vector<std::uint8_t>& records) {
  std::vector<std::uint64_t> hits;
  for (std::size_t at = 0; at < records.size(); at += kRecordBytes) {
    matcher.match({records.data() + at, kRecordBytes});
    for (const std::uint64_t hit : matcher.hits()) hits.push_back((at / kRecordBytes) << 32 | hit);
  }
  std::sort(hits.begin(), hits.end());
  return hits;
}

void run(unsigned seed) {
  Random random{std::mt19937_64(seed)};
  const char* alphabet = random.below(2) == 0 ? kNarrow : kWide;
  const unsigned edit_chars_min = random.below(14);
  std::vector<hotplate::reference::Entry> entries;
  std::vector<hotplate::reference::Read> reads;
  std::vector<std::uint8_t> entry_records;
  std::vector<std::uint8_t> read_records;
  // Of one table and without patterns: there a read that comes alone goes a way of its own.
  const bool bare = random.below(2) == 0;
  for (unsigned n = random.below(200); n > 0; --n) {
    const bool open = !bare && random.below(8) == 0;
    entries.push_back({open ? pattern(random, alphabet) : plate(random, alphabet),
                       static_cast<int>(random.below(bare ? 3 : 4))});
    pack(entry_records, hotplate::kEntryRecordBytes, entries.back().plate, entries.back().profile);
  }
  for (unsigned n = random.below(100); n > 0; --n) {
    std::string text = plate(random, alphabet);
    if (!entries.empty() && random.below(2) == 0) {
      text = entries[random.below(static_cast<unsigned>(entries.size()))].plate;
      for (char& c : text) c = c == '?' || c == '*' ? alphabet[random.below(8)] : c;
      text[random.below(static_cast<unsigned>(text.size()))] = alphabet[random.below(8)];
    }
    reads.push_back({text, random.below(4) == 0});
    pack(read_records, kRecordBytes, text, reads.back().fold_only ? 1 : 0);
  }

  const auto plan = hotplate::plan_index(entry_records, {fold_table(), edit_chars_min});
  check(plan.status == hotplate::BuildStatus::kDone, seed, "the list is refused");
  Block block{std::vector<std::uint64_t>(plan.header.block_bytes / sizeof(std::uint64_t))};
  hotplate::fill_index(entry_records, plan, block.bytes().data());
  hotplate::IndexView view;
  check(hotplate::open_index(block.bytes(), hotplate::Check::kAll, view) ==
            hotplate::BlockStatus::kSound,
        seed, "its own block is refused");
  const auto expected =
      hotplate::reference::match(reads, entries, kClasses, static_cast<int>(edit_chars_min));
  for (const hotplate::Kernels* kernels : kernels_here()) {
    hotplate::Matcher matcher(view, *kernels);
    check(matcher.match(read_records).status == hotplate::MatchStatus::kDone, seed,
          "the reads are refused");
    std::vector<std::uint64_t> hits(matcher.hits().begin(), matcher.hits().end());
    const auto by_record = [](std::uint64_t a, std::uint64_t b) { return a >> 32 < b >> 32; };
    check(std::is_sorted(hits.begin(), hits.end(), by_record), seed, "hits not by record");
    std::sort(hits.begin(), hits.end());
    bool same = hits.size() == expected.size();
    for (std::size_t i = 0; same && i < hits.size(); ++i) {
      same = hits[i] == ((std::uint64_t{expected[i].first} << 32) | expected[i].second);
    }
    check(same, seed, kernels->name);
    check(found_alone(matcher, read_records) == hits, seed, "a read alone");
  }

  // Writes into the block: refused when it is opened again, and no access out of bounds meanwhile.
  for (unsigned n = 0; n < 20; ++n) {
    const std::size_t at = random.below(static_cast<unsigned>(block.words.size()));
    block.words[at] ^= std::uint64_t{1} << random.below(64);
    for (const hotplate::Kernels* kernels : kernels_here()) {
      hotplate::Matcher matcher(view, *kernels);
      matcher.match(read_records);
      found_alone(matcher, read_records);
    }
    hotplate::IndexView damaged;
    const bool refused = hotplate::open_index(block.bytes(), hotplate::Check::kAll, damaged) !=
                         hotplate::BlockStatus::kSound;
    check(refused || n > 0, seed, "a damaged block is taken");
  }
}

// Every position in every posting, also such as no plate has. (None was once shifted by.)
void run_positions() {
  std::vector<std::uint8_t> entry_records;
  std::vector<std::uint8_t> read_records;
  for (const char* text : {"ABC123", "ABC1234", "AAA", "AB"}) {
    pack(entry_records, hotplate::kEntryRecordBytes, text, 2);
    pack(read_records, kRecordBytes, text, 0);
  }
  const auto plan = hotplate::plan_index(entry_records, {fold_table(), 1});
  Block block{std::vector<std::uint64_t>(plan.header.block_bytes / sizeof(std::uint64_t))};
  hotplate::fill_index(entry_records, plan, block.bytes().data());
  hotplate::IndexView view;
  hotplate::open_index(block.bytes(), hotplate::Check::kAll, view);
  auto* const postings = const_cast<std::uint32_t*>(view.one.postings);
  for (std::uint32_t i = 0; i < view.one.postings_n; ++i) {
    const std::uint32_t sound = postings[i];
    for (std::uint32_t position = 0; position < 16; ++position) {
      postings[i] = (sound & ~(15u << hotplate::kPositionShift)) | position
                                                                       << hotplate::kPositionShift;
      for (const hotplate::Kernels* kernels : kernels_here()) {
        hotplate::Matcher matcher(view, *kernels);
        matcher.match(read_records);
        found_alone(matcher, read_records);
      }
    }
    postings[i] = sound;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned runs = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 1'000;
  for (unsigned seed = 1; seed <= runs; ++seed) run(seed);
  run_positions();
  std::printf("%u lists, no difference\n", runs);
}
