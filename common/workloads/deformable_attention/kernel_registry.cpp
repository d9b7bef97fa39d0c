#include "workloads/deformable_attention/kernel_registry.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace deformable_attention {
namespace {
std::vector<Variant>& registry() {
  static std::vector<Variant> variants;  // kernel files register before main(), in any order
  return variants;
}
}  // namespace

bool register_variant(const char* name, const Configuration* configurations, int count) {
  auto& variants = registry();
  const auto place = std::ranges::lower_bound(variants, std::string(name), {}, &Variant::name);
  if (place != variants.end() && place->name == name) {
    std::fprintf(stderr,
                 "Two kernel files of this program are registered as \"%s\": a kernel file calls register_kernel "
                 "once, and each file of a program is compiled under a name of its own.\n",
                 name);
    std::exit(1);
  }
  variants.insert(place, {name, {configurations, configurations + count}});
  return true;
}

LaunchFunction Variant::find(std::string_view configuration) const {
  const auto found = std::ranges::find(configurations, configuration, [](const Configuration& c) { return c.name; });
  if (found != configurations.end()) return found->launch;
  std::string known;
  for (const Configuration& other : configurations)
    known += (known.empty() ? "\"" : ", \"") + std::string(other.name) + "\"";
  throw std::logic_error("the kernel has no configuration \"" + std::string(configuration) + "\": it registers " +
                         known);
}

const std::vector<Variant>& variants() { return registry(); }

}  // namespace deformable_attention
