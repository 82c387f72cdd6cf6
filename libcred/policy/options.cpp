#include "policy/options.hpp"

namespace cred::policy {

Expected<Options> preset(const std::string& name) {
  if (name == "quarterly") return Options{};
  return fail(Code::configuration, "there is no policy preset '" + name + "'; use 'quarterly'");
}

Expected<void> consistent(const Options& o) {
  if (o.min_length > o.max_length)
    return fail(Code::configuration, "policy: min_length is above max_length");
  if (o.min_alphanumeric > o.max_length)
    return fail(Code::configuration, "policy: min_alphanumeric is above max_length");
  if (o.min_upper + o.min_lower + o.min_digit + o.min_symbol > o.max_length)
    return fail(Code::configuration,
                "policy: min_upper, min_lower, min_digit and min_symbol together are above "
                "max_length");
  if (o.max_age && o.min_age >= *o.max_age)
    return fail(Code::configuration, "policy: min_age is not below max_age");
  if (o.max_age && o.warn > *o.max_age)
    return fail(Code::configuration, "policy: warn is above max_age");
  if (!o.history && o.preset == "quarterly")
    return fail(Code::configuration,
                "policy: history = false contradicts the preset 'quarterly', whose rule 8 forbids "
                "every reuse");
  return {};
}

}  // namespace cred::policy
