// Objects: the frame between braces, and the trie of keys it offers.
//
// A *core* is what an object still has to fulfil: the demanded formula, the formulas of the questions asked of it, the
// keys seen and how many. Reading a key takes the derivative of the core; the verdict atoms that appear become the
// questions of its value (verdicts.h). A *plan* is what depends only on the keyword tables in the core's formulas and
// so is shared by all cores of one object schema: the sorted names, the patterns, and whether a key's own value can
// exist.
//
// Where keys have an order (orders.h), reading one also closes the names that had to come before it: from then on they
// count as seen, and what requires them is false.
//
// Keys are read by text states over the sorted names of the plan and the unnamed keys already seen, beside the language
// of unnamed keys; a key that leaves the trie is in that language alone (texts.h).
// A walk does not know which key of that language was read (an *anonymous* core), only that there is one less of its
// kind.
//
// An item of a unique array must be none of the objects that were taken. The core knows the *candidates*, the taken
// objects that agree with everything read so far (candidates.h), and keeps to one invariant: its formulas have a
// completion that is no candidate. Most often that is so because completions are more than candidates, whatever is read
// next; then a value is read freely, and its text decides which candidates are left, while a walk, which does not know
// the text, goes on with a *blurred* core, which suspects what the candidates could forbid. Otherwise the next value
// must be none of those after which nothing would be left. The closing brace is refused to a candidate that is
// complete.
//
// Where `uniqueItems` is one of several alternatives, an object is asked whether it is one of those taken. That is an
// atom of the formulas asked, which knows the candidates, how many keys were read, and whether it is blurred.
//
// Files: objects.cc frames and derivatives, object_keys.cc plans and key texts, object_search.cc satisfiability,
// object_taken.cc candidates.
// Guarded by the machine's mutex. Covered by tests/schema/test_soundness.py and test_completeness.py.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "base/short_list.h"
#include "schema/candidates.h"
#include "schema/separator_frames.h"
#include "schema/taken.h"
#include "schema/verdicts.h"

namespace maskforge {

class Objects : public Automaton, public Containers, public KeyTexts {
 public:
  Objects(Machine& machine, Values& values, TakenSets& taken, Texts& texts, TextFrames& strings, SpaceFrames& spaces,
          SeparatorFrames& separators);

  StateId start(FormulaId demanded, const ShortList<FormulaId>& asked, bool compact, OrderId order,
                const ShortList<QuestionId>& taken) override;
  FormulaId among(QuestionId taken) override { return taken_atom(candidates_.of({taken}), 0, false); }
  std::uint64_t count(FormulaId demanded, bool compact, std::uint64_t limit) override;

  const ByteClasses* byte_classes(std::uint32_t) override { return classes_; }
  Step compute(std::uint32_t local, std::uint8_t byte) override;
  StateId after(std::uint32_t local, Label label) override;
  StateId after_text(std::uint32_t local, Label label, std::string_view text) override;
  std::string describe(std::uint32_t local) override;

  KeyOverlay key_overlay(std::uint32_t key) override;
  Label key_close(std::uint32_t key) override;
  bool key_words(std::uint32_t key, TextId& rest, std::vector<WordList::Word>& words) override;
  Label key_word_label(std::uint32_t key, std::uint32_t name) override;

  std::size_t memory_bytes() const;

 private:
  using CoreId = std::uint32_t;
  using PlanId = std::uint32_t;
  using SeenId = std::uint32_t;

  // Spec and questions matter only in kValueWait. Separators are read by a frame of their own (kSeparatorWait), and the
  // key behind one is awaited in kNextKeyWait; kFirst, kAfterValue and kNextKey read them where what is allowed depends
  // on a text that a walk does not know.
  enum class Phase : std::uint8_t {
    kFirst,
    kKeyWait,
    kAfterValue,
    kNextKey,
    kUnknownKey,
    kValueWait,
    kSeparatorWait,
    kNextKeyWait,
  };

  static bool is_waiting(Phase phase) {
    return phase == Phase::kKeyWait || phase == Phase::kNextKeyWait || phase == Phase::kValueWait ||
           phase == Phase::kSeparatorWait;
  }

