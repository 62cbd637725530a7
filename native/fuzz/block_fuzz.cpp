// libFuzzer: a sound block that someone writes into, before it is opened or while it is in use.
// Nothing outside of it may be touched, and no hit may name an entry that is not there.
#include "../matcher/matcher.hpp"
#include "lists.hpp"

namespace {

using hotplate::fuzz::require;

struct Write {
  std::uint32_t at;
  std::uint8_t kind;
  std::uint8_t byte;
};

// Few, more often than not: after many of them a search ends at the first thing that can't be.
std::vector<Write> take_writes(hotplate::fuzz::Bytes& bytes) {
  const unsigned most = 1 + bytes.below(32);
  std::vector<Write> writes(1 + bytes.below(most));
  for (Write& write : writes) write = {bytes.next24(), bytes.next(), bytes.next()};
  return writes;
}

// Bits and bytes at places of the block: of the header too, where `from` is zero.
void overwrite(const std::vector<Write>& writes, std::span<std::uint8_t> block, std::size_t from) {
  if (block.size() <= from) return;
  for (const Write& write : writes) {
    std::uint8_t& target = block[from + write.at % (block.size() - from)];
    if (write.kind < 128)
      target ^= static_cast<std::uint8_t>(1u << (write.kind & 7));
    else
      target = write.byte;
  }
}

void search(const hotplate::IndexView& view, const std::vector<std::uint8_t>& records) {
  for (const auto* kernels : hotplate::fuzz::kernels_here()) {
    hotplate::Matcher matcher(view, *kernels);
    if (matcher.match(records).status != hotplate::MatchStatus::kDone) continue;
    for (const std::uint64_t hit : matcher.hits()) {
      require(static_cast<std::uint32_t>(hit) < view.header.entries, "a hit names no entry");
      matcher.listed(static_cast<std::uint32_t>(hit));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hotplate::fuzz::Bytes bytes(data, size);
  const bool header_too = bytes.below(4) == 0;
  const auto writes = take_writes(bytes);
  const auto lists = hotplate::fuzz::take_lists(bytes);
  hotplate::fuzz::Block block(lists);
  hotplate::IndexView in_use;
  require(hotplate::open_index(block.bytes(), hotplate::Check::kHeader, in_use) ==
              hotplate::BlockStatus::kSound,
          "its own block is refused");
  overwrite(writes, block.bytes(), header_too ? 0 : sizeof(hotplate::IndexHeader));
  search(in_use, lists.read_records);
  hotplate::IndexView opened;
  if (hotplate::open_index(block.bytes(), hotplate::Check::kHeader, opened) ==
      hotplate::BlockStatus::kSound) {
    search(opened, lists.read_records);
  }
  return 0;
}
