// Canonical forms. Pure; the same text on both sides compares equal as bytes afterwards.
// Every function is idempotent, yields valid UTF-8 in NFC without NUL or control characters
// (CR LF becomes LF), and returns "" for blank.
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include "core/model/field.h"

namespace tandem {

enum class FieldType : std::uint8_t { text, name, email, phone, country, number, date, choice, choices };

[[nodiscard]] std::string canonical_text(std::string_view raw);   // NFC, trimmed, inner runs of blanks folded
[[nodiscard]] std::string canonical_name(std::string_view raw);   // as text; case kept
[[nodiscard]] std::string canonical_email(std::string_view raw);  // lower case, no blanks
[[nodiscard]] std::string canonical_country(
    std::string_view
        raw);  // ISO alpha-2 upper case where it is known ("USA", "United States" too); else text
[[nodiscard]] std::string canonical_number(
    std::string_view raw);  // shortest decimal form; text where it is none
[[nodiscard]] std::string canonical_date(
    std::string_view raw);  // YYYY-MM-DD from the forms of the dossier and epoch ms; else text
[[nodiscard]] std::string canonical_tag(std::string_view raw);  // lower case, as HighLevel stores tags
[[nodiscard]] TagSet canonical_tags(const std::vector<std::string>& raw);

// choices: items sorted, unique, joined by ';' (a text value is split at ';' and '|').
[[nodiscard]] FieldValue canonical(FieldType type, const WireValue& raw, std::string_view default_country);

// Simple case fold and letters-and-digits only: for "is it the same up to spelling" questions.
[[nodiscard]] std::string spelling_key(std::string_view text);

// The same text in upper, lower or mixed case. False for equal texts' difference in anything else.
[[nodiscard]] bool differs_in_case_only(std::string_view a, std::string_view b);

// True when `shown` is what a server may have made of `sent` by re-casing, trimming, stripping
// punctuation or cutting (P11); false for another person's value.
[[nodiscard]] bool is_rendering_of(std::string_view shown, std::string_view sent);

struct SplitName {
  std::string first, last;
  bool operator==(const SplitName&) const = default;
};
[[nodiscard]] SplitName split_name(
    std::string_view whole);  // last word is the last name; one word is the first name
// A half of `known` that the name still begins or ends with stands; else as split_name.
[[nodiscard]] SplitName split_name_as(std::string_view whole, const SplitName& known);
[[nodiscard]] std::string join_name(std::string_view first, std::string_view last);
}  // namespace tandem
