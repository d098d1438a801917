// A look at a schema's text before it is parsed. Covered by tests/grammar/test_references.py.
#pragma once

#include <string_view>

namespace maskforge {

// Whether the JSON text may refer to what is not in it: another document, or a meta-schema that is no known dialect's.
// Looks at the text only, so that this costs less than parsing; too often true (a `$ref` inside a `const`), never too
// rarely.
bool refers_outward(std::string_view text);

}  // namespace maskforge
