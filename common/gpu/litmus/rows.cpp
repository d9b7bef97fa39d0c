#include <algorithm>
#include <string_view>

#include "gpu/litmus/litmus.h"

namespace litmus {
namespace {
std::vector<Row>& registry() {
  static std::vector<Row> rows;  // kernel files register before main(), in any order
  return rows;
}
}  // namespace

bool register_row(const Row& row) {
  auto& rows = registry();
  rows.insert(std::ranges::lower_bound(rows, std::string_view(row.name), {}, &Row::name), row);
  return true;
}

const std::vector<Row>& rows() { return registry(); }

}  // namespace litmus
