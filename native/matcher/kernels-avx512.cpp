// The inner loops for machines with AVX-512 and its byte permutations (Ice Lake, Zen 4, and newer).
#include <algorithm>

#include "kernels.hpp"

#if defined(__x86_64__)
// GCC 12 takes its own headers' undefined registers for uninitialized variables (bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#define HOTPLATE_AVX512 \
  __attribute__((       \
      target("avx512f,avx512dq,avx512bw,avx512vl,avx512vbmi,avx2,bmi,bmi2,lzcnt,popcnt")))

namespace hotplate {
namespace {

// Which of four records are sound: characters where the length says, nothing elsewhere.
HOTPLATE_AVX512 inline unsigned sound_records(const std::uint8_t* records, __mmask64 coded,
                                              __mmask64 written) {
  unsigned sound = 0;
  for (unsigned r = 0; r < 4; ++r) {
    const unsigned length = records[r * kRecordBytes];
    const unsigned expected = (2u << (length & 15)) - 2;
    const auto characters = static_cast<unsigned>(coded >> (16 * r)) & 0xFFFF;
    const auto bytes = static_cast<unsigned>(written >> (16 * r)) & 0xDFFE;
    const bool holds = length - 1 < static_cast<unsigned>(kPlateCharsMax) &&
                       characters == expected && bytes == expected;
    sound |= static_cast<unsigned>(holds) << r;
  }
  return sound;
}

// Twelve codes in the bytes 1 to 12 of each sixteen to three numbers of twenty bits.
HOTPLATE_AVX512 inline __m512i packed_codes(__m512i codes) {
  const __m512i places =
      _mm512_broadcast_i32x4(_mm_setr_epi8(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, -1, -1, -1, -1));
  const __m512i pairs =
      _mm512_maddubs_epi16(_mm512_shuffle_epi8(codes, places), _mm512_set1_epi16(1 | 32 << 8));
  return _mm512_madd_epi16(pairs, _mm512_set1_epi32(1 | 1024 << 16));
}

HOTPLATE_AVX512 void fold(const std::uint8_t* records, std::size_t count, const CodeTable& table,
                          std::uint64_t* keys) {
  const __m512i low = _mm512_loadu_si512(table.data());
  const __m512i high = _mm512_loadu_si512(table.data() + 64);
  const __m512i twenty = _mm512_set1_epi64(0xFFFFF);
  const __m512i in_order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m512i packed[2];
    unsigned sound = 0;
    for (unsigned half = 0; half < 2; ++half) {
      const std::uint8_t* four = records + (i + half * 4) * kRecordBytes;
      const __m512i bytes = _mm512_loadu_si512(four);
      // The table is of ASCII: other bytes have no code.
      const __m512i codes = _mm512_maskz_permutex2var_epi8(
          static_cast<__mmask64>(~_mm512_movepi8_mask(bytes)), low, bytes, high);
      sound |= sound_records(four, _mm512_test_epi8_mask(codes, codes),
                             _mm512_test_epi8_mask(bytes, bytes))
               << (4 * half);
      packed[half] = packed_codes(codes);
    }
    const __m512i first = _mm512_unpacklo_epi64(packed[0], packed[1]);
    const __m512i last = _mm512_unpackhi_epi64(packed[0], packed[1]);
    __m512i key = _mm512_and_si512(first, twenty);
    key = _mm512_or_si512(key, _mm512_slli_epi64(_mm512_srli_epi64(first, 32), 20));
    key = _mm512_or_si512(key, _mm512_slli_epi64(last, 40));
    key = _mm512_maskz_permutexvar_epi64(static_cast<__mmask8>(sound), in_order, key);
    _mm512_storeu_si512(keys + i, key);
  }
  for (; i < count; ++i) keys[i] = key_of_record(records + i * kRecordBytes, table);
}

HOTPLATE_AVX512 inline __m512i hashes_of(__m512i signature) {
  const __m512i low = _mm512_mul_epu32(signature, _mm512_set1_epi64(kHashLow));
  const __m512i high =
      _mm512_mul_epu32(_mm512_srli_epi64(signature, 32), _mm512_set1_epi64(kHashHigh));
  const __m512i mixed = _mm512_xor_si512(low, _mm512_rol_epi64(high, 32));
  const __m512i folded = _mm512_xor_si512(mixed, _mm512_srli_epi64(mixed, 32));
  return _mm512_xor_si512(_mm512_mul_epu32(folded, _mm512_set1_epi64(kHashLast)),
                          _mm512_slli_epi64(mixed, 16));
}

// `allowed`: positions, above sixteen bits. In table two the position is one of the hash.
HOTPLATE_AVX512 inline void put(Chunk& chunk, std::size_t vector, __m512i signature,
                                __m256i allowed, const Table& table) {
  const __m512i hashes = hashes_of(signature);
  const __m512i words =
      _mm512_mul_epu32(_mm512_srli_epi64(hashes, 32), _mm512_set1_epi64(table.words_n));
  const __m256i hash = _mm256_and_si256(_mm512_cvtepi64_epi32(hashes), _mm256_set1_epi32(0xFFFF));
  const __m256i hashed =
      _mm256_sllv_epi32(_mm256_set1_epi32(1 << kAllowedShift), _mm256_srli_epi32(hash, 12));
  const std::size_t slot = vector * kVectorLanes;
  _mm512_store_si512(&chunk.signature[slot], signature);
  _mm256_store_si256(reinterpret_cast<__m256i*>(&chunk.word[slot]),
                     _mm512_cvtepi64_epi32(_mm512_srli_epi64(words, 32)));
  _mm256_store_si256(reinterpret_cast<__m256i*>(&chunk.bits[slot]),
                     _mm256_or_si256(hash, table.two ? hashed : allowed));
  // All eight, without a branch: lanes past the plate's end are its whole key, asked for anyway.
  for (std::size_t i = 0; i < kVectorLanes; ++i) {
    __builtin_prefetch(table.words + chunk.word[slot + i]);
  }
}

HOTPLATE_AVX512 void probe_whole(Chunk& chunk, std::size_t count, std::uint64_t edits,
                                 const Table& table) {
  const __m256i whole = _mm256_set1_epi32(static_cast<int>(kOnlyWhole << kAllowedShift));
  const __m256i any = _mm256_set1_epi32(static_cast<int>(kAnyPosition << kAllowedShift));
  for (std::size_t first = 0; first < count; first += kVectorLanes) {
    const std::size_t left = std::min(count - first, kVectorLanes);
    const std::size_t vector = chunk.vectors++;
    chunk.read[vector] = static_cast<std::uint8_t>(first);
    chunk.step[vector] = 1;
    chunk.lanes[vector] = static_cast<std::uint8_t>((1u << left) - 1);
    const __m256i allowed =
        _mm256_mask_blend_epi32(static_cast<__mmask8>(edits >> first), whole, any);
    put(chunk, vector, _mm512_loadu_si512(&chunk.keys[first]), allowed, table);
  }
}

// allowed_positions() of eight places.
HOTPLATE_AVX512 inline __m256i allowed_at(__m256i place, std::uint64_t repeats) {
  const auto dense = static_cast<int>(_pext_u64(repeats, kKeyMask / kCodeMax));
  const __m256i one = _mm256_set1_epi32(1);
  const __m256i next = _mm256_add_epi32(place, one);
  const __m256i after = _mm256_srlv_epi32(_mm256_set1_epi32(dense), next);
  const __m256i run = _mm256_andnot_si256(_mm256_add_epi32(after, one), after);
  const __m256i allowed =
      _mm256_or_si256(_mm256_set1_epi32(static_cast<int>(kOnlyWhole)),
                      _mm256_or_si256(_mm256_sllv_epi32(one, place), _mm256_sllv_epi32(run, next)));
  return _mm256_slli_epi32(allowed, kAllowedShift);
}

HOTPLATE_AVX512 std::size_t probe_lanes(Chunk& chunk, std::size_t next, std::size_t count,
                                        std::uint64_t edits, const Table& table) {
  const Lanes& lanes = table.two ? kTwoEditDeletions : kOneEditDeletions;
  const __m256i eight = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  std::size_t vectors = chunk.vectors;
  const std::size_t enough = vectors + kGroup;
  for (; next < count && vectors < enough; ++next) {
    if ((edits >> next & 1) == 0) continue;
    const std::uint64_t key = chunk.keys[next];
    const std::size_t lanes_n = lanes.count[length_of(key)];
    if (vectors + (lanes_n + kVectorLanes - 1) / kVectorLanes > kVectors) break;
    const __m512i whole = _mm512_set1_epi64(static_cast<long long>(key));
    const __m512i less_one = _mm512_srli_epi64(whole, kCodeBits);
    const __m512i less_two = _mm512_srli_epi64(whole, 2 * kCodeBits);
    const std::uint64_t repeats = repeats_of(key);
    const __m512i repeated = _mm512_set1_epi64(static_cast<long long>(repeats));
    for (std::size_t lane = 0; lane < lanes_n; lane += kVectorLanes, ++vectors) {
      const __m512i kept = _mm512_or_si512(
          _mm512_and_si512(whole, _mm512_load_si512(lanes.keep0 + lane)),
          _mm512_or_si512(_mm512_and_si512(less_one, _mm512_load_si512(lanes.keep1 + lane)),
                          _mm512_and_si512(less_two, _mm512_load_si512(lanes.keep2 + lane))));
      const std::size_t left = std::min(lanes_n - lane, kVectorLanes);
      const __mmask8 single =
          _mm512_testn_epi64_mask(repeated, _mm512_load_si512(lanes.repeats + lane));
      chunk.lanes[vectors] = static_cast<std::uint8_t>(single & ((1u << left) - 1));
      chunk.read[vectors] = static_cast<std::uint8_t>(next);
      chunk.step[vectors] = 0;
      const __m256i place = _mm256_add_epi32(eight, _mm256_set1_epi32(static_cast<int>(lane)));
      put(chunk, vectors, kept, allowed_at(place, repeats), table);
    }
  }
  chunk.vectors = vectors;
  return next;
}

// Whose own_bit() is set, and one of whose position_bits(): rotations go by the lowest five bits of
// the count. `allowed`: positions, above sixteen bits.
HOTPLATE_AVX512 inline __mmask8 set_of(__m256i occupied, __m256i bits, __m256i allowed) {
  const __mmask8 own =
      _mm256_test_epi32_mask(occupied, _mm256_rolv_epi32(_mm256_set1_epi32(1), bits));
  const __m256i positions =
      _mm256_rolv_epi32(_mm256_srli_epi32(allowed, kAllowedShift), _mm256_srli_epi32(bits, 5));
  return _mm256_mask_test_epi32_mask(own, occupied, positions);
}

HOTPLATE_AVX512 void filter(Chunk& chunk, const Table& table, std::size_t first, std::size_t last) {
  const __m256i eight = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const std::size_t before = chunk.found;
  std::size_t found = before;
  for (std::size_t vector = first; vector < last; ++vector) {
    const std::size_t slot = vector * kVectorLanes;
    const auto lanes = static_cast<__mmask8>(chunk.lanes[vector]);
    const __m256i at = _mm256_load_si256(reinterpret_cast<const __m256i*>(&chunk.word[slot]));
    const __m256i bits = _mm256_load_si256(reinterpret_cast<const __m256i*>(&chunk.bits[slot]));
    const __m512i words =
        _mm512_mask_i32gather_epi64(_mm512_setzero_si512(), lanes, at, table.words, 8);
    // Lanes that are not there have no word.
    const __mmask8 set = set_of(_mm512_cvtepi64_epi32(words), bits, bits);
    const __m256i begin = _mm512_cvtepi64_epi32(_mm512_srli_epi64(words, 32));
    const __m256i read =
        _mm256_add_epi32(_mm256_maskz_mov_epi32(static_cast<__mmask8>(-chunk.step[vector]), eight),
                         _mm256_set1_epi32(chunk.read[vector]));
    const auto to = [found](auto& array) { return reinterpret_cast<__m256i*>(&array[found]); };
    _mm512_storeu_si512(
        &chunk.found_signature[found],
        _mm512_maskz_compress_epi64(set, _mm512_load_si512(&chunk.signature[slot])));
    _mm256_storeu_si256(to(chunk.found_begin), _mm256_maskz_compress_epi32(set, begin));
    _mm256_storeu_si256(to(chunk.found_bits), _mm256_maskz_compress_epi32(set, bits));
    _mm256_storeu_si256(to(chunk.found_read), _mm256_maskz_compress_epi32(set, read));
    found += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(set)));
  }
  for (std::size_t i = before; i < found; ++i)
    __builtin_prefetch(table.postings + chunk.found_begin[i]);
  chunk.found = found;
}

