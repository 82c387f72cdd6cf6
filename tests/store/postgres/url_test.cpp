// What may stand in store.url, and that a connection which others could read is none.

#include "store/store.hpp"

#include "broker/sandbox.hpp"
#include "support/environment.hpp"
#include "support/postgres_server.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

using namespace cred;
using namespace cred::test;

namespace {

Error error_of(const std::string& url) {
  try {
    (void)store::exists(url);
    return {Code::accepted, ""};
  } catch (const Failure& failure) {
    return failure.error();
  }
}

void is_refused(const std::string& url, const std::string& because) {
  const Error error = error_of(url);
  INFO(url << "\n" << error.message);
  CHECK(error.code == Code::configuration);
  CHECK(error.message.find(because) != std::string::npos);
}

}  // namespace

TEST_CASE("a password in the URL is refused and not repeated") {
  for (const char* url : {"postgresql://cred:hunter2secret@127.0.0.1:1/cred",
                          "postgresql://cred@127.0.0.1:1/cred?password=hunter2secret",
                          "postgresql://cred@127.0.0.1:1/cred?sslpassword=hunter2secret"}) {
    is_refused(url, "passfile");
    CHECK(error_of(url).message.find("hunter2secret") == std::string::npos);
  }
  CHECK(error_of("postgresql://cred:hunter2secret@[::1/cred").message.find("hunter2secret") ==
        std::string::npos);
}

TEST_CASE("a password in the environment is refused") {
  const Environment password("PGPASSWORD", "hunter2secret");
  is_refused("postgresql://cred@127.0.0.1:1/cred", "PGPASSWORD");
}

TEST_CASE("TLS that does not prove the server's name is refused for other machines") {
  for (const char* mode : {"disable", "allow", "prefer", "require", "verify-ca"})
    is_refused(std::string("postgresql://cred@192.0.2.1:1/cred?sslmode=") + mode,
               "sslmode=verify-full");
  // One of several is enough.
  is_refused("postgresql://cred@localhost:1,192.0.2.1:1/cred?sslmode=require",
             "sslmode=verify-full");
  is_refused("postgresql://cred@/cred?host=db.example&hostaddr=192.0.2.1&sslmode=prefer",
             "sslmode=verify-full");
  is_refused("postgresql://cred@192.0.2.1:1/cred?gssencmode=prefer", "gssencmode");
  is_refused("postgresql://cred@192.0.2.1:1/cred?ssl_min_protocol_version=TLSv1", "TLSv1.2");
}

TEST_CASE("what a service file and the environment say is looked at as well") {
  auto& server = shared_server();
  const std::string file = server / "services";
  (void)shell("printf '[weak]\\nhost=192.0.2.1\\nsslmode=require\\n' > " + file);
  const Environment services("PGSERVICEFILE", file.c_str());
  is_refused("postgresql://cred@/cred?service=weak", "sslmode=verify-full");
  const Environment host("PGHOST", "192.0.2.1");
  const Environment mode("PGSSLMODE", "allow");
  is_refused("postgresql:///cred", "sslmode=verify-full");
}

TEST_CASE("a session that may be a standby's is refused") {
  is_refused("postgresql://127.0.0.1:1/cred?target_session_attrs=any", "read-write");
  is_refused("postgresql://127.0.0.1:1/cred?target_session_attrs=prefer-standby", "read-write");
}

TEST_CASE("what is no URL is refused with an example") {
  is_refused("postgresql://127.0.0.1:1/cred?sslmod=verify-full", "postgresql://cred@db1,db2/cred");
}

TEST_CASE("a server with another name or of another authority is refused") {
  auto& server = shared_server();
  const std::string port = std::to_string(server.port());
  const std::string key = "&sslcert=" + server / "client.pem" + "&sslkey=" + server / "client.key";
  is_refused("postgresql://credd_tls@/postgres?host=db.example&hostaddr=127.0.0.1&port=" + port +
                 "&sslmode=verify-full&sslrootcert=" + server / "ca.pem" + key,
             "db.example");
  is_refused("postgresql://credd_tls@localhost:" + port +
                 "/postgres?sslmode=verify-full&sslrootcert=" + server / "wrong-ca.pem" + key,
             "certificate");
}

TEST_CASE("a client certificate opens a store, and without one nobody is let in") {
  auto& server = shared_server();
  (void)server.sql("postgres", "DROP ROLE IF EXISTS credd_tls; CREATE ROLE credd_tls LOGIN");
  const std::string key = "&sslcert=" + server / "client.pem" + "&sslkey=" + server / "client.key";
  CHECK(error_of(server.tls_url("credd_tls", "postgres", key)).code == Code::accepted);
  is_refused(server.tls_url("credd_tls", "postgres",
                            "&sslcert=" + server / "none.pem" + "&sslkey=" + server / "none.key"),
             "certificate");
}

TEST_CASE("a credd in its sandbox reaches a server over TLS, and only where it was told so") {
  auto& server = shared_server();
  (void)server.sql("postgres", "DROP ROLE IF EXISTS credd_tls; CREATE ROLE credd_tls LOGIN");
  const std::string url =
      server.tls_url("credd_tls", "postgres",
                     "&sslcert=" + server / "client.pem" + "&sslkey=" + server / "client.key");
  const auto code_in = [&](broker::Network network) {
    const pid_t child = fork();
    if (child == 0)
      _exit(broker::enter_sandbox(network) ? static_cast<int>(error_of(url).code) : 100);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? static_cast<Code>(WEXITSTATUS(status)) : Code::internal;
  };
  CHECK(code_in(broker::Network::reached) == Code::accepted);
  CHECK(code_in(broker::Network::closed) == Code::unavailable);
}

TEST_CASE("a passfile gives the password, and a wrong one is told without it") {
  auto& server = shared_server();
  (void)server.sql("postgres",
                   "DROP ROLE IF EXISTS by_password; "
                   "CREATE ROLE by_password LOGIN PASSWORD 'Pass-File-19'");
  const auto with = [&](const std::string& password) {
    const std::string file = server / "passfile";
    (void)shell("umask 077; printf '*:*:*:*:" + password + "\\n' > " + file);
    return error_of(server.tls_url("by_password", "postgres", "&passfile=" + file));
  };
  CHECK(with("Pass-File-19").code == Code::accepted);
  const Error wrong = with("Wrong-File-20");
  CHECK(wrong.code == Code::configuration);
  CHECK(wrong.message.find("Wrong-File-20") == std::string::npos);
}

TEST_CASE("a server that is not there is unavailable, a database that is not is told") {
  CHECK(error_of("postgresql://postgres@/cred?host=/nowhere").code == Code::unavailable);
  is_refused(shared_server().url("no_such_database"), "does not exist");
}
