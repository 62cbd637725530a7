// The inner loops of the search, written for each kind of machine and equal in results. A chunk of
// reads goes through them stage by stage, each asking for the memory that the next will read:
// 1. fold: records to keys. 2. probe: what is left of the keys by lanes, hashed to words. 3.
// filter: drop the signatures whose bit is not set. 4. scan: postings that fit become candidates.
// 5. verify: compare keys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "index.hpp"
#include "patterns.hpp"

namespace hotplate {

// Reads in flight at once: enough for the loads to overlap, few enough to stay in the first cache.
constexpr std::size_t kChunk = 64;
// Signatures of a chunk, in vectors of eight: enough for the whole keys and all that lack a
// character.
constexpr std::size_t kVectorLanes = 8;
constexpr std::size_t kVectors = 144;
// Vectors that go from stage to stage together, so that each stage's memory comes while the others
// work.
constexpr std::size_t kGroup = 8;
constexpr std::size_t kSignatures = kVectors * kVectorLanes;

// What is passed from stage to stage.
struct alignas(64) Chunk {
  std::array<std::uint64_t, kChunk> keys;
  std::array<std::uint64_t, kChunk> from_end;  // with patterns: moved_to_end() of the keys
  // Of one read's signatures, or one each of eight reads.
  std::array<std::uint64_t, kSignatures> signature;
  std::array<std::uint32_t, kSignatures> word;
  std::array<std::uint32_t, kSignatures> bits;
  std::array<std::uint8_t, kVectors> lanes;  // which of the eight are there
  std::array<std::uint8_t, kVectors> read;   // the read of the first
  std::array<std::uint8_t, kVectors> step;   // 0: all of that read; 1: of those that follow it
  std::size_t vectors;
  // Signatures whose bit is set. (Written a vector at a time, hence the room.)
  std::array<std::uint64_t, kSignatures + kVectorLanes> found_signature;
  std::array<std::uint32_t, kSignatures + kVectorLanes> found_begin;
  std::array<std::uint32_t, kSignatures + kVectorLanes> found_bits;
  std::array<std::uint32_t, kSignatures + kVectorLanes> found_read;
  std::size_t found;
  // Entries whose posting fits; by which of the found signatures, and above sixteen bits the
  // posting's position.
  std::vector<std::uint32_t> candidate_entry;
  std::vector<std::uint32_t> candidate_found;
  std::size_t candidates;
  // Read of the chunk << 32 | entry; in no order. Those of table two may come twice.
  std::vector<std::uint64_t> hits;
  std::size_t hits_n;
};

struct Kernels {
  const char* name;
  // Keys of `count` records; zero for one that is no plate.
  void (*fold)(const std::uint8_t* records, std::size_t count, const CodeTable& table,
               std::uint64_t* keys);
  // The whole keys of `count` reads; `edits` are those that longer entries may be found by.
  void (*probe_whole)(Chunk& chunk, std::size_t count, std::uint64_t edits, const Table& table);
  // What is left of the keys of the `edits` reads from `next` on, until there is a group of vectors
  // more or no room; returns the next read.
  std::size_t (*probe_lanes)(Chunk& chunk, std::size_t next, std::size_t count, std::uint64_t edits,
                             const Table& table);
  // Of these vectors; adds to what is found.
  void (*filter)(Chunk& chunk, const Table& table, std::size_t first, std::size_t last);
  // Of these found; adds to the candidates. False where the block is damaged.
  bool (*scan)(Chunk& chunk, const Table& table, const std::uint64_t* keys, std::uint32_t entries,
               std::size_t first, std::size_t last);
  // Adds the candidates that hold to the chunk's hits.
  void (*verify)(Chunk& chunk, const Table& table, const std::uint64_t* keys, std::uint64_t edits);
  // Whether certainly no entry of table one is within reach of a read that comes alone: by its
  // words, all at once, and the postings of those that are set.
  bool (*misses)(std::uint64_t key, bool edits, const Table& table);
  // Which reads, bit by bit, the filter lets pass under a shape. (All 64: some may not be there.)
  std::uint64_t (*sieve)(const Chunk& chunk, const Shape& shape, const PatternFilter& filter);
};

extern const Kernels kPlainKernels;
// Null where the program was not built for such machines, or this is none.
const Kernels* avx2_kernels() noexcept;
const Kernels* avx512_kernels() noexcept;

// The best that this machine has; HOTPLATE_MATCHER=plain|avx2|avx512 asks for another.
const Kernels& best_kernels() noexcept;

constexpr unsigned kCandidatePositionShift = 16;
constexpr std::uint32_t kCandidateFound = (1u << kCandidatePositionShift) - 1;

// Each pair of table one is taken once: by the one signature that both are filed under, and where
// the longer entry has it from several places of a run, by the first of them. The posting has to be
// of that signature: another of the entry's may have its tag.
inline bool holds_one(std::uint64_t key, std::uint64_t filed, std::uint64_t signature,
                      unsigned position, bool edits) {
  const std::uint64_t listed = filed & kKeyMask;
  const bool lacks = position != kNoPosition;
  if (common_signature(key, listed) != signature) return false;
  if ((lacks ? without(listed, position) : listed) != signature) return false;
  if (lacks && signature == key && (repeats_of(listed) >> (kCodeBits * position) & 1) != 0) {
    return false;
  }
  return key == listed || (edits && profile_of(filed) == Profile::kFoldOneEdit);
}

inline bool holds_two(std::uint64_t key, std::uint64_t filed, bool edits) {
  const std::uint64_t listed = filed & kKeyMask;
  return edits ? within_two_edits(key, listed) : key == listed;
}

// Whether none of a run of postings is a signature's with these positions. (Past the table: not
// said here.)
inline bool lacks(const Table& table, std::uint32_t begin, std::uint32_t bits,
                  std::uint32_t positions) {
  for (std::uint32_t p = begin; p < table.postings_n; ++p) {
    const std::uint32_t posting = table.postings[p];
    const bool placed = (positions >> (posting >> kPositionShift & 15) & 1) != 0;
    if (placed && (posting & kPostingTag) == tag_of(bits)) return false;
    if ((posting & kPostingLast) != 0) return true;
  }
  return false;
}

// Room for sixteen more candidates.
inline void reserve_candidates(Chunk& chunk) {
  if (chunk.candidates + 16 <= chunk.candidate_entry.size()) return;
  const std::size_t size = chunk.candidate_entry.size() * 2 + 1024;
  chunk.candidate_entry.resize(size);
  chunk.candidate_found.resize(size);
}

// Room for all candidates to be hits, and a vector more.
inline void reserve_hits(Chunk& chunk) {
  const std::size_t wanted = chunk.hits_n + chunk.candidates + kVectorLanes;
  if (wanted > chunk.hits.size()) chunk.hits.resize(wanted * 2);
}

}  // namespace hotplate
