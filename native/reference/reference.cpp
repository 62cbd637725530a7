// The truth that the matcher must equal, see reference.hpp.
#include "reference.hpp"

#include <algorithm>

namespace hotplate::reference {
namespace {

char zero_for_o(char c) { return c == 'O' ? '0' : c; }

bool tied(char a, char b) { return zero_for_o(a) == zero_for_o(b); }

bool in_class(char c, const std::string& look_alikes) {
  return std::any_of(look_alikes.begin(), look_alikes.end(), [c](char x) { return tied(c, x); });
}

bool alike(char a, char b, const Classes& classes) {
  if (tied(a, b)) return true;
  return std::any_of(classes.begin(), classes.end(), [a, b](const std::string& look_alikes) {
    return in_class(a, look_alikes) && in_class(b, look_alikes);
  });
}

}  // namespace

int distance(std::string_view a, std::string_view b, const Classes& classes) {
  std::vector<std::vector<int>> d(a.size() + 1, std::vector<int>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = static_cast<int>(i);
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int substituted = d[i - 1][j - 1] + (alike(a[i - 1], b[j - 1], classes) ? 0 : 1);
      d[i][j] = std::min({substituted, d[i - 1][j] + 1, d[i][j - 1] + 1});
    }
  }
  return d[a.size()][b.size()];
}

bool fits(std::string_view pattern, std::string_view text, const Classes& classes) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') {
    return fits(pattern.substr(1), text, classes) ||
           (!text.empty() && fits(pattern, text.substr(1), classes));
  }
  if (text.empty()) return false;
  return (pattern[0] == '?' || alike(pattern[0], text[0], classes)) &&
         fits(pattern.substr(1), text.substr(1), classes);
}

bool is_hit(const Read& read, const Entry& entry, const Classes& classes, int edit_chars_min) {
  const Classes& tied_only = {};
  const bool exact = entry.profile == 0;
  if (exact && read.fold_only) return false;
  if (entry.plate.find_first_of("?*") != std::string::npos) {
    return fits(entry.plate, read.plate, exact ? tied_only : classes);
  }
  const bool edits = entry.profile >= 2 && !read.fold_only &&
                     static_cast<int>(read.plate.size()) >= edit_chars_min &&
                     static_cast<int>(entry.plate.size()) >= edit_chars_min;
  return distance(read.plate, entry.plate, exact ? tied_only : classes) <=
         (edits ? entry.profile - 1 : 0);
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> match(const std::vector<Read>& reads,
                                                           const std::vector<Entry>& entries,
                                                           const Classes& classes,
                                                           int edit_chars_min) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> hits;
  for (std::uint32_t r = 0; r < reads.size(); ++r) {
    for (std::uint32_t e = 0; e < entries.size(); ++e) {
      if (is_hit(reads[r], entries[e], classes, edit_chars_min)) hits.emplace_back(r, e);
    }
  }
  return hits;
}

}  // namespace hotplate::reference