  struct Core {
    FormulaId demanded = kTrue;
    ShortList<FormulaId> asked;
    SeenId seen = 0;          // names that were read, or may not come any more
    std::uint32_t count = 0;  // keys so far; kept at 0 when no formula counts
    bool anonymous = false;   // a key was read whose text a walk does not know
    bool compact = false;
    OrderId order = kNoOrder;
    CandidatesId candidates = kNoCandidates;  // none has a name in `seen` that was not read
    std::uint32_t keys = 0;                   // read so far, where there are candidates
    bool blurred = false;                     // fewer candidates may be left: a walk does not know the text of a value
    // Of each of these languages (an index into lists_) one key was read, and it is not known which. Only languages of
    // so few keys that it may be missed.
    std::uint32_t few = 0;
    bool operator==(const Core&) const = default;
  };
  struct CoreHash {
    std::uint64_t operator()(const Core& c) const {
      std::uint64_t h = mix_hash((std::uint64_t{c.demanded} << 32) | c.seen,
                                 (std::uint64_t{c.order} << 34 ^ std::uint64_t{c.count} << 2) |
                                     (c.anonymous ? 2u : 0u) | (c.compact ? 1u : 0u));
      for (FormulaId f : c.asked) h = mix_hash(h, f);
      if (c.few != 0) h = mix_hash(h, c.few);
      return c.candidates == kNoCandidates ? h : mix_hash(h, c.candidates * 2 + (c.blurred ? 1u : 0u));
    }
  };
  // A key as the formulas see it: which name it is (kNone for a key no name is known of) and which patterns of the plan
  // match, as a label of the machine.
  struct Key {
    NameId name;
    Label matches;
  };
  // What follows a key: the core to go on with and the value's questions.
  struct Member {
    CoreId core = 0;
    SpecId spec = 0;
    std::uint32_t questions = 0;  // index into question_lists_
    NameId awaits = kNone;        // the key, where the text of its value decides which candidates are left
    bool alive = false;
    bool operator==(const Member&) const = default;
  };
  struct Local {
    Phase phase;
    bool spaced;  // whitespace was read here, or none is allowed
    CoreId core;
    SpecId spec = 0;
    std::uint32_t questions = 0;
    NameId awaits = kNone;
    bool operator==(const Local&) const = default;
  };
  struct LocalHash {
    std::uint64_t operator()(const Local& l) const {
      return mix_hash(
          mix_hash((std::uint64_t{l.core} << 8) | (static_cast<std::uint64_t>(l.phase) << 1) | (l.spaced ? 1u : 0u),
                   l.spec),
          (std::uint64_t{l.awaits} << 32) | l.questions);
    }
  };
  // One Venn cell of the plan's patterns: the unnamed keys that match exactly these.
  struct Cell {
    Label matches;
    RegexId keys;
  };
  enum class Known : std::uint8_t { kUnknown, kNo, kYes };
  struct Shape {
    ShortList<std::uint32_t> tables;    // sorted
    ShortList<std::uint32_t> names;     // regexes of kNames atoms, sorted
    ShortList<std::uint32_t> mentions;  // names in kHas atoms that no table lists, sorted
    bool compact;
    OrderId order;  // what it lists are names of the plan
    bool operator==(const Shape&) const = default;
  };
  struct ShapeHash {
    std::uint64_t operator()(const Shape& s) const {
      return mix_hash(mix_hash(ListHash{}(s.tables), ListHash{}(s.names)),
                      (ListHash{}(s.mentions) ^ s.order) * 2 + s.compact);
    }
  };
  struct Plan {
    bool is_made = false;
    Shape shape;
    ShortList<NameId> names;  // sorted by text
    ShortList<Label> name_matches;
    std::vector<std::pair<NameId, std::uint32_t>> index;  // in names, sorted by name
    // kNone for a name that is none of the plan's.
    std::uint32_t index_of(NameId name) const {
      auto at = std::ranges::lower_bound(index, name, {}, &std::pair<NameId, std::uint32_t>::first);
      return at != index.end() && at->first == name ? at->second : kNone;
    }
    bool has(NameId name) const { return index_of(name) != kNone; }
    Label matches_of(NameId name) const {
      const std::uint32_t at = index_of(name);
      return at == kNone ? 0 : name_matches[at];
    }
    ShortList<RegexId> patterns;  // of tables and kNames, sorted; a key's matches are positions here
    std::size_t bit_of(RegexId pattern) const {
      return static_cast<std::size_t>(std::lower_bound(patterns.begin(), patterns.end(), pattern) - patterns.begin());
    }
    std::optional<std::vector<Cell>> cells;
    // For cores whose demanded formula is a plain conjunction: whether the value of a key can exist at all.
    ShortList<Known> name_alive;
    ShortList<Known> cell_alive;
    std::optional<TextId> plain_extras;
  };
  // A demanded formula that is a conjunction of positive each, names, has, count, and negated count.
  struct Plain {
    ShortList<NameId> missing;
    std::uint32_t least = 0;
    std::uint32_t most = 0xFFFFFFFFu;
    bool only_tables = true;  // each and has, nothing else
  };
  struct CoreInfo {
    bool analysed = false;
    bool is_plain = false;
    PlanId plan = 0;
    Plain plain;
    Known satisfiable = Known::kUnknown;
    std::unordered_map<NameId, Member> members;
    std::unordered_map<Label, Member> unnamed;  // by matches
    std::optional<TextId> extras;
    ShortList<NameId> seen_unnamed;  // sorted by text
    bool seen_sorted = false;
    std::optional<TextId> keys;
    std::optional<ShortList<NameId>> awaited;
    std::optional<ShortList<CoreId>> branches;  // where some branch is enough: these, as plain cores
    std::optional<std::size_t> turns;           // of a plain core whose order is a list: how far down it a key may be
    std::array<std::uint32_t, 16> locals{};     // 1 + the first local id of each phase, spaced or not
    std::uint64_t completions = 0;              // so many there are at least
    std::uint64_t counted_to = 0;               // and no more, where that is less and this is not 0
  };
  // A place in a trie of keys, whatever object it belongs to: the names that may be read and those that may not (seen,
  // or without a possible value) which share `depth` characters with what was read, as lists sorted by text; `rest` is
  // the language of unnamed keys at the same point (kDeadText: none). An object that has read one key still shares most
  // places with itself before, and objects with equal names share them with each other.
  struct KeyPlace {
    CoreId core;  // kNone; else `open` holds every unseen name, and this core is asked which of them may be read
    std::uint32_t open;
    std::uint32_t closed;
    std::uint32_t depth;
    TextId rest;
    bool operator==(const KeyPlace&) const = default;
  };
  struct KeyPlaceHash {
    std::uint64_t operator()(const KeyPlace& k) const {
      return mix_hash(mix_hash((std::uint64_t{k.open} << 32) | k.closed, k.rest),
                      (std::uint64_t{k.core} << 32) | k.depth);
    }
  };

