// A plate as the matcher sees it: one 64-bit key of twelve 5-bit codes, what is left of it when
// characters are deleted, and the tests for one and two edits. All on whole words, no loops.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hotplate {

// Records, keys and blocks are read as words: byte 0 must be the lowest.
static_assert(std::endian::native == std::endian::little);

constexpr int kPlateCharsMax = 12;
constexpr std::size_t kRecordBytes = 16;
// Place of a record's length, and of its flag (reads) or profile (entries).
constexpr std::size_t kLengthByte = 0;
constexpr std::size_t kFlagByte = 13;

// Symbols are numbered 0-9 then A-Z.
constexpr int kSymbols = 36;
constexpr std::uint8_t kNoSymbol = 0xFF;
using FoldTable = std::array<std::uint8_t, kSymbols>;

enum class Profile : std::uint8_t { kExact = 0, kFold = 1, kFoldOneEdit = 2, kFoldTwoEdits = 3 };
constexpr std::uint8_t kProfileMax = 3;

constexpr std::uint8_t symbol_of(std::uint8_t character) {
  if (character >= '0' && character <= '9') return static_cast<std::uint8_t>(character - '0');
  if (character >= 'A' && character <= 'Z') return static_cast<std::uint8_t>(character - 'A' + 10);
  return kNoSymbol;
}

constexpr std::uint8_t character_of(unsigned symbol) {
  return static_cast<std::uint8_t>(symbol < 10 ? '0' + symbol : 'A' + (symbol - 10));
}

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

// A key: the code of character i stands at bit 5 i; zero is "no character", so that equal keys are
// equal strings, and the length needs no place of its own.
constexpr unsigned kCodeBits = 5;
constexpr std::uint8_t kCodeMax = 31;
constexpr std::uint64_t kKeyMask = (std::uint64_t{1} << (kCodeBits * kPlateCharsMax)) - 1;

// What a character of a record becomes in a key: its code, or zero where it is no symbol. A fold
// table of more than 31 classes is merged into 31 codes; then equal keys are not yet equal plates
// (`merges`), and who finds them compares characters.
class CodeTable {
 public:
  explicit CodeTable(const FoldTable& fold) {
    std::array<std::uint8_t, kSymbols> code_of_class{};
    unsigned classes = 0;
    for (int symbol = 0; symbol < kSymbols; ++symbol) {
      if (fold[symbol] == symbol) {
        code_of_class[symbol] = static_cast<std::uint8_t>(1 + classes++ % kCodeMax);
      }
    }
    for (unsigned symbol = 0; symbol < kSymbols; ++symbol) {
      codes_[character_of(symbol)] = code_of_class[fold[symbol]];
    }
    merges_ = classes > kCodeMax;
  }
  std::uint8_t operator[](std::uint8_t character) const noexcept { return codes_[character]; }
  // Codes of the 128 ASCII characters.
  const std::uint8_t* data() const noexcept { return codes_.data(); }
  bool merges() const noexcept { return merges_; }

 private:
  std::array<std::uint8_t, 256> codes_{};
  bool merges_ = false;
};

// Checks a record and gives its key. The flag byte is the caller's to check.
// Returns zero where the length, a character or the padding is wrong: no plate is empty.
inline std::uint64_t key_of_record(const std::uint8_t* record, const CodeTable& table) noexcept {
  const unsigned length = record[kLengthByte];
  std::uint64_t key = 0;
  bool valid = length >= 1 && length <= kPlateCharsMax && (record[14] | record[15]) == 0;
  for (unsigned i = 0; i < kPlateCharsMax; ++i) {
    const std::uint8_t code = table[record[1 + i]];
    valid &= (code != 0) == (i < length) && (i < length || record[1 + i] == 0);
    key |= std::uint64_t{code} << (kCodeBits * i);
  }
  return valid ? key : 0;
}

constexpr unsigned length_of(std::uint64_t key) noexcept {
  return (64u - static_cast<unsigned>(std::countl_zero(key)) + kCodeBits - 1) / kCodeBits;
}

