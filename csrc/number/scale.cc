// From set expressions to scales: cut the number line at every constant, evaluate the sets in each cell, merge what is
// equal. See scale.h. Covered by tests/csrc/test_number.cc.
#include "number/scale.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/errors.h"
#include "base/fuel.h"
#include "base/hash.h"
#include "number/cells.h"

namespace maskforge::number {
namespace {

constexpr LabelId kAny = UINT32_MAX;  // a pattern that does not occur in the region: every label is right
constexpr Step kOne{0, 0, 1};
constexpr std::size_t kManyRegions = 1000;

}  // namespace

// Builds one scale from its points and regions, given in order of ascending magnitude.
class ScaleBuilder {
 public:
  ScaleBuilder(ScaleTable& table, std::uint32_t lattice, bool spelled)
      : table_(table), lattice_id_(lattice), spelled_(spelled), spellings_(spelled ? 2 : 1) {
    const std::vector<Step>& steps = table.lattice(lattice).steps();
    if (spelled) integer_bit_ = std::uint64_t{1} << (std::find(steps.begin(), steps.end(), kOne) - steps.begin());
  }

  struct Point {
    const Decimal* value = nullptr;
    LabelId labels[2] = {0, 0};
    std::uint32_t pattern = 0;
  };

  // A region's table: labels[spelling * patterns + pattern]; one spelling only when the scale is not spelled.
  using Table = ShortList<LabelId>;

  void add_region(const Table& table, const Decimal* low, const Decimal* high) {
    Region region{table, {false, false}};
    forget_absent_patterns(region.table, low, high);
    std::size_t patterns = pattern_count();
    for (std::size_t i = 0; i < region.table.size(); ++i) {
      if (region.table[i] != kAny && region.table[i] != kDeadLabel) region.live[slot(i / patterns)] = true;
    }
    if (!regions_.empty() && absorb(regions_.back(), pending_, region)) return;
    if (!regions_.empty()) points_.push_back(pending_);
    regions_.push_back(std::move(region));
  }
  void add_point(const Point& point) { pending_ = point; }

  std::uint32_t finish() {
    drop_irrelevant_steps();
    Scale scale;
    scale.lattice = lattice_id_;
    for (Region& region : regions_) {
      Rule rule = make_rule(region.table);
      auto known = std::find(scale.rules.begin(), scale.rules.end(), rule);
      scale.region_rule.push_back(static_cast<std::uint32_t>(known - scale.rules.begin()));
      if (known == scale.rules.end()) scale.rules.push_back(std::move(rule));
      FuelScope::spend(scale.rules.size() / 16);
    }
    for (const Rule& rule : scale.rules) scale.spelled = scale.spelled || rule.labels[0] != rule.labels[1];
    fill_entries(scale);
    if (!scale.constant) count_live(scale);
    return table_.intern_scale(std::move(scale));
  }

 private:
  struct Region {
    Table table;
    bool live[2];
  };

  const Lattice& lattice() const { return table_.lattice(lattice_id_); }
  std::size_t pattern_count() const { return lattice().patterns().size(); }
  // The spelling that the s-th part of a table speaks of; the only part speaks of both.
  std::size_t slot(std::size_t s) const { return spelled_ ? s : static_cast<std::size_t>(kDecimal); }

  // Labels of patterns that do not occur in the region become kAny.
  void forget_absent_patterns(Table& table, const Decimal* low, const Decimal* high) {
    std::size_t patterns = pattern_count();
    if (patterns == 1) return;
    bool uniform = std::all_of(table.begin(), table.end(), [&](LabelId label) { return label == table[0]; });
    if (uniform && !spelled_ && regions_.size() > kManyRegions) return;  // a shortcut: merging less is correct too
    for (std::uint32_t p = 0; p < patterns; ++p) {
      bool present = p == 0 || high == nullptr ||
                     lattice().occurs(p, low == nullptr ? Endpoint{} : Endpoint{low->digits, low->exponent()}, true,
                                      Endpoint{high->digits, high->exponent()});
      bool integer = (lattice().patterns()[p] & integer_bit_) != 0;
      if (!present) table[(spellings_ - 1) * patterns + p] = kAny;
      if (spelled_ && (!present || !integer)) table[p] = kAny;
    }
  }

