// The inner loops for machines with AVX2: four signatures and eight postings at a time.
#include <algorithm>

#include "kernels.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#define HOTPLATE_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))

namespace hotplate {
namespace {

constexpr std::size_t kHalf = kVectorLanes / 2;

HOTPLATE_AVX2 inline __m256i load(const std::uint64_t* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
}

// Codes by rows of sixteen: characters are looked up by their low half in the table of
// their high half, 3 for digits, 4 and 5 for letters.
struct CodeRows {
  __m256i rows[3];
};

HOTPLATE_AVX2 inline CodeRows rows_of(const CodeTable& table) {
  CodeRows rows;
  for (unsigned row = 0; row < 3; ++row) {
    rows.rows[row] = _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(table.data() + 16 * (row + 3))));
  }
  return rows;
}

HOTPLATE_AVX2 inline __m256i codes_of(__m256i bytes, const CodeRows& rows) {
  const __m256i low = _mm256_and_si256(bytes, _mm256_set1_epi8(0x0F));
  const __m256i high = _mm256_and_si256(bytes, _mm256_set1_epi8(static_cast<char>(0xF0)));
  __m256i codes = _mm256_setzero_si256();
  for (unsigned row = 0; row < 3; ++row) {
    const __m256i here =
        _mm256_cmpeq_epi8(high, _mm256_set1_epi8(static_cast<char>(16 * (row + 3))));
    codes =
        _mm256_or_si256(codes, _mm256_and_si256(here, _mm256_shuffle_epi8(rows.rows[row], low)));
  }
  return codes;
}

// Which bytes are not zero.
HOTPLATE_AVX2 inline unsigned written(__m256i bytes) {
  const __m256i zeros = _mm256_cmpeq_epi8(bytes, _mm256_setzero_si256());
  return ~static_cast<unsigned>(_mm256_movemask_epi8(zeros));
}

HOTPLATE_AVX2 inline std::uint64_t sound_key(const std::uint8_t* record, unsigned coded,
                                             unsigned bytes, std::uint64_t first,
                                             std::uint64_t last) {
  const unsigned length = record[kLengthByte];
  const unsigned expected = (2u << (length & 15)) - 2;
  const bool holds = length - 1 < static_cast<unsigned>(kPlateCharsMax) &&
                     (coded & 0xFFFF) == expected && (bytes & 0xDFFE) == expected;
  const std::uint64_t key = (first & 0xFFFFF) | (first >> 32 << 20) | (last << 40);
  return holds ? key : 0;
}

HOTPLATE_AVX2 void fold(const std::uint8_t* records, std::size_t count, const CodeTable& table,
                        std::uint64_t* keys) {
  const CodeRows rows = rows_of(table);
  const __m256i places = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, -1, -1, -1, -1));
  std::size_t i = 0;
  for (; i + 2 <= count; i += 2) {
    const std::uint8_t* record = records + i * kRecordBytes;
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(record));
    const __m256i codes = codes_of(bytes, rows);
    const __m256i pairs =
        _mm256_maddubs_epi16(_mm256_shuffle_epi8(codes, places), _mm256_set1_epi16(1 | 32 << 8));
    const __m256i packed = _mm256_madd_epi16(pairs, _mm256_set1_epi32(1 | 1024 << 16));
    alignas(32) std::uint64_t parts[4];
    _mm256_store_si256(reinterpret_cast<__m256i*>(parts), packed);
    const unsigned coded = written(codes);
    const unsigned given = written(bytes);
    keys[i] = sound_key(record, coded, given, parts[0], parts[1]);
    keys[i + 1] = sound_key(record + kRecordBytes, coded >> 16, given >> 16, parts[2], parts[3]);
  }
  for (; i < count; ++i) keys[i] = key_of_record(records + i * kRecordBytes, table);
}

