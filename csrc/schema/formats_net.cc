// Addresses: host names, mail boxes, IP addresses, URIs, IRIs, URI templates. Each pattern follows the grammar of its
// RFC rule by rule. Covered by tests/csrc/test_formats.cc.
//
// hostname leaves out A-labels ("xn--..."): whether one is valid hangs on what its Punycode decodes to, which no
// practical automaton follows. All other names of RFC 1123 are in.
#include "schema/format_parts.h"

namespace maskforge::formats {
namespace {

// RFC 3986, section 2 and 3; RFC 3987 adds the characters beyond ASCII.
struct UriGrammar {
  std::string unreserved = "A-Za-z0-9._~\\-";  // inside a class
  std::string sub_delims = "!$&'()*+,;=";
  std::string private_use;
  const std::string percent = "%[0-9A-Fa-f]{2}";

  explicit UriGrammar(bool international) {
    if (!international) return;
    unreserved += "\\u00A0-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFEF";
    for (char plane : std::string("123456789ABCD")) {
      std::string hex(1, plane);
      unreserved += "\\u{" + hex + "0000}-\\u{" + hex + "FFFD}";
    }
    unreserved += "\\u{E1000}-\\u{EFFFD}";
    private_use = "\\uE000-\\uF8FF\\u{F0000}-\\u{FFFFD}\\u{100000}-\\u{10FFFD}";
  }

  std::string some(const std::string& more) const {
    return "([" + unreserved + sub_delims + more + "]|" + percent + ")";
  }
  std::string authority() const {
    std::string literal =
        "\\[(" + ipv6_pattern() + "|[vV][0-9A-Fa-f]+[.][" + std::string("A-Za-z0-9._~\\-") + sub_delims + ":]+)\\]";
    return "(" + some(":") + "*@)?(" + literal + "|" + some("") + "*)(:[0-9]*)?";
  }
  std::string segments() const { return "(/" + some(":@") + "*)*"; }
  // What follows the scheme, or a whole relative reference: its first segment then has no colon.
  std::string hierarchy(bool relative) const {
    std::string first = some(relative ? "@" : ":@") + "+";
    return "(//" + authority() + segments() + "|/(" + some(":@") + "+" + segments() + ")?|" + first + segments() + ")?";
  }
  std::string tail() const { return "([?]" + some(":@/?" + private_use) + "*)?(#" + some(":@/?") + "*)?"; }
  std::string absolute() const { return "[A-Za-z][A-Za-z0-9+.\\-]*:" + hierarchy(false) + tail(); }
  std::string reference() const { return absolute() + "|" + hierarchy(true) + tail(); }
};

const std::string kBeyondAscii = "\\u0080-\\uD7FF\\uE000-\\uFFFF\\u{10000}-\\u{10FFFF}";

// RFC 5321, section 4.1.2, with the limits of 4.5.3.1; RFC 6531 adds `more` to the characters. The limits count code
// points.
RegexId mailbox(RegexArena& regexes, const std::string& more) {
  const std::string text = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~" + more + "\\-]+";
  const std::string quoted = "\"([ !#-\\[\\]-~" + more + "]|\\\\[ -~])*\"";
  RegexId local = regexes.intersect({whole(regexes, text + "([.]" + text + ")*|" + quoted), regexes.length(1, 64)});

  const std::string alnum = "[A-Za-z0-9" + more + "]";
  const std::string label = alnum + "([A-Za-z0-9" + more + "\\-]{0,61}" + alnum + ")?";
  RegexId domain = regexes.intersect({whole(regexes, label + "([.]" + label + ")*"), regexes.length(1, 253)});
  RegexId literal = whole(regexes, "\\[(" + ipv4_pattern() + "|[iI][pP][vV]6:" + ipv6_pattern() + ")\\]");
  return regexes.concat(local, regexes.concat(whole(regexes, "@"), regexes.unite({domain, literal})));
}

}  // namespace

std::string ipv4_pattern() {
  const std::string octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  return octet + "([.]" + octet + "){3}";
}

// RFC 4291 as the grammar of RFC 3986, section 3.2.2, writes it: nine ways to place the "::".
std::string ipv6_pattern() {
  const std::string group = "[0-9A-Fa-f]{1,4}";
  const std::string last = "(" + group + ":" + group + "|" + ipv4_pattern() + ")";
  std::string out = "((" + group + ":){6}" + last + "|::(" + group + ":){5}" + last;
  for (int before = 0; before <= 6; ++before) {
    out += "|((" + group + ":){0," + std::to_string(before) + "}" + group + ")?::";
    if (before < 4) out += "(" + group + ":){" + std::to_string(4 - before) + "}";
    if (before <= 4) out += last;
    if (before == 5) out += group;
  }
  return out + ")";
}

RegexId hostname(RegexArena& regexes) {
  const std::string alnum = "[A-Za-z0-9]";
  auto rest = [&](int most) { return "[A-Za-z0-9\\-]{0," + std::to_string(most) + "}" + alnum; };
  // At most 63 characters, by how they begin, so that none begins with "xn--". Without a complement, masks may widen
  // the counters (regex/clip.cc).
  const std::string label = "([A-WYZa-wyz0-9](" + rest(61) +
                            ")?"  //
                            "|[xX]([A-MO-Za-mo-z0-9]|[A-MO-Za-mo-z0-9\\-]" +
                            rest(60) +
                            ")?"  //
                            "|[xX][nN](-?" +
                            alnum + "|" + alnum + rest(59) + "|-" + alnum + rest(58) + ")?)";
  return regexes.intersect({whole(regexes, label + "([.]" + label + ")*"), regexes.length(1, 253)});
}

RegexId email(RegexArena& regexes) { return mailbox(regexes, ""); }
// RFC 6531 would have U-labels in the domain; like the official suite, this takes any characters beyond ASCII.
RegexId idn_email(RegexArena& regexes) { return mailbox(regexes, kBeyondAscii); }

RegexId uri(RegexArena& regexes) { return whole(regexes, UriGrammar(false).absolute()); }
RegexId uri_reference(RegexArena& regexes) { return whole(regexes, UriGrammar(false).reference()); }
RegexId iri(RegexArena& regexes) { return whole(regexes, UriGrammar(true).absolute()); }
RegexId iri_reference(RegexArena& regexes) { return whole(regexes, UriGrammar(true).reference()); }

// RFC 6570, section 2, with erratum 6937: the apostrophe is a literal.
RegexId uri_template(RegexArena& regexes) {
  const UriGrammar international(true);
  const std::string percent = international.percent;
  const std::string literal =
      "([!#$&-;=?-\\[\\]_a-z~" + international.unreserved + international.private_use + "]|" + percent + ")";
  const std::string name_part = "([A-Za-z0-9_]|" + percent + ")";
  const std::string variable = name_part + "([.]?" + name_part + ")*(:[1-9][0-9]{0,3}|\\*)?";
  const std::string expression = "\\{[+#./;?&=,!@|]?" + variable + "(," + variable + ")*\\}";
  return whole(regexes, "(" + literal + "|" + expression + ")*");
}

}  // namespace maskforge::formats
