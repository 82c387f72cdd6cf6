// Files of other systems, as their tools write them, and as they are when something is wrong.
#include "migration/migration.hpp"

#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::migration;

namespace {

constexpr Time now{std::chrono::milliseconds(1'800'000'000'000)};  // 2027-01-15

Time day(int number) {
  return Time(std::chrono::duration_cast<Duration>(std::chrono::days(number)));
}

struct Read {
  std::vector<Entry> entries;
  std::vector<Left> left;
};

Read read_all(Format format, std::string_view text) {
  Read all;
  const auto done = read(format, text, now, [&](Record&& record) {
    if (auto* entry = std::get_if<Entry>(&record))
      all.entries.push_back(std::move(*entry));
    else
      all.left.push_back(std::get<Left>(record));
    return true;
  });
  INFO((done ? "" : done.error().message));
  REQUIRE(done);
  return all;
}

std::string refused(Format format, std::string_view text) {
  const auto done = read(format, text, now, [](Record&&) { return true; });
  return done ? "taken" : done.error().message;
}

std::string hash_of(const Entry& entry) { return {entry.hash.begin(), entry.hash.end()}; }

}  // namespace

TEST_CASE("shadow gives hashes with the day of the last change, locks and expiry", "[import]") {
  const auto all = read_all(Format::shadow,
                            "root:$y$j9T$a$b:19700:0:99999:7:::\n"
                            "daemon:*:19700:0:99999:7:::\n"
                            "bin:!:19700::::::\n"
                            "sync:!!:19700::::::\n"
                            "alice:!$6$salt$hash:19700:0:99999:7:::\n"
                            "bob:$6$salt$hash:0:0:99999:7:::\n"
                            "carol:$6$salt$hash:19700:0:99999:7:30:20000:\n"
                            "dave:$6$salt$hash:19700:0:99999:7:30:30000:\r\n"
                            "erin::19700::::::\n"
                            "frank:$6$salt$hash:::::::\n"
                            "\n"
                            "+::::::::\n"
                            "nothing\n"
                            "gina:$1$a$b");
  REQUIRE(all.entries.size() == 7);
  CHECK(all.entries[0].name == "root");
  CHECK(hash_of(all.entries[0]) == "$y$j9T$a$b");
  CHECK(all.entries[0].set_at == day(19700));
  CHECK_FALSE(all.entries[0].locked);
  CHECK(all.entries[1].name == "alice");
  CHECK(all.entries[1].locked);
  CHECK(hash_of(all.entries[1]) == "$6$salt$hash");
  CHECK(all.entries[2].must_change);
  CHECK_FALSE(all.entries[2].set_at);
  CHECK(all.entries[3].disabled);  // since 2024-10-04
  CHECK(all.entries[3].remark.empty());
  CHECK_FALSE(all.entries[4].disabled);
  CHECK(all.entries[4].remark.find("2052-02-20") != std::string::npos);
  CHECK(all.entries[5].name == "frank");
  CHECK_FALSE(all.entries[5].set_at);
  CHECK_FALSE(all.entries[5].must_change);
  CHECK(all.entries[6].name == "gina");
  REQUIRE(all.left.size() == 6);
  CHECK(all.left[0].line == 2);
  CHECK(all.left[0].name == "daemon");
  CHECK(all.left[0].why == no_password);
  CHECK(all.left[3].name == "erin");
  CHECK(all.left[3].why == empty_password);
  CHECK(all.left[4].why == "it asks NIS for accounts");
  CHECK(all.left[5].line == 13);
}

