// The truth that the matcher must equal: each read against each entry, by the textbook. Slow on
// purpose; shares no code with the matcher, not even how characters are folded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hotplate::reference {

struct Entry {
  std::string plate;  // `?` is one character, `*` any run
  int profile;        // 0 exact, 1 fold, 2 fold+1, 3 fold+2
};

struct Read {
  std::string plate;
  bool fold_only;
};

using Classes = std::vector<std::string>;

// Levenshtein distance where characters of one class (O and 0 are always one) count as equal.
int distance(std::string_view a, std::string_view b, const Classes& classes);

// Whether the wildcards can be filled so that the pattern gives the text, class by class.
bool fits(std::string_view pattern, std::string_view text, const Classes& classes);

bool is_hit(const Read& read, const Entry& entry, const Classes& classes, int edit_chars_min);

// Pairs of read and entry, ordered.
std::vector<std::pair<std::uint32_t, std::uint32_t>> match(const std::vector<Read>& reads,
                                                           const std::vector<Entry>& entries,
                                                           const Classes& classes,
                                                           int edit_chars_min);

}  // namespace hotplate::reference
