// Plain reads as columns of the table `reads`: one block in ClickHouse's Native format, byte for
// byte what src/store/read-columns.ts makes of the same reads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bytes.hpp"
#include "plain-read.hpp"

namespace hotplate {

// Where a read stood on the stream, and when the stream took it in.
struct Standing {
  std::string_view camera;
  double received_ms;
  std::uint64_t seq;
  std::uint32_t line;
};

class ReadColumns {
 public:
  std::size_t rows() const { return rows_; }
  void add(const PlainRead& read, const Standing& standing);
  void clear();
  // 0 where there is no row.
  std::size_t block_bytes() const;
  // `target` has room for `block_bytes`.
  void write_block(std::uint8_t* target) const;

  // In the order of the block: a column's null map or ends first, then its values.
  enum Part : std::size_t {
    kCamera,
    kId,
    kTime,
    kReceivedAt,
    kDeviceTimeNull,
    kDeviceTime,
    kClockSuspect,
    kPlate,
    kRegion,
    kConfidenceNull,
    kConfidence,
    kCharEnds,
    kCharValues,
    kCandidateEnds,
    kCandidatePlates,
    kCandidateConfidences,
    kLatNull,
    kLat,
    kLonNull,
    kLon,
    kHeadingNull,
    kHeading,
    kLaneNull,
    kLane,
    kMake,
    kModel,
    kColor,
    kType,
    kYearNull,
    kYear,
    kImagePlate,
    kImageVehicle,
    kPrecedence,
    kParts,
  };

 private:
  void add_vehicle(const PlainRead& read);
  template <class Number>
  void add_optional(Part nulls, bool given, Number value);
  Bytes head() const;

  std::size_t rows_ = 0;
  std::uint64_t chars_ = 0;
  std::uint64_t candidates_ = 0;
  std::array<Bytes, kParts> parts_;
};

}  // namespace hotplate
