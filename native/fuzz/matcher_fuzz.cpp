// libFuzzer: a list and a batch of reads of any kind. Every inner loop that this machine has must
// find what the reference finds.
#include "../matcher/matcher.hpp"
#include "lists.hpp"

namespace {

using hotplate::fuzz::require;
using Hits = std::vector<std::uint64_t>;

// The batch comes several times over, so that it crosses the chunks of the search.
Hits expected_of(const hotplate::fuzz::Lists& lists, std::size_t times) {
  const auto once = hotplate::reference::match(lists.reads, lists.entries, lists.classes,
                                               static_cast<int>(lists.edit_chars_min));
  Hits hits;
  for (std::size_t n = 0; n < times; ++n) {
    for (const auto& [read, entry] : once) {
      hits.push_back((n * lists.reads.size() + read) << 32 | entry);
    }
  }
  return hits;
}

Hits found_by(const hotplate::Kernels& kernels, const hotplate::IndexView& view,
              const std::vector<std::uint8_t>& records) {
  hotplate::Matcher matcher(view, kernels);
  require(matcher.match(records).status == hotplate::MatchStatus::kDone, "the reads are refused");
  Hits hits(matcher.hits().begin(), matcher.hits().end());
  const auto by_record = [](std::uint64_t a, std::uint64_t b) { return a >> 32 < b >> 32; };
  require(std::is_sorted(hits.begin(), hits.end(), by_record), "hits are not by record");
  std::sort(hits.begin(), hits.end());
  return hits;
}

// The same, each read by itself.
Hits found_alone(const hotplate::Kernels& kernels, const hotplate::IndexView& view,
                 const std::vector<std::uint8_t>& records) {
  hotplate::Matcher matcher(view, kernels);
  Hits hits;
  for (std::size_t at = 0; at < records.size(); at += hotplate::kRecordBytes) {
    const auto status = matcher.match({records.data() + at, hotplate::kRecordBytes}).status;
    require(status == hotplate::MatchStatus::kDone, "a read is refused");
    const std::uint64_t read = at / hotplate::kRecordBytes;
    for (const std::uint64_t hit : matcher.hits()) hits.push_back(read << 32 | hit);
  }
  std::sort(hits.begin(), hits.end());
  return hits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hotplate::fuzz::Bytes bytes(data, size);
  const std::size_t times = 1 + bytes.below(6);
  const auto lists = hotplate::fuzz::take_lists(bytes);
  hotplate::fuzz::Block block(lists);
  hotplate::IndexView view;
  require(hotplate::open_index(block.bytes(), hotplate::Check::kAll, view) ==
              hotplate::BlockStatus::kSound,
          "its own block is refused");
  std::vector<std::uint8_t> records;
  for (std::size_t n = 0; n < times; ++n) {
    records.insert(records.end(), lists.read_records.begin(), lists.read_records.end());
  }
  const Hits expected = expected_of(lists, times);
  for (const auto* kernels : hotplate::fuzz::kernels_here()) {
    require(found_by(*kernels, view, records) == expected, kernels->name);
    require(found_alone(*kernels, view, records) == expected, "a read alone");
  }
  return 0;
}
