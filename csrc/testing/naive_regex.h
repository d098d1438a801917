// A deliberately naive regular expression: a syntax tree, its pattern text, and the set of spans it matches, straight
// from the definition. It shares nothing with csrc/regex, so that the exhaustive tests compare two independent readings
// of a pattern. Used by tests/csrc/test_regex_exhaustive.cc.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace maskforge::testing {

struct NaiveRegex;
using NaivePtr = std::shared_ptr<const NaiveRegex>;

struct NaiveRegex {
  enum Kind {
    kEmpty,
    kSet,
    kConcat,
    kAlternate,
    kRepeat,
    kStart,
    kEnd,
    kBoundary,
    kNoBoundary,
    kAhead,
    kNotAhead,
    kBehind,
    kNotBehind
  };
  Kind kind = kEmpty;
  std::string text;    // kSet: as written
  std::u32string set;  // kSet: the characters of the test alphabet it holds
  std::vector<NaivePtr> parts;
  int least = 0, most = -1;  // kRepeat; -1 is unbounded

  static bool is_word(char32_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  // Where matches that begin at `at` may end.
  std::set<std::size_t> ends(const std::u32string& s, std::size_t at) const {
    switch (kind) {
      case kEmpty:
        return {at};
      case kSet:
        if (at < s.size() && set.find(s[at]) != set.npos) return {at + 1};
        return {};
      case kConcat: {
        std::set<std::size_t> now{at};
        for (const auto& part : parts) {
          std::set<std::size_t> next;
          for (std::size_t i : now) next.merge(part->ends(s, i));
          now = next;
        }
        return now;
      }
      case kAlternate: {
        std::set<std::size_t> all;
        for (const auto& part : parts) all.merge(part->ends(s, at));
        return all;
      }
      case kRepeat: {
        std::set<std::size_t> now{at}, all;
        int limit = most >= 0 ? most : least + static_cast<int>(s.size()) + 1;
        for (int turn = 0; turn <= limit; ++turn) {
          if (turn >= least) all.insert(now.begin(), now.end());
          std::set<std::size_t> next;
          for (std::size_t i : now) next.merge(parts[0]->ends(s, i));
          now = next;
        }
        return all;
      }
      default:
        return holds(s, at) ? std::set<std::size_t>{at} : std::set<std::size_t>{};
    }
  }

  bool holds(const std::u32string& s, std::size_t at) const {
    bool before = at > 0 && is_word(s[at - 1]), after = at < s.size() && is_word(s[at]);
    switch (kind) {
      case kStart:
        return at == 0;
      case kEnd:
        return at == s.size();
      case kBoundary:
        return before != after;
      case kNoBoundary:
        return before == after;
      case kAhead:
      case kNotAhead:
        return parts[0]->ends(s, at).empty() == (kind == kNotAhead);
      default: {
        bool found = false;
        for (std::size_t from = 0; from <= at && !found; ++from) found = parts[0]->ends(s, from).count(at) > 0;
        return found == (kind == kBehind);
      }
    }
  }

  bool matches_whole(const std::u32string& s) const { return ends(s, 0).count(s.size()) > 0; }
  bool occurs_in(const std::u32string& s) const {
    for (std::size_t at = 0; at <= s.size(); ++at) {
      if (!ends(s, at).empty()) return true;
    }
    return false;
  }

  std::string pattern() const {
    std::string out;
    switch (kind) {
      case kEmpty:
        return "(?:)";
      case kSet:
        return text;
      case kConcat:
        for (const auto& part : parts)
          out += part->kind == kAlternate ? "(?:" + part->pattern() + ")" : part->pattern();
        return out;
      case kAlternate:
        for (std::size_t i = 0; i < parts.size(); ++i) out += (i ? "|" : "") + parts[i]->pattern();
        return out;
      case kRepeat: {
        out = parts[0]->kind == kSet ? parts[0]->text : "(" + parts[0]->pattern() + ")";
        if (least == 0 && most == -1) return out + "*";
        if (least == 1 && most == -1) return out + "+?";
        if (least == 0 && most == 1) return out + "?";
        out += "{" + std::to_string(least);
        if (most != least) out += "," + (most < 0 ? std::string() : std::to_string(most));
        return out + "}";
      }
      case kStart:
        return "^";
      case kEnd:
        return "$";
      case kBoundary:
        return "\\b";
      case kNoBoundary:
        return "\\B";
      case kAhead:
        return "(?=" + parts[0]->pattern() + ")";
      case kNotAhead:
        return "(?!" + parts[0]->pattern() + ")";
      case kBehind:
        return "(?<=" + parts[0]->pattern() + ")";
      case kNotBehind:
        return "(?<!" + parts[0]->pattern() + ")";
    }
    return out;
  }
};

inline NaivePtr naive_set(std::string text, std::u32string set) {
  NaiveRegex r;
  r.kind = NaiveRegex::kSet;
  r.text = std::move(text);
  r.set = std::move(set);
  return std::make_shared<NaiveRegex>(r);
}

inline NaivePtr naive(NaiveRegex::Kind kind, std::vector<NaivePtr> parts = {}, int least = 0, int most = -1) {
  NaiveRegex r;
  r.kind = kind;
  r.parts = std::move(parts);
  r.least = least;
  r.most = most;
  return std::make_shared<NaiveRegex>(r);
}

}  // namespace maskforge::testing
