// The door of a store that is a shared object of its own, loaded when a URL asks for it.
// Both sides are built from one source: the object refuses to serve another version.
#pragma once

#include "store/look.hpp"
#include "store/store.hpp"

namespace cred::store {

class Driver {
 public:
  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  virtual ~Driver() = default;
  // As the functions of store.hpp.
  virtual std::unique_ptr<Store> open(const std::string& url) = 0;
  virtual bool create(const std::string& url, const RealmRow& first_realm,
                      const std::vector<KeyRow>& keys, const HeadRow& head) = 0;
  virtual bool exists(const std::string& url) = 0;
  virtual std::unique_ptr<Lock> lock(const std::string& url, Purpose purpose, Holding holding,
                                     Waiting waiting) = 0;
  virtual Look look(const std::string& url) = 0;
  // The statements that an administrator gives who lets nobody else make tables.
  virtual std::string ddl() = 0;
};

// Of what passes between the two: +1 whenever store.hpp or this file changes.
inline constexpr unsigned driver_interface = 1;
inline constexpr const char* driver_entry = "cred_store_driver";
// Null: another interface or version. The object keeps what it returns.
using DriverEntry = Driver* (*)(unsigned interface, const char* version);

// Loads the driver for `postgresql://` once. Throws Failure (configuration).
Driver& postgres_driver();

}  // namespace cred::store