// The low halves of four numbers.
HOTPLATE_AVX2 inline __m128i narrowed(__m256i values) {
  const __m256i low =
      _mm256_permutevar8x32_epi32(values, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
  return _mm256_castsi256_si128(low);
}

HOTPLATE_AVX2 inline __m256i hashes_of(__m256i signature) {
  const __m256i low = _mm256_mul_epu32(signature, _mm256_set1_epi64x(kHashLow));
  const __m256i high =
      _mm256_mul_epu32(_mm256_srli_epi64(signature, 32), _mm256_set1_epi64x(kHashHigh));
  const __m256i mixed = _mm256_xor_si256(low, _mm256_shuffle_epi32(high, 0b10'11'00'01));
  const __m256i folded = _mm256_xor_si256(mixed, _mm256_srli_epi64(mixed, 32));
  return _mm256_xor_si256(_mm256_mul_epu32(folded, _mm256_set1_epi64x(kHashLast)),
                          _mm256_slli_epi64(mixed, 16));
}

// `allowed`: positions, above sixteen bits. In table two the position is one of the hash.
HOTPLATE_AVX2 inline void put(Chunk& chunk, std::size_t slot, __m256i signature, __m128i allowed,
                              const Table& table) {
  const __m256i hash = hashes_of(signature);
  const __m256i word = _mm256_srli_epi64(
      _mm256_mul_epu32(_mm256_srli_epi64(hash, 32), _mm256_set1_epi64x(table.words_n)), 32);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(&chunk.signature[slot]), signature);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&chunk.word[slot]), narrowed(word));
  const __m128i low = _mm_and_si128(narrowed(hash), _mm_set1_epi32(0xFFFF));
  const __m128i hashed =
      _mm_sllv_epi32(_mm_set1_epi32(1 << kAllowedShift), _mm_srli_epi32(low, 12));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&chunk.bits[slot]),
                   _mm_or_si128(low, table.two ? hashed : allowed));
  for (std::size_t i = 0; i < kHalf; ++i) __builtin_prefetch(table.words + chunk.word[slot + i]);
}

HOTPLATE_AVX2 void probe_whole(Chunk& chunk, std::size_t count, std::uint64_t edits,
                               const Table& table) {
  for (std::size_t first = 0; first < count; first += kVectorLanes) {
    const std::size_t left = std::min(count - first, kVectorLanes);
    const std::size_t vector = chunk.vectors++;
    chunk.read[vector] = static_cast<std::uint8_t>(first);
    chunk.step[vector] = 1;
    chunk.lanes[vector] = static_cast<std::uint8_t>((1u << left) - 1);
    alignas(16) std::array<std::uint32_t, kVectorLanes> allowed;
    for (std::size_t i = 0; i < kVectorLanes; ++i) {
      const bool edited = (edits >> (first + i) & 1) != 0;
      allowed[i] = (edited ? kAnyPosition : kOnlyWhole) << kAllowedShift;
    }
    const std::size_t slot = vector * kVectorLanes;
    const auto* four = reinterpret_cast<const __m128i*>(allowed.data());
    put(chunk, slot, load(&chunk.keys[first]), _mm_load_si128(four), table);
    put(chunk, slot + kHalf, load(&chunk.keys[first + kHalf]), _mm_load_si128(four + 1), table);
  }
}

// allowed_positions() of four places.
HOTPLATE_AVX2 inline __m128i allowed_at(__m128i place, std::uint64_t repeats) {
  const auto dense = static_cast<int>(_pext_u64(repeats, kKeyMask / kCodeMax));
  const __m128i one = _mm_set1_epi32(1);
  const __m128i next = _mm_add_epi32(place, one);
  const __m128i after = _mm_srlv_epi32(_mm_set1_epi32(dense), next);
  const __m128i run = _mm_andnot_si128(_mm_add_epi32(after, one), after);
  const __m128i allowed =
      _mm_or_si128(_mm_set1_epi32(static_cast<int>(kOnlyWhole)),
                   _mm_or_si128(_mm_sllv_epi32(one, place), _mm_sllv_epi32(run, next)));
  return _mm_slli_epi32(allowed, kAllowedShift);
}

