// See texts.h.
#include "schema/texts.h"

#include <algorithm>
#include <unordered_set>

#include "base/errors.h"
#include "base/fuel.h"

namespace maskforge {

TextId Texts::intern_record(std::uint32_t payload, KeyTexts* provider) {
  StableVector<TextId>& ids = provider == nullptr ? language_ids_ : key_ids_;
  while (ids.size() <= payload) ids.emplace_back(kDeadText);
  if (ids[payload] != kDeadText) return ids[payload];
  TextId id = static_cast<TextId>(records_.size());
  Record& record = records_.emplace_back();
  record.provider = provider;
  record.payload = payload;
  if (provider == nullptr && languages_[payload].asked.empty()) {
    record.classes = regexes_.classes(languages_[payload].alive);
  }
  ids[payload] = id;
  return id;
}

TextId Texts::language(RegexId alive, const ShortList<RegexId>& asked) {
  std::vector<Asked> open;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (asked[i] != regexes_.none()) open.push_back({static_cast<std::uint32_t>(i), asked[i]});
  }
  return intern_language(alive, std::move(open));
}

TextId Texts::intern_language(RegexId alive, std::vector<Asked> asked) {
  if (alive == regexes_.none() || regexes_.is_empty(alive)) return kDeadText;
  const std::size_t before = languages_.size(), size = asked.size();
  const std::uint32_t payload = languages_.intern(Language{alive, std::move(asked)});
  if (languages_.size() != before) bytes_ += size * sizeof(Asked);
  return intern_record(payload, nullptr);
}

TextId Texts::key(std::uint32_t key, KeyTexts* provider) { return intern_record(key, provider); }

TextId Texts::class_target(TextId text, std::uint32_t character_class) {
  Record& record = records_[text];
  if (record.class_targets.empty()) {
    record.class_targets.assign(record.classes->count, kUnknownText);
    bytes_ += record.classes->count * sizeof(TextId);
  }
  const TextId known = record.class_targets[character_class];
  if (known != kUnknownText) return known;
  const TextId target = language(regexes_.class_edge(languages_[record.payload].alive, character_class), {});
  records_[text].class_targets[character_class] = target;
  return target;
}

TextId Texts::target_alone(TextId text, char32_t c) {
  if (records_[text].edges_known) {
    const std::vector<TextEdge>& edges = records_[text].edges;
    auto edge = std::ranges::lower_bound(edges, c, {}, &TextEdge::last);
    return edge != edges.end() && edge->first <= c ? edge->target : kDeadText;
  }
  FuelScope::spend();
  const Language language = languages_[records_[text].payload];
  const RegexId alive = regexes_.derive_alone(language.alive, c);
  if (alive == regexes_.none()) return kDeadText;
  std::vector<Asked> targets;
  for (const Asked& a : language.asked) {
    const RegexId rest = regexes_.derive_alone(a.rest, c);
    if (rest != regexes_.none()) targets.push_back({a.position, rest});
  }
  return intern_language(alive, std::move(targets));
}

const std::vector<TextEdge>& Texts::edges(TextId text) {
  if (!records_[text].edges_known) {
    FuelScope::spend();
    const Record& asking = records_[text];
    std::vector<TextEdge> edges = asking.provider == nullptr ? language_edges(asking.payload) : key_edges(text);
    bytes_ += edges.size() * sizeof(TextEdge);
    Record& record = records_[text];
    record.edges = std::move(edges);
    record.edges_known = true;
  }
  return records_[text].edges;
}

const KeyOverlay* Texts::overlay(TextId text) {
  if (records_[text].provider == nullptr) return nullptr;
  if (!records_[text].overlay_known) {
    FuelScope::spend();
    KeyOverlay overlay = records_[text].provider->key_overlay(records_[text].payload);
    bytes_ += overlay.changes.size() * sizeof(KeyOverlay::Change);
    Record& record = records_[text];
    record.overlay = std::move(overlay);
    record.overlay_known = true;
  }
  return &records_[text].overlay;
}

std::vector<TextEdge> Texts::key_edges(TextId text) {
  const KeyOverlay& overlay = *this->overlay(text);
  static const std::vector<TextEdge> kNothing;
  const std::vector<TextEdge>& rest = overlay.rest == kDeadText ? kNothing : edges(overlay.rest);
  std::vector<TextEdge> result;
  std::size_t at = 0;                     // in rest
  char32_t from = 0;                      // rest is copied up to here
  auto copy_rest = [&](char32_t until) {  // the edges of rest in [from, until)
    for (; at < rest.size() && rest[at].first < until; ++at) {
      char32_t first = std::max(rest[at].first, from);
      char32_t last = std::min<char32_t>(rest[at].last, until - 1);
      if (first <= last) result.push_back({first, last, rest[at].target});
      if (rest[at].last >= until) break;
    }
    from = until;
  };
  for (const KeyOverlay::Change& change : overlay.changes) {
    copy_rest(change.character);
    if (change.target != kDeadText) result.push_back({change.character, change.character, change.target});
    from = change.character + 1;
    if (at < rest.size() && rest[at].last <= change.character) ++at;
  }
  copy_rest(0x110000);
  return result;
}

