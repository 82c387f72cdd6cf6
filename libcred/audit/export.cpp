#include "audit/export.hpp"

#include "audit/event.hpp"
#include "audit/log_text.hpp"
#include "audit/security_event.hpp"
#include "audit/timestamp.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <string_view>
#include <syslog.h>

namespace cred::audit {
namespace {

std::string uid_of(const ExportedRecord& record) {
  return record.uid ? std::to_string(*record.uid) : std::string();
}

// RFC 5424 §6: printable ASCII without blanks, at most so long; "-" for nothing.
std::string header_word(std::string_view text, std::size_t limit) {
  std::string word(text.substr(0, limit));
  std::replace_if(
      word.begin(), word.end(), [](char c) { return c <= ' ' || c > '~'; }, '?');
  return word.empty() ? "-" : word;
}

// CEF counts from 0 to 10, the worst last; syslog from 0, the worst first.
int cef_severity(const ExportedRecord& record) {
  constexpr std::array from_syslog = {10, 10, 9, 8, 6, 4, 2, 0};
  return from_syslog.at(static_cast<std::size_t>(severity(record.event, record.outcome)));
}

std::string cef_header(std::string_view text) { return escaped(one_line(text), "\\|"); }

std::string cef_value(std::string_view text) {
  std::string value;
  for (const char c : escaped(one_line(text, "\n\r"), "\\=")) {
    if (c == '\n')
      value += "\\n";
    else if (c == '\r')
      value += "\\r";
    else
      value += c;
  }
  return value;
}

// The extension of CEF: keys and values with blanks between them.
class Extension {
 public:
  void add(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    if (!text_.empty()) text_ += ' ';
    text_.append(key).append("=").append(cef_value(value));
  }
  // A key whose meaning a label tells.
  void add(std::string_view key, std::string_view value, std::string_view meaning) {
    if (value.empty()) return;
    add(key, value);
    add(std::string(key) + "Label", meaning);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// A host by its address or its name, as far as the source is one.
void add_source(Extension& extension, const std::string& source) {
  constexpr std::string_view prefix = "host ";
  if (!source.starts_with(prefix)) return extension.add("cs5", source, "source");
  const std::string host = source.substr(prefix.size());
  std::array<unsigned char, sizeof(in6_addr)> address{};
  // inet_pton ends at a zero byte, which a text of any origin may hold.
  if (host.find('\0') != std::string::npos) return extension.add("shost", host);
  if (inet_pton(AF_INET, host.c_str(), address.data()) == 1) return extension.add("src", host);
  if (inet_pton(AF_INET6, host.c_str(), address.data()) == 1)
    return extension.add("c6a2", host, "Source IPv6 Address");
  extension.add("shost", host);
}

// What happened to whom, and by whom and how: the same in every format that has fields of
// our own.
template <typename Field>
void each_subject(const ExportedRecord& record, Field field) {
  field("realm", record.realm);
  field("event", record.event);
  field("outcome", record.outcome);
  field("account", record.account);
  field("account_id", record.account_id);
}
template <typename Field>
void each_circumstance(const ExportedRecord& record, Field field) {
  field("actor", record.actor);
  field("source", record.source);
  field("service", record.service);
  field("tty", record.tty);
  field("detail", record.detail);
  field("mac", record.mac);
}

}  // namespace

std::string to_json_line(const ExportedRecord& record) {
  nlohmann::ordered_json object;
  const auto field = [&](const char* name, const std::string& value) {
    if (!value.empty()) object[name] = value;
  };
  object["number"] = record.number;
  object["time"] = timestamp(record.time);
  field("host", record.host);
  each_subject(record, field);
  if (record.uid) object["uid"] = *record.uid;
  each_circumstance(record, field);
  return object.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

std::string to_syslog(const ExportedRecord& record) {
  // RFC 5424 §6: PRI VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID SD.
  std::string line = '<' + std::to_string(LOG_AUTHPRIV | severity(record.event, record.outcome)) +
                     ">1 " + timestamp(record.time) + ' ' + header_word(record.host, 255) +
                     " libcred - " + header_word(record.event, 32) + " [cred@32473";
  const auto field = [&](const char* name, const std::string& value) {
    // §6.3.3: these three are escaped, and nothing else.
    if (!value.empty())
      line += std::string(" ") + name + "=\"" + escaped(one_line(value), "\"\\]") + '"';
  };
  field("number", std::to_string(record.number));
  each_subject(record, field);
  field("uid", uid_of(record));
  each_circumstance(record, field);
  return line + ']';
}

std::string to_cef(const ExportedRecord& record) {
  const auto event = event_of(std::string_view(record.event));
  Extension extension;
  extension.add("rt", std::to_string(record.time.time_since_epoch().count()));
  extension.add("externalId", std::to_string(record.number));
  extension.add("dvchost", record.host);
  extension.add("outcome", record.outcome);
  extension.add("duser", record.account);
  extension.add("duid", record.account_id);
  extension.add("suser", record.actor);
  extension.add("suid", uid_of(record));
  add_source(extension, record.source);
  extension.add("msg", record.detail);
  extension.add("cs1", record.realm, "realm");
  extension.add("cs2", record.service, "service");
  extension.add("cs3", record.tty, "tty");
  extension.add("cs4", record.mac, "mac");
  return "CEF:0|libcred|libcred|" CRED_VERSION "|" + cef_header(record.event) + '|' +
         cef_header(event ? description(*event) : std::string_view(record.event)) + '|' +
         std::to_string(cef_severity(record)) + '|' + extension.text();
}

}  // namespace cred::audit
