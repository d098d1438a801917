// The smallest test harness that serves: CHECK counts, prints what failed, and main returns check_summary().
#pragma once

#include <cstdio>
#include <string>

namespace maskforge::testing {

inline int passed = 0;
inline int failed = 0;

inline void check(bool ok, const char* text, const char* file, int line, const std::string& note = {}) {
  if (ok) {
    ++passed;
    return;
  }
  if (++failed <= 20) std::printf("%s:%d: failed: %s %s\n", file, line, text, note.c_str());
}

inline int check_summary() {
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace maskforge::testing

#define CHECK(condition) ::maskforge::testing::check(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
#define CHECK_NOTE(condition, note) \
  ::maskforge::testing::check(static_cast<bool>(condition), #condition, __FILE__, __LINE__, (note))
#define CHECK_THROWS(type, statement)                                                     \
  do {                                                                                    \
    bool thrown = false;                                                                  \
    try {                                                                                 \
      statement;                                                                          \
    } catch (const type&) {                                                               \
      thrown = true;                                                                      \
    }                                                                                     \
    ::maskforge::testing::check(thrown, #statement " throws " #type, __FILE__, __LINE__); \
  } while (false)
