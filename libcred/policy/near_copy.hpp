#pragma once
#include "base/secret.hpp"
#include <vector>
namespace cred::policy {
std::vector<Secret> skeletons(const Secret& normalised);
}
