#include "audit/export.hpp"
#include "audit/timestamp.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <vector>

using namespace cred;
using namespace cred::audit;

namespace {

ExportedRecord full_record() {
  ExportedRecord record;
  record.number = 42;
  record.time = Time(std::chrono::milliseconds(1'795'568'523'045));
  record.host = "vault.example";
  record.realm = "system";
  record.event = "changed";
  record.outcome = "accepted";
  record.account = "alice";
  record.account_id = "00000000-0000-4000-8000-000000000007";
  record.uid = 1000;
  record.actor = "alice by passwd";
  record.source = "host 192.0.2.7";
  record.service = "passwd";
  record.tty = "pts/1";
  record.detail = "on request";
  record.mac = "00ff";
  return record;
}

using Fields = std::map<std::string, std::string>;

// The texts that anybody may have a say in.
std::vector<std::pair<const char*, std::string ExportedRecord::*>> texts() {
  return {{"realm", &ExportedRecord::realm},
          {"event", &ExportedRecord::event},
          {"outcome", &ExportedRecord::outcome},
          {"account", &ExportedRecord::account},
          {"account_id", &ExportedRecord::account_id},
          {"actor", &ExportedRecord::actor},
          {"source", &ExportedRecord::source},
          {"service", &ExportedRecord::service},
          {"tty", &ExportedRecord::tty},
          {"detail", &ExportedRecord::detail},
          {"mac", &ExportedRecord::mac}};
}

std::vector<std::string> hostile_texts() {
  return {"line\nfeed",
          "carriage\r\nreturn",
          "quote \" and bracket ] [x@1 a=\"b\"]",
          "backslash \\ and \\\\ and \\n and \\",
          "a|b=c suser=root",
          "\x1b[31mred\x7f\x01",
          std::string("zero\0byte", 9),
          "invalid \xff\xc3 utf-8 \xc0\xaf",
          "next\xc2\x85line\xe2\x80\xa8separator",
          "\n<34>1 forged",
          "\nCEF:0|forged"};
}

// One line of valid UTF-8 without control characters, as a JSON parser sees it.
void check_one_line(const std::string& line) {
  CHECK(std::none_of(line.begin(), line.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }));
  CHECK(line.find("\xc2\x85") == std::string::npos);
  CHECK(line.find("\xe2\x80\xa8") == std::string::npos);
  CHECK_NOTHROW(nlohmann::json(line).dump());
}

// RFC 5424 §6 with one element of structured data; false if it is anything else.
bool read_syslog(const std::string& line, std::smatch& header, Fields& fields) {
  static const std::regex whole(
      R"re(<(\d{1,3})>1 (\S+) ([!-~]{1,255}) ([!-~]{1,48}) - ([!-~]{1,32}) \[cred@32473((?: [a-z_]+="(?:[^"\\\]]|\\["\\\]])*")+)\])re");
  if (!std::regex_match(line, header, whole)) return false;
  static const std::regex parameter(R"re( ([a-z_]+)="((?:[^"\\\]]|\\["\\\]])*)")re");
  const std::string data = header[6];
  for (std::sregex_iterator it(data.begin(), data.end(), parameter), end; it != end; ++it) {
    std::string value;
    const std::string written = (*it)[2];
    for (std::size_t i = 0; i < written.size(); ++i) value += written[written[i] == '\\' ? ++i : i];
    if (!fields.emplace((*it)[1], value).second) return false;
  }
  return true;
}

// The parts of a CEF line, with escapes resolved; empty if it is none.
struct Cef {
  std::vector<std::string> header;
  Fields extension;
};

