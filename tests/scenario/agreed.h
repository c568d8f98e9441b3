// A caller and a contact that are one person and agree.
#pragma once
#include <string>
#include "tests/scenario/world.h"

namespace tandem {
struct Agreed : World {
  Agreed() {
    sim::PersonCard card = mara();
    card.custom["project_kind"] = "Kitchen";
    id = contact(card);
    activity = call(card.phone, "Mara Lindgren", "", card.email);
    settle();
    EXPECT_EQ(state_of(id), "linked");
    expect_converged();
  }
  std::string number = mara().phone, id;
  std::int64_t activity = 0;
};
}  // namespace tandem
