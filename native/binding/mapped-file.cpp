// Maps by POSIX. Whoever replaces such a file renames another over it: the mapping keeps the old
// one.
#include "mapped-file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace hotplate::binding {

MappedFile::MappedFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    error_ = std::strerror(errno);
    return;
  }
  struct stat status {};
  if (::fstat(file, &status) != 0) {
    error_ = std::strerror(errno);
  } else if (status.st_size <= 0) {
    error_ = "the file is empty";
  } else {
    const auto size = static_cast<std::size_t>(status.st_size);
    void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) {
      error_ = std::strerror(errno);
    } else {
      bytes_ = {static_cast<const std::uint8_t*>(memory), size};
    }
  }
  ::close(file);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})), error_(std::move(other.error_)) {}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::uint8_t*>(bytes_.data()), bytes_.size());
}

}  // namespace hotplate::binding
