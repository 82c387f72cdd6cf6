// Promise 3: who can write the store's file cannot make it say something else.
#include "site.hpp"

#include <catch2/catch.hpp>

namespace {

class TwoAccounts : public Site {
 public:
  TwoAccounts() {
    init();
    add("ann", right_password);
    add("bob", other_password);
  }
};

void is_integrity(const Finished& finished) {
  INFO(finished.out << finished.err);
  CHECK(finished.exit == 9);
  CHECK_FALSE(finished.err.empty());
}

Finished login(const Site& site, const std::string& name, const std::string& password) {
  return site.run({"verify", name, "--stdin"}, password + "\n");
}

// The database alone: journal and anchor lie elsewhere.
void put_store_back(const Site& site, const std::map<std::string, std::string>& yesterday) {
  auto files = site.files();
  for (const char* part : {"", "-wal", "-shm"}) {
    const std::string name = std::string("cred.db") + part;
    files.erase(name);
    if (yesterday.contains(name)) files[name] = yesterday.at(name);
  }
  site.restore(files);
}

}  // namespace

TEST_CASE("promise: swapped credentials open no account") {
  TwoAccounts site;
  site.sql(
      "CREATE TEMP TABLE kept AS SELECT name, credential FROM account;"
      "UPDATE account SET credential ="
      " (SELECT credential FROM kept WHERE kept.name <> account.name);");
  for (const char* name : {"ann", "bob"})
    for (const char* password : {right_password, other_password})
      is_integrity(login(site, name, password));
}

TEST_CASE("promise: swapped rows, with their ids, open no account") {
  TwoAccounts site;
  site.sql(
      "UPDATE account SET name = 'tmp' WHERE name = 'ann';"
      "UPDATE account SET name = 'ann' WHERE name = 'bob';"
      "UPDATE account SET name = 'bob' WHERE name = 'tmp';");
  is_integrity(login(site, "ann", other_password));
  is_integrity(login(site, "bob", right_password));
}

TEST_CASE("promise: a renamed account does not open") {
  TwoAccounts site;
  site.sql("UPDATE account SET name = 'carol' WHERE name = 'ann';");
  is_integrity(login(site, "carol", right_password));
  is_integrity(site.run({"status", "carol"}));
  is_integrity(login(site, "ann", right_password));
  CHECK(site.verify("bob", other_password) == 0);
}

TEST_CASE("promise: an old row under the new generation does not open") {
  TwoAccounts site;
  const std::string old_row = site.sql(
      "SELECT 'UPDATE account SET credential=x''' || hex(credential) || ''', profile=x''' ||"
      " hex(profile) || ''', history=x''' || hex(history) || ''' WHERE name=''ann'';'"
      " FROM account WHERE name = 'ann';");
  site.reset("ann", "Velvet-Kettledrum7");
  REQUIRE(site.verify("ann", right_password) == 1);
  site.sql(old_row);
  is_integrity(login(site, "ann", right_password));
  is_integrity(login(site, "ann", "Velvet-Kettledrum7"));
}

TEST_CASE("promise: one changed bit in a sealed field is noticed") {
  TwoAccounts site;
  const auto before = site.files();
  for (const std::string field : {"credential", "profile", "history"}) {
    INFO(field);
    site.restore(before);
    const auto length =
        std::stoul(site.sql("SELECT length(" + field + ") FROM account WHERE name = 'ann';"));
    const std::string byte = site.sql("SELECT hex(substr(" + field + ", " + std::to_string(length) +
                                      ", 1)) FROM account WHERE name = 'ann';");
    const std::string other = byte.starts_with("00") ? "01" : "00";
    site.sql("UPDATE account SET " + field + " = CAST(substr(" + field + ", 1, " +
             std::to_string(length - 1) + ") || x'" + other + "' AS BLOB) WHERE name = 'ann';");
    if (field == "credential") is_integrity(login(site, "ann", right_password));
    // A reset reads all three.
    is_integrity(site.run({"passwd", "ann", "--stdin"}, "Velvet-Kettledrum7\n"));
    CHECK(site.verify("bob", other_password) == 0);
  }
}

TEST_CASE("promise: another realm's key, or none of ours, opens nothing") {
  TwoAccounts site;
  Site stranger;
  stranger.init();
  for (const std::string number : {"0", "1"}) {
    const std::string theirs =
        stranger.sql("SELECT hex(wrapped) FROM realm_key WHERE number = " + number + ";");
    site.sql("UPDATE realm_key SET wrapped = x'" + theirs.substr(0, theirs.size() - 1) +
             "' WHERE number = " + number + ";");
  }
  is_integrity(login(site, "ann", right_password));
}

TEST_CASE("promise: an account that was deleted is missed, and audit verify and maintain go on") {
  TwoAccounts site;
  site.sql("DELETE FROM account WHERE name = 'ann';");
  is_integrity(login(site, "ann", right_password));
  is_integrity(site.run({"maintain"}));
  CHECK(site.verify("bob", other_password) == 0);
  // The trail has the login that met it.
  const auto noticed = site.run({"audit", "show", "--event", "tampering_noticed", "--json"});
  CHECK(noticed.exit == 0);
  CHECK(noticed.out.find("tampering_noticed") != std::string::npos);
  CHECK(site.run({"audit", "verify"}).exit == 0);
}

TEST_CASE("promise: yesterday's store is refused with 9 until somebody accepts it with a reason") {
  TwoAccounts site;
  const auto yesterday = site.files();
  SECTION("from before a change") { site.reset("ann", "Velvet-Kettledrum7"); }
  SECTION("from before a wrong guess") { REQUIRE(site.verify("ann", wrong_password) == 1); }
  put_store_back(site, yesterday);
  is_integrity(login(site, "ann", right_password));
  is_integrity(site.run({"status", "bob"}));
  is_integrity(site.run({"audit", "verify"}));
  CHECK(site.run({"accept-rollback"}).exit == 2);
  CHECK(site.run({"accept-rollback", "--reason", "the disk image of Monday"}).exit == 0);
  CHECK(site.verify("ann", right_password) == 0);
  const auto told = site.run({"audit", "show", "--event", "rollback_accepted"});
  CHECK(told.out.find("the disk image of Monday") != std::string::npos);
}

TEST_CASE("promise: a store without its head is refused") {
  TwoAccounts site;
  site.sql("DELETE FROM head;");
  is_integrity(login(site, "ann", right_password));
  for (const char* place : {"anchor", "journal"}) std::filesystem::remove_all(site.path() / place);
  is_integrity(login(site, "ann", right_password));
}
