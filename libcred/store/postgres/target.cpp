#include "store/postgres/target.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>

namespace cred::store::postgres {
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;
using Values = std::map<std::string, std::string>;

Values values_of(const PQconninfoOption* options) {
  Values values;
  for (; options != nullptr && options->keyword != nullptr; ++options)
    if (options->val != nullptr && options->val[0] != '\0') values[options->keyword] = options->val;
  return values;
}

std::string value_of(const Values& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? "" : found->second;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = list.find(',', begin);
    parts.push_back(list.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + 1;
  }
}

[[noreturn]] void refuse(const std::string& why) {
  throw Failure(Code::configuration, "store.url: " + why);
}

bool all_stay_here(const Values& values) {
  const auto hosts = split(value_of(values, "host"));
  const auto addresses = split(value_of(values, "hostaddr"));
  for (std::size_t i = 0; i < std::max(hosts.size(), addresses.size()); ++i)
    if (!stays_here(i < hosts.size() ? hosts[i] : "", i < addresses.size() ? addresses[i] : ""))
      return false;
  return true;
}

// The URL is shown in messages: nothing of a password may be left in it.
std::string without_secrets(const std::string& url) {
  const std::size_t authority = url.find("//") + 2;
  const std::size_t end = std::min(url.find_first_of("/?", authority), url.size());
  const std::size_t at = url.rfind('@', end);
  const std::size_t colon = url.find(':', authority);
  std::string shown = url;
  if (at != std::string::npos && at >= authority && colon < at) shown.erase(colon, at - colon);
  return shown.substr(0, shown.find('?'));
}

}  // namespace

bool stays_here(const std::string& host, const std::string& address) {
  const std::string& place = address.empty() ? host : address;
  if (place.empty() || place.front() == '/' || place.front() == '@') return true;
  if (place == "localhost" || place == "::1") return true;
  return place.starts_with("127.") && place.find_first_not_of("0123456789.") == std::string::npos;
}

Target::Target(const std::string& url) : url_(without_secrets(url)) {
  char* error = nullptr;
  const Options options(PQconninfoParse(url.c_str(), &error), &PQconninfoFree);
  if (!options) {
    // libpq's words may repeat what stands where a password would.
    PQfreemem(error);
    refuse("'" + url_ +
           "' is no PostgreSQL URL; it looks like "
           "postgresql://cred@db1,db2/cred?sslrootcert=/etc/cred/ca.pem");
  }
  const Values given = values_of(options.get());
  for (const char* secret : {"password", "sslpassword"})
    if (given.count(secret) != 0)
      refuse(std::string("a ") + secret +
             " has no place in it: use a client certificate, or a file that only credd reads "
             "(passfile=/etc/cred/pgpass, or service=NAME)");
  if (std::getenv("PGPASSWORD") != nullptr)
    refuse("the environment has PGPASSWORD, where other programs may read it: use passfile=");
  const std::string session = value_of(given, "target_session_attrs");
  if (!session.empty() && session != "read-write" && session != "primary")
    refuse("target_session_attrs=" + session +
           " may lead to a standby; leave it out, for it is read-write");

  Values whole = given;
  const auto fill_in = [&](const char* name, const char* value) { whole.try_emplace(name, value); };
  fill_in("target_session_attrs", "read-write");
  // A service file says what it says, and is looked at before anything is sent.
  if (given.count("service") == 0 && !all_stay_here(given)) fill_in("sslmode", "verify-full");
  fill_in("gssencmode", "disable");
  fill_in("connect_timeout", "4");
  fill_in("application_name", "libcred");
  // A server that is gone without a word.
  fill_in("tcp_user_timeout", "8000");
  fill_in("keepalives_idle", "10");
  fill_in("keepalives_interval", "3");
  fill_in("keepalives_count", "3");
  whole["client_encoding"] = "UTF8";
  parameters_.assign(whole.begin(), whole.end());
}

std::vector<const char*> Target::keywords() const {
  std::vector<const char*> all;
  for (const auto& parameter : parameters_) all.push_back(parameter.first.c_str());
  all.push_back(nullptr);
  return all;
}

std::vector<const char*> Target::values() const {
  std::vector<const char*> all;
  for (const auto& parameter : parameters_) all.push_back(parameter.second.c_str());
  all.push_back(nullptr);
  return all;
}

void must_be_safe(PGconn* connection, const std::string& url) {
  const Options options(PQconninfo(connection), &PQconninfoFree);
  if (!options) throw Failure(Code::unavailable, "no memory for a connection to " + url);
  const Values values = values_of(options.get());
  if (all_stay_here(values)) return;
  if (const std::string mode = value_of(values, "sslmode"); mode != "verify-full")
    refuse("sslmode=" + mode + " to " + value_of(values, "host") +
           " does not prove which server answers, and whoever stands between could read and "
           "alter everything; only sslmode=verify-full does (with sslrootcert=FILE of the CA). "
           "A Unix socket or loopback needs none");
  if (const std::string gss = value_of(values, "gssencmode"); gss != "disable")
    refuse("gssencmode=" + gss + " takes the place of TLS; leave it out");
  const std::string least = value_of(values, "ssl_min_protocol_version");
  if (!least.empty() && least != "TLSv1.2" && least != "TLSv1.3")
    refuse("ssl_min_protocol_version=" + least + " is too old: TLSv1.2 is the least");
}

}  // namespace cred::store::postgres
