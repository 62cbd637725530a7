// The Node-API face of the scorer, for explanations and tests: the judge has scorers of its own.
#pragma once

#include <napi.h>

namespace hotplate::binding {

// new Scorer(packed_model); score(records, evidence, entries), see src/matching/native.ts
Napi::Function define_scorer(Napi::Env env);

}  // namespace hotplate::binding
