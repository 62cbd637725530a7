// A file mapped into memory to be read: nothing is copied, and all who map it share its pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace hotplate::binding {

class MappedFile {
 public:
  // On failure `bytes` is empty and `error` says why; an empty file counts as one.
  explicit MappedFile(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  MappedFile(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }
  const std::string& error() const noexcept { return error_; }

 private:
  std::span<const std::uint8_t> bytes_;
  std::string error_;
};

}  // namespace hotplate::binding