TEST_CASE("lines and hashes that are too long are left, and the next ones read", "[import]") {
  const std::string endless(max_line_bytes + 1, 'a');
  const auto all = read_all(Format::shadow,
                            endless + ":x:1::::::\nalice:$1$a$" + std::string(max_hash_bytes, 'a') +
                                ":1::::::\nbob:$1$a$b:99999999999999999999::::::\n");
  REQUIRE(all.left.size() == 2);
  CHECK(all.left[0].why == "its line is too long");
  CHECK(all.left[1].why == "its hash is too long");
  REQUIRE(all.entries.size() == 1);
  CHECK_FALSE(all.entries[0].set_at);
  CHECK(refused(Format::shadow, std::string(max_source_bytes + 1, '\n')).find("64 MiB") !=
        std::string::npos);
}

TEST_CASE("opasswd gives earlier hashes, oldest first", "[import]") {
  const auto earlier = read_opasswd(
      "alice:1000:3:$6$a$one,$6$b$two,!,$6$c$three\n"
      "bob:1001:0:\n"
      "no line\n"
      "alice:1000:1:$6$d$four\n");
  REQUIRE(earlier);
  REQUIRE(earlier->accounts.at("alice").size() == 4);
  const auto& first = earlier->accounts.at("alice").front();
  CHECK(std::string(first.begin(), first.end()) == "$6$a$one");
  const auto& last = earlier->accounts.at("alice").back();
  CHECK(std::string(last.begin(), last.end()) == "$6$d$four");
  CHECK(earlier->accounts.at("bob").empty());
  REQUIRE(earlier->left.size() == 1);
  CHECK(earlier->left[0].line == 3);
}

TEST_CASE("htpasswd and lists of PHC strings are names and hashes", "[import]") {
  const auto all = read_all(Format::htpasswd,
                            "# made by htpasswd\n"
                            "alice:$apr1$abcdefgh$nagu1RXjvNANxJVYMoZ8X.\n"
                            "bob:{SHA}zNlez7g7+OTtNJv29Xr1ZXW5tqk=\r\n"
                            "\n"
                            "carol:\n"
                            "dave:!\n"
                            ":hash\n"
                            "nothing");
  REQUIRE(all.entries.size() == 2);
  CHECK(hash_of(all.entries[1]) == "{SHA}zNlez7g7+OTtNJv29Xr1ZXW5tqk=");
  CHECK(all.entries[1].line == 3);
  REQUIRE(all.left.size() == 4);
  CHECK(all.left[0].why == empty_password);
  CHECK(all.left[1].why == no_password);
  CHECK(all.left[2].line == 7);
  const auto phc = read_all(Format::phc, "alice:$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$dGFn\n");
  REQUIRE(phc.entries.size() == 1);
  CHECK(hash_of(phc.entries[0]) == "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$dGFn");
}

TEST_CASE("smbpasswd and pwdump give NT hashes", "[import]") {
  const std::string lm = "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX";
  const std::string nt = "8846F7EAEE8FB117AD06BDD830B7586C";
  const auto all = read_all(
      Format::nt, "alice:1000:" + lm + ":" + nt + ":[U          ]:LCT-65000000:\n" +
                      "bob:1001:" + lm + ":" + nt + ":[DU         ]:LCT-65000000:\n" +
                      "carol:1002:" + lm + ":" + lm + ":[U          ]:LCT-65000000:\n" +
                      "dave:1003:" + lm + ":" + nt + ":[NU         ]:LCT-65000000:\n" +
                      "host$:1004:" + lm + ":" + nt + ":[W          ]:LCT-65000000:\n" +
                      "Administrator:500:aad3b435b51404eeaad3b435b51404ee:" + nt + ":::\n" +
                      "Guest:501:aad3b435b51404eeaad3b435b51404ee:"
                      "31D6CFE0D16AE931B73C59D7E0C089C0:::\n" +
                      "nothing:x:y\n");
  REQUIRE(all.entries.size() == 3);
  CHECK(all.entries[0].nt);
  CHECK(hash_of(all.entries[0]) == nt);
  CHECK(all.entries[0].set_at == Time(std::chrono::seconds(0x65000000)));
  CHECK(all.entries[1].disabled);
  CHECK(all.entries[2].name == "Administrator");
  CHECK_FALSE(all.entries[2].set_at);
  REQUIRE(all.left.size() == 5);
  CHECK(all.left[0].why == no_password);
  CHECK(all.left[1].why == empty_password);
  CHECK(all.left[2].why == "it is a machine's account");
  CHECK(all.left[3].why == empty_password);
}