  // Extends `region` over the point and the next region when nothing that occurs tells them apart.
  bool absorb(Region& region, const Point& point, const Region& next) {
    std::size_t patterns = pattern_count();
    for (std::size_t s = 0; s < spellings_; ++s) {
      LabelId known = region.table[s * patterns + point.pattern];
      LabelId here = point.labels[slot(s)];
      LabelId after = next.table[s * patterns + point.pattern];
      if (spelled_ && s == kPlain && !is_integer(point)) continue;
      if (known != kAny && known != here) return false;
      if (after != kAny && after != here) return false;
    }
    for (std::size_t i = 0; i < region.table.size(); ++i) {
      if (region.table[i] != kAny && next.table[i] != kAny && region.table[i] != next.table[i]) return false;
    }
    for (std::size_t i = 0; i < region.table.size(); ++i) {
      if (region.table[i] == kAny) region.table[i] = next.table[i];
    }
    for (std::size_t s = 0; s < spellings_; ++s) {
      if (spelled_ && s == kPlain && !is_integer(point)) continue;
      LabelId here = point.labels[slot(s)];
      region.table[s * patterns + point.pattern] = here;
      if (here != kDeadLabel) region.live[slot(s)] = true;
    }
    region.live[0] |= next.live[0];
    region.live[1] |= next.live[1];
    return true;
  }

  bool is_integer(const Point& point) const { return (lattice().patterns()[point.pattern] & integer_bit_) != 0; }

  // Removes each step on which no label depends.
  void drop_irrelevant_steps() {
    for (std::size_t i = lattice().steps().size(); i-- > 0;) {
      if (spelled_ && std::uint64_t{1} << i == integer_bit_) continue;
      std::vector<Step> fewer = lattice().steps();
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      std::uint32_t smaller = table_.intern_lattice(fewer);
      const Lattice& to = table_.lattice(smaller);
      ShortList<std::uint32_t> image;
      std::uint64_t low_bits = (std::uint64_t{1} << i) - 1;
      auto without = [&](std::uint64_t bits) { return (bits & low_bits) | (bits >> 1 & ~low_bits); };
      for (std::uint64_t bits : lattice().patterns()) image.push_back(to.pattern_index(without(bits)));
      std::vector<Table> tables;
      for (const Region& region : regions_) {
        std::optional<Table> folded = fold(region.table, image, to.patterns().size());
        if (!folded) break;
        tables.push_back(std::move(*folded));
      }
      if (tables.size() < regions_.size()) continue;
      for (std::size_t r = 0; r < regions_.size(); ++r) regions_[r].table = std::move(tables[r]);
      for (Point& point : points_) point.pattern = image[point.pattern];
      integer_bit_ = without(integer_bit_);
      lattice_id_ = smaller;
    }
  }

  std::optional<Table> fold(const Table& table, const ShortList<std::uint32_t>& image, std::size_t size) const {
    FuelScope::spend(1 + table.size() / 8);
    Table out(size * spellings_, kAny);
    for (std::size_t s = 0; s < spellings_; ++s) {
      for (std::size_t p = 0; p < image.size(); ++p) {
        LabelId label = table[s * image.size() + p];
        LabelId& slot = out[s * size + image[p]];
        if (label == kAny) continue;
        if (slot != kAny && slot != label) return std::nullopt;
        slot = label;
      }
    }
    return out;
  }

  Rule make_rule(const Table& table) const {
    std::size_t patterns = pattern_count();
    Rule rule;
    for (std::size_t s = spellings_; s-- > 0;) {  // decimal first: plain falls back on it
      std::size_t at = slot(s);
      rule.labels[at].assign(table.begin() + static_cast<std::ptrdiff_t>(s * patterns),
                             table.begin() + static_cast<std::ptrdiff_t>((s + 1) * patterns));
      ShortList<LabelId>& labels = rule.labels[at];
      const ShortList<LabelId>& other = rule.labels[kDecimal];
      LabelId only = kAny;
      bool several = false;
      bool like_decimal = at == kPlain;
      for (std::size_t p = 0; p < patterns; ++p) {
        if (labels[p] == kAny) continue;
        several = several || (only != kAny && only != labels[p]);
        only = labels[p];
        like_decimal = like_decimal && labels[p] == other[p];
      }
      for (std::size_t p = 0; p < patterns; ++p) {
        if (labels[p] != kAny) continue;
        if (like_decimal) {
          labels[p] = other[p];
        } else {
          labels[p] = only == kAny || several ? kDeadLabel : only;
        }
      }
    }
    if (!spelled_) rule.labels[kPlain] = rule.labels[kDecimal];
    for (std::uint32_t p = 1; p < patterns; ++p) {
      if (rule.labels[kDecimal][p] != kDeadLabel) rule.live[kDecimal].push_back(p);
      bool integer = (lattice().patterns()[p] & integer_bit_) != 0;
      if (spelled_ && integer && rule.labels[kPlain][p] != kDeadLabel) rule.live[kPlain].push_back(p);
    }
    rule.constant = rule.labels[kPlain] == rule.labels[kDecimal] &&
                    std::all_of(rule.labels[kDecimal].begin(), rule.labels[kDecimal].end(),
                                [&](LabelId label) { return label == rule.labels[kDecimal][0]; });
    return rule;
  }

