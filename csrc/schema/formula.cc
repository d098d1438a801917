// See formula.h.
#include "schema/formula.h"

#include <algorithm>

#include "base/fuel.h"
#include "base/stack.h"

namespace maskforge {

Formulas::Formulas() {
  nodes_.intern(Node{Op::kFalse, {}, {}});
  nodes_.intern(Node{Op::kTrue, {}, {}});
}

FormulaId Formulas::intern(Node node) {
  FuelScope::spend();
  std::size_t before = nodes_.size();
  std::size_t size = sizeof(Node) + 40 + node.parts.size() * sizeof(FormulaId);
  FormulaId id = nodes_.intern(std::move(node));
  if (nodes_.size() != before) bytes_ += size;
  return id;
}

FormulaId Formulas::atom(AtomKind kind, std::uint32_t a, std::uint32_t b) {
  return intern(Node{Op::kAtom, {kind, a, b}, {}});
}

FormulaId Formulas::junction(Op op, ShortList<FormulaId> parts) {
  const FormulaId neutral = op == Op::kAnd ? kTrue : kFalse;
  const FormulaId absorbing = op == Op::kAnd ? kFalse : kTrue;
  ShortList<FormulaId> flat;
  flat.reserve(parts.size());
  for (FormulaId part : parts) {
    if (part == absorbing) return absorbing;
    if (part == neutral) continue;
    const Node& node = nodes_[part];
    if (node.op == op) {
      flat.insert(flat.end(), node.parts.begin(), node.parts.end());
    } else {
      flat.push_back(part);
    }
  }
  std::sort(flat.begin(), flat.end());
  flat.erase(std::unique(flat.begin(), flat.end()), flat.end());
  bool conditional = false;
  for (FormulaId part : flat) {
    const Node& node = nodes_[part];
    if (node.op == Op::kNot && std::binary_search(flat.begin(), flat.end(), node.parts[0])) return absorbing;
    conditional |= op == Op::kAnd && node.op >= Op::kNot && holds_unevaluated(part);
  }
  if (conditional && propagate(flat)) return junction(op, std::move(flat));
  if (flat.empty()) return neutral;
  if (flat.size() == 1) return flat[0];
  return intern(Node{op, {}, std::move(flat)});
}

FormulaId Formulas::conj(ShortList<FormulaId> parts) { return junction(Op::kAnd, std::move(parts)); }
FormulaId Formulas::disj(ShortList<FormulaId> parts) { return junction(Op::kOr, std::move(parts)); }

FormulaId Formulas::one(ShortList<FormulaId> parts) {
  std::size_t holding = 0;
  ShortList<FormulaId> open;
  for (FormulaId part : parts) {
    if (part == kTrue) {
      ++holding;
    } else if (part != kFalse) {
      open.push_back(part);
    }
  }
  if (holding > 1) return kFalse;
  if (holding == 1) {
    for (FormulaId& part : open) part = negate(part);
    return conj(std::move(open));
  }
  if (open.empty()) return kFalse;
  if (open.size() == 1) return open[0];
  std::sort(open.begin(), open.end());
  return intern(Node{Op::kOne, {}, std::move(open)});
}

FormulaId Formulas::unevaluated(std::uint32_t term, ShortList<FormulaId> conditions) {
  return intern(Node{Op::kUnevaluated, {AtomKind::kUnevaluated, term, 0}, std::move(conditions)});
}

bool Formulas::holds_unevaluated(FormulaId f) const {
  const Node& node = nodes_[f];
  return node.op == Op::kUnevaluated || (node.op == Op::kNot && nodes_[node.parts[0]].op == Op::kUnevaluated);
}

// The formula where all of the facts hold, as far as its parts show it.
FormulaId Formulas::given(FormulaId f, const Facts& facts, int depth) {
  const Node& node = nodes_[f];
  if (node.op <= Op::kTrue) return f;
  auto holds = [&](FormulaId part) { return std::binary_search(facts.hold.begin(), facts.hold.end(), part); };
  if (holds(f)) return kTrue;
  if (std::binary_search(facts.fail.begin(), facts.fail.end(), f)) return kFalse;
  if (node.op == Op::kNot && holds(node.parts[0])) return kFalse;
  if (depth == 0 || (node.op != Op::kAnd && node.op != Op::kOr)) return f;
  return given_parts(f, facts, depth - 1);
}

FormulaId Formulas::given_parts(FormulaId f, const Facts& facts, int depth) {
  const Node& node = nodes_[f];
  ShortList<FormulaId> parts = node.parts;
  if (node.op == Op::kNot) return negate(given_parts(parts[0], facts, depth));
  for (FormulaId& part : parts) part = given(part, facts, depth);
  if (parts == node.parts) return f;
  if (node.op == Op::kUnevaluated) return rebuild_(node.atom.a, std::move(parts));
  return node.op == Op::kOne ? one(std::move(parts)) : junction(node.op, std::move(parts));
}

// A conjunction that holds `unevaluated` formulas: what it demands anyway is no condition. Without this, the coverage
// of a branch would stay open as long as the branch, though it is the only one left. Whether something changed.
bool Formulas::propagate(ShortList<FormulaId>& conjunction) {
  Stack::check();
  constexpr int kDepth = 3;
  auto composite = [&](FormulaId f) {
    const Op op = nodes_[f].op == Op::kNot ? nodes_[nodes_[f].parts[0]].op : nodes_[f].op;
    return op == Op::kOr || op == Op::kOne || op == Op::kUnevaluated;
  };
  bool changed = false;
  // First literals settle alternatives, then all but the `unevaluated` settle those: no fact is ever its own reason.
  for (bool conditions : {false, true}) {
    Facts facts;
    for (FormulaId f : conjunction) {
      if (conditions ? holds_unevaluated(f) : composite(f)) continue;
      facts.hold.push_back(f);
      if (nodes_[f].op == Op::kNot) facts.fail.push_back(nodes_[f].parts[0]);
    }
    std::sort(facts.fail.begin(), facts.fail.end());
    for (FormulaId& f : conjunction) {
      if (!composite(f) || holds_unevaluated(f) != conditions) continue;
      FormulaId image = given_parts(f, facts, kDepth);
      changed |= image != f;
      f = image;
    }
    if (changed) return true;
  }
  return false;
}

FormulaId Formulas::negate(FormulaId f) {
  if (f == kFalse) return kTrue;
  if (f == kTrue) return kFalse;
  const Node& node = nodes_[f];
  if (node.op == Op::kNot) return node.parts[0];
  if (node.op == Op::kAtom || node.op == Op::kOne || node.op == Op::kUnevaluated)
    return intern(Node{Op::kNot, {}, {f}});
  if (const std::uint32_t* known = negations_.find(f)) return *known;
  Stack::check();
  ShortList<FormulaId> parts = node.parts;
  Op op = node.op == Op::kAnd ? Op::kOr : Op::kAnd;
  for (FormulaId& part : parts) part = negate(part);
  FormulaId negation = junction(op, std::move(parts));
  if (negations_.find(f) == nullptr) negations_.insert(f, negation);
  return negation;
}

FormulaId Formulas::map_memo(FormulaId f, const Replace& replace, const Rebuild& rebuild, std::uint32_t epoch) {
  const Node& node = nodes_[f];
  switch (node.op) {
    case Op::kFalse:
    case Op::kTrue:
      return f;
    case Op::kAtom:
      return replace(node.atom, f);
    case Op::kNot:
      if (nodes_[node.parts[0]].op == Op::kAtom) {
        const Node& inner = nodes_[node.parts[0]];
        FormulaId image = replace(inner.atom, node.parts[0]);
        return image == node.parts[0] ? f : negate(image);
      }
      break;
    default:
      break;
  }
  if (const Mark& known = mark(f); known.epoch == epoch) return known.value;
  FuelScope::spend(node.parts.size() / 32);
  auto remember = [&](FormulaId image) {
    mark(f) = Mark{epoch, image};
    return image;
  };
  ShortList<FormulaId> parts = node.parts;
  Op op = node.op;
  bool changed = false;
  for (FormulaId& part : parts) {
    FormulaId image = map_memo(part, replace, rebuild, epoch);
    changed |= image != part;
    part = image;
    if ((op == Op::kAnd && image == kFalse) || (op == Op::kOr && image == kTrue)) {
      return remember(image);
    }
  }
  FormulaId image = f;
  if (op == Op::kUnevaluated) {
    if (changed || &rebuild != &rebuild_) image = rebuild(node.atom.a, std::move(parts));
  } else if (changed) {
    image = op == Op::kNot ? negate(parts[0]) : op == Op::kOne ? one(std::move(parts)) : junction(op, std::move(parts));
  }
  return remember(image);
}

FormulaId Formulas::map(FormulaId f, const Replace& replace, const Rebuild& rebuild) {
  return map_memo(f, replace, rebuild, ++epoch_);
}

void Formulas::visit_atoms(FormulaId root, const std::function<void(const Atom&, bool, bool)>& visit) const {
  // Bit 0: seen in positive polarity, bit 1: negative. A node is visited again only for a polarity that is new.
  const std::uint32_t epoch = ++epoch_;
  struct Visit {
    FormulaId f;
    unsigned polarity;
  };
  ShortList<Visit> stack{{root, 1u}};
  while (!stack.empty()) {
    auto [f, polarity] = stack.back();
    stack.pop_back();
    const Node& node = nodes_[f];
    if (node.op == Op::kAtom) {
      visit(node.atom, (polarity & 1) != 0, (polarity & 2) != 0);
      continue;
    }
    if (node.parts.empty()) continue;
    Mark& known = mark(f);
    if (known.epoch != epoch) known = Mark{epoch, 0};
    unsigned fresh = polarity & ~known.value;
    if (fresh == 0) continue;
    known.value |= fresh;
    FuelScope::spend(node.parts.size() / 32);
    if (node.op == Op::kUnevaluated) visit(node.atom, (fresh & 1) != 0, (fresh & 2) != 0);
    if (node.op == Op::kOne) fresh = 3;
    if (node.op == Op::kNot) fresh = ((fresh & 1) << 1) | (fresh >> 1);
    for (FormulaId part : node.parts) stack.emplace_back(part, fresh);
  }
}

}  // namespace maskforge