HOTPLATE_AVX2 std::size_t probe_lanes(Chunk& chunk, std::size_t next, std::size_t count,
                                      std::uint64_t edits, const Table& table) {
  const Lanes& lanes = table.two ? kTwoEditDeletions : kOneEditDeletions;
  const __m128i four = _mm_setr_epi32(0, 1, 2, 3);
  std::size_t vectors = chunk.vectors;
  const std::size_t enough = vectors + kGroup;
  for (; next < count && vectors < enough; ++next) {
    if ((edits >> next & 1) == 0) continue;
    const std::uint64_t key = chunk.keys[next];
    const std::size_t lanes_n = lanes.count[length_of(key)];
    if (vectors + (lanes_n + kVectorLanes - 1) / kVectorLanes > kVectors) break;
    const __m256i whole = _mm256_set1_epi64x(static_cast<long long>(key));
    const __m256i less_one = _mm256_srli_epi64(whole, kCodeBits);
    const __m256i less_two = _mm256_srli_epi64(whole, 2 * kCodeBits);
    const std::uint64_t repeats = repeats_of(key);
    const __m256i repeated = _mm256_set1_epi64x(static_cast<long long>(repeats));
    for (std::size_t lane = 0; lane < lanes_n; lane += kVectorLanes, ++vectors) {
      unsigned there = 0;
      for (std::size_t half = 0; half < kVectorLanes && lane + half < lanes_n; half += kHalf) {
        const std::size_t at = lane + half;
        const __m256i kept =
            _mm256_or_si256(_mm256_and_si256(whole, load(lanes.keep0 + at)),
                            _mm256_or_si256(_mm256_and_si256(less_one, load(lanes.keep1 + at)),
                                            _mm256_and_si256(less_two, load(lanes.keep2 + at))));
        const __m256i doubles = _mm256_and_si256(repeated, load(lanes.repeats + at));
        const __m256i single = _mm256_cmpeq_epi64(doubles, _mm256_setzero_si256());
        there |= static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(single))) << half;
        const __m128i place = _mm_add_epi32(four, _mm_set1_epi32(static_cast<int>(at)));
        put(chunk, vectors * kVectorLanes + half, kept, allowed_at(place, repeats), table);
      }
      const std::size_t left = std::min(lanes_n - lane, kVectorLanes);
      chunk.lanes[vectors] = static_cast<std::uint8_t>(there & ((1u << left) - 1));
      chunk.read[vectors] = static_cast<std::uint8_t>(next);
      chunk.step[vectors] = 0;
    }
  }
  chunk.vectors = vectors;
  return next;
}

// These two one by one, as on any machine: gathers are no faster here.
void filter(Chunk& chunk, const Table& table, std::size_t first, std::size_t last) {
  kPlainKernels.filter(chunk, table, first, last);
}

