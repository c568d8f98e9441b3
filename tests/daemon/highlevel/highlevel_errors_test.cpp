#include "daemon/highlevel/highlevel_errors.h"

#include <gtest/gtest.h>

namespace tandem::highlevel {
namespace {
struct Case {
  const char* name;
  int status;
  const char* body;
  bool effect;
  Fault want;
};

http::Answer answer(int status, std::string body) { return {status, {}, std::move(body)}; }

TEST(Errors, AreSortedByWhatToDoNext) {
  const Codec codec("loc1", {"email"}, 1, {});
  const Case cases[] = {
      {"bad token", 401, R"({"statusCode":401,"message":"Invalid Private Integration token"})", false,
       Fault::unauthorised},
      {"no version", 401, R"({"statusCode":401,"message":"version header was not found."})", false,
       Fault::unauthorised},
      {"scope", 401, R"({"statusCode":401,"message":"The token is not authorized for this scope."})", true,
       Fault::unauthorised},
      {"foreign location", 403,
       R"({"statusCode":403,"message":"The token does not have access to this location."})", false,
       Fault::unauthorised},
      {"banned agent", 403, "error code: 1010", true, Fault::unauthorised},
      {"a challenge page", 403, "<html>Just a moment</html>", true, Fault::transient},
      {"deleted", 400, R"({"message":"Contact not found for id:c1","error":"Bad Request","statusCode":400})",
       false, Fault::gone},
      {"deleted, as 404", 404, R"({"message":"Contact not found for id:c1","statusCode":404})", true,
       Fault::gone},
      {"gone", 410, R"({"message":"deleted"})", false, Fault::gone},
      {"another one is gone", 400, R"({"message":"Contact not found for id:c2","statusCode":400})", false,
       Fault::rejected},
      {"no such route", 404, R"({"message":"Cannot GET /contacts/c1","error":"Not Found","statusCode":404})",
       false, Fault::malformed},
      {"a proxy's 404", 404, "<html>not found</html>", false, Fault::malformed},
      {"a proxy's 410", 410, "<html>gone</html>", false, Fault::malformed},
      {"a route that takes no PUT", 405, "", true, Fault::malformed},
      {"validation", 422, R"({"statusCode":422,"message":["email must be an email"]})", true,
       Fault::rejected},
      {"duplicate", 400,
       R"({"message":"This location does not allow duplicated contacts.","meta":{"contactId":"c9","matchingField":"phone"}})",
       true, Fault::rejected},
      {"half an answer", 400, R"({"message":"Contact not f)", false, Fault::malformed},
      {"server error, read", 500, R"({"message":"Internal server error"})", false, Fault::transient},
      {"server error, write", 502, "<html>", true, Fault::ambiguous},
      {"Cloudflare's own", 520, "<html>", true, Fault::ambiguous},
      {"time-out, write", 408, "", true, Fault::ambiguous},
      {"time-out, read", 408, "", false, Fault::transient},
      {"redirect, read", 302, "", false, Fault::malformed},
      {"redirect, write", 307, "", true, Fault::ambiguous},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const Error e =
        error_of(answer(c.status, c.body), {"GET /contacts/{id}", kReadContacts, "c1", c.effect}, codec);
    EXPECT_EQ(e.fault, c.want) << to_text(e.fault) << ": " << e.message;
    EXPECT_FALSE(e.message.empty());
  }
}

TEST(Errors, WithoutARecordNothingIsGone) {
  const Codec codec("loc1", {}, 1, {});
  EXPECT_NE(error_of(answer(400, R"({"message":"Contact not found"})"),
                     {"POST /contacts/search", kReadContacts, "", false}, codec)
                .fault,
            Fault::gone);
}

TEST(Errors, SayWhichScopeIsMissing) {
  const Codec codec("loc1", {}, 1, {});
  const auto refused = answer(401, R"({"message":"The token is not authorized for this scope."})");
  for (const auto scope : {kReadContacts, kWriteContacts, kReadCustomFields}) {
    const Error e = error_of(refused, {"GET /x", scope, "", false}, codec);
    EXPECT_NE(e.message.find(scope), std::string::npos) << e.message;
    EXPECT_NE(e.message.find("HighLevel"), std::string::npos);
  }
  EXPECT_EQ(error_of(answer(401, R"({"message":"Invalid JWT"})"), {"GET /x", kReadContacts, "", false}, codec)
                .message.find("scope"),
            std::string::npos);
  EXPECT_NE(error_of(answer(403, "error code: 1010"), {"GET /x", kReadContacts, "", false}, codec)
                .message.find("user agent"),
            std::string::npos);
  EXPECT_NE(error_of(answer(403, R"({"message":"The token does not have access to this location."})"),
                     {"GET /x", kReadContacts, "", false}, codec)
                .message.find("loc1"),
            std::string::npos);
}

TEST(Errors, ADuplicateNamesTheContactThatExists) {
  const Codec codec("loc1", {}, 1, {});
  const auto of = [&](const char* matching) {
    return error_of(answer(400, std::string(R"({"message":"no","meta":{"contactId":"c9","matchingField":")") +
                                    matching + "\"}}"),
                    {"POST /contacts/", kWriteContacts, "", true}, codec);
  };
  EXPECT_EQ(of("phone").existing_id, "c9");
  EXPECT_EQ(of("phone").field, "phone");
  EXPECT_EQ(of("email").field, "email");
  EXPECT_EQ(of("contactId").field, "") << "not a field of ours";
}

TEST(Errors, KeepTheRemotesWordsOutOfTheMessage) {
  const Codec codec("loc1", {}, 1, {});
  const Error e = error_of(answer(422, R"({"message":["email must be an email: nora@tiles"]})"),
                           {"PUT /contacts/{id}", kWriteContacts, "c1", true}, codec);
  EXPECT_EQ(e.field, "email");
  EXPECT_NE(e.remote_words.find("nora@tiles"), std::string::npos);
  EXPECT_EQ(e.message.find("nora"), std::string::npos);
  EXPECT_NE(e.message.find("c1"), std::string::npos);
  const Error longer = error_of(answer(400, "{\"message\":\"" + std::string(299, 'x') + "\xC3\xA9\"}"),
                                {"GET /x", kReadContacts, "", false}, codec);
  EXPECT_EQ(longer.remote_words, std::string(299, 'x')) << "cut between letters, not within one";
}

TEST(Errors, RecogniseAPropertyThatIsNotOnTheList) {
  EXPECT_TRUE(refuses_property(answer(422, R"({"message":["property companyName should not exist"]})"),
                               "companyName"));
  EXPECT_FALSE(
      refuses_property(answer(422, R"({"message":["property company should not exist"]})"), "companyName"));
  EXPECT_FALSE(refuses_property(answer(500, R"({"message":["property companyName should not exist"]})"),
                                "companyName"));
}
}  // namespace
}  // namespace tandem::highlevel