  // objects.cc
  StateId state(const Local& local);
  CoreId intern_core(Core core);
  // Whether no further key will be `name`.
  using Settled = std::function<bool(NameId)>;
  FormulaId derive(FormulaId f, const Key& key, const Plan& plan, std::uint32_t count, const Settled& settled);
  // Whether no further key can break the table: its only keywords are a few properties, all of them settled.
  bool is_exhausted(TableId table, const Settled& settled) const;
  // Likewise for a coverage of an `unevaluated` term: no further key can be among its names.
  bool is_spent(TableId coverage, const Settled& settled) const;
  // `text`: the key where it is known, else kNone.
  Member read_key(CoreId core, const Key& key, SeenId seen, NameId text);
  // The same where the core is plain, has only tables, no order, and is satisfiable: then only the key's own value can
  // fail, and what is left is as plain.
  Member read_plain_key(CoreId core, const Key& key, SeenId seen, NameId text);
  const Member& named_member(CoreId core, NameId name);
  const Member& unnamed_member(CoreId core, Label matches);
  StateId after_key(const Member& member);
  bool separates(const Core& core);  // whether a frame of its own reads the separators (Phase)
  StateId after_value(CoreId core);
  FormulaId at_end(FormulaId f, std::uint32_t count);
  Label end_label(CoreId core);
  void questions_about(TableId table, const Key& key, const Plan& plan, ShortList<QuestionId>& out);
  // The core's seen names after one more; kNone for a key that is no name of the plan.
  std::uint32_t intern_list(ShortList<std::uint32_t> list);
  SeenId with_seen(const Core& core, NameId name);
  // Core::few of what follows a key of which only the patterns are known; `rivals`: candidates.
  std::uint32_t with_few(CoreId before, const Core& after, Label matches, std::uint64_t rivals);
  FormulaId without_seen(FormulaId f, SeenId seen);
  bool was_seen(SeenId seen, NameId name) const;