// How many postings stand before this one in its line of memory. (The first line of a table begins
// with what stands before the table: words, at least.)
inline std::uint32_t place_in_line(const std::uint32_t* posting) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(posting) / 4 % 16);
}

HOTPLATE_AVX512 bool scan(Chunk& chunk, const Table& table, const std::uint64_t* keys,
                          std::uint32_t entries, std::size_t first, std::size_t last) {
  const __m512i tags = _mm512_set1_epi32(static_cast<int>(kPostingTag));
  const __m512i numbers = _mm512_set1_epi32(static_cast<int>(kPostingEntry));
  const __m512i end_mark = _mm512_set1_epi32(static_cast<int>(kPostingLast));
  const __m512i low_four = _mm512_set1_epi32(15);
  const __m512i one = _mm512_set1_epi32(1);
  __m512i largest = _mm512_setzero_si512();
  const std::size_t known = chunk.candidates;
  std::size_t candidates = known;
  for (std::size_t i = first; i < last; ++i) {
    const std::uint32_t bits = chunk.found_bits[i];
    const __m512i tag = _mm512_set1_epi32(static_cast<int>(tag_of(bits)));
    const __m512i allowed = _mm512_set1_epi32(static_cast<int>(bits >> kAllowedShift));
    // By whole lines, whatever stands in the first before the run: only that one was asked for.
    std::uint32_t p = chunk.found_begin[i];
    std::uint32_t before = place_in_line(table.postings + p);
    for (std::uint32_t ends = 0; ends == 0; p += 16 - before, before = 0) {
      if (p >= table.postings_n) return false;
      const __m512i postings = _mm512_loadu_si512(table.postings + p - before);
      const std::uint32_t rest = 0xFFFFu << before & 0xFFFFu;
      ends = _mm512_test_epi32_mask(postings, end_mark) & rest;
      // All up to the first end.
      const auto own = static_cast<__mmask16>((ends ^ (ends - 1u)) & rest);
      const __m512i position =
          _mm512_and_si512(_mm512_srli_epi32(postings, kPositionShift), low_four);
      const __mmask16 placed =
          _mm512_mask_test_epi32_mask(own, _mm512_sllv_epi32(one, position), allowed);
      const __mmask16 fit =
          _mm512_mask_cmpeq_epi32_mask(placed, _mm512_and_si512(postings, tags), tag);
      const __m512i entry = _mm512_maskz_compress_epi32(fit, _mm512_and_si512(postings, numbers));
      chunk.candidates = candidates;
      reserve_candidates(chunk);
      _mm512_storeu_si512(&chunk.candidate_entry[candidates], entry);
      const __m512i by = _mm512_or_si512(_mm512_slli_epi32(position, kCandidatePositionShift),
                                         _mm512_set1_epi32(static_cast<int>(i)));
      _mm512_storeu_si512(&chunk.candidate_found[candidates], _mm512_maskz_compress_epi32(fit, by));
      largest = _mm512_max_epu32(largest, entry);
      candidates += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(fit)));
    }
  }
  chunk.candidates = candidates;
  if (candidates > known && _mm512_reduce_max_epu32(largest) >= entries) return false;
  for (std::size_t i = known; i < candidates; ++i)
    __builtin_prefetch(keys + chunk.candidate_entry[i]);
  return true;
}