constexpr std::uint64_t below(unsigned place) noexcept {
  return (std::uint64_t{1} << (kCodeBits * place)) - 1;
}

// The key without its character at `place`; itself where there is none.
constexpr std::uint64_t without(std::uint64_t key, unsigned place) noexcept {
  const std::uint64_t kept = below(place);
  return (key & kept) | ((key >> kCodeBits) & ~kept);
}

// Place of the first difference of two keys that differ.
constexpr unsigned first_difference(std::uint64_t a, std::uint64_t b) noexcept {
  return static_cast<unsigned>(std::countr_zero(a ^ b)) / kCodeBits;
}

// The one string that two plates at most one edit apart are both filed under: themselves where they
// are the same, else both without the place of a substitution, else the shorter one.
// `kNoSignature` where they are farther apart; zero is the empty string.
constexpr std::uint64_t kNoSignature = ~std::uint64_t{0};
constexpr std::uint64_t common_signature(std::uint64_t a, std::uint64_t b) noexcept {
  if (a == b) return a;
  const unsigned place = first_difference(a, b);
  const std::uint64_t a_less = without(a, place);
  const std::uint64_t b_less = without(b, place);
  if (a_less == b_less) return a_less;
  if (a_less == b) return b;
  return b_less == a ? a : kNoSignature;
}

// Of keys, or of what is left of keys after a common prefix.
constexpr bool within_one_edit(std::uint64_t a, std::uint64_t b) noexcept {
  if (a == b) return true;
  const unsigned shift = first_difference(a, b) * kCodeBits;
  a >>= shift;
  b >>= shift;
  const std::uint64_t a_rest = a >> kCodeBits;
  const std::uint64_t b_rest = b >> kCodeBits;
  return a_rest == b_rest || a_rest == b || a == b_rest;
}

// Past the first difference there is a substitution, a deletion or an insertion, and one edit more.
constexpr bool within_two_edits(std::uint64_t a, std::uint64_t b) noexcept {
  if (a == b) return true;
  const unsigned shift = first_difference(a, b) * kCodeBits;
  a >>= shift;
  b >>= shift;
  const std::uint64_t a_rest = a >> kCodeBits;
  const std::uint64_t b_rest = b >> kCodeBits;
  return within_one_edit(a_rest, b_rest) || within_one_edit(a_rest, b) ||
         within_one_edit(a, b_rest);
}

// What is left of a plate less one character, or less one or two, as lanes: what each keeps in
// place, moved down by one and moved down by two characters. They are ordered so that those of a
// plate of n characters are the first of the table: `0, 1, 2, …`, and `0, 1, (0,1), 2, (0,2),
// (1,2), …`. Where a character repeats the one before it, deleting either gives one string: a lane
// is left out when a place that `repeats` marks does (bit 5 i: character i). ABAB and its like
// still give a few doubles among the lanes of two.
template <std::size_t Lanes>
struct LaneTable {
  alignas(64) std::array<std::uint64_t, Lanes> keep0{};
  alignas(64) std::array<std::uint64_t, Lanes> keep1{};
  alignas(64) std::array<std::uint64_t, Lanes> keep2{};
  alignas(64) std::array<std::uint64_t, Lanes> repeats{};
};

// Rounded up to whole vectors of eight.
constexpr std::size_t kOneEditLanes = 16;
constexpr std::size_t kTwoEditLanes = 80;

template <std::size_t Lanes>
constexpr void add_single(LaneTable<Lanes>& table, std::size_t lane, unsigned q) {
  table.keep0[lane] = below(q);
  table.keep1[lane] = kKeyMask & ~below(q);
  table.repeats[lane] = q == 0 ? 0 : std::uint64_t{1} << (kCodeBits * q);
}

constexpr LaneTable<kOneEditLanes> one_edit_lanes() {
  LaneTable<kOneEditLanes> table;
  // One more than there are places: the lane past a plate's end is its whole key.
  for (unsigned q = 0; q <= kPlateCharsMax; ++q) add_single(table, q, q);
  return table;
}

