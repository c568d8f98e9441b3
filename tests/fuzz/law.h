// Shared by the fuzz targets. Each target is one file with LLVMFuzzerTestOneInput: libFuzzer drives it
// (./dev fuzz), replay.cpp feeds it the corpus in every test run.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tandem::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// A law that does not hold ends the process, so that libFuzzer keeps the input.
inline void must(bool holds, const char* law) {
  if (holds) return;
  std::fprintf(stderr, "broken law: %s\n", law);
  std::abort();
}
}  // namespace tandem::fuzz