// Below the first difference of two keys, all bits; of the same keys, all.
HOTPLATE_AVX512 inline __m512i below_difference(__m512i a, __m512i b) {
  const __m512i change = _mm512_xor_si512(a, b);
  const __m512i pairs = _mm512_or_si512(change, _mm512_srli_epi64(change, 1));
  const __m512i any = _mm512_ternarylogic_epi64(pairs, _mm512_srli_epi64(pairs, 2),
                                                _mm512_srli_epi64(change, 4), 0xFE);
  const __m512i first_bits = _mm512_set1_epi64(static_cast<long long>(kKeyMask / kCodeMax));
  const __m512i places = _mm512_and_si512(any, first_bits);
  // x ^ (x - 1) is all up to the lowest bit, and less one shift, all below it.
  const __m512i up_to = _mm512_xor_si512(places, _mm512_sub_epi64(places, _mm512_set1_epi64(1)));
  return _mm512_srli_epi64(up_to, 1);
}

HOTPLATE_AVX512 inline __m512i less(__m512i key, __m512i kept) {
  return _mm512_ternarylogic_epi64(kept, key, _mm512_srli_epi64(key, kCodeBits), 0xCA);
}

HOTPLATE_AVX512 inline __mmask8 one_edit_mask(__m512i a, __m512i b) {
  const __m512i kept = below_difference(a, b);
  const __m512i a_less = less(a, kept);
  const __m512i b_less = less(b, kept);
  return static_cast<__mmask8>(_mm512_cmpeq_epi64_mask(a_less, b_less) |
                               _mm512_cmpeq_epi64_mask(a_less, b) |
                               _mm512_cmpeq_epi64_mask(a, b_less));
}