TEST_CASE("LDIF is unfolded and decoded, and what is no person passed over", "[import]") {
  const auto all = read_all(Format::ldif,
                            "version: 1\n"
                            "\n"
                            "# a comment\n"
                            "  that is folded\n"
                            "dn: dc=example,dc=org\n"
                            "objectClass: organization\n"
                            "\n"
                            "dn: uid=alice,dc=example,dc=org\n"
                            "uid: alice\n"
                            "cn:: SsO8cmdlbiBHcm/Dnw==\n"
                            "mail: alice@exam\n"
                            " ple.org\n"
                            "telephoneNumber: +49 30 1234\n"
                            "userPassword:: e1NTSEF9bS9RQkNBdUZWQThwNnRaOXJRRm9hVGlvTWJvYXd4Z2\n"
                            " o=\n"
                            "pwdChangedTime: 20261125030405Z\n"
                            "jpegPhoto:< file:///etc/passwd\n"
                            "\n"
                            "\n"
                            "DN: uid=bob\r\n"
                            "UID: bob\r\n"
                            "USERPASSWORD;x-option: {CRYPT}$6$salt$hash\r\n"
                            "shadowLastChange: 0\r\n"
                            "pwdAccountLockedTime: 000001010000Z\r\n"
                            "\r\n"
                            "dn: uid=carol\n"
                            "uid: carol\n"
                            "\n"
                            "dn: uid=dave\n"
                            "uid: dave\n"
                            "userPassword: Secret1234\n"
                            "\n"
                            "dn: uid=erin\n"
                            "uid: erin\n"
                            "userPassword: {MD5}one\n"
                            "userPassword: {SSHA}two\n"
                            "\n"
                            "dn: uid=frank\n"
                            "uid: frank\n"
                            "sambaNTPassword: 8846F7EAEE8FB117AD06BDD830B7586C\n"
                            "sambaPwdLastSet: 1700000000\n"
                            "\n"
                            "dn: cn=service\n"
                            "userPassword: {SSHA}two\n"
                            "\n"
                            "dn: uid=gina\n"
                            "changetype: modify\n"
                            "uid: gina\n"
                            "userPassword: {SSHA}two\n"
                            "\n"
                            "dn: uid=hans\n"
                            "uid: hans\n"
                            "userPassword:: {not base64}");
  REQUIRE(all.entries.size() == 4);
  const auto& alice = all.entries[0];
  CHECK(alice.name == "alice");
  CHECK(alice.line == 8);
  CHECK(alice.full_name == "Jürgen Groß");
  CHECK(alice.email == "alice@example.org");
  CHECK(alice.phone == "+49 30 1234");
  CHECK(hash_of(alice) == "{SSHA}m/QBCAuFVA8p6tZ9rQFoaTioMboawxgj");
  CHECK(alice.set_at == Time(std::chrono::seconds(1795575845)));
  CHECK(all.entries[1].name == "bob");
  CHECK(all.entries[1].locked);
  CHECK(all.entries[1].must_change);
  CHECK(hash_of(all.entries[2]) == "{SSHA}two");
  CHECK(all.entries[2].remark == "it has several passwords: one was taken");
  CHECK(all.entries[3].nt);
  CHECK(all.entries[3].set_at == Time(std::chrono::seconds(1700000000)));
  REQUIRE(all.left.size() == 5);
  CHECK(all.left[0].name == "carol");
  CHECK(all.left[0].why == no_password);
  CHECK(all.left[1].why == "it is a password in clear: set it with credctl passwd");
  CHECK(all.left[2].why == "it has a password and no uid");
  CHECK(all.left[3].why == "it is a change to a record, no record");
  CHECK(all.left[4].why == "a value is no base64");
}

