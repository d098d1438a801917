// The entry point of maskforge._core. See bindings.h.
#include "bindings/bindings.h"

NB_MODULE(_core, module) {
  namespace bindings = maskforge::bindings;
  module.attr("__doc__") =
      "The native core of maskforge. Its names are reached through maskforge, maskforge.grammar and "
      "maskforge.decoding.";
  bindings::bind_errors(module);
  bindings::bind_vocabulary(module);
  bindings::bind_engine(module);
  bindings::bind_grammar(module);
  bindings::bind_mask_pool(module);
  bindings::bind_matcher(module);
  bindings::bind_batch(module);
  bindings::bind_apply(module);
}