// holds_two() of eight.
HOTPLATE_AVX512 inline __mmask8 two_hold(__m512i key, __m512i listed, __mmask8 edited) {
  const __m512i kept = below_difference(key, listed);
  const __m512i key_less = less(key, kept);
  const __m512i listed_less = less(listed, kept);
  const auto near =
      static_cast<__mmask8>(one_edit_mask(key_less, listed_less) | one_edit_mask(key_less, listed) |
                            one_edit_mask(key, listed_less));
  return static_cast<__mmask8>((near & edited) | _mm512_cmpeq_epi64_mask(key, listed));
}

// holds_one() of eight.
HOTPLATE_AVX512 inline __mmask8 one_holds(__m512i key, __m512i filed, __m512i listed,
                                          __m512i signature, __m256i position, __mmask8 edited) {
  const __m512i kept = below_difference(key, listed);
  const __m512i key_less = less(key, kept);
  const __m512i listed_less = less(listed, kept);
  const __mmask8 same = _mm512_cmpeq_epi64_mask(key, listed);
  const __mmask8 by_both = _mm512_cmpeq_epi64_mask(key_less, listed_less);
  // As common_signature(): the first of these that holds says which string both are filed under.
  const __mmask8 by_listed = _mm512_cmpeq_epi64_mask(key_less, listed);
  const __mmask8 by_key = _mm512_cmpeq_epi64_mask(listed_less, key);
  __m512i common = _mm512_set1_epi64(-1);
  common = _mm512_mask_mov_epi64(common, by_key, key);
  common = _mm512_mask_mov_epi64(common, by_listed, listed);
  common = _mm512_mask_mov_epi64(common, by_both, key_less);
  common = _mm512_mask_mov_epi64(common, same, key);
  const __mmask8 profiled = _mm512_cmpeq_epi64_mask(
      _mm512_and_si512(_mm512_srli_epi64(filed, kProfileShift), _mm512_set1_epi64(3)),
      _mm512_set1_epi64(static_cast<long long>(Profile::kFoldOneEdit)));
  // The first character has none before it, and kNoPosition is past the last.
  const __m512i shift =
      _mm512_cvtepu32_epi64(_mm256_mullo_epi32(position, _mm256_set1_epi32(kCodeBits)));
  const __m512i change = _mm512_xor_si512(listed, _mm512_slli_epi64(listed, kCodeBits));
  const __mmask8 first_of_run =
      _mm512_test_epi64_mask(_mm512_srlv_epi64(change, shift), _mm512_set1_epi64(kCodeMax)) |
      _mm256_cmpeq_epi32_mask(position, _mm256_set1_epi32(kNoPosition));
  const __mmask8 whole = _mm512_cmpeq_epi64_mask(signature, key);
  // A shift past the last bit keeps all.
  const __m512i one = _mm512_set1_epi64(1);
  const __m512i before = _mm512_sub_epi64(_mm512_sllv_epi64(one, shift), one);
  const __mmask8 of_posting = _mm512_cmpeq_epi64_mask(less(listed, before), signature);
  return static_cast<__mmask8>(_mm512_cmpeq_epi64_mask(common, signature) & of_posting &
                               (~whole | first_of_run) & (same | (edited & profiled)));
}

