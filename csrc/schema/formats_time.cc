// Dates, times and durations of RFC 3339. Covered by tests/csrc/test_formats.cc.
//
// A leap second exists at 23:59:60 UTC only, so hours, minutes and offset must agree: with offset +h:m the local time
// is one minute before h:m, with -h:m it is 23:59 - h:m. Written out that is 2,880 branches. Instead it is an
// intersection of relations between single digits of the two, each a union of a dozen short branches.
#include <string>

#include "schema/format_parts.h"

namespace maskforge::formats {
namespace {

const std::string kHour = "([01][0-9]|2[0-3])";
const std::string kMinute = "[0-5][0-9]";
const std::string kFraction = "([.][0-9]+)?";

// Built node by node, with shared parts: parsing the same written out would take several times as long.
class LeapSecond {
 public:
  explicit LeapSecond(RegexArena& regexes)
      : regexes_(regexes),
        digit_(regexes.chars({{'0', '9'}})),
        colon_(literal(":")),
        sixty_(regexes.concat(literal(":60"), whole(regexes, kFraction))) {}

  RegexId build() {
    RegexId zulu = chain({literal("23:59"), sixty_, whole(regexes_, "[zZ]")});
    RegexId shape = whole(regexes_, kHour + ":" + kMinute + ":60" + kFraction + "[+-]" + kHour + ":" + kMinute);
    return regexes_.unite(
        {zulu, carries(), regexes_.intersect({shape, hour_tens(), hour_units(), minute_tens(), minute_units()})});
  }

 private:
  RegexId literal(std::string_view ascii) { return regexes_.literal(std::u32string(ascii.begin(), ascii.end())); }
  RegexId digit(int value) { return digits(value, value); }
  RegexId digits(int low, int high) {
    return regexes_.chars({{static_cast<char32_t>('0' + low), static_cast<char32_t>('0' + high)}});
  }
  RegexId chain(const ShortList<RegexId>& parts) {
    RegexId out = regexes_.epsilon();
    for (std::size_t i = parts.size(); i-- > 0;) out = regexes_.concat(parts[i], out);
    return out;
  }
  RegexId two(int value) { return regexes_.concat(digit(value / 10), digit(value % 10)); }

  // "+", then `plus`; or "-", then `minus`.
  RegexId offset(RegexId plus, RegexId minus) {
    return regexes_.unite({regexes_.concat(literal("+"), plus), regexes_.concat(literal("-"), minus)});
  }

  // With +h:00 the local time is (h-1):59. Everywhere below, m > 0 for "+": the hours agree, and the minute is one
  // less. With "-" the hours add up to 23 and the minutes to 59.
  RegexId carries() {
    RegexId middle = chain({literal(":59"), sixty_, literal("+")});
    RegexId end = literal(":00");
    ShortList<RegexId> branches;
    for (int h = 0; h < 24; ++h) branches.push_back(chain({two(h), middle, two((h + 1) % 24), end}));
    return regexes_.unite(branches);
  }

  RegexId hour_tens() {
    RegexId middle = chain({colon_, digit_, digit_, sixty_});
    RegexId end = chain({digit_, colon_, digit_, digit_});
    ShortList<RegexId> branches;
    for (int t = 0; t < 3; ++t) {
      for (bool borrow : {false, true}) {  // 23 - h borrows from the tens if h's units are above 3
        int other = 2 - borrow - t;
        RegexId minus = other < 0 ? regexes_.none() : regexes_.concat(digit(other), end);
        RegexId units = borrow ? digits(4, 9) : digits(0, 3);
        branches.push_back(chain({digit(t), units, middle, offset(regexes_.concat(digit(t), end), minus)}));
      }
    }
    return regexes_.unite(branches);
  }

  RegexId hour_units() {
    RegexId middle = chain({colon_, digit_, digit_, sixty_});
    RegexId end = chain({colon_, digit_, digit_});
    ShortList<RegexId> branches;
    for (int u = 0; u < 10; ++u) {
      RegexId plus = chain({digit_, digit(u), end});
      RegexId minus = chain({digit_, digit((13 - u) % 10), end});
      branches.push_back(chain({digit(u), middle, offset(plus, minus)}));
    }
    return regexes_.concat(digit_, regexes_.unite(branches));
  }

  RegexId minute_tens() {
    RegexId front = chain({digit_, digit_, colon_});
    ShortList<RegexId> branches;
    for (int t = 0; t < 6; ++t) {
      RegexId minus = chain({front, digit(5 - t), digit_});
      RegexId same = chain({front, digit(t), digit_});
      RegexId next = t < 5 ? chain({front, digit(t + 1), digit_}) : regexes_.none();
      branches.push_back(chain({digit(t), digits(0, 8), sixty_, offset(same, minus)}));
      branches.push_back(chain({digit(t), digit(9), sixty_, offset(next, minus)}));
    }
    return regexes_.concat(front, regexes_.unite(branches));
  }

  RegexId minute_units() {
    RegexId front = chain({digit_, digit_, colon_, digit_});
    ShortList<RegexId> branches;
    for (int u = 0; u < 10; ++u) {
      RegexId plus = regexes_.concat(front, digit((u + 1) % 10));
      RegexId minus = regexes_.concat(front, digit(9 - u));
      branches.push_back(chain({digit(u), sixty_, offset(plus, minus)}));
    }
    return regexes_.concat(front, regexes_.unite(branches));
  }

  RegexArena& regexes_;
  RegexId digit_;
  RegexId colon_;
  RegexId sixty_;
};

}  // namespace

RegexId date(RegexArena& regexes) {
  const std::string leap_pair = "(0[48]|[2468][048]|[13579][26])";  // multiples of four, without 00
  return whole(
      regexes,
      "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
      "|([0-9]{2}" +
          leap_pair + "|(00|" + leap_pair + ")00)-02-29");
}

RegexId time(RegexArena& regexes) {
  RegexId usual =
      whole(regexes, kHour + ":" + kMinute + ":" + kMinute + kFraction + "([zZ]|[+-]" + kHour + ":" + kMinute + ")");
  return regexes.unite({usual, LeapSecond(regexes).build()});
}

RegexId date_time(RegexArena& regexes) {
  return regexes.concat(date(regexes), regexes.concat(whole(regexes, "[tT]"), time(regexes)));
}

RegexId duration(RegexArena& regexes) {
  const std::string number = "[0-9]+";
  const std::string minute = number + "M(" + number + "S)?";
  const std::string hour = number + "H(" + minute + ")?";
  const std::string time = "T(" + hour + "|" + minute + "|" + number + "S)";
  const std::string month = number + "M(" + number + "D)?";
  const std::string year = number + "Y(" + month + ")?";
  return whole(regexes, "P((" + number + "D|" + month + "|" + year + ")(" + time + ")?|" + time + "|" + number + "W)");
}

}  // namespace maskforge::formats
