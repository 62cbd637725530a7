// A plate as the matcher sees it: sixteen bytes of codes, its keys, and the test for one edit.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hotplate {

// Codes, records and blocks are read as words: byte 0 must be the lowest.
static_assert(std::endian::native == std::endian::little);

constexpr int kPlateCharsMax = 12;
constexpr std::size_t kRecordBytes = 16;
// Place of a record's length, and of its flag (reads) or profile (entries).
constexpr std::size_t kLengthByte = 0;
constexpr std::size_t kFlagByte = 13;

// Symbols are numbered 0-9 then A-Z. A code is a symbol's number plus one: zero is "no character".
constexpr int kSymbols = 36;
constexpr std::uint8_t kNoSymbol = 0xFF;
using FoldTable = std::array<std::uint8_t, kSymbols>;

enum class Profile : std::uint8_t { kExact = 0, kFold = 1, kFoldOneEdit = 2 };

// Also the form in which entries lie in the index block.
struct Plate {
  std::uint8_t codes[kPlateCharsMax];  // zero after the last character
  std::uint8_t length;
  Profile profile;  // of entries; kExact in reads
  std::uint8_t unused[2];
};
static_assert(sizeof(Plate) == 16);

constexpr std::uint8_t symbol_of(std::uint8_t character) {
  if (character >= '0' && character <= '9') return static_cast<std::uint8_t>(character - '0');
  if (character >= 'A' && character <= 'Z') return static_cast<std::uint8_t>(character - 'A' + 10);
  return kNoSymbol;
}

// What a byte of a record becomes under a fold table: its code, or zero where it is no symbol.
class CodeTable {
 public:
  explicit CodeTable(const FoldTable& fold) {
    for (int character = 0; character < 256; ++character) {
      const std::uint8_t symbol = symbol_of(static_cast<std::uint8_t>(character));
      codes_[character] = symbol == kNoSymbol ? 0 : static_cast<std::uint8_t>(fold[symbol] + 1);
    }
  }
  std::uint8_t operator[](std::uint8_t character) const noexcept { return codes_[character]; }

 private:
  std::array<std::uint8_t, 256> codes_{};
};

// Nothing folded but O to zero: the two always tie.
constexpr FoldTable zero_fold() {
  FoldTable fold{};
  for (std::uint8_t symbol = 0; symbol < kSymbols; ++symbol) fold[symbol] = symbol;
  fold[symbol_of('O')] = symbol_of('0');
  return fold;
}

// A table must send each symbol to one that stays, and tie O with zero.
constexpr bool is_fold_table(const FoldTable& fold) {
  for (const std::uint8_t target : fold) {
    if (target >= kSymbols || fold[target] != target) return false;
  }
  return fold[symbol_of('O')] == fold[symbol_of('0')];
}

// Checks a record and codes its characters. The flag byte is the caller's to check.
// Returns false where the length, a character or the padding is wrong.
inline bool code_record(const std::uint8_t* record, const CodeTable& table, Plate& plate) noexcept {
  const unsigned length = record[kLengthByte];
  if (length < 1 || length > kPlateCharsMax) return false;
  std::memset(&plate, 0, sizeof plate);
  bool valid = (record[14] | record[15]) == 0;
  for (unsigned i = 0; i < length; ++i) {
    plate.codes[i] = table[record[1 + i]];
    valid &= plate.codes[i] != 0;
  }
  for (unsigned i = length; i < kPlateCharsMax; ++i) valid &= record[1 + i] == 0;
  plate.length = static_cast<std::uint8_t>(length);
  return valid;
}

// Keys are numbers of base 37: 37^12 < 2^63, so that equal keys are equal strings and the highest
// bit is free to keep the keys of `exact` entries apart.
constexpr std::uint64_t kKeyBase = kSymbols + 1;
constexpr std::uint64_t kExactKey = std::uint64_t{1} << 63;

constexpr std::array<std::uint64_t, kPlateCharsMax> key_powers() {
  std::array<std::uint64_t, kPlateCharsMax> powers{};
  std::uint64_t power = 1;
  for (auto& slot : powers) {
    slot = power;
    power *= kKeyBase;
  }
  return powers;
}
inline constexpr auto kKeyPowers = key_powers();

inline std::uint64_t key_of(const Plate& plate) noexcept {
  std::uint64_t key = 0;
  for (unsigned i = 0; i < plate.length; ++i) key = key * kKeyBase + plate.codes[i];
  return key;
}

// Calls `visit(key)` once for each different string that lacks one character of the plate.
// Neighbouring deletions differ in one place only, hence one multiplication each; deletions within
// a run of one character give one string.
template <typename Visit>
inline void for_each_deletion(const Plate& plate, std::uint64_t key, Visit&& visit) {
  const unsigned length = plate.length;
  std::uint64_t deleted = key - plate.codes[0] * kKeyPowers[length - 1];
  visit(deleted);
  for (unsigned i = 1; i < length; ++i) {
    const std::int64_t change = std::int64_t{plate.codes[i - 1]} - plate.codes[i];
    if (change == 0) continue;
    deleted += static_cast<std::uint64_t>(change) * kKeyPowers[length - 1 - i];
    visit(deleted);
  }
}

inline std::uint64_t hash_of(std::uint64_t key) noexcept {
  key ^= key >> 32;
  key *= 0x9E3779B97F4A7C15u;
  key ^= key >> 32;
  key *= 0xD6E8FEB86659FD93u;
  key ^= key >> 32;
  return key;
}

__extension__ using Word128 = unsigned __int128;

inline Word128 codes_of(const Plate& plate) noexcept {
  std::uint64_t low;
  std::uint32_t high;
  std::memcpy(&low, plate.codes, sizeof low);
  std::memcpy(&high, plate.codes + sizeof low, sizeof high);
  return (Word128{high} << 64) | low;
}

inline bool same_plate(const Plate& a, const Plate& b) noexcept {
  return codes_of(a) == codes_of(b);
}

// True where the plates differ by exactly one substitution, insertion or deletion: past the first
// difference, the rest must be the same.
inline bool one_edit_apart(const Plate& a, const Plate& b) noexcept {
  const Word128 x = codes_of(a);
  const Word128 y = codes_of(b);
  const Word128 difference = x ^ y;
  if (difference == 0) return false;
  const auto low = static_cast<std::uint64_t>(difference);
  const auto high = static_cast<std::uint64_t>(difference >> 64);
  const int first_bit = low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(high);
  const int here = first_bit & ~7;
  const int after = here + 8;
  if (a.length == b.length) return (x >> after) == (y >> after);
  if (a.length == b.length + 1) return (x >> after) == (y >> here);
  if (a.length + 1 == b.length) return (x >> here) == (y >> after);
  return false;
}

}  // namespace hotplate