HOTPLATE_AVX512 void verify(Chunk& chunk, const Table& table, const std::uint64_t* keys,
                            std::uint64_t edits) {
  reserve_hits(chunk);
  const __m512i edit_bits = _mm512_set1_epi64(static_cast<long long>(edits));
  const __m512i key_mask = _mm512_set1_epi64(static_cast<long long>(kKeyMask));
  std::uint64_t* hits = chunk.hits.data() + chunk.hits_n;
  for (std::size_t i = 0; i < chunk.candidates; i += kVectorLanes) {
    const std::size_t left = std::min(chunk.candidates - i, kVectorLanes);
    const auto there = static_cast<__mmask8>((1u << left) - 1);
    const __m256i entry = _mm256_maskz_loadu_epi32(there, &chunk.candidate_entry[i]);
    const __m256i by = _mm256_maskz_loadu_epi32(there, &chunk.candidate_found[i]);
    const __m256i found =
        _mm256_and_si256(by, _mm256_set1_epi32(static_cast<int>(kCandidateFound)));
    const __m256i position = _mm256_srli_epi32(by, kCandidatePositionShift);
    const __m256i read =
        _mm256_i32gather_epi32(reinterpret_cast<const int*>(chunk.found_read.data()), found, 4);
    const __m512i key = _mm512_i32gather_epi64(read, chunk.keys.data(), 8);
    const __m512i filed =
        _mm512_mask_i32gather_epi64(_mm512_setzero_si512(), there, entry, keys, 8);
    const __m512i listed = _mm512_and_si512(filed, key_mask);
    const __m512i wide_read = _mm512_cvtepu32_epi64(read);
    const __mmask8 edited =
        _mm512_test_epi64_mask(_mm512_srlv_epi64(edit_bits, wide_read), _mm512_set1_epi64(1));
    const __mmask8 hold =
        table.two ? two_hold(key, listed, edited)
                  : one_holds(key, filed, listed,
                              _mm512_i32gather_epi64(found, chunk.found_signature.data(), 8),
                              position, edited);
    const __m512i hit =
        _mm512_or_si512(_mm512_slli_epi64(wide_read, 32), _mm512_cvtepu32_epi64(entry));
    const auto taken = static_cast<__mmask8>(hold & there);
    _mm512_storeu_si512(hits, _mm512_maskz_compress_epi64(taken, hit));
    hits += std::popcount(static_cast<unsigned>(taken));
  }
  chunk.hits_n = static_cast<std::size_t>(hits - chunk.hits.data());
}

