// Checks of what JavaScript passes, and the words of their errors.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>

namespace hotplate::binding {

[[noreturn]] inline void refuse(Napi::Env env, const std::string& expected, const char* name,
                                const std::string& received) {
  throw Napi::TypeError::New(
      env, "Expected " + expected + " for " + name + " but received " + received);
}

[[noreturn]] inline void refuse(Napi::Env env, const std::string& expected, const char* name,
                                const Napi::Value& value) {
  static constexpr const char* kTypes[] = {"undefined", "object", "boolean", "number",
                                           "string",    "symbol", "object",  "function",
                                           "object",    "bigint"};
  const auto type = static_cast<std::size_t>(value.Type());
  const char* type_name = type < std::size(kTypes) ? kTypes[type] : "unknown";
  const std::string text =
      value.IsSymbol() ? "a symbol" : value.ToString().Utf8Value().substr(0, 80);
  refuse(env, expected, name, text + " of type " + type_name);
}

inline std::span<std::uint8_t> bytes_of(const Napi::Value& value, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    refuse(value.Env(), "a Uint8Array", name, value);
  }
  auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

inline std::span<std::uint32_t> words_of(const Napi::Value& value, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array) {
    refuse(value.Env(), "a Uint32Array", name, value);
  }
  auto array = value.As<Napi::Uint32Array>();
  return {array.Data(), array.ElementLength()};
}

inline double number_of(const Napi::Value& value, const char* name) {
  if (!value.IsNumber()) refuse(value.Env(), "a number", name, value);
  return value.As<Napi::Number>().DoubleValue();
}

inline std::uint32_t integer_of(const Napi::Value& value, std::uint32_t max, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= max) || number != static_cast<std::uint32_t>(number)) {
    refuse(value.Env(), "an integer from 0 to " + std::to_string(max), name, value);
  }
  return static_cast<std::uint32_t>(number);
}

}  // namespace hotplate::binding
