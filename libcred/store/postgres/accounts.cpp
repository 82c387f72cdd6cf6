// Rows of accounts, and what the tree sees of them.

#include "store/postgres/transaction.hpp"

namespace cred::store::postgres {
namespace {

#define CRED_ACCOUNT \
  "SELECT id, name, generation, credential, profile, history, bucket FROM cred.account "

AccountRow account_of(const Rows& rows, int row) {
  AccountRow account;
  rows.read(row, 0, account.id);
  account.name = rows.text(row, 1);
  account.generation = rows.count(row, 2);
  account.credential = rows.blob(row, 3);
  account.profile = rows.blob(row, 4);
  account.history = rows.blob(row, 5);
  account.bucket = rows.count32(row, 6);
  return account;
}

std::optional<AccountRow> first_of(const Rows& rows) {
  if (rows.size() == 0) return std::nullopt;
  return account_of(rows, 0);
}

std::vector<AccountRow> all_of(const Rows& rows) {
  std::vector<AccountRow> accounts;
  for (int row = 0; row < rows.size(); ++row) accounts.push_back(account_of(rows, row));
  return accounts;
}

Member member_of(const Rows& rows, int row) {
  Member member{rows.count32(row, 0), {}, rows.count(row, 2)};
  rows.read(row, 1, member.account);
  return member;
}

}  // namespace

std::optional<AccountRow> PostgresTransaction::find(std::string_view name) {
  return first_of(ask(CRED_ACCOUNT "WHERE realm = $1 AND name = $2", mine().text(name)));
}

std::optional<AccountRow> PostgresTransaction::find(const Uuid& id) {
  return first_of(ask(CRED_ACCOUNT "WHERE realm = $1 AND id = $2", mine().bytes(id)));
}

std::vector<AccountRow> PostgresTransaction::list(std::string_view after, std::size_t limit) {
  return all_of(ask(CRED_ACCOUNT "WHERE realm = $1 AND name > $2 ORDER BY name LIMIT $3",
                    mine().text(after).number(std::uint64_t{limit})));
}

std::vector<AccountRow> PostgresTransaction::list_sealed_by_others(
    std::span<const std::byte> prefix, std::string_view after, std::size_t limit) {
  return all_of(
      ask(CRED_ACCOUNT
          "WHERE realm = $1 AND name > $2 AND (substr(credential, 1, length($3::bytea)) <> $3 OR "
          "substr(profile, 1, length($3)) <> $3 OR substr(history, 1, length($3)) <> $3) "
          "ORDER BY name LIMIT $4",
          mine().text(after).bytes(prefix).number(std::uint64_t{limit})));
}

std::uint64_t PostgresTransaction::accounts() {
  return ask("SELECT count(*) FROM cred.account WHERE realm = $1", mine()).count(0, 0);
}

bool PostgresTransaction::insert(const AccountRow& row) {
  return ask("INSERT INTO cred.account "
             "(realm, id, name, generation, credential, profile, history, bucket) "
             "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (realm, name) DO NOTHING",
             mine()
                 .bytes(row.id)
                 .text(row.name)
                 .number(row.generation)
                 .bytes(row.credential)
                 .bytes(row.profile)
                 .bytes(row.history)
                 .number(row.bucket))
             .changed() == 1;
}

bool PostgresTransaction::replace(const AccountRow& next, Generation expected) {
  return ask("UPDATE cred.account SET generation = $2, credential = $3, profile = $4, "
             "history = $5, bucket = $8 WHERE realm = $1 AND id = $6 AND generation = $7",
             mine()
                 .number(next.generation)
                 .bytes(next.credential)
                 .bytes(next.profile)
                 .bytes(next.history)
                 .bytes(next.id)
                 .number(expected)
                 .number(next.bucket))
             .changed() == 1;
}

bool PostgresTransaction::reseal(const AccountRow& before, const AccountRow& after) {
  return ask("UPDATE cred.account SET credential = $3, profile = $4, history = $5 "
             "WHERE realm = $1 AND id = $2 AND generation = $6 AND credential = $7 AND "
             "profile = $8 AND history = $9",
             mine()
                 .bytes(before.id)
                 .bytes(after.credential)
                 .bytes(after.profile)
                 .bytes(after.history)
                 .number(before.generation)
                 .bytes(before.credential)
                 .bytes(before.profile)
                 .bytes(before.history))
             .changed() == 1;
}

bool PostgresTransaction::remove(const Uuid& account) {
  return ask("DELETE FROM cred.account WHERE realm = $1 AND id = $2", mine().bytes(account))
             .changed() == 1;
}

std::optional<AccountRow> PostgresTransaction::first_from(std::uint32_t bucket) {
  return first_of(ask(CRED_ACCOUNT "WHERE realm = $1 AND bucket >= $2 ORDER BY bucket, id LIMIT 1",
                      mine().number(bucket)));
}

std::vector<Member> PostgresTransaction::members(std::uint32_t bucket) {
  constexpr std::uint32_t lowest = 2;
  std::vector<Statement> statements;
  // Who asks for a bucket asks for the nodes above it.
  const bool known = nodes_.contains({lowest, bucket >> 6});
  if (!known) statements.push_back(path_of(lowest, bucket >> 6));
  statements.emplace_back(
      "SELECT bucket, id, generation FROM cred.account WHERE realm = $1 AND bucket = $2 "
      "ORDER BY id",
      mine().number(bucket));
  const auto answers = ask_all(statements);
  if (!known) know_path(lowest, bucket >> 6, answers.front());
  const Rows& rows = answers.back();
  std::vector<Member> members;
  for (int row = 0; row < rows.size(); ++row) members.push_back(member_of(rows, row));
  return members;
}

void PostgresTransaction::each_member(const std::function<bool(const Member&)>& visit) {
  constexpr std::int64_t page = 10'000;
  Member last;
  for (bool first = true;; first = false) {
    // No bucket is below 0, but one of a store that was altered.
    const std::int64_t bucket = first ? INT64_MIN : std::int64_t{last.bucket};
    const auto rows =
        ask("SELECT bucket, id, generation FROM cred.account WHERE realm = $1 AND "
            "(bucket, id) > ($2, $3) ORDER BY bucket, id LIMIT $4",
            mine().number(bucket).bytes(last.account).number(page));
    for (int row = 0; row < rows.size(); ++row) {
      last = member_of(rows, row);
      if (!visit(last)) return;
    }
    if (rows.size() < page) return;
  }
}

}  // namespace cred::store::postgres