HOTPLATE_AVX512 bool misses(std::uint64_t key, bool edits, const Table& table) {
  const Lanes& lanes = kOneEditDeletions;
  const unsigned length = length_of(key);
  const __m512i whole = _mm512_set1_epi64(static_cast<long long>(key));
  const __m512i less_one = _mm512_srli_epi64(whole, kCodeBits);
  const std::uint64_t repeats = repeats_of(key);
  const __m512i words_n = _mm512_set1_epi64(table.words_n);
  // The lane past the plate's end is its whole key; without edits it is the only one.
  const auto any = static_cast<int>((edits ? kAnyPosition : kOnlyWhole) << kAllowedShift);
  const unsigned first = edits ? 0 : length / kVectorLanes * kVectorLanes;
  const std::uint32_t asked = edits ? (2u << length) - 1 : 1u << length;
  struct alignas(64) Found {
    std::array<std::uint32_t, 2 * kVectorLanes> begin;
    std::array<std::uint32_t, 2 * kVectorLanes> bits;
    std::array<std::uint32_t, 2 * kVectorLanes> allowed;
  } found;
  unsigned passed = 0;
  for (unsigned lane = first; lane <= length; lane += kVectorLanes) {
    const __m512i kept =
        _mm512_or_si512(_mm512_and_si512(whole, _mm512_load_si512(lanes.keep0 + lane)),
                        _mm512_and_si512(less_one, _mm512_load_si512(lanes.keep1 + lane)));
    const __m512i hashes = hashes_of(kept);
    const __m256i at = _mm512_cvtepi64_epi32(
        _mm512_srli_epi64(_mm512_mul_epu32(_mm512_srli_epi64(hashes, 32), words_n), 32));
    const auto there = static_cast<__mmask8>(asked >> lane);
    const __m512i words =
        _mm512_mask_i32gather_epi64(_mm512_setzero_si512(), there, at, table.words, 8);
    const __m256i place = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                                           _mm256_set1_epi32(static_cast<int>(lane)));
    const __mmask8 past =
        _mm256_cmpeq_epi32_mask(place, _mm256_set1_epi32(static_cast<int>(length)));
    const __m256i allowed =
        _mm256_mask_mov_epi32(allowed_at(place, repeats), past, _mm256_set1_epi32(any));
    const __m256i bits = _mm512_cvtepi64_epi32(hashes);
    const auto to = [lane](auto& array) { return reinterpret_cast<__m256i*>(&array[lane]); };
    _mm256_store_si256(to(found.begin), _mm512_cvtepi64_epi32(_mm512_srli_epi64(words, 32)));
    _mm256_store_si256(to(found.bits), bits);
    _mm256_store_si256(to(found.allowed), _mm256_srli_epi32(allowed, kAllowedShift));
    passed |= static_cast<unsigned>(set_of(_mm512_cvtepi64_epi32(words), bits, allowed)) << lane;
  }
  for (unsigned left = passed; left != 0; left &= left - 1) {
    __builtin_prefetch(table.postings + found.begin[std::countr_zero(left)]);
  }
  for (; passed != 0; passed &= passed - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(passed));
    if (!lacks(table, found.begin[lane], found.bits[lane], found.allowed[lane])) return false;
  }
  return true;
}

