// The Node-API face of the scanner of batches.
#pragma once

#include <napi.h>

namespace hotplate::binding {

// new Scanner(); scan(data, meta, cameras, limits…), see src/matching/native.ts
Napi::Function define_scanner(Napi::Env env);

}  // namespace hotplate::binding
