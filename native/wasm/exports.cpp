// The C face of the same code for WebAssembly (src/matching/wasm.ts). An instance of the module
// serves one object (a matcher, a scanner, …) and goes with it, memory and all: so what an object
// is made of stands here once, and nothing is ever freed by hand.
//
// Arrays go in through `input`, whose memory is the caller's until the next call of it; what comes
// out is named by a pointer and a count, good until the next call. What JavaScript passes is
// checked there; what the bytes say is checked here.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../decoder/scanner.hpp"
#include "../judge/judge.hpp"
#include "../matcher/matcher.hpp"
#include "../reference/reference.hpp"
#include "../scorer/scorer.hpp"

#define HOTPLATE_EXPORT(name) extern "C" __attribute__((export_name(#name)))

namespace {

using Bytes = std::span<const std::uint8_t>;

std::vector<std::uint64_t> input_words;
std::size_t bad_record = 0;
hotplate::IndexPlan plan;
hotplate::IndexView view;
// A matcher's only one; a judge's base and overlay.
std::optional<hotplate::Matcher> matchers[2];
std::vector<std::uint32_t> pairs;
hotplate::Scanner scanner;
std::vector<std::uint8_t> scanned_block;
std::vector<hotplate::Scorer> scorers;
std::vector<const hotplate::Scorer*> scorer_pointers;
std::vector<std::uint32_t> removed;
std::vector<double> log_odds_min;
std::optional<hotplate::Judge> judge_object;
hotplate::MatchStatus search_status = hotplate::MatchStatus::kDone;
hotplate::ListedEntry listed_entry;

std::vector<std::string_view> lines_of(const std::uint8_t* text, std::size_t bytes) {
  std::vector<std::string_view> lines;
  const std::string_view all{reinterpret_cast<const char*>(text), bytes};
  for (std::size_t start = 0; start <= all.size();) {
    const std::size_t end = std::min(all.find('\n', start), all.size());
    lines.push_back(all.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

std::string text_of(const std::uint8_t* record) {
  const std::size_t length =
      std::min<std::size_t>(record[hotplate::kLengthByte], std::size_t{hotplate::kPlateCharsMax});
  return {reinterpret_cast<const char*>(record) + 1, length};
}

}  // namespace

// Room for what is passed, aligned to 8 bytes.
HOTPLATE_EXPORT(input) std::uint8_t* input(std::size_t bytes) {
  const std::size_t words = bytes / sizeof(std::uint64_t) + 1;
  if (input_words.size() < words) input_words.resize(words);
  return reinterpret_cast<std::uint8_t*>(input_words.data());
}

// Room for a block, on a line of memory; null where there is none left.
HOTPLATE_EXPORT(allocate) void* allocate(std::size_t bytes) {
  return std::aligned_alloc(64, (bytes + 63) / 64 * 64);
}

// ---- the index ----

HOTPLATE_EXPORT(plan_index)
std::uint32_t plan_index(const std::uint8_t* records, std::size_t bytes, const std::uint8_t* fold,
                         std::uint32_t edit_chars_min) {
  hotplate::IndexOptions options{};
  std::copy(fold, fold + hotplate::kSymbols, options.fold.begin());
  options.edit_chars_min = edit_chars_min;
  plan = hotplate::plan_index({records, bytes}, options);
  bad_record = plan.bad_record;
  return static_cast<std::uint32_t>(plan.status);
}

HOTPLATE_EXPORT(planned_bytes) double planned_bytes() {
  return static_cast<double>(plan.header.block_bytes);
}

// From the records that were planned.
HOTPLATE_EXPORT(fill_index)
void fill_index(const std::uint8_t* records, std::size_t bytes, std::uint8_t* block,
                std::size_t block_bytes) {
  std::fill(block, block + block_bytes, std::uint8_t{0});
  hotplate::fill_index({records, bytes}, plan, block);
}

// What a status of the plan says is too much is more than this.
HOTPLATE_EXPORT(most_of) std::uint32_t most_of(std::uint32_t status) {
  switch (static_cast<hotplate::BuildStatus>(status)) {
    case hotplate::BuildStatus::kTooManyTwoEdits:
      return hotplate::kTwoEditEntriesMax;
    case hotplate::BuildStatus::kTooManyPatterns:
      return hotplate::kPatternsMax;
    default:
      return hotplate::kEntriesMax;
  }
}

HOTPLATE_EXPORT(index_version) std::uint32_t index_version() { return hotplate::kIndexVersion; }

HOTPLATE_EXPORT(open_index)
std::uint32_t open_index(const std::uint8_t* block, std::size_t bytes, std::uint32_t all) {
  const auto check = all != 0 ? hotplate::Check::kAll : hotplate::Check::kHeader;
  return static_cast<std::uint32_t>(hotplate::open_index({block, bytes}, check, view));
}

HOTPLATE_EXPORT(bad_record) std::size_t bad_record_of_last() { return bad_record; }

// ---- the matcher, over the block that was opened ----

HOTPLATE_EXPORT(make_matcher) void make_matcher(std::uint32_t place) {
  matchers[place].emplace(view, hotplate::kPlainKernels);
}

HOTPLATE_EXPORT(match)
std::uint32_t match(const std::uint8_t* records, std::size_t bytes) {
  const auto result = matchers[0]->match({records, bytes});
  bad_record = result.bad_record;
  return static_cast<std::uint32_t>(result.status);
}

// Record << 32 | entry.
HOTPLATE_EXPORT(hits) const std::uint64_t* hits() { return matchers[0]->hits().data(); }
HOTPLATE_EXPORT(hits_count) std::size_t hits_count() { return matchers[0]->hits().size(); }

HOTPLATE_EXPORT(touched) double touched() {
  const auto& [reads, words, postings, entries] = matchers[0]->touched();
  return static_cast<double>(words + postings + entries) /
         static_cast<double>(std::max<std::uint64_t>(1, reads));
}

// ---- the reference: how many pairs, which stand at `refer_pairs` ----

HOTPLATE_EXPORT(refer)
std::size_t refer(const std::uint8_t* entry_records, std::size_t entry_bytes,
                  const std::uint8_t* classes, std::size_t class_bytes, int edit_chars_min,
                  const std::uint8_t* records, std::size_t bytes) {
  std::vector<hotplate::reference::Entry> entries;
  for (std::size_t at = 0; at < entry_bytes; at += hotplate::kEntryRecordBytes) {
    const std::uint8_t* record = entry_records + at;
    entries.push_back({text_of(record), record[hotplate::kFlagByte]});
  }
  std::vector<hotplate::reference::Read> reads;
  for (std::size_t at = 0; at < bytes; at += hotplate::kRecordBytes) {
    const std::uint8_t* record = records + at;
    reads.push_back({text_of(record), record[hotplate::kFlagByte] == 1});
  }
  hotplate::reference::Classes look_alikes;
  for (const auto line : lines_of(classes, class_bytes)) look_alikes.emplace_back(line);
  pairs.clear();
  const auto hits = hotplate::reference::match(reads, entries, look_alikes, edit_chars_min);
  for (const auto& [read, entry] : hits) pairs.insert(pairs.end(), {read, entry});
  return hits.size();
}

HOTPLATE_EXPORT(refer_pairs) const std::uint32_t* refer_pairs() { return pairs.data(); }

// ---- the scanner ----

// False where the batch is none.
HOTPLATE_EXPORT(scan)
bool scan(const std::uint8_t* data, std::size_t data_bytes, const double* meta,
          std::size_t meta_count, const std::uint8_t* cameras, std::size_t camera_bytes,
          const std::uint8_t* models, std::size_t models_count, double message_bytes_max,
          double lines_max, double behind_ms_max, double ahead_ms_max) {
  const auto names = lines_of(cameras, camera_bytes);
  const hotplate::ScanBatch batch{
      {data, data_bytes}, {meta, meta_count}, names, {models, models_count}};
  if (!scanner.scan(batch, {message_bytes_max, lines_max, behind_ms_max, ahead_ms_max})) {
    return false;
  }
  scanned_block.resize(scanner.columns().block_bytes());
  scanner.columns().write_block(scanned_block.data());
  return true;
}

HOTPLATE_EXPORT(scanned_rows) std::size_t scanned_rows() { return scanner.columns().rows(); }

// The parts of what was scanned by number: block, records, evidence, origins, places, left-overs.
HOTPLATE_EXPORT(scanned_part) const std::uint8_t* scanned_part(std::uint32_t part);
HOTPLATE_EXPORT(scanned_part_bytes) std::size_t scanned_part_bytes(std::uint32_t part);

namespace {

template <typename Item>
Bytes bytes_of(std::span<const Item> items) {
  return {reinterpret_cast<const std::uint8_t*>(items.data()), items.size_bytes()};
}

Bytes part_of_scan(std::uint32_t part) {
  switch (part) {
    case 0:
      return scanned_block;
    case 1:
      return scanner.records();
    case 2:
      return scanner.evidence();
    case 3:
      return bytes_of(scanner.origins());
    case 4:
      return bytes_of(scanner.places());
    default:
      return bytes_of(scanner.left_overs());
  }
}

}  // namespace

const std::uint8_t* scanned_part(std::uint32_t part) { return part_of_scan(part).data(); }
std::size_t scanned_part_bytes(std::uint32_t part) { return part_of_scan(part).size(); }

// ---- the scorer ----

HOTPLATE_EXPORT(model_version) std::uint32_t model_version() { return hotplate::kModelVersion; }

// Another one beside those there are. False where it is no sound model.
HOTPLATE_EXPORT(add_scorer) bool add_scorer(const std::uint8_t* model, std::size_t bytes) {
  if (hotplate::check_model({model, bytes}) != hotplate::ModelStatus::kSound) return false;
  scorers.emplace_back(Bytes{model, bytes});
  return true;
}

// Record, cost and log odds of each entry into `target`.
HOTPLATE_EXPORT(score)
void score(const std::uint8_t* records, std::size_t record_bytes, const std::uint8_t* evidence,
           std::size_t evidence_bytes, const std::uint8_t* entries, std::size_t entry_bytes,
           double* target) {
  for (std::size_t at = 0; at < entry_bytes; at += hotplate::kEntryRecordBytes) {
    const std::uint8_t* entry = entries + at;
    std::uint32_t region;
    std::memcpy(&region, entry + 16, sizeof region);
    const auto found =
        scorers[0].score({records, record_bytes}, {evidence, evidence_bytes}, entry + 1, region);
    *target++ = static_cast<double>(found.record);
    *target++ = found.cost;
    *target++ = found.log_odds;
  }
}

// ---- the judge, over both matchers and all scorers ----

HOTPLATE_EXPORT(make_judge)
void make_judge(const std::uint32_t* removed_entries, std::size_t removed_count,
                const double* thresholds, std::size_t lists) {
  removed.assign(removed_entries, removed_entries + removed_count);
  log_odds_min.assign(thresholds, thresholds + lists);
  for (const auto& scorer : scorers) scorer_pointers.push_back(&scorer);
  judge_object.emplace(*matchers[0], matchers[1] ? &*matchers[1] : nullptr, removed,
                       scorer_pointers, log_odds_min);
}

HOTPLATE_EXPORT(judge)
std::uint32_t judge(const std::uint8_t* records, std::size_t bytes, const std::uint8_t* evidence,
                    std::size_t evidence_bytes, const hotplate::Origin* origins) {
  const auto result = judge_object->judge(
      {{records, bytes}, {evidence, evidence_bytes}, {origins, bytes / hotplate::kRecordBytes}});
  const bool searched = result.status != hotplate::JudgeStatus::kSearchFailed;
  search_status = result.search.status;
  bad_record = searched ? result.bad_record : result.search.bad_record;
  return static_cast<std::uint32_t>(result.status);
}

HOTPLATE_EXPORT(search_status) std::uint32_t search_status_of_last() {
  return static_cast<std::uint32_t>(search_status);
}

// 32 bytes each: read, entry and record, then cost and log odds.
HOTPLATE_EXPORT(judged) const hotplate::JudgedHit* judged() { return judge_object->hits().data(); }
HOTPLATE_EXPORT(judged_count) std::size_t judged_count() { return judge_object->hits().size(); }
static_assert(sizeof(hotplate::JudgedHit) == 32 && offsetof(hotplate::JudgedHit, record) == 8 &&
              offsetof(hotplate::JudgedHit, cost) == 16);

HOTPLATE_EXPORT(judge_entries) std::uint32_t judge_entries() { return judge_object->entries(); }

// Twelve characters, the region's code, the list's number in two bytes.
HOTPLATE_EXPORT(listed) const hotplate::ListedEntry* listed(std::uint32_t entry) {
  listed_entry = judge_object->listed(entry);
  return &listed_entry;
}
static_assert(offsetof(hotplate::ListedEntry, region) == 12 &&
              offsetof(hotplate::ListedEntry, list) == 16);
