// The addon. No globals: each environment (the main thread, each worker) has an addon object and
// classes of its own.
#include <napi.h>

#include "block.hpp"
#include "judge.hpp"
#include "matcher.hpp"
#include "scanner.hpp"
#include "scorer.hpp"

namespace {

class Addon : public Napi::Addon<Addon> {
 public:
  Addon(Napi::Env env, Napi::Object exports) {
    DefineAddon(exports, {
                             InstanceValue("Matcher", hotplate::binding::define_matcher(env)),
                             InstanceValue("Judge", hotplate::binding::define_judge(env)),
                             InstanceValue("Scanner", hotplate::binding::define_scanner(env)),
                             InstanceValue("Scorer", hotplate::binding::define_scorer(env)),
                             InstanceMethod("indexBytes", &Addon::index_bytes),
                             InstanceMethod("fillIndex", &Addon::fill_index),
                             InstanceMethod("checkIndex", &Addon::check_index),
                             InstanceMethod("touchLines", &Addon::touch_lines),
                             InstanceMethod("referenceMatch", &Addon::reference_match),
                         });
  }

 private:
  Napi::Value index_bytes(const Napi::CallbackInfo& info) {
    return hotplate::binding::index_bytes(info);
  }
  void fill_index(const Napi::CallbackInfo& info) { hotplate::binding::fill_index_block(info); }
  void check_index(const Napi::CallbackInfo& info) { hotplate::binding::check_index(info); }
  Napi::Value touch_lines(const Napi::CallbackInfo& info) {
    return hotplate::binding::touch_lines(info);
  }
  Napi::Value reference_match(const Napi::CallbackInfo& info) {
    return hotplate::binding::reference_match(info);
  }
};

}  // namespace

NODE_API_ADDON(Addon)