constexpr LaneTable<kTwoEditLanes> two_edit_lanes() {
  LaneTable<kTwoEditLanes> table;
  std::size_t lane = 0;
  for (unsigned q = 0; q < kPlateCharsMax; ++q) {
    add_single(table, lane++, q);
    for (unsigned p = 0; p < q; ++p, ++lane) {
      table.keep0[lane] = below(p);
      table.keep1[lane] = below(q - 1) & ~below(p);
      table.keep2[lane] = kKeyMask & ~below(q - 1);
      const std::uint64_t first = p == 0 ? 0 : std::uint64_t{1} << (kCodeBits * p);
      table.repeats[lane] = first | (q - 1 == p ? 0 : std::uint64_t{1} << (kCodeBits * q));
    }
  }
  return table;
}

inline constexpr auto kOneEdit = one_edit_lanes();
inline constexpr auto kTwoEdits = two_edit_lanes();

// The same by pointers, and how many lanes a plate of each length has.
struct Lanes {
  const std::uint64_t* keep0;
  const std::uint64_t* keep1;
  const std::uint64_t* keep2;
  const std::uint64_t* repeats;
  std::array<std::uint8_t, kPlateCharsMax + 1> count;

  std::uint64_t signature(std::uint64_t key, std::size_t lane) const noexcept {
    return (key & keep0[lane]) | ((key >> kCodeBits) & keep1[lane]) |
           ((key >> (2 * kCodeBits)) & keep2[lane]);
  }
};

template <std::size_t N>
constexpr Lanes lanes_of(const LaneTable<N>& table, bool two) {
  Lanes lanes{table.keep0.data(), table.keep1.data(), table.keep2.data(), table.repeats.data(), {}};
  for (unsigned n = 0; n <= kPlateCharsMax; ++n) {
    lanes.count[n] = static_cast<std::uint8_t>(two ? n + n * (n - 1) / 2 : n);
  }
  return lanes;
}
inline constexpr Lanes kOneEditDeletions = lanes_of(kOneEdit, false);
inline constexpr Lanes kTwoEditDeletions = lanes_of(kTwoEdits, true);
static_assert(kOneEditDeletions.count[kPlateCharsMax] <= kOneEditLanes);
static_assert(kTwoEditDeletions.count[kPlateCharsMax] <= kTwoEditLanes);

// Bit 5 i: character i is the same as the one before it. (Beyond the plate: anything.)
constexpr std::uint64_t repeats_of(std::uint64_t key) noexcept {
  constexpr std::uint64_t kFirstBits = kKeyMask / kCodeMax;
  const std::uint64_t change = key ^ (key << kCodeBits);
  const std::uint64_t pairs = change | (change >> 1);
  return ~(pairs | (pairs >> 2) | (change >> 4)) & kFirstBits;
}

// The same, bit i for character i.
constexpr std::uint32_t dense_repeats(std::uint64_t repeats) noexcept {
  std::uint32_t dense = 0;
  for (; repeats != 0; repeats &= repeats - 1) {
    dense |= 1u << (static_cast<unsigned>(std::countr_zero(repeats)) / kCodeBits);
  }
  return dense;
}

// Multiplications of 32 by 32 bits, so that vector units without one of 64 bits do the same.
constexpr std::uint64_t kHashLow = 0x9E3779B1u;
constexpr std::uint64_t kHashHigh = 0x85EBCA77u;
constexpr std::uint64_t kHashLast = 0xC2B2AE3Du;

constexpr std::uint64_t hash_of(std::uint64_t key) noexcept {
  const std::uint64_t low = (key & 0xFFFF'FFFFu) * kHashLow;
  const std::uint64_t high = (key >> 32) * kHashHigh;
  const std::uint64_t mixed = low ^ std::rotl(high, 32);
  const std::uint64_t folded = mixed ^ (mixed >> 32);
  return ((folded & 0xFFFF'FFFFu) * kHashLast) ^ (mixed << 16);
}

// What a record keeps of a plate besides its key, in six bits a character: 1 to 36 are the symbols.
constexpr std::uint8_t kAnyOne = 37;
constexpr std::uint8_t kAnyRun = 38;

}  // namespace hotplate
