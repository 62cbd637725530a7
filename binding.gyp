# What the native matcher and decoder are built from.
{
  "targets": [
    {
      "target_name": "hotplate",
      "sources": [
        "native/matcher/index.cpp",
        "native/matcher/patterns.cpp",
        "native/matcher/kernels-plain.cpp",
        "native/matcher/kernels-avx2.cpp",
        "native/matcher/kernels-avx512.cpp",
        "native/matcher/matcher.cpp",
        "native/reference/reference.cpp",
        "native/scorer/scorer.cpp",
        "native/judge/judge.cpp",
        "native/decoder/plain-read.cpp",
        "native/decoder/read-columns.cpp",
        "native/decoder/scanner.cpp",
        "native/binding/mapped-file.cpp",
        "native/binding/block.cpp",
        "native/binding/matcher.cpp",
        "native/binding/judge.cpp",
        "native/binding/scanner.cpp",
        "native/binding/scorer.cpp",
        "native/binding/addon.cpp",
      ],
      "dependencies": [
        "<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except_all",
      ],
      "defines": ["NAPI_VERSION=9"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-fno-exceptions"],
      "cflags!": ["-O2"],
      "cflags_cc": [
        "-std=c++20",
        "-O3",
        "-Wall",
        "-Wextra",
        "-fvisibility=hidden",
      ],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "GCC_OPTIMIZATION_LEVEL": "3",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
      },
    }
  ]
}