Cef read_cef(const std::string& line) {
  Cef cef;
  std::size_t at = 0;
  for (std::string part; cef.header.size() < 7 && at < line.size(); ++at) {
    if (line[at] == '\\') {
      part += line.at(++at);
    } else if (line[at] == '|') {
      cef.header.push_back(part);
      part.clear();
    } else {
      part += line[at];
    }
  }
  if (cef.header.size() < 7) return {};
  // A value ends before the last word before the next bare equals sign.
  static const std::regex pair(
      R"re(([A-Za-z0-9]+)=((?:[^=\\]|\\[=\\nr])*?)(?= [A-Za-z0-9]+=|$))re");
  const std::string rest = line.substr(at);
  std::size_t used = 0;
  for (std::sregex_iterator it(rest.begin(), rest.end(), pair), end; it != end; ++it) {
    std::string value;
    const std::string written = (*it)[2];
    for (std::size_t i = 0; i < written.size(); ++i) {
      const bool escape = written[i] == '\\';
      const char c = escape ? written[++i] : written[i];
      value += escape && c == 'n' ? '\n' : escape && c == 'r' ? '\r' : c;
    }
    if (!cef.extension.emplace((*it)[1], value).second) return {};
    used += static_cast<std::size_t>(it->length()) + (used > 0 ? 1 : 0);
  }
  return used == rest.size() ? cef : Cef{};
}

}  // namespace

TEST_CASE("a record is a line of JSON with every field that is known") {
  CHECK(to_json_line(full_record()) ==
        R"({"number":42,"time":"2026-11-25T01:02:03.045Z","host":"vault.example",)"
        R"("realm":"system","event":"changed","outcome":"accepted","account":"alice",)"
        R"("account_id":"00000000-0000-4000-8000-000000000007","uid":1000,)"
        R"("actor":"alice by passwd","source":"host 192.0.2.7","service":"passwd",)"
        R"("tty":"pts/1","detail":"on request","mac":"00ff"})");
  CHECK(to_json_line({}) == R"({"number":0,"time":"1970-01-01T00:00:00.000Z"})");
}

TEST_CASE("a record is a line of syslog with structured data") {
  CHECK(to_syslog(full_record()) ==
        "<86>1 2026-11-25T01:02:03.045Z vault.example libcred - changed [cred@32473 number=\"42\" "
        "realm=\"system\" event=\"changed\" outcome=\"accepted\" account=\"alice\" "
        "account_id=\"00000000-0000-4000-8000-000000000007\" uid=\"1000\" "
        "actor=\"alice by passwd\" source=\"host 192.0.2.7\" service=\"passwd\" tty=\"pts/1\" "
        "detail=\"on request\" mac=\"00ff\"]");
  CHECK(to_syslog({}) == "<85>1 1970-01-01T00:00:00.000Z - libcred - - [cred@32473 number=\"0\"]");
}

TEST_CASE("a record is a line of CEF with ArcSight's keys") {
  CHECK(to_cef(full_record()) ==
        "CEF:0|libcred|libcred|" CRED_VERSION
        "|changed|the owner changed the password|2|"
        "rt=1795568523045 externalId=42 dvchost=vault.example outcome=accepted duser=alice "
        "duid=00000000-0000-4000-8000-000000000007 suser=alice by passwd suid=1000 "
        "src=192.0.2.7 msg=on request cs1=system cs1Label=realm cs2=passwd cs2Label=service "
        "cs3=pts/1 cs3Label=tty cs4=00ff cs4Label=mac");
}

TEST_CASE("a source is an address, a host's name or something else to CEF") {
  const auto extension = [](const std::string& source) {
    ExportedRecord record;
    record.source = source;
    auto fields = read_cef(to_cef(record)).extension;
    fields.erase("rt");
    fields.erase("externalId");
    return fields;
  };
  CHECK(extension("host 192.0.2.7") == Fields{{"src", "192.0.2.7"}});
  CHECK(extension("host 2001:db8::1") ==
        Fields{{"c6a2", "2001:db8::1"}, {"c6a2Label", "Source IPv6 Address"}});
  CHECK(extension("host 192.0.2.7.example") == Fields{{"shost", "192.0.2.7.example"}});
  CHECK(extension("uid 1000") == Fields{{"cs5", "uid 1000"}, {"cs5Label", "source"}});
  CHECK(extension(std::string("host 192.0.2.7\0x", 16)).contains("shost"));
}

