#include "scan/message_text.hpp"
#include "scan/read_message.hpp"

#include <catch2/catch.hpp>
#include <string>

using cred::scan::message_text;

namespace {

std::string text(const std::string& message) { return *message_text(message); }

bool shows(const std::string& message, const std::string& what) {
  INFO(text(message));
  return text(message).find(what) != std::string::npos;
}

constexpr const char* password = "Correct7horse";

}  // namespace

TEST_CASE("a message is read as a person reads it") {
  CHECK(shows("From: a@b\r\nSubject: hi\r\n\r\nit is Correct7horse\r\n", password));
  CHECK(shows("Subject: =?utf-8?B?Q29ycmVjdDdob3JzZQ==?=\r\n\r\n", password));
  CHECK(
      shows("Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; "
            "charset=utf-8\r\n\r\nCorr=65ct7h=\r\norse\r\n",
            password));
  CHECK(
      shows("Content-Transfer-Encoding: base64\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "\r\nQ29ycmVjdDdob3JzZQ==\r\n",
            password));
  CHECK(
      shows("Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdf"
            "e7Gott\r\n",
            "Gr\xc3\xbc\xc3\x9f"
            "e7Gott"));
  CHECK(
      shows("Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64"
            "\r\n\r\nQwBvAHIAcgBlAGMAdAA3AGgAbwByAHMAZQA=\r\n",
            password));
}

TEST_CASE("HTML is text without its tags, and what no reader sees is left out") {
  const auto html = [](const std::string& body) {
    return "Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>" + body + "</body></html>";
  };
  CHECK(shows(html("<p>it is <b>Corr</b>ect7<i>horse</i></p>"), password));
  CHECK(shows(html("Corr&#101;ct7horse"), password));
  CHECK(shows(html("a<br>Correct7horse<br>b"), "\nCorrect7horse"));
  CHECK(shows(html("<td>x</td><td>Correct7horse</td>"), password));
  CHECK_FALSE(shows(html("<script>Correct7horse</script><style>Correct7horse</style>"), password));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<div>";
  CHECK(text(html(deep + password)).size() < 10'000'000);
}

TEST_CASE("every part is read, and messages within messages") {
  CHECK(
      shows("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n--x\r\n"
            "Content-Type: multipart/alternative; boundary=y\r\n\r\n--y\r\nContent-Type: "
            "text/html\r\n\r\n<b>Correct7horse</b>\r\n--y--\r\n--x--\r\n",
            password));
  CHECK(
      shows("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: "
            "message/rfc822\r\n\r\nSubject: Correct7horse\r\n\r\nhello\r\n--x--\r\n",
            password));
  CHECK(
      shows("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/csv\r\n"
            "Content-Disposition: attachment; filename=a.csv\r\n\r\nalice,Correct7horse\r\n"
            "--x--\r\n",
            password));
}

TEST_CASE("damaged and hostile messages are read as far as they go") {
  CHECK(text("").size() < 3);
  CHECK(shows("\r\nCorrect7horse", password));
  CHECK(
      shows("Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nCorrect7horse", password));
  std::string nested;
  for (int i = 0; i < 5'000; ++i)
    nested += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\r\n\r\n--b" +
              std::to_string(i) + "\r\n";
  CHECK(message_text(nested));
  CHECK(text("\r\n" + std::string(6'000'000, 'a')).size() <= cred::scan::largest_text + 1);
  CHECK_FALSE(message_text(std::string(cred::scan::largest_message + 1, 'a')));
}

#ifdef CRED_TEST_READER  // a sanitizer and the reader's filter do not mix
TEST_CASE("the reader is a process of its own, and its death is an error") {
  const std::string message = "Subject: =?utf-8?B?Q29ycmVjdDdob3JzZQ==?=\r\n\r\nbody\r\n";
  const auto read = cred::scan::read_message(message, CRED_TEST_READER);
  REQUIRE(read);
  CHECK(*read == text(message));
  // A character set whose table is a file.
  const auto japanese = cred::scan::read_message(
      "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B%F%9%H\x1b(B Correct7horse\r\n",
      CRED_TEST_READER);
  REQUIRE(japanese);
  CHECK(japanese->find("\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88 Correct7horse") != std::string::npos);
  const std::string large = "\r\n" + std::string(10'000'000, 'a');
  CHECK(cred::scan::read_message(large, CRED_TEST_READER)->size() > 4'000'000);
  const auto too_large =
      cred::scan::read_message(std::string(33 * 1024 * 1024, 'a'), CRED_TEST_READER);
  REQUIRE_FALSE(too_large);
  CHECK(too_large.error().code == cred::Code::usage);
  for (const char* other : {"/bin/false", "/nowhere/reader"}) {
    const auto failed = cred::scan::read_message(message, other);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == cred::Code::unavailable);
  }
}

#endif

TEST_CASE("a message is known by its Message-ID, else by another name") {
  using cred::scan::message_id;
  CHECK(message_id(std::string("From: a\r\nMESSAGE-ID: <1@x>\r\n\r\n"), "q") == "<1@x>");
  CHECK(message_id(std::string("From: a\r\n\r\nMessage-ID: <1@x>\r\n"), "q") == "q");
  CHECK(message_id(std::string("Message-ID: <>\r\n\r\n"), "q") == "q");
  CHECK(message_id(std::string("Message-ID: a b\x01\xff\r\n\r\n"), "q") == "ab");
  CHECK(message_id(std::string(""), "q") == "q");
}
