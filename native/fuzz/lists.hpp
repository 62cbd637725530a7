// What the fuzzer's bytes stand for: a fold table, a list and a batch of reads, in the matcher's
// form and in the reference's.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "../matcher/index.hpp"
#include "../matcher/kernels.hpp"
#include "../matcher/patterns.hpp"
#include "../reference/reference.hpp"
#include "bytes.hpp"

namespace hotplate::fuzz {

// More would make the reference slow: it compares each with each.
constexpr std::size_t kEntriesMax = 64;
constexpr std::size_t kReadsMax = 32;
constexpr const char* kAlphabets[] = {"AB", "0OD1I8B", "ABC0123OZ",
                                      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"};

struct Lists {
  reference::Classes classes;
  FoldTable fold = zero_fold();
  std::uint32_t edit_chars_min = 0;
  std::vector<reference::Entry> entries;
  std::vector<reference::Read> reads;
  std::vector<std::uint8_t> entry_records;
  std::vector<std::uint8_t> read_records;
};

// Classes of any kind: none, those that ship, or each symbol in one of a few.
inline void take_classes(Bytes& bytes, Lists& lists) {
  const unsigned kind = bytes.below(3);
  if (kind == 0) return;
  if (kind == 1) {
    lists.classes = {"0ODQ", "1IL", "2Z", "5S", "8B", "6G"};
  } else {
    const unsigned count = 1 + bytes.below(36);
    lists.classes.resize(count);
    for (unsigned symbol = 0; symbol < kSymbols; ++symbol) {
      if (symbol == symbol_of('O')) continue;
      const auto character = static_cast<char>(character_of(symbol));
      lists.classes[bytes.below(count)] += character == '0' ? "0O" : std::string(1, character);
    }
  }
  for (const std::string& look_alikes : lists.classes) {
    for (const char c : look_alikes) {
      lists.fold[symbol_of(static_cast<std::uint8_t>(c))] =
          symbol_of(static_cast<std::uint8_t>(look_alikes[0]));
    }
  }
}

inline std::string take_plate(Bytes& bytes, const std::string& alphabet) {
  std::string text(1 + bytes.below(kPlateCharsMax), ' ');
  for (char& c : text) c = alphabet[bytes.below(static_cast<unsigned>(alphabet.size()))];
  return text;
}

// A plate near another: up to three characters substituted, inserted or deleted.
inline std::string take_near(Bytes& bytes, std::string text, const std::string& alphabet) {
  for (unsigned edits = bytes.below(4); edits > 0; --edits) {
    const unsigned kind = bytes.below(3);
    const char c = alphabet[bytes.below(static_cast<unsigned>(alphabet.size()))];
    const std::size_t at = bytes.below(static_cast<unsigned>(text.size()));
    if (kind == 0) text[at] = c;
    if (kind == 1 && text.size() < kPlateCharsMax) text.insert(at, 1, c);
    if (kind == 2 && text.size() > 1) text.erase(at, 1);
  }
  return text;
}

// `?` for characters and `*` for runs, where enough is left that is known.
inline std::string take_pattern(Bytes& bytes, std::string text) {
  const auto known = [](const std::string& plate) {
    return std::count_if(plate.begin(), plate.end(), [](char c) { return c != '?' && c != '*'; });
  };
  for (unsigned n = 1 + bytes.below(4); n > 0; --n) {
    const std::size_t at = bytes.below(static_cast<unsigned>(text.size()) + 1);
    const char open = bytes.below(2) == 0 ? '?' : '*';
    std::string opened = text;
    if (at < text.size() && bytes.below(2) == 0)
      opened[at] = open;
    else if (text.size() < kPlateCharsMax)
      opened.insert(at, 1, open);
    if (known(opened) >= 2) text = opened;
  }
  return text;
}

inline void pack(std::vector<std::uint8_t>& records, std::size_t bytes, const std::string& text,
                 int flag) {
  const std::size_t at = records.size();
  records.resize(at + bytes);
  records[at] = static_cast<std::uint8_t>(text.size());
  std::memcpy(records.data() + at + 1, text.data(), text.size());
  records[at + kFlagByte] = static_cast<std::uint8_t>(flag);
}

inline void take_entries(Bytes& bytes, const std::string& alphabet, Lists& lists) {
  // Of one table and without patterns: there a read that comes alone goes a way of its own.
  const bool bare = (bytes.next() & 1) != 0;
  for (std::size_t count = bytes.below(kEntriesMax + 1); count > 0 && !bytes.empty(); --count) {
    const std::uint8_t kind = bytes.next();
    std::string plate = take_plate(bytes, alphabet);
    if ((kind & 4) != 0 && !lists.entries.empty()) {
      const auto many = static_cast<unsigned>(lists.entries.size());
      plate = take_near(bytes, lists.entries[bytes.below(many)].plate, alphabet);
    }
    if (!bare && (kind & 0x70) == 0) plate = take_pattern(bytes, plate);
    const auto open =
        std::count_if(plate.begin(), plate.end(), [](char c) { return c == '?' || c == '*'; });
    if (open > 0 && plate.size() < static_cast<std::size_t>(open) + kPatternCharsMin) continue;
    const int profile = bare ? std::min(kind & 3, 2) : kind & 3;
    lists.entries.push_back({plate, profile});
    pack(lists.entry_records, kEntryRecordBytes, plate, profile);
  }
}

inline void take_reads(Bytes& bytes, const std::string& alphabet, Lists& lists) {
  for (std::size_t count = bytes.below(kReadsMax + 1); count > 0 && !bytes.empty(); --count) {
    const std::uint8_t kind = bytes.next();
    std::string plate = take_plate(bytes, alphabet);
    if ((kind & 3) != 0 && !lists.entries.empty()) {
      const auto many = static_cast<unsigned>(lists.entries.size());
      plate = lists.entries[bytes.below(many)].plate;
      for (char& c : plate) c = c == '?' || c == '*' ? alphabet[0] : c;
      plate = take_near(bytes, plate, alphabet);
    }
    const bool fold_only = (kind & 12) == 0;
    lists.reads.push_back({plate, fold_only});
    pack(lists.read_records, kRecordBytes, plate, fold_only ? 1 : 0);
  }
}

inline Lists take_lists(Bytes& bytes) {
  Lists lists;
  const std::string alphabet = kAlphabets[bytes.below(std::size(kAlphabets))];
  lists.edit_chars_min = bytes.below(15);
  take_classes(bytes, lists);
  take_entries(bytes, alphabet, lists);
  take_reads(bytes, alphabet, lists);
  return lists;
}

// Whole words, so that the block is aligned; exactly as large as it says, so that the sanitizer
// sees a byte beyond.
class Block {
 public:
  explicit Block(const Lists& lists) {
    const auto plan = plan_index(lists.entry_records, {lists.fold, lists.edit_chars_min});
    require(plan.status == BuildStatus::kDone, "the list is refused");
    words_.resize(plan.header.block_bytes / sizeof(std::uint64_t));
    fill_index(lists.entry_records, plan, bytes().data());
  }
  std::span<std::uint8_t> bytes() {
    return {reinterpret_cast<std::uint8_t*>(words_.data()), words_.size() * sizeof(std::uint64_t)};
  }

 private:
  std::vector<std::uint64_t> words_;
};

inline std::vector<const Kernels*> kernels_here() {
  std::vector<const Kernels*> kernels = {&kPlainKernels};
  for (const auto* wider : {avx2_kernels(), avx512_kernels()}) {
    if (wider != nullptr) kernels.push_back(wider);
  }
  return kernels;
}

}  // namespace hotplate::fuzz