TEST_CASE("an endless value of LDIF is passed over, not gathered", "[import]") {
  std::string text = "dn: uid=alice\nuid: alice\nuserPassword: {SSHA}two\njpegPhoto:: QUJD\n";
  for (int i = 0; i < 4000; ++i) text += " " + std::string(76, 'A') + "\n";
  const auto all = read_all(Format::ldif, text + "mail: alice@example.org\n");
  REQUIRE(all.entries.size() == 1);
  CHECK(all.entries[0].email == "alice@example.org");
}

TEST_CASE("CSV has a header, quotes and lines within quotes", "[import]") {
  const auto all = read_all(
      Format::csv,
      "\xef\xbb\xbfname,hash,set,full_name,email,phone,birth_date,state,must_change,"
      "attribute.team\r\n"
      "alice,$6$a$b,2026-11-25,\"Miller, Alice\",a@example.org,123,1987-01-02,active,no,blue\r\n"
      "bob,$6$a$b,2026-11-25T03:04:05.123Z,\"Bob \"\"the\"\"\nBuilder\",,,,locked,1,\r\n"
      "carol,,,,,,,,,\n"
      "dave,*,,,,,,,,\n"
      "erin,$6$a$b,yesterday,,,,,,,\n"
      "frank,$6$a$b,,,,,,sleeping,,\n"
      "gina,$6$a$b,,,,,,,perhaps,\n"
      "hans,$6$a$b\n"
      "ida,$6$a$b,,,,,,disabled,,");
  REQUIRE(all.entries.size() == 3);
  CHECK(all.entries[0].full_name == "Miller, Alice");
  CHECK(all.entries[0].birth_date == "1987-01-02");
  CHECK(all.entries[0].attributes.at("team") == "blue");
  CHECK(all.entries[0].set_at == day(20782));
  CHECK(all.entries[1].full_name == "Bob \"the\"\nBuilder");
  CHECK(all.entries[1].locked);
  CHECK(all.entries[1].must_change);
  CHECK(all.entries[1].attributes.empty());
  CHECK(all.entries[2].name == "ida");
  CHECK(all.entries[2].disabled);
  REQUIRE(all.left.size() == 6);
  CHECK(all.left[0].line == 5);
  CHECK(all.left[0].why == empty_password);
  CHECK(all.left[1].why == no_password);
  CHECK(all.left[2].why == "its column set is no date or time in UTC");
  CHECK(all.left[5].why == "it has other columns than the header");
}

TEST_CASE("a header that is none is refused with what would be right", "[import]") {
  CHECK(refused(Format::csv, "") == "there is no header");
  CHECK(refused(Format::csv, "login,hash\n") == "the header has no column 'name'");
  CHECK(refused(Format::csv, "name,hash,full_nam\n") ==
        "'full_nam' is no column that is taken; did you mean 'full_name', or 'attribute.KEY'?");
  CHECK(refused(Format::csv, "name,hash,name\n") == "the column 'name' is there twice");
  CHECK(refused(Format::csv, "name,hash\nalice,\"never closed\n") ==
        "line 2: a quote is not closed");
  CHECK(refused(Format::csv, "name,hash\nalice,\"closed\"x\n") ==
        "line 2: something follows a closing quote");
  CHECK(refused(Format::django, "id,password\n") ==
        "the header has no column 'username', as auth_user has");
  CHECK(refused(Format::django, "[{]").find("dumpdata") != std::string::npos);
  CHECK(refused(Format::django, "{}").find("dumpdata") != std::string::npos);
  CHECK(refused(Format::django, std::string(100000, '[')).find("dumpdata") != std::string::npos);
}