  void fill_entries(Scale& scale) {
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const Point& point = points_[i];
      Entry entry{point.value->digits, point.value->top, {point.labels[0], point.labels[1]}, point.pattern, false};
      if (spelled_ && !is_integer(point)) entry.labels[kPlain] = entry.labels[kDecimal];
      if (!spelled_) entry.labels[kPlain] = entry.labels[kDecimal];
      scale.spelled = scale.spelled || entry.labels[kPlain] != entry.labels[kDecimal];
      const Rule& above = scale.region(i + 1);
      entry.joins_above =
          above.labels[0][entry.pattern] == entry.labels[0] && above.labels[1][entry.pattern] == entry.labels[1];
      if (scale.decades.empty() || scale.decades.back().place != entry.top) {
        scale.decades.push_back({entry.top, static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i)});
      }
      scale.decades.back().last = static_cast<std::uint32_t>(i + 1);
      scale.entries.push_back(std::move(entry));
    }
    scale.constant = scale.entries.empty() && scale.rules[0].constant;
    if (scale.constant) scale = table_.constant_scale(scale.rules[0].labels[kDecimal][0]);
    for (const Rule& rule : scale.rules) {
      for (const ShortList<LabelId>& labels : rule.labels) {
        scale.divides =
            scale.divides || std::any_of(labels.begin(), labels.end(), [&](LabelId l) { return l != labels[0]; });
      }
    }
  }

  void count_live(Scale& scale) {
    for (std::uint32_t s = 0; s < 2; ++s) {
      std::uint32_t count = 0;
      std::uint32_t slot = scale.spelled ? s : static_cast<std::uint32_t>(kDecimal);
      for (std::size_t i = 0; i < scale.entries.size(); ++i) {
        scale.live_entries[s].push_back(count);
        bool reachable = !(scale.spelled && s == kPlain) || is_integer(points_[i]);
        count += reachable && scale.entries[i].labels[s] != kDeadLabel;
      }
      scale.live_entries[s].push_back(count);
      scale.any_live[s] = count > 0;
      count = 0;
      for (const Region& region : regions_) {
        scale.live_regions[s].push_back(count);
        count += region.live[slot];
      }
      scale.live_regions[s].push_back(count);
      scale.any_live[s] = scale.any_live[s] || count > 0;
    }
  }

  ScaleTable& table_;
  std::uint32_t lattice_id_;
  bool spelled_;
  std::size_t spellings_;
  std::uint64_t integer_bit_ = 0;
  std::vector<Region> regions_;
  std::vector<Point> points_;
  Point pending_;
};

Classification ScaleTable::classify(SetId alive, const ShortList<SetId>& asked) {
  CellEvaluator cells(*this, alive, asked);
  const Lattice& lattice = cells.lattice();
  const std::vector<const Decimal*>& cuts = cells.cuts();
  std::uint32_t spellings = cells.spelled() ? 2 : 1;

  std::vector<ScaleBuilder::Table> tables;  // distinct; regions mostly repeat the same few
  ShortList<std::uint32_t> region_table;
  std::vector<ScaleBuilder::Point> points(cuts.size());
  std::map<ScaleBuilder::Table, std::uint32_t> known;
  for (std::size_t cell = 0; cell <= 2 * cuts.size(); ++cell) {
    cells.enter(cell);
    if (cell % 2 == 1) {
      ScaleBuilder::Point& point = points[cell / 2];
      point.value = cuts[cell / 2];
      point.pattern = lattice.pattern_of(*point.value);
      for (Spelling s : {kPlain, kDecimal}) point.labels[s] = cells.label(lattice.patterns()[point.pattern], s);
      continue;
    }
    ScaleBuilder::Table table;
    for (std::uint32_t s = 0; s < spellings; ++s) {
      for (std::uint64_t bits : lattice.patterns()) {
        table.push_back(cells.label(bits, spellings == 2 ? static_cast<Spelling>(s) : kDecimal));
      }
      FuelScope::spend(lattice.patterns().size() / 8);
    }
    auto [found, fresh] = known.emplace(table, static_cast<std::uint32_t>(tables.size()));
    if (fresh) tables.push_back(std::move(table));
    region_table.push_back(found->second);
  }

  Classification out;
  std::size_t zero = cells.zero_cut();
  for (Spelling s : {kPlain, kDecimal}) out.zero[s] = points[zero].labels[s];
  ScaleBuilder up(*this, cells.lattice_id(), cells.spelled());
  for (std::size_t i = zero; i < cuts.size(); ++i) {
    if (i != zero) up.add_point(points[i]);
    up.add_region(tables[region_table[i + 1]], i == zero ? nullptr : cuts[i],
                  i + 1 < cuts.size() ? cuts[i + 1] : nullptr);
  }
  out.positive = up.finish();
  ScaleBuilder down(*this, cells.lattice_id(), cells.spelled());
  for (std::size_t i = zero + 1; i-- > 0;) {
    if (i != zero) down.add_point(points[i]);
    down.add_region(tables[region_table[i]], i == zero ? nullptr : cuts[i], i > 0 ? cuts[i - 1] : nullptr);
  }
  out.negative = down.finish();
  return out;
}

