// The class Matcher for JavaScript, and the reference beside it.
#pragma once

#include <napi.h>

namespace hotplate::binding {

// new Matcher(source[, kernels]): keeps the block alive.
//   match(records, count): pairs of record and entry; find(plate): entries of one read, null for
//   none
Napi::Function define_matcher(Napi::Env env);

// referenceMatch(entries, entry_count, classes, edit_chars_min, records, count): pairs of
// record and entry
Napi::Value reference_match(const Napi::CallbackInfo& info);

}  // namespace hotplate::binding