  // object_keys.cc
  CoreInfo& info(CoreId core);
  // Whether a core that asks nothing and has no candidates is plain with this demand; `plain` receives what it says.
  bool is_plain(FormulaId demanded, Plain* plain = nullptr) const;
  PlanId plan_of(const Core& core);
  const std::vector<Cell>& cells(Plan& plan);
  std::optional<RegexId> living_keys(Plan& plan);
  bool plain_name_alive(Plan& plan, std::uint32_t index);
  bool plain_cell_alive(Plan& plan, std::size_t cell);
  bool plain_alive(Plan& plan, const Key& key);
  bool key_alive(CoreId core, NameId name);
  bool branch_key_alive(CoreId core, NameId name);  // of a plain core
  bool room_for(const CoreInfo& info, const Core& core, NameId name) const;
  // Names that occur in whatever satisfies the formula, sorted by id.
  using NeededNames = std::unordered_map<FormulaId, ShortList<NameId>>;
  const ShortList<NameId>& needed(FormulaId f, NeededNames& known);
  // For keys with an order: those of the needed names that no other of them precedes.
  const ShortList<NameId>& awaited(CoreId core);
  // Whether the order lets the name come next; kNone for unnamed keys. Exact for a plain core, else a "yes" may be
  // wrong.
  bool in_turn(CoreId core, NameId name);
  TextId extras(CoreId core);
  TextId keys_of(CoreId core);  // the text state of any key that may follow; kDeadText when none may
  TextId key_text(KeyPlace place);
  bool any_key_left(CoreId core);
  std::u32string_view listed(std::uint32_t list, std::uint32_t index) const {
    return store_.name_text(lists_[list][index]);
  }
  const ShortList<NameId>& seen_unnamed(CoreId core);
  bool extras_left(const KeyPlace& place);

  // object_taken.cc
  Core without_candidates(Core core) const;
  Core spelt_out(const Core& core);  // with the candidates as a part of the formula
  // Those of the candidates that can have this key next; `seen`: after it.
  CandidatesId candidates_after(CoreId core, CandidatesId candidates, SeenId seen, NameId text);
  // Names that were not read; none where they are too many for a plan.
  ShortList<NameId> candidate_names(CandidatesId candidates, SeenId seen);
  bool covers(const Plan& plan, CandidatesId candidates, SeenId seen);  // the plan has all of these names
  FormulaId taken_atom(CandidatesId candidates, std::uint32_t keys, bool blurred) {
    return candidates == kNoCandidates ? kFalse : formulas_.atom(AtomKind::kTaken, candidates, keys * 2 + blurred);
  }
  bool asks_taken(const ShortList<FormulaId>& asked);
  using Left = std::function<FormulaId(CandidatesId candidates, std::uint32_t keys, bool blurred)>;
  void replace_taken(ShortList<FormulaId>& asked, const Left& left);  // each kTaken atom
  bool may_be_taken(const Core& core);                                // and only a text could tell
  bool satisfiable_beside(const Core& core);                          // requires candidates
  // How many ways there surely are to complete the object, candidates and questions asked left aside: more than `n`, or
  // there are no more than that.
  std::uint64_t completions_seen(const Core& core, std::uint64_t n);
  bool more_than(const Core& core, std::uint64_t n) { return completions_seen(core, n) > n; }
  // Whether it is known that there is a way on behind this key whatever the candidates are, as there are more than
  // those.
  bool surely_ample(CoreId core, NameId name);
  // How many there are, where more_than() said no and that is known.
  std::optional<std::uint64_t> completions_if_not_more(const Core& core, std::uint64_t n);
  FormulaId rest_of(QuestionId object, SeenId seen);  // what is left of a candidate
  // The values of key `name` after which no completion would be left, as questions that must be answered with no.
  // Nothing where that depends on how a value is written (draft 4).
  std::optional<ShortList<QuestionId>> spent_values(const Core& after, CandidatesId candidates, NameId name);
  // With the verdicts of a single value; nothing where they depend on how it is written.
  std::optional<FormulaId> given_value(FormulaId f, QuestionId value, bool compact);
  bool keys_are_free(CoreId core);  // whether the keys that may follow are the same without the candidates
  Step compute_blurred(const Local& local, std::uint8_t byte);