HOTPLATE_AVX512 std::uint64_t sieve(const Chunk& chunk, const Shape& shape,
                                    const PatternFilter& filter) {
  const __m512i start = _mm512_set1_epi64(static_cast<long long>(shape.start));
  const __m512i end = _mm512_set1_epi64(static_cast<long long>(shape.end));
  const __m512i salt = _mm512_set1_epi64(static_cast<long long>(salt_of(shape)));
  const __m512i word_mask = _mm512_set1_epi64(static_cast<long long>(filter.word_mask));
  const __m512i low_six = _mm512_set1_epi64(63);
  const __m512i one = _mm512_set1_epi64(1);
  std::uint64_t passed = 0;
  for (std::size_t i = 0; i < kChunk; i += kVectorLanes) {
    const __m512i ends = _mm512_and_si512(_mm512_load_si512(&chunk.from_end[i]), end);
    const __m512i starts = _mm512_and_si512(_mm512_load_si512(&chunk.keys[i]), start);
    const __m512i hash = hashes_of(_mm512_ternarylogic_epi64(starts, ends, salt, 0x96));
    const __m512i at = _mm512_and_si512(_mm512_srli_epi64(hash, kFilterWordShift), word_mask);
    const __m512i word = _mm512_i64gather_epi64(at, filter.words, 8);
    const __m512i first = _mm512_and_si512(_mm512_srli_epi64(hash, kFilterBitShift), low_six);
    const __m512i second =
        _mm512_and_si512(_mm512_srli_epi64(hash, kFilterSecondBitShift), low_six);
    const __m512i bits =
        _mm512_or_si512(_mm512_sllv_epi64(one, first), _mm512_sllv_epi64(one, second));
    const std::uint64_t eight =
        _mm512_testn_epi64_mask(_mm512_andnot_si512(word, bits), _mm512_set1_epi64(-1));
    passed |= eight << i;
  }
  return passed;
}

constexpr Kernels kAvx512Kernels = {"avx512", fold,   probe_whole, probe_lanes, filter,
                                    scan,     verify, misses,      sieve};

}  // namespace

const Kernels* avx512_kernels() noexcept {
  const bool there = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                     __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("bmi2");
  return there ? &kAvx512Kernels : nullptr;
}

}  // namespace hotplate

#else

namespace hotplate {
const Kernels* avx512_kernels() noexcept { return nullptr; }
}  // namespace hotplate

#endif