TEST_CASE("severity grows from an accepted change to tampering") {
  const auto levels = [](const char* event, const char* outcome) {
    ExportedRecord record;
    record.event = event;
    record.outcome = outcome;
    const std::string syslog = to_syslog(record);
    return std::pair(syslog.substr(0, syslog.find('>') + 1), read_cef(to_cef(record)).header.at(6));
  };
  CHECK(levels("changed", "accepted") == std::pair<std::string, std::string>("<86>", "2"));
  CHECK(levels("refused", "refused") == std::pair<std::string, std::string>("<85>", "4"));
  CHECK(levels("compromised", "accepted") == std::pair<std::string, std::string>("<84>", "6"));
  CHECK(levels("changed", "internal") == std::pair<std::string, std::string>("<83>", "8"));
  CHECK(levels("tampering_noticed", "accepted") ==
        std::pair<std::string, std::string>("<81>", "10"));
  CHECK(levels("rollback_noticed", "accepted") ==
        std::pair<std::string, std::string>("<81>", "10"));
}

TEST_CASE("hostile text in any field is one well-formed line of JSON and comes back") {
  for (const auto& [name, field] : texts())
    for (const std::string& text : hostile_texts()) {
      auto record = full_record();
      record.*field = text;
      const std::string line = to_json_line(record);
      check_one_line(line);
      const auto object = nlohmann::json::parse(line);
      CHECK(object.size() == 15);
      // Bytes that are no UTF-8 cannot come back.
      if (text.find('\xff') == std::string::npos) CHECK(object[name] == text);
    }
}

TEST_CASE("hostile text in any field is one well-formed line of syslog and comes back") {
  for (const auto& [name, field] : texts())
    for (const std::string& text : hostile_texts()) {
      INFO(name << ": " << text);
      auto record = full_record();
      record.*field = text;
      const std::string line = to_syslog(record);
      check_one_line(line);
      std::smatch header;
      Fields fields;
      REQUIRE(read_syslog(line, header, fields));
      CHECK(fields.size() == 13);
      const bool clean =
          std::none_of(text.begin(), text.end(), [](char c) { return c < ' ' || c == '\x7f'; });
      if (clean)
        CHECK(fields[name] == text);
      else
        CHECK_THAT(fields[name], Catch::Contains("\xef\xbf\xbd"));
    }
}

TEST_CASE("hostile text in any field is one well-formed line of CEF and comes back") {
  const std::map<std::string, std::string> keys = {
      {"realm", "cs1"},   {"outcome", "outcome"}, {"account", "duser"}, {"account_id", "duid"},
      {"actor", "suser"}, {"source", "cs5"},      {"service", "cs2"},   {"tty", "cs3"},
      {"detail", "msg"},  {"mac", "cs4"}};
  for (const auto& [name, field] : texts())
    for (const std::string& text : hostile_texts()) {
      INFO(name << ": " << text);
      auto record = full_record();
      record.*field = text;
      const std::string line = to_cef(record);
      check_one_line(line);
      auto cef = read_cef(line);
      REQUIRE(cef.header.size() == 7);
      CHECK(cef.header[0] == "CEF:0");
      CHECK(cef.extension.size() == (field == &ExportedRecord::source ? 19 : 18));
      const bool clean = std::none_of(text.begin(), text.end(), [](char c) {
        return (c < ' ' && c != '\n' && c != '\r') || c == '\x7f';
      });
      if (field == &ExportedRecord::event)
        CHECK(cef.header[4].empty() == false);
      else if (clean)
        CHECK(cef.extension[keys.at(name)] == text);
    }
}

TEST_CASE("a host's name with blanks or without end is no other field of syslog") {
  for (const std::string& host :
       {std::string("a b\n"), std::string(300, 'x'), std::string("\xc3\xa9")}) {
    auto record = full_record();
    record.host = host;
    record.event = host;
    std::smatch header;
    Fields fields;
    CHECK(read_syslog(to_syslog(record), header, fields));
  }
}

TEST_CASE("a time outside of four-digit years is none") {
  CHECK(timestamp(Time(Duration(-1))) == "1969-12-31T23:59:59.999Z");
  CHECK(timestamp(Time::max()) == "-");
  CHECK(timestamp(Time::min()) == "-");
  auto record = full_record();
  record.time = Time::max();
  std::smatch header;
  Fields fields;
  CHECK(read_syslog(to_syslog(record), header, fields));
}