TEST_CASE("Django's users come as JSON and as CSV", "[import]") {
  const auto json = read_all(Format::django, R"([
    {"model": "auth.permission", "pk": 1, "fields": {"name": "x"}},
    {"model": "auth.user", "pk": 1, "fields": {"username": "alice", "first_name": "Alice",
      "last_name": "Miller", "email": "a@example.org", "is_active": true,
      "password": "md5$seasalt$3f86d0d3d465b7b458c231bf3555c0e3"}},
    {"model": "shop.customer", "pk": 2, "fields": {"username": "bob", "is_active": false,
      "password": "sha1$$6d138ca3ae545631b3abd71a4f076ce759c5700b"}},
    {"model": "auth.user", "pk": 3, "fields": {"username": "carol", "password": "!unusable"}},
    {"model": "auth.user", "pk": 4, "fields": {"username": 7, "password": ["x"]}}])");
  REQUIRE(json.entries.size() == 2);
  CHECK(json.entries[0].full_name == "Alice Miller");
  CHECK(json.entries[0].email == "a@example.org");
  CHECK_FALSE(json.entries[0].disabled);
  CHECK(json.entries[1].name == "bob");
  CHECK(json.entries[1].disabled);
  REQUIRE(json.left.size() == 2);
  CHECK(json.left[0].why == no_password);
  CHECK(json.left[1].why == "it has no name");
  const auto csv = read_all(Format::django,
                            "id,password,username,first_name,last_name,email,is_active\n"
                            "1,md5$seasalt$3f86,alice,Alice,,a@example.org,t\n"
                            "2,md5$seasalt$3f86,bob,,Baker,,f\n"
                            "3,!x,carol,,,,t\n");
  REQUIRE(csv.entries.size() == 2);
  CHECK(csv.entries[0].full_name == "Alice");
  CHECK(csv.entries[1].full_name == "Baker");
  CHECK(csv.entries[1].disabled);
  REQUIRE(csv.left.size() == 1);
}

TEST_CASE("Django's JSON is read with its escapes, and what is none is refused as a whole",
          "[import]") {
  const auto all = read_all(Format::django, R"(
    [ {"pk": -1.5e3, "fields": {"groups": [[1, {"a": [null, "]}"]}], true], "username":
      "Zo\u00eb \ud83d\udd11", "password": "sha1$a\/b\\\"\u0024", "email": null,
      "first_name": "\u20ac"}, "model": "auth.user"}, 7, [], "x" ] )");
  REQUIRE(all.entries.size() == 1);
  CHECK(all.entries[0].name == "Zoë 🔑");
  CHECK(hash_of(all.entries[0]) == "sha1$a/b\\\"$");
  CHECK(all.entries[0].full_name == "€");
  CHECK(read_all(Format::django, "[]").entries.empty());
  const std::string nested = std::string(60, '[') + std::string(60, ']');
  CHECK(read_all(Format::django, "[" + nested + "]").entries.empty());
  for (const std::string text :
       {"[", "[1", "[1,]", "[1]x", "[\"\\ud83d\"]", "[\"\\udd11\"]", "[\"\\ud83d\\u0041\"]",
        "[\"\\u00g1\"]", "[\"\\x\"]", "[\"\\", "[\"a", "[{\"a\"}]", "[{\"a\":}]", "[{\"a\":1,}]",
        "[{\"fields\":{\"username\":\"a\"]", "[nul]", "[\"a\nb\"]"}) {
    CAPTURE(text);
    CHECK(refused(Format::django, text) != "taken");
  }
  CHECK(refused(Format::django, "[" + std::string(70, '[') + std::string(71, ']')) != "taken");
}

TEST_CASE("a reader stops when it is told to", "[import]") {
  int seen = 0;
  const auto done =
      read(Format::htpasswd, "a:1\nb:2\nc:3\n", now, [&](Record&&) { return ++seen < 2; });
  CHECK(done);
  CHECK(seen == 2);
}
