#include "tests/sim/http_face.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tandem::sim {
namespace {
int connected(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  return fd;
}

// Sends `text` as it is and reads until the other side closes.
std::string talk(int port, const std::string& text) {
  const int fd = connected(port);
  EXPECT_EQ(send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; (got = recv(fd, buffer, sizeof buffer, 0)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(got));
  close(fd);
  return answer;
}

class HttpFaceTest : public testing::Test {
 protected:
  HttpRequest seen;
  HttpFace face{[this](const HttpRequest& request) {
                  seen = request;
                  return HttpResponse{200, {{"x-ratelimit-max", "100"}}, R"({"ok":true})"};
                },
                [](const HttpRequest&) {
                  return HttpResponse{200, {}, "{}"};
                }};
  int port = face.start(0);
};

TEST_F(HttpFaceTest, HandsTheRequestOverDecoded) {
  const std::string answer = talk(port,
                                  "GET /contacts/search/duplicate?number=%2B1312&name=a+b&name=c "
                                  "HTTP/1.1\r\nHost: x\r\nVERSION: v3\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("200 OK"), std::string::npos);
  EXPECT_NE(answer.find("x-ratelimit-max: 100"), std::string::npos);
  EXPECT_EQ(seen.path, "/contacts/search/duplicate");
  EXPECT_EQ(seen.query.find("number")->second, "+1312");
  EXPECT_EQ(seen.query.find("name")->second, "a b");
  EXPECT_EQ(seen.headers.at("version"), "v3");
}

TEST_F(HttpFaceTest, TakesADeleteWithABodyAndOneWithoutALength) {
  EXPECT_NE(talk(port,
                 "DELETE /x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
                 "12\r\nConnection: close\r\n\r\n{\"tags\":[1]}")
                .find("200 OK"),
            std::string::npos);
  EXPECT_EQ(seen.body, R"({"tags":[1]})");
  EXPECT_NE(talk(port, "DELETE /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").find("200 OK"),
            std::string::npos);
  EXPECT_EQ(seen.body, "");
}

TEST_F(HttpFaceTest, DropsAConnectionWithoutAByteOrInTheMiddle) {
  face.add_fault({.kind = FaultKind::lost_after, .method = "", .path_has = ""});
  EXPECT_EQ(talk(port, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  EXPECT_EQ(seen.path, "/a");
  face.add_fault({.kind = FaultKind::reset, .method = "", .path_has = ""});
  const std::string cut = talk(port, "GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(cut.find("Content-Length: 11"), std::string::npos);
  EXPECT_FALSE(cut.ends_with("}"));
}

TEST_F(HttpFaceTest, KeepsTheAdminSurfaceOutOfCountsAndFaults) {
  face.add_fault({.kind = FaultKind::lost_before, .method = "", .path_has = "", .times = -1});
  EXPECT_NE(talk(port, "GET /_sim/stats HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").find("200 OK"),
            std::string::npos);
  EXPECT_EQ(face.requests(), 0);
  EXPECT_EQ(talk(port, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  EXPECT_EQ(face.requests(), 1);
  EXPECT_EQ(face.busiest(1'000), 1);
}

TEST_F(HttpFaceTest, StopsWithAConnectionOpenAndAnAnswerStalled) {
  face.add_fault({.kind = FaultKind::stall, .method = "", .path_has = "", .param = 600'000});
  const int idle = connected(port), stalled = connected(port);
  const std::string text = "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_EQ(send(stalled, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  face.stop();  // a hang here is the failure
  close(idle);
  close(stalled);
}

TEST_F(HttpFaceTest, RefusesAPortThatIsTaken) {
  HttpFace second([](const HttpRequest&) { return HttpResponse{}; },
                  [](const HttpRequest&) { return HttpResponse{}; });
  EXPECT_THROW(second.start(port), std::runtime_error);
}
}  // namespace
}  // namespace tandem::sim
