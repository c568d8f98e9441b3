// Generators of the texts that break normalising: blanks, controls, accents, broken UTF-8, numbers.
#pragma once
#include <rapidcheck.h>

#include <string>
#include <vector>

namespace tandem::texts {

inline rc::Gen<std::string> glued(rc::Gen<std::string> piece) {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(std::move(piece)),
                      [](const std::vector<std::string>& pieces) {
                        std::string all;
                        for (const auto& p : pieces) all += p;
                        return all;
                      });
}

inline rc::Gen<std::string> wild() {
  const auto special = rc::gen::element<std::string>(
      " ", "  ", "\t", "\r\n", "\r", "\n", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\xA8", "\xEF\xBB\xBF",
      "\xE2\x80\x8B", "\xE2\x80\x8D", "\xCC\x88", "\xCC\x87", "\xCD\x85", "\xC3\x9F", "\xE1\xBA\x9E",
      "\xC4\xB0", "\xC4\xB1", "\xE2\x84\xAA", "\xEF\xAC\x81", "\xCE\xA3", "\xCF\x82",
      "\xE0\xA4\x95\xE0\xA4\xBF", "\xE1\x84\x80", "\xE1\x85\xA1",
      "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80", "\xFF", "\xC3", "\xED\xA0\x80", "\xC2\x85", "\x01",
      std::string(1, '\0'), ";", "|", "'", "-", ".", "\xCD\xBE");
  const auto word =
      rc::gen::element<std::string>("Mara", "O'Neil", "de", "la", "Cruz", "12", "0", "US", "uk", "e", "1",
                                    ",", "250", "Zoe", "@", "x.test", "A", "2026", "/", "-11-20");
  return glued(rc::gen::oneOf(
      special, word, rc::gen::map(rc::gen::arbitrary<char>(), [](char c) { return std::string(1, c); })));
}

// A short name or tag without surprises, often one of few so that equal ones meet.
inline rc::Gen<std::string> word() {
  return rc::gen::element<std::string>("red", "blue", "Green", "tile", "VIP", "hot lead", "a", "b", "c");
}

inline rc::Gen<std::string> phone() {
  const auto digits = [](int least, int most) {
    return rc::gen::mapcat(rc::gen::inRange(least, most + 1), [](int n) {
      return rc::gen::container<std::string>(static_cast<std::size_t>(n), rc::gen::inRange<char>('0', ':'));
    });
  };
  const auto start =
      rc::gen::element<std::string>("", "+", "+1", "+1 312", "+52 1", "+54 9", "+54", "+44 7", "+39 0", "+49",
                                    "00", "011", "1-800-", "(312) ", "+353", "+55 11", "0");
  const auto tail = rc::gen::element<std::string>("", "", "", " x12", " ext. 9", "-5", " 15", "FLOWERS");
  return rc::gen::map(rc::gen::tuple(start, digits(3, 12), tail),
                      [](const auto& t) { return std::get<0>(t) + std::get<1>(t) + std::get<2>(t); });
}

}  // namespace tandem::texts
