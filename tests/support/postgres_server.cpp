#include "support/postgres_server.hpp"

#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cred::test {
namespace {

const std::string programs = CRED_POSTGRES_PROGRAMS "/";

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || bind(fd, generic, length) != 0 || getsockname(fd, generic, &length) != 0)
    throw std::runtime_error("no free port");
  close(fd);
  return ntohs(address.sin_port);
}

std::string new_directory() {
  std::string pattern = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : "/tmp";
  pattern += "/cred-pg-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  if (geteuid() == 0) (void)shell("chown postgres: " + pattern);
  return pattern;
}

}  // namespace

std::string shell(const std::string& command) {
  FILE* pipe = popen(("exec 2>&1 </dev/null; " + command).c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  std::string said;
  std::array<char, 4096> part{};
  while (const auto length = fread(part.data(), 1, part.size(), pipe))
    said.append(part.data(), length);
  const int status = pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error(command + ":\n" + said);
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return said;
}

std::string PostgresServer::as_server(const std::string& command) const {
  const std::string there = "cd " + directory_ + " && ";
  return geteuid() == 0
             ? there + "setpriv --reuid=postgres --regid=postgres --clear-groups " + command
             : there + command;
}

PostgresServer::PostgresServer(const std::string& settings)
    : directory_(new_directory()), port_(free_port()) {
  (void)shell(as_server(programs + "initdb --pgdata=data --username=postgres --encoding=UTF8 "
                                   "--locale=C --auth=trust --no-sync"));
  make_certificates();
  configure(settings);
  start();
}

void PostgresServer::follow(const PostgresServer& primary) {
  kill();
  std::filesystem::remove_all(directory_ + "/data");
  (void)shell(as_server(programs +
                        "pg_basebackup --pgdata=data --write-recovery-conf --no-sync "
                        "--checkpoint=fast --dbname='host=" +
                        primary.directory_ + " port=" + std::to_string(primary.port_) +
                        " user=postgres application_name=standby'"));
  configure("");
  start();
  (void)primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'standby'");
  (void)primary.sql("postgres", "SELECT pg_reload_conf()");
  while (primary.sql("postgres",
                     "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1")
    usleep(20'000);
}

void PostgresServer::configure(const std::string& settings) const {
  std::ofstream(directory_ + "/data/postgresql.conf")
      << "listen_addresses = '127.0.0.1'\nport = " << port_ << "\nunix_socket_directories = '"
      << directory_
      << "'\nssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\n"
         "ssl_ca_file = 'ca.pem'\nfsync = on\nmax_connections = 200\nshared_buffers = 64MB\n"
         "max_wal_size = 4GB\nlog_min_messages = fatal\n"
      << settings;
  std::ofstream(directory_ + "/data/pg_hba.conf")
      << "local all all trust\nlocal replication all trust\n"
         "hostssl all credd_tls 127.0.0.1/32 cert\n"
         "hostssl all all 127.0.0.1/32 scram-sha-256\n";
}

// One authority for the server's and a client's, and another that signed neither.
void PostgresServer::make_certificates() const {
  const std::string key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes ";
  const std::string signed_by = "-days 2 -CA ../ca.pem -CAkey ../ca.key ";
  (void)shell(
      as_server("sh -euc '"
                "openssl req -x509 " +
                key +
                "-keyout ca.key -out ca.pem -days 2 -subj /CN=authority; "
                "openssl req -x509 " +
                key +
                "-keyout /dev/null -out wrong-ca.pem -days 2 -subj /CN=other; "
                "cd data; cp ../ca.pem .; umask 077; "
                "printf subjectAltName=DNS:localhost > names; "
                "openssl req " +
                key +
                "-keyout server.key -subj /CN=localhost | "
                "openssl x509 -req " +
                signed_by +
                "-extfile names -out server.pem; "
                "openssl req " +
                key +
                "-keyout ../client.key -subj /CN=credd_tls | "
                "openssl x509 -req " +
                signed_by + "-out ../client.pem'"));
}

PostgresServer::~PostgresServer() {
  try {
    stop("immediate");
  } catch (const std::exception&) {
    kill();
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void PostgresServer::start() {
  // Not of this process's group: what ends a test's children leaves it alone.
  (void)shell(as_server(programs + "pg_ctl --pgdata=data --log=log --wait --silent start"));
}

void PostgresServer::stop(const char* mode) {
  if (!std::filesystem::exists(directory_ + "/data/postmaster.pid")) return;
  (void)shell(
      as_server(programs + "pg_ctl --pgdata=data --silent --wait --mode=" + mode + " stop"));
}

void PostgresServer::kill() {
  pid_t postmaster = 0;
  std::ifstream(directory_ + "/data/postmaster.pid") >> postmaster;
  if (postmaster <= 1) return;
  std::vector<pid_t> all{postmaster};
  std::ifstream children("/proc/" + std::to_string(postmaster) + "/task/" +
                         std::to_string(postmaster) + "/children");
  for (pid_t child = 0; children >> child;) all.push_back(child);
  for (const pid_t process : all) (void)::kill(process, SIGKILL);
  for (const pid_t process : all)
    while (::kill(process, 0) == 0) usleep(1000);
  (void)unlink((directory_ + "/data/postmaster.pid").c_str());
}

void PostgresServer::promote() const {
  (void)sql("postgres", "SELECT pg_promote(true, 60)");
  // Until there is another standby.
  (void)sql("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
  (void)sql("postgres", "SELECT pg_reload_conf()");
}

std::string PostgresServer::url(const std::string& database, const std::string& more) const {
  return "postgresql://postgres@/" + database + "?host=" + directory_ +
         "&port=" + std::to_string(port_) + more;
}

std::string PostgresServer::tls_url(const std::string& user, const std::string& database,
                                    const std::string& more) const {
  return "postgresql://" + user + "@localhost:" + std::to_string(port_) + "/" + database +
         "?sslmode=verify-full&sslrootcert=" + directory_ + "/ca.pem" + more;
}

void PostgresServer::create(const std::string& database) const {
  (void)sql("postgres", "CREATE DATABASE " + database);
}

std::string PostgresServer::sql(const std::string& database, const std::string& statements) const {
  const std::string file = directory_ + "/statements-" + std::to_string(getpid()) + ".sql";
  std::ofstream(file) << statements;
  return shell("psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --host=" +
               directory_ + " --port=" + std::to_string(port_) +
               " --username=postgres --file=" + file + " " + database);
}

PostgresServer& shared_server() {
  static PostgresServer server;
  return server;
}

}  // namespace cred::test