Scale ScaleTable::constant_scale(LabelId label) {
  Scale scale;
  scale.lattice = intern_lattice({});
  Rule rule;
  rule.labels[kPlain] = rule.labels[kDecimal] = {label};
  rule.constant = true;
  scale.rules = {rule};
  scale.region_rule = {0};
  scale.constant = true;
  std::uint32_t live = label != kDeadLabel;
  for (std::uint32_t s = 0; s < 2; ++s) {
    scale.any_live[s] = live != 0;
    scale.live_entries[s] = {0};
    scale.live_regions[s] = {0, live};
  }
  return scale;
}

std::uint32_t ScaleTable::decimal_only(std::uint32_t scale) {
  if (!scales_[scale].spelled) return scale;
  if (auto known = decimal_only_.find(scale); known != decimal_only_.end()) return known->second;
  Scale copy = scales_[scale];
  copy.spelled = false;
  LabelId label = copy.rules[0].labels[kDecimal][0];
  bool constant = true;
  for (Rule& rule : copy.rules) {
    rule.labels[kPlain] = rule.labels[kDecimal];
    rule.live[kPlain].clear();
    for (LabelId other : rule.labels[kDecimal]) constant = constant && other == label;
  }
  for (Entry& entry : copy.entries) {
    entry.labels[kPlain] = entry.labels[kDecimal];
    constant = constant && entry.labels[kDecimal] == label;
  }
  for (std::size_t i = 0; i < copy.entries.size(); ++i) {
    Entry& entry = copy.entries[i];
    entry.joins_above = copy.region(i + 1).labels[kDecimal][entry.pattern] == entry.labels[kDecimal];
  }
  copy.live_entries[kPlain] = copy.live_entries[kDecimal];
  copy.live_regions[kPlain] = copy.live_regions[kDecimal];
  copy.any_live[kPlain] = copy.any_live[kDecimal];
  if (constant) copy = constant_scale(label);
  std::uint32_t id = intern_scale(std::move(copy));
  decimal_only_.emplace(scale, id);
  return id;
}

std::uint64_t ScaleTable::ScaleHash::operator()(const Scale& scale) const {
  std::uint64_t h = mix_hash(scale.lattice, scale.entries.size());
  for (const Entry& entry : scale.entries) {
    h = mix_hash(h, hash_bytes(entry.digits));
    h = mix_hash(h, static_cast<std::uint64_t>(entry.top));
    h = mix_hash(h, entry.labels[0] * std::uint64_t{31} + entry.labels[1]);
  }
  for (const Rule& rule : scale.rules) {
    for (const ShortList<LabelId>& labels : rule.labels) {
      for (LabelId label : labels) h = mix_hash(h, label);
    }
  }
  for (std::uint32_t rule : scale.region_rule) h = mix_hash(h, rule);
  return h;
}

std::uint32_t ScaleTable::intern_lattice(std::vector<Step> steps) {
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  for (std::uint32_t i = 0; i < lattices_.size(); ++i) {
    if (lattices_[i]->steps() == steps) return i;
  }
  lattices_.push_back(std::make_unique<Lattice>(std::move(steps)));
  return static_cast<std::uint32_t>(lattices_.size() - 1);
}

std::uint32_t ScaleTable::intern_scale(Scale scale) {
  std::size_t before = scales_.size();
  std::size_t bytes = sizeof(Scale) + scale.entries.size() * (sizeof(Entry) + 24);
  std::uint32_t id = scales_.intern(std::move(scale));
  if (scales_.size() > before) bytes_ += bytes;
  return id;
}

}  // namespace maskforge::number
