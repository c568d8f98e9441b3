// Killed before or after any request of a cycle and started again: the same end as without (P9).
#include "tests/scenario/world.h"

#include <algorithm>

namespace tandem {
namespace {
using sim::highlevel::Field;

// Everything that people can see of both systems, without ids and times.
std::vector<std::string> image(World& world) {
  std::vector<std::string> out;
  for (const auto& contact : world.highlevel.contacts()) {
    std::string line = "contact";
    for (const auto& text : contact->text) line += "|" + text;
    for (const auto& [id, value] : contact->custom) line += "|" + sim::highlevel::to_text(value);
    std::vector<std::string> tags = contact->tags;
    std::sort(tags.begin(), tags.end());
    for (const auto& tag : tags) line += "|#" + tag;
    out.push_back(std::move(line));
  }
  const auto identity = [](const sim::CtmIdentity& who) {
    std::string line = who.name + "|" + who.email + "|" + who.street + "|" + who.city + "|" + who.state +
                       "|" + who.postal_code;
    for (const auto& [key, value] : who.custom) line += "|" + key + "=" + value;
    return line;
  };
  for (const auto& row : world.ctm.account().live_rows(world.ctm.sync_list()))
    out.push_back("row|" + row.membership.number + "|" + identity(row.who));
  for (const auto& person : {mara(), jonas(), odile()})
    for (const std::int64_t id : world.ctm.account().activities_of(person.phone)) {
      const auto* a = world.ctm.account().activity(id);
      std::string line = "activity|" + a->number + "|" + identity(a->who);
      for (const auto& tag : a->tags_at(world.clock.now_ms())) line += "|#" + tag;
      out.push_back(std::move(line));
    }
  std::sort(out.begin(), out.end());
  return out;
}

void die_at_every_step(const std::function<void(World&)>& before, const std::function<void(World&)>& then) {
  const auto start = [&](World& world) {
    before(world);
    world.settle();
    then(world);
    world.clock.tick(World::kPastEveryLagMs);
  };
  std::vector<std::string> wanted;
  {
    World world;
    start(world);
    world.settle(8);
    world.expect_converged();
    wanted = image(world);
  }
  int step = 1;
  for (bool died = true; died; ++step) {
    SCOPED_TRACE("killed at step " + std::to_string(step));
    World world;
    start(world);
    died = world.crash_at(step);
    world.settle(8);
    EXPECT_EQ(image(world), wanted);
    world.expect_converged();
    world.expect_quiet();
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(step, 10) << "the cycle has steps to die at";
}

TEST(Crash, WhileACallerBecomesAContact) {
  die_at_every_step([](World&) {},
                    [](World& world) {
                      world.ctm_staff.tag(world.call(jonas().phone, "Jonas Abara", "", jonas().email),
                                          "tile");
                    });
}

TEST(Crash, WhileAContactBecomesARow) {
  die_at_every_step([](World&) {}, [](World& world) { world.contact(odile()); });
}

TEST(Crash, WhileAnActivityIsWritten) {
  die_at_every_step(
      [](World& world) {
        world.contact(mara());
        world.call(mara().phone, "Mara Lindgren", "", mara().email);
      },
      [](World& world) {
        world.edit_contact(world.contact_with_phone(mara().phone), "city", "Geneva");
        world.tag_contact(world.contact_with_phone(mara().phone), "vip");
      });
}

TEST(Crash, WhileARowIsReplaced) {
  die_at_every_step([](World& world) { world.contact(odile()); },
                    [](World& world) {
                      world.edit_contact(world.contact_with_phone(odile().phone), "city", "Wheaton");
                      world.edit_contact(world.contact_with_phone(odile().phone), "email",
                                         "odile@example.com");
                    });
}

TEST(Crash, WhileAContactIsWritten) {
  die_at_every_step(
      [](World& world) {
        world.contact(mara());
        world.ctm_staff.tag(world.call(mara().phone, "Mara Lindgren", "", mara().email), "tile");
      },
      [](World& world) {
        const auto* newest = world.ctm.account().newest_of(mara().phone);
        world.edit_call(newest->id, "city", "Elgin");
        world.edit_call(newest->id, "name", "Mara Berg");
        world.ctm_staff.untag(newest->id, "tile");
        world.ctm_staff.tag(newest->id, "hot");
      });
}

TEST(Crash, WhileANumberChanges) {
  die_at_every_step([](World& world) { world.contact(odile()); },
                    [](World& world) {
                      world.edit_contact(world.contact_with_phone(odile().phone), "phone", "+16305550188");
                    });
}

TEST(Crash, OfAFirstRunOverManyPeople) {
  die_at_every_step(
      [](World& world) {
        world.wire(Side::ctm).answers_lost = world.wire(Side::highlevel).answers_lost = true;
      },
      [](World& world) {
        world.wire(Side::ctm).answers_lost = world.wire(Side::highlevel).answers_lost = false;
        world.contact(mara());
        world.call(mara().phone, "Mara Lindgren", "", mara().email);
        world.call(jonas().phone, "Jonas Abara");
        world.contact(odile());
      });
}
}  // namespace
}  // namespace tandem