  // object_search.cc
  bool satisfiable(const Core& core);
  bool satisfiable_id(CoreId core);
  bool plain_satisfiable(CoreId core);
  // Whether a plain core has so many keys left besides the missing ones; `gone` (sorted) are names that it has not.
  bool has_others(CoreId core, std::uint64_t wanted, const ShortList<NameId>& gone);
  struct Search {
    CoreId core = 0;
    ShortList<NameId> names;                           // to be decided, in this order
    std::unordered_map<NameId, std::size_t> position;  // in names
    std::uint32_t extras_wanted = 0;
    bool counts = false;                        // the formula counts keys
    std::map<std::size_t, std::uint32_t> used;  // keys taken from each cell
    std::optional<bool> ample;                  // every cell has as many keys as may be wanted
    // Where the formula holds kOpen atoms, every completion found says what it wants of them, and the search goes on
    // until nothing new can be found: `found` is the disjunction. Elsewhere it is kTrue with the first completion.
    bool open = false;
    FormulaId found = kFalse;
    std::unordered_map<FormulaId, FormulaId> bounds;
    std::set<std::tuple<FormulaId, std::uint32_t, std::uint32_t, std::uint32_t>> failed;
  };
  Search prepare(CoreId core);
  // Whether one more key fulfils the formula: tries a few names of many, and those that search() would come to last.
  bool one_key_is_enough(const Search& search);
  bool is_finite(QuestionId q);
  // Of the names of a search, those that tell alternatives apart: how many of them, as far as tables say.
  std::unordered_map<NameId, std::size_t> discriminators(CoreId core, const std::unordered_map<NameId, int>& names);
  // What completions of f can at most want of the kOpen atoms.
  FormulaId bound(Search& search, FormulaId f);
  bool is_covered(FormulaId wanted, FormulaId found) const;  // wanted implies found, as far as their parts show it
  bool keep(Search& search, FormulaId wanted) {
    search.found = formulas_.disj(search.found, wanted);
    return search.found == kTrue;
  }
  bool is_open_only(FormulaId f) const;
  std::pair<FormulaId, FormulaId> split_open(FormulaId f);
  FormulaId project(const Core& core);  // what some completion wants of the kOpen atoms
  // The branches of a disjunction that are plain: what completes one of them completes the whole.
  ShortList<CoreId> plain_branches(CoreId core);
  // As many unnamed keys as a search takes at most: one for each negated table or language of names, and what counts
  // lack.
  std::uint32_t extras_wanted(const Core& core);
  std::uint64_t capacity(CoreId core, const Cell& cell, std::uint64_t limit);  // unnamed keys of a cell not yet seen
  bool search(Search& search, FormulaId f, std::size_t next, std::uint32_t count, std::uint32_t extras);
  // Ways to have chosen some keys and values, by the formula that is left and the number of keys.
  using Ways = std::map<std::pair<FormulaId, std::uint32_t>, std::uint64_t>;
  Ways with_key(const Ways& ways, const Key& key, const Plan& plan, std::uint64_t limit);
  std::uint64_t finished(const Ways& ways, std::uint64_t limit);
  FormulaId without_name(FormulaId f, NameId name);  // the key is absent
  // Whether at least `limit` ways are found to complete the formula, from name `next` of the search on, in so many
  // tries.
  bool surely_many(const Search& search, FormulaId f, std::size_t next, std::uint32_t count, std::uint64_t times,
                   std::uint64_t limit, std::size_t& tries);
  std::uint64_t completions(CoreId core, std::uint64_t limit);  // requires a core without questions or candidates

  Machine& machine_;
  Values& values_;
  Questions& questions_;
  Formulas& formulas_;
  SchemaStore& store_;
  TakenSets& taken_;
  Texts& texts_;
  TextFrames& strings_;
  SpaceFrames& spaces_;
  SeparatorFrames& separators_;
  Orders& orders_;
  Verdicts verdicts_;
  Candidates candidates_;
  std::uint8_t automaton_;
  const ByteClasses* classes_;
  Interner<Core, CoreHash> cores_;
  StableVector<CoreInfo> infos_;
  Interner<Local, LocalHash> locals_;
  std::size_t list_bytes_ = 0;                          // of lists_ and of the lists that cores hold
  Interner<ShortList<std::uint32_t>, ListHash> lists_;  // seen sets and question lists
  Interner<Shape, ShapeHash> shapes_;
  StableVector<Plan> plans_;
  Interner<KeyPlace, KeyPlaceHash> places_;
  std::vector<Known> finite_;  // by question
  HashMap64 ample_;            // (core without candidates, name) -> beside so many there surely is a way on behind it
};

}  // namespace maskforge
