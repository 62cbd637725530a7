// The class Judge for JavaScript.
#pragma once

#include <napi.h>

namespace hotplate::binding {

// new Judge(base, overlay or null, removed, models, log_odds_min)
//   judge(records, evidence, origins, count): null for no hit, else
//     { places: read, entry and record of each, weights: cost and log odds of each }
//   listed(entry): { plate, region, list }
Napi::Function define_judge(Napi::Env env);

}  // namespace hotplate::binding