HOTPLATE_AVX2 bool scan(Chunk& chunk, const Table& table, const std::uint64_t* keys,
                        std::uint32_t entries, std::size_t first, std::size_t last) {
  const __m256i tags = _mm256_set1_epi32(static_cast<int>(kPostingTag));
  // A shift brings the mark to the sign.
  constexpr int kLastToSign = 8;
  for (std::size_t i = first; i < last; ++i) {
    const std::uint32_t bits = chunk.found_bits[i];
    const __m256i tag = _mm256_set1_epi32(static_cast<int>(tag_of(bits)));
    const __m256i allowed = _mm256_set1_epi32(static_cast<int>(bits >> kAllowedShift));
    for (std::uint32_t p = chunk.found_begin[i];; p += 8) {
      if (p >= table.postings_n) return false;
      const __m256i postings =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(table.postings + p));
      const auto ends = static_cast<unsigned>(
          _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_slli_epi32(postings, kLastToSign))));
      const __m256i same = _mm256_cmpeq_epi32(_mm256_and_si256(postings, tags), tag);
      const __m256i position =
          _mm256_and_si256(_mm256_srli_epi32(postings, kPositionShift), _mm256_set1_epi32(15));
      // The position's bit moves to the sign.
      const __m256i placed =
          _mm256_sllv_epi32(allowed, _mm256_sub_epi32(_mm256_set1_epi32(31), position));
      auto fit = static_cast<unsigned>(
          _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_and_si256(same, placed))));
      fit &= ends ^ (ends - 1u);
      reserve_candidates(chunk);
      for (; fit != 0; fit &= fit - 1) {
        const std::uint32_t posting =
            table.postings[p + static_cast<unsigned>(std::countr_zero(fit))];
        const std::uint32_t entry = posting & kPostingEntry;
        if (entry >= entries) return false;
        chunk.candidate_entry[chunk.candidates] = entry;
        chunk.candidate_found[chunk.candidates++] =
            static_cast<std::uint32_t>(i) | (posting >> kPositionShift & 15)
                                                << kCandidatePositionShift;
        __builtin_prefetch(keys + entry);
      }
      if (ends != 0) break;
    }
  }
  return true;
}

void verify(Chunk& chunk, const Table& table, const std::uint64_t* keys, std::uint64_t edits) {
  kPlainKernels.verify(chunk, table, keys, edits);
}

bool misses(std::uint64_t key, bool edits, const Table& table) {
  return kPlainKernels.misses(key, edits, table);
}

HOTPLATE_AVX2 std::uint64_t sieve(const Chunk& chunk, const Shape& shape,
                                  const PatternFilter& filter) {
  const __m256i start = _mm256_set1_epi64x(static_cast<long long>(shape.start));
  const __m256i end = _mm256_set1_epi64x(static_cast<long long>(shape.end));
  const __m256i salt = _mm256_set1_epi64x(static_cast<long long>(salt_of(shape)));
  const __m256i word_mask = _mm256_set1_epi64x(static_cast<long long>(filter.word_mask));
  const __m256i low_six = _mm256_set1_epi64x(63);
  const __m256i one = _mm256_set1_epi64x(1);
  const auto* const words = reinterpret_cast<const long long*>(filter.words);
  std::uint64_t passed = 0;
  for (std::size_t i = 0; i < kChunk; i += kHalf) {
    const __m256i ends = _mm256_and_si256(load(&chunk.from_end[i]), end);
    const __m256i starts = _mm256_and_si256(load(&chunk.keys[i]), start);
    const __m256i hash = hashes_of(_mm256_xor_si256(_mm256_xor_si256(starts, ends), salt));
    const __m256i at = _mm256_and_si256(_mm256_srli_epi64(hash, kFilterWordShift), word_mask);
    const __m256i word = _mm256_i64gather_epi64(words, at, 8);
    const __m256i first = _mm256_and_si256(_mm256_srli_epi64(hash, kFilterBitShift), low_six);
    const __m256i second =
        _mm256_and_si256(_mm256_srli_epi64(hash, kFilterSecondBitShift), low_six);
    const __m256i bits =
        _mm256_or_si256(_mm256_sllv_epi64(one, first), _mm256_sllv_epi64(one, second));
    const __m256i lacking = _mm256_andnot_si256(word, bits);
    const __m256i pass = _mm256_cmpeq_epi64(lacking, _mm256_setzero_si256());
    const auto four = static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(pass)));
    passed |= std::uint64_t{four} << i;
  }
  return passed;
}

constexpr Kernels kAvx2Kernels = {"avx2", fold,   probe_whole, probe_lanes, filter,
                                  scan,   verify, misses,      sieve};

}  // namespace

const Kernels* avx2_kernels() noexcept {
  const bool there = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
                     __builtin_cpu_supports("bmi2");
  return there ? &kAvx2Kernels : nullptr;
}

}  // namespace hotplate

#else

namespace hotplate {
const Kernels* avx2_kernels() noexcept { return nullptr; }
}  // namespace hotplate

#endif
