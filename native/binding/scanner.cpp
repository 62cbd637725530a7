// Checks what is passed, and copies what the scanner gives into arrays of their own.
#include "scanner.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "../decoder/scanner.hpp"
#include "arguments.hpp"

namespace hotplate::binding {
namespace {

std::span<const double> doubles_of(const Napi::Value& value, const char* name) {
  if (!value.IsTypedArray() ||
      value.As<Napi::TypedArray>().TypedArrayType() != napi_float64_array) {
    refuse(value.Env(), "a Float64Array", name, value);
  }
  auto array = value.As<Napi::Float64Array>();
  return {array.Data(), array.ElementLength()};
}

// Arrays of their own, so that they can be transferred.
template <class Element, class Item>
Napi::Value copy_of(Napi::Env env, std::span<const Item> items) {
  auto array = Napi::TypedArrayOf<Element>::New(env, items.size_bytes() / sizeof(Element));
  if (!items.empty()) std::memcpy(array.Data(), items.data(), items.size_bytes());
  return array;
}

class ScannerObject : public Napi::ObjectWrap<ScannerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Scanner", {InstanceMethod("scan", &ScannerObject::scan)});
  }

  explicit ScannerObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

 private:
  Napi::Value scan(const Napi::CallbackInfo& info) {
    const auto data = bytes_of(info[0], "data");
    const auto meta = doubles_of(info[1], "meta");
    split(bytes_of(info[2], "cameras"));
    const ScanLimits limits{
        number_of(info[3], "message_bytes_max"), number_of(info[4], "lines_max"),
        number_of(info[5], "behind_ms_max"), number_of(info[6], "ahead_ms_max")};
    const auto models = bytes_of(info[7], "models");
    if (!scanner_.scan({data, meta, cameras_, models}, limits)) {
      refuse(info.Env(), "messages within the data, of known cameras and models", "meta", info[1]);
    }
    return result(info.Env());
  }

  // Names of cameras, a line each.
  void split(std::span<const std::uint8_t> bytes) {
    cameras_.clear();
    const std::string_view names{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    for (std::size_t start = 0; start <= names.size();) {
      const std::size_t end = std::min(names.find('\n', start), names.size());
      cameras_.push_back(names.substr(start, end - start));
      start = end + 1;
    }
  }

  Napi::Value result(Napi::Env env) {
    const ReadColumns& columns = scanner_.columns();
    auto block = Napi::Uint8Array::New(env, columns.block_bytes());
    columns.write_block(block.Data());
    auto result = Napi::Object::New(env);
    result["rows"] = Napi::Number::New(env, static_cast<double>(columns.rows()));
    result["block"] = block;
    result["records"] = copy_of<std::uint8_t>(env, scanner_.records());
    result["evidence"] = copy_of<std::uint8_t>(env, scanner_.evidence());
    result["origins"] = copy_of<std::int32_t>(env, scanner_.origins());
    result["places"] = copy_of<std::uint32_t>(env, scanner_.places());
    result["left_overs"] = copy_of<std::uint32_t>(env, scanner_.left_overs());
    return result;
  }

  Scanner scanner_;
  std::vector<std::string_view> cameras_;
};

}  // namespace

Napi::Function define_scanner(Napi::Env env) { return ScannerObject::define(env); }

}  // namespace hotplate::binding