std::vector<TextEdge> Texts::language_edges(std::uint32_t payload) {
  Language language = languages_[payload];
  std::vector<TextEdge> result;
  if (language.asked.empty()) {
    std::vector<RegexEdge> edges = regexes_.edges(language.alive);
    result.reserve(edges.size());
    for (const RegexEdge& edge : edges) {
      TextId target = this->language(edge.target, {});
      if (target != kDeadText) result.push_back({edge.first, edge.last, target});
    }
    return result;
  }
  // The product with the asked languages, over the ranges in which `alive` lives. A range is cut where any of them
  // changes.
  std::vector<RegexEdge> alive = regexes_.edges(language.alive);
  std::vector<std::vector<RegexEdge>> asked;
  for (const Asked& a : language.asked) asked.push_back(regexes_.edges(a.rest));
  std::vector<std::size_t> at(asked.size(), 0);
  for (const RegexEdge& edge : alive) {
    for (char32_t from = edge.first; from <= edge.last;) {
      FuelScope::spend(1 + asked.size() / 16);
      char32_t to = edge.last;
      std::vector<Asked> targets;
      for (std::size_t i = 0; i < asked.size(); ++i) {
        while (at[i] < asked[i].size() && asked[i][at[i]].last < from) ++at[i];
        if (at[i] == asked[i].size()) continue;
        const RegexEdge& other = asked[i][at[i]];
        if (other.first <= from) {
          if (other.target != regexes_.none()) targets.push_back({language.asked[i].position, other.target});
          to = std::min(to, other.last);
        } else {
          to = std::min(to, static_cast<char32_t>(other.first - 1));
        }
      }
      TextId target = intern_language(edge.target, std::move(targets));
      if (target != kDeadText) result.push_back({from, to, target});
      from = to + 1;
    }
  }
  return result;
}

Label Texts::close(TextId text) {
  Record& record = records_[text];
  if (!record.close_known) {
    Label label = kNoLabel;
    if (record.provider != nullptr) {
      label = record.provider->key_close(record.payload);
    } else {
      const Language& language = languages_[record.payload];
      if (regexes_.nullable(language.alive)) {
        Answers answers;
        for (const Asked& a : language.asked) {
          if (regexes_.nullable(a.rest)) answers.add(a.position);
        }
        label = machine_.verdict_label(answers);
      }
    }
    Record& known = records_[text];
    known.close = label;
    known.close_known = true;
  }
  return records_[text].close;
}

std::optional<ShortList<Label>> Texts::endings(TextId start, std::size_t most) {
  const std::size_t most_states = 256 + 64 * most;
  ShortList<TextId> states{start};
  std::unordered_set<TextId> met{start};
  ShortList<Label> labels;
  std::unordered_set<Label> known;
  for (std::size_t i = 0; i < states.size(); ++i) {
    FuelScope::spend();
    const TextId text = states[i];
    if (Label label = close(text); label != kNoLabel && known.insert(label).second) labels.push_back(label);
    if (labels.size() > most) return std::nullopt;
    for (const TextEdge& edge : edges(text)) {
      if (met.insert(edge.target).second) states.push_back(edge.target);
    }
    if (states.size() > most_states) return std::nullopt;
  }
  return labels;
}

TextId Texts::clip(TextId text, std::uint32_t longest) {
  const Record& record = records_[text];
  if (record.provider != nullptr) return text;
  const Language& language = languages_[record.payload];
  if (!language.asked.empty()) return text;
  RegexId clipped = regexes_.clip(language.alive, longest);
  return clipped == language.alive ? text : this->language(clipped, {});
}

TextId Texts::same_prefixes(TextId text) {
  const Record& record = records_[text];
  if (record.provider != nullptr) return text;
  const Language& whole = languages_[record.payload];
  const RegexId alive = whole.alive;
  const bool asks = !whole.asked.empty();
  const RegexId plainer = regexes_.same_prefixes(alive);
  return plainer == alive && !asks ? text : language(plainer, {});
}

bool Texts::words(TextId text, TextId& rest, std::vector<WordList::Word>& words) {
  const Record& record = records_[text];
  if (record.provider != nullptr) return record.provider->key_words(record.payload, rest, words);
  const std::optional<ListedWords> listed = regexes_.listed(languages_[record.payload].alive);
  if (!listed) return false;
  FuelScope::spend(listed->words.size() / 16 + 1);
  words.reserve(listed->words.size());
  for (std::uint32_t i = 0; i < listed->words.size(); ++i) words.push_back({(*listed)[i], i});
  return true;
}

Label Texts::word_label(TextId text, std::uint32_t word) {
  const Record& record = records_[text];
  if (record.provider != nullptr) return record.provider->key_word_label(record.payload, word);
  const Language& language = languages_[record.payload];
  if (language.asked.empty()) return machine_.verdict_label({});
  const std::u32string_view left = (*regexes_.listed(language.alive))[word];
  Answers answers;
  for (const Asked& a : language.asked) {
    if (regexes_.matches(a.rest, left)) answers.add(a.position);
  }
  return machine_.verdict_label(answers);
}

std::string Texts::describe(TextId text) const {
  const Record& record = records_[text];
  return record.provider != nullptr ? "a key" : "text matching " + regexes_.describe(languages_[record.payload].alive);
}

}  // namespace maskforge
