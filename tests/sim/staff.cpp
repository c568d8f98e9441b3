#include "tests/sim/staff.h"

#include <fmt/format.h>

#include <array>

namespace tandem::sim {
namespace {
constexpr std::array<std::string_view, 8> kFields{"first_name", "last_name", "email", "company",
                                                  "address1",   "city",      "state", "postal_code"};
constexpr std::array<std::string_view, 5> kTags{"call back", "estimate sent", "vip", "no answer",
                                                "spring 2026"};

std::string value_of(const PersonCard& card, std::string_view field) {
  if (field == "first_name") return card.first_name;
  if (field == "last_name") return card.last_name;
  if (field == "email") return card.email;
  if (field == "company") return card.company;
  if (field == "address1") return card.address1;
  if (field == "city") return card.city;
  return field == "state" ? card.state : card.postal_code;
}
}  // namespace

Staff::Staff(std::uint64_t seed, StaffSide highlevel, StaffSide ctm, StaffPlan plan)
    : seed_(seed),
      highlevel_(std::move(highlevel)),
      ctm_(std::move(ctm)),
      plan_(plan),
      dice_(seed ^ 0x57AFF) {}

int Staff::step(std::int64_t now_ms) {
  if (next_at_ms_ == 0) next_at_ms_ = now_ms;
  int acts = 0;
  while (next_at_ms_ <= now_ms) {
    next_at_ms_ +=
        plan_.every_ms / 2 + static_cast<std::int64_t>(below(static_cast<std::size_t>(plan_.every_ms) + 1));
    act();
    ++acts;
  }
  return acts;
}

std::string Staff::pick(const StaffSide& side) {
  const auto phones = side.phones ? side.phones() : std::vector<std::string>{};
  return phones.empty() ? "" : phones[below(phones.size())];
}

void Staff::act() {
  const int dice = static_cast<int>(below(100));
  if (dice < plan_.both_sides_percent) return edit(true, true);
  const bool at_highlevel = below(2) == 0;
  StaffSide& side = at_highlevel ? highlevel_ : ctm_;
  const std::string name = at_highlevel ? "highlevel" : "ctm";
  if (dice < plan_.both_sides_percent + plan_.newcomers_percent) {
    const Person person = make_person(seed_, plan_.first_newcomer + newcomers_++);
    const PersonCard& card = person.ctm ? *person.ctm : *person.highlevel;
    if (!side.arrive) return;
    side.arrive(card);
    ++done_[name + ".arrive"];
    return;
  }
  if (dice < plan_.both_sides_percent + plan_.newcomers_percent + plan_.tags_percent) {
    const std::string phone = pick(side), tag(kTags[below(kTags.size())]);
    const bool add = below(4) != 0;
    if (!phone.empty() && side.tag && side.tag(phone, tag, add)) ++done_[name + (add ? ".tag" : ".untag")];
    return;
  }
  if (!at_highlevel && ctm_.call && below(3) == 0) {
    const std::string phone = pick(ctm_);
    if (!phone.empty()) ctm_.call(phone), ++done_["ctm.call"];
    return;
  }
  edit(at_highlevel, !at_highlevel);
}

void Staff::edit(bool at_highlevel, bool at_ctm) {
  const std::string phone = pick(at_highlevel ? highlevel_ : ctm_);
  if (phone.empty()) return;
  const std::string field(kFields[below(kFields.size())]);
  const auto wanted = [&] {
    const Person someone = make_person(seed_ + 1, below(10'000));
    const std::string value = value_of(someone.highlevel ? *someone.highlevel : *someone.ctm, field);
    // An e-mail address must stay one person's; blanks are rare and deliberate.
    if (field == "email") return fmt::format("edited{}@example.org", ++edits_);
    return value.empty() && below(4) != 0 ? fmt::format("Edit {}", ++edits_) : value;
  };
  const bool left = at_highlevel && highlevel_.edit && highlevel_.edit(phone, field, wanted());
  const bool right = at_ctm && ctm_.edit && ctm_.edit(phone, field, wanted());
  if (left && right)
    ++done_["both.edit"];
  else if (left)
    ++done_["highlevel.edit"];
  else if (right)
    ++done_["ctm.edit"];
}
}  // namespace tandem::sim
