// The inner loops for any machine.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "kernels.hpp"

namespace hotplate {
namespace {

void fold(const std::uint8_t* records, std::size_t count, const CodeTable& table,
          std::uint64_t* keys) {
  for (std::size_t i = 0; i < count; ++i)
    keys[i] = key_of_record(records + i * kRecordBytes, table);
}

inline void put(Chunk& chunk, std::size_t slot, std::uint64_t signature, std::uint32_t allowed,
                const Table& table) {
  const Place place = place_of(signature, table.words_n);
  // In table two the position is one of the hash.
  const std::uint32_t positions = table.two ? 1u << hashed_position(place.bits) : allowed;
  chunk.signature[slot] = signature;
  chunk.word[slot] = place.word;
  chunk.bits[slot] = place.bits | positions << kAllowedShift;
  __builtin_prefetch(table.words + place.word);
}

void probe_whole(Chunk& chunk, std::size_t count, std::uint64_t edits, const Table& table) {
  for (std::size_t first = 0; first < count; first += kVectorLanes) {
    const std::size_t left = std::min(count - first, kVectorLanes);
    const std::size_t vector = chunk.vectors++;
    chunk.read[vector] = static_cast<std::uint8_t>(first);
    chunk.step[vector] = 1;
    chunk.lanes[vector] = static_cast<std::uint8_t>((1u << left) - 1);
    for (std::size_t i = first; i < first + left; ++i) {
      put(chunk, vector * kVectorLanes + i - first, chunk.keys[i],
          (edits >> i & 1) != 0 ? kAnyPosition : kOnlyWhole, table);
    }
  }
}

std::size_t probe_lanes(Chunk& chunk, std::size_t next, std::size_t count, std::uint64_t edits,
                        const Table& table) {
  const Lanes& lanes = table.two ? kTwoEditDeletions : kOneEditDeletions;
  const std::size_t enough = chunk.vectors + kGroup;
  for (; next < count && chunk.vectors < enough; ++next) {
    if ((edits >> next & 1) == 0) continue;
    const std::uint64_t key = chunk.keys[next];
    const std::size_t lanes_n = lanes.count[length_of(key)];
    if (chunk.vectors + (lanes_n + kVectorLanes - 1) / kVectorLanes > kVectors) return next;
    const std::uint64_t repeats = repeats_of(key);
    const std::uint32_t dense = dense_repeats(repeats);
    for (std::size_t lane = 0; lane < lanes_n; lane += kVectorLanes) {
      const std::size_t vector = chunk.vectors++;
      chunk.read[vector] = static_cast<std::uint8_t>(next);
      chunk.step[vector] = 0;
      unsigned there = 0;
      for (std::size_t i = lane; i < lanes_n && i < lane + kVectorLanes; ++i) {
        if ((repeats & lanes.repeats[i]) != 0) continue;
        // A place in table one; table two does not ask.
        const std::uint32_t allowed = allowed_positions(static_cast<unsigned>(i) & 15, dense);
        put(chunk, vector * kVectorLanes + i - lane, lanes.signature(key, i), allowed, table);
        there |= 1u << (i - lane);
      }
      chunk.lanes[vector] = static_cast<std::uint8_t>(there);
    }
  }
  return next;
}

void filter(Chunk& chunk, const Table& table, std::size_t first, std::size_t last) {
  std::size_t found = chunk.found;
  for (std::size_t vector = first; vector < last; ++vector) {
    for (unsigned lanes = chunk.lanes[vector]; lanes != 0; lanes &= lanes - 1) {
      const auto lane = static_cast<unsigned>(std::countr_zero(lanes));
      const std::size_t slot = vector * kVectorLanes + lane;
      const std::uint64_t word = table.words[chunk.word[slot]];
      const auto begin = static_cast<std::uint32_t>(word >> 32);
      chunk.found_signature[found] = chunk.signature[slot];
      chunk.found_begin[found] = begin;
      chunk.found_bits[found] = chunk.bits[slot];
      chunk.found_read[found] = chunk.read[vector] + lane * chunk.step[vector];
      found += is_set(word, chunk.bits[slot], chunk.bits[slot] >> kAllowedShift);
      __builtin_prefetch(table.postings + begin);
      // Most runs are shorter than this: the line in which one that begins late goes on.
      __builtin_prefetch(table.postings + begin + 7);
    }
  }
  chunk.found = found;
}

bool scan(Chunk& chunk, const Table& table, const std::uint64_t* keys, std::uint32_t entries,
          std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i) {
    const std::uint32_t tag = tag_of(chunk.found_bits[i]);
    const std::uint32_t allowed = chunk.found_bits[i] >> kAllowedShift;
    for (std::uint32_t p = chunk.found_begin[i];; ++p) {
      if (p >= table.postings_n) return false;
      const std::uint32_t posting = table.postings[p];
      const std::uint32_t position = posting >> kPositionShift & 15;
      if ((posting & kPostingTag) == tag && (allowed >> position & 1) != 0) {
        const std::uint32_t entry = posting & kPostingEntry;
        if (entry >= entries) return false;
        reserve_candidates(chunk);
        chunk.candidate_entry[chunk.candidates] = entry;
        chunk.candidate_found[chunk.candidates++] =
            static_cast<std::uint32_t>(i) | position << kCandidatePositionShift;
        __builtin_prefetch(keys + entry);
      }
      if ((posting & kPostingLast) != 0) break;
    }
  }
  return true;
}

void verify(Chunk& chunk, const Table& table, const std::uint64_t* keys, std::uint64_t edits) {
  reserve_hits(chunk);
  for (std::size_t i = 0; i < chunk.candidates; ++i) {
    const std::uint32_t found = chunk.candidate_found[i] & kCandidateFound;
    const unsigned position = chunk.candidate_found[i] >> kCandidatePositionShift;
    const std::uint32_t entry = chunk.candidate_entry[i];
    const std::uint64_t read = chunk.found_read[found];
    const std::uint64_t key = chunk.keys[read];
    const bool edited = (edits >> read & 1) != 0;
    const bool holds =
        table.two ? holds_two(key, keys[entry], edited)
                  : holds_one(key, keys[entry], chunk.found_signature[found], position, edited);
    chunk.hits[chunk.hits_n] = read << 32 | entry;
    chunk.hits_n += holds;
  }
}

bool misses(std::uint64_t key, bool edits, const Table& table) {
  const Lanes& lanes = kOneEditDeletions;
  const unsigned length = length_of(key);
  const std::uint32_t dense = dense_repeats(repeats_of(key));
  std::array<Place, kPlateCharsMax + 1> places;
  // The lane past the plate's end is its whole key; without edits it is the only one.
  for (unsigned lane = edits ? 0 : length; lane <= length; ++lane) {
    places[lane] = place_of(lanes.signature(key, lane), table.words_n);
    __builtin_prefetch(table.words + places[lane].word);
  }
  struct Run {
    std::uint32_t begin;
    std::uint32_t bits;
    std::uint32_t allowed;
  };
  std::array<Run, kPlateCharsMax + 1> runs;
  auto end = runs.begin();
  for (unsigned lane = edits ? 0 : length; lane <= length; ++lane) {
    const std::uint32_t allowed = lane < length ? allowed_positions(lane, dense)
                                  : edits       ? kAnyPosition
                                                : kOnlyWhole;
    const std::uint64_t word = table.words[places[lane].word];
    if (!is_set(word, places[lane].bits, allowed)) continue;
    *end = {static_cast<std::uint32_t>(word >> 32), places[lane].bits, allowed};
    __builtin_prefetch(table.postings + end->begin);
    ++end;
  }
  return std::all_of(runs.begin(), end, [&table](const Run& run) {
    return lacks(table, run.begin, run.bits, run.allowed);
  });
}

std::uint64_t sieve(const Chunk& chunk, const Shape& shape, const PatternFilter& filter) {
  const std::uint64_t salt = salt_of(shape);
  std::uint64_t passed = 0;
  for (std::size_t i = 0; i < kChunk; ++i) {
    const std::uint64_t hash = anchor_hash(shape, salt, chunk.keys[i], chunk.from_end[i]);
    passed |= std::uint64_t{passes(filter, hash)} << i;
  }
  return passed;
}

}  // namespace

const Kernels kPlainKernels = {"plain", fold,   probe_whole, probe_lanes, filter,
                               scan,    verify, misses,      sieve};

#if defined(__wasm__)
const Kernels& best_kernels() noexcept { return kPlainKernels; }
#else
const Kernels& best_kernels() noexcept {
  const char* wanted = std::getenv("HOTPLATE_MATCHER");
  const auto may_use = [wanted](const char* name) {
    return wanted == nullptr || *wanted == '\0' || std::strcmp(wanted, name) == 0;
  };
  const Kernels* const widest = may_use("avx512") ? avx512_kernels() : nullptr;
  if (widest != nullptr) return *widest;
  const Kernels* const wide = may_use("avx2") ? avx2_kernels() : nullptr;
  return wide != nullptr ? *wide : kPlainKernels;
}
#endif

}  // namespace hotplate
