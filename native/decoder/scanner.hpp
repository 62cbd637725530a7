// Goes through a packed batch (src/ingest/batch.ts) and takes its plain reads: as a block of rows,
// and as packed plates for the matcher. What is not plain is named, and left to digest.ts there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "plain-read.hpp"
#include "read-columns.hpp"

namespace hotplate {

// Numbers of a message in a batch: offset, length, stream sequence, received_ms, camera.
inline constexpr std::size_t kMessageFields = 5;
// Candidate readings looked up besides a read's own plate (src/matching/judge.ts).
inline constexpr std::size_t kCandidatesMatchedMax = 10;
// What a camera tells besides the plate, beside each record (src/matching/evidence.ts).
inline constexpr std::size_t kEvidenceBytes = 24;
inline constexpr std::size_t kScanBytesMax = UINT32_MAX;

struct ScanLimits {
  double message_bytes_max;
  double lines_max;
  // How far a camera's clock may be behind or ahead of the time of receipt.
  double behind_ms_max;
  double ahead_ms_max;
};

struct ScanBatch {
  std::span<const std::uint8_t> data;
  std::span<const double> meta;
  // '' for one that has no valid name.
  std::span<const std::string_view> cameras;
  // For each camera the number of its engine's model.
  std::span<const std::uint8_t> models;
};

// Where a line stands: which message of the batch, which of its lines, which bytes of the data.
struct LinePlace {
  std::uint32_t message;
  std::uint32_t line;
  std::uint32_t offset;
  std::uint32_t length;
};

struct LeftOver {
  LinePlace place;
  // 1: the message as a whole.
  std::uint32_t whole;
};

// What a packed plate is of: a row, and one of its candidates (-1: the plate itself).
struct RecordOrigin {
  std::int32_t row;
  std::int32_t candidate;
};

// What it gives is valid until the next scan; its memory is used again.
class Scanner {
 public:
  // False where `batch` is no batch: a message outside the data, or of no camera.
  bool scan(const ScanBatch& batch, const ScanLimits& limits);

  const ReadColumns& columns() const { return columns_; }
  std::span<const LinePlace> places() const { return places_; }
  std::span<const LeftOver> left_overs() const { return left_overs_; }
  std::span<const std::uint8_t> records() const { return records_; }
  std::span<const std::uint8_t> evidence() const { return evidence_; }
  std::span<const RecordOrigin> origins() const { return origins_; }

 private:
  struct Message {
    std::uint32_t index;
    std::uint32_t offset;
    std::string_view text;
    std::uint8_t model;
    Standing standing;
    PlainContext context;
  };

  void clear();
  void message(Message& message, const ScanLimits& limits);
  bool line(Message& message, std::uint32_t number, std::string_view text);
  void leave(const Message& message, std::uint32_t line, std::string_view text, bool whole);
  void pack(std::uint8_t model);
  void pack_plate(std::string_view plate, std::int32_t candidate);
  void pack_evidence(double confidence, bool of_read, std::uint8_t model);

  PlainRead read_;
  ReadColumns columns_;
  std::vector<LinePlace> places_;
  std::vector<LeftOver> left_overs_;
  std::vector<std::uint8_t> records_;
  std::vector<std::uint8_t> evidence_;
  std::vector<RecordOrigin> origins_;
};

}  // namespace hotplate
