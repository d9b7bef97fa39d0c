// Asynchronous copies: the rules of their requests, and how they land (PTX ISA, "Data Movement and Conversion
// Instructions: Asynchronous copy").

#include <algorithm>
#include <cstring>
#include <string>

#include "emulator/diagnosis.h"
#include "emulator/machine.h"
#include "emulator/recorder.h"
#include "gpu/tensor_map.h"

namespace emulator {
namespace {

using std::to_string;

// The destination holds it from the request to the landing: a NaN, as half and (twice) as float.
constexpr uint16_t poison = 0x7fff;

Report bad_address(const Thread& thread, const Copy& copy, const std::string& what, const char* rule) {
  return {"misaligned-copy", what, {{copy.site, nullptr, describe(thread)}}, {}, rule};
}

Report not_shared(const Thread& thread, const Copy& copy) {
  const auto address = reinterpret_cast<uintptr_t>(copy.destination);
  return {
      "out-of-bounds",
      "the destination of this copy is not in the block's shared memory",
      {{copy.site, nullptr,
        bytes_of(copy.bytes) + ", " + describe_address(address, {&thread.block->shared}) + "     " + describe(thread)}},
      {},
      "an asynchronous copy writes to shared memory of its own block"};
}

Report source_outside(const Thread& thread, const Copy& copy, const Copy::Segment& segment) {
  std::vector<const Region*> regions;
  for (const Region& region : global_memory().regions()) regions.push_back(&region);
  return {"out-of-bounds",
          "this copy reads outside every buffer",
          {{copy.site, nullptr,
            bytes_of(segment.bytes) + ", " + describe_address(reinterpret_cast<uintptr_t>(segment.source), regions) +
                "     " + describe(thread)}},
          {},
          copy.kind == Copy::Kind::tensor
              ? "a tensor map describes a tensor that lies whole in one buffer; coordinates may be outside the tensor"
              : "an index is tested before it is used"};
}

Report bad_map(const Thread& thread, Here here, const std::string& what, const char* rule) {
  return {"bad-tensor-map", what, {{here, nullptr, describe(thread)}}, {}, rule};
}

Report unfenced_init(const Thread& thread, const Barrier& barrier, const Copy& copy) {
  const Block& block = *thread.block;
  return {"unfenced-init",
          "this copy will report to an mbarrier whose initialisation no fence has published",
          {{copy.site, nullptr, "reports to " + name_of(block, barrier) + "     " + describe(thread)},
           {barrier.init_site, nullptr, "initialised by " + describe(block.index, barrier.initialiser)}},
          {},
          "the thread that calls mbarrier_init then calls fence_mbarrier_init(), before __syncthreads(): the unit that "
          "copies is not a thread of the block"};
}

bool is_multiple(const void* pointer, std::size_t of) { return reinterpret_cast<uintptr_t>(pointer) % of == 0; }

std::string misses(const void* pointer, std::size_t of) {
  return "begins " + bytes_of(reinterpret_cast<uintptr_t>(pointer) % of) + " past a multiple of " + to_string(of);
}

Copy& new_copy(Thread& thread, Copy::Kind kind, void* destination, std::size_t bytes, Here here) {
  Block& block = *thread.block;
  if (block.copy_count == block.copies.size()) block.copies.push_back(std::make_unique<Copy>());
  Copy& copy = *block.copies[block.copy_count++];
  copy.block = &block;
  copy.number = static_cast<int>(block.copy_count);
  copy.issuer = thread.index;
  copy.agent = Machine::agent_of(thread, ++thread.copies_requested);
  copy.kind = kind;
  copy.site = here;
  copy.destination = static_cast<std::byte*>(destination);
  copy.bytes = bytes;
  copy.fill = 0;
  copy.segments.clear();
  copy.barrier = nullptr;
  copy.phase = 0;
  copy.group = 0;
  copy.written = 0;
  copy.lands_at = thread.time + machine->options().copy_ticks;
  copy.landed = false;
  const uint64_t chance = machine->chance(copy.agent, 2);
  copy.steps = 1 + static_cast<int>(chance % 3);
  copy.from_the_end = chance >> 8 & 1;
  return copy;
}

// The accesses that the copy will make, from its request to its landing.
void record(const Thread& thread, const Copy& copy) {
  Block& block = *thread.block;
  const Policy policy = machine->options().policy;
  const auto destination = reinterpret_cast<uintptr_t>(copy.destination);
  Access access;
  access.block = block.index;
  access.agent = copy.stream;
  access.epoch = copy.epoch;
  access.is_async = copy.kind != Copy::Kind::cp_async;
  access.copy = &copy;
  for (const Copy::Segment& segment : copy.segments) {
    if (!segment.source || segment.bytes == 0) continue;
    const auto source = reinterpret_cast<uintptr_t>(segment.source);
    Region* region = global_memory().find(source, segment.bytes);
    if (!region) return machine->stop(source_outside(thread, copy, segment));
    if (const auto conflict = region->history().record(access, thread.clock, policy, source, segment.bytes)) {
      return machine->stop(explain_request(thread, *region, copy, false, *conflict));
    }
  }
  access.is_write = true;
  if (const Barrier* barrier = block.live_barrier(destination, copy.bytes)) {
    return machine->stop(explain_overwritten_barrier(thread, *barrier, access, copy.site));
  }
  if (const auto conflict = block.shared.history().record(access, thread.clock, policy, destination, copy.bytes)) {
    return machine->stop(explain_request(thread, block.shared, copy, true, *conflict));
  }
}

void set_off(Thread& thread, Copy& copy) {
  Block& block = *thread.block;
  auto* const first = reinterpret_cast<std::byte*>(copy.destination);
  for (std::size_t i = 0; i < copy.bytes; ++i) first[i] = static_cast<std::byte>(poison >> 8 * (i & 1));
  block.bytes_in_flight += copy.bytes;
  Counts& counts = machine->counts();
  counts.most_bytes_in_flight = std::max(counts.most_bytes_in_flight, block.bytes_in_flight);
  machine->note_change();
  if (Recorder* const recorder = machine->recorder()) recorder->requested(copy, thread);
  thread.trace = combine(thread.trace, copy.agent);
}

// A copy that reports to an mbarrier: for the phase that the barrier is in now.
void request(Thread& thread, Copy& copy, void* bar, Here here) {
  Block& block = *thread.block;
  Barrier& barrier = barrier_at(bar, thread, here);
  copy.barrier = &barrier;
  copy.phase = barrier.phase;
  copy.stream = barrier.stream;
  copy.epoch = static_cast<uint32_t>(barrier.phase + 1);
  const bool is_published = barrier.fence_epoch != 0 && thread.clock.has_seen(barrier.initialiser, barrier.fence_epoch);
  if (machine->options().policy == Policy::strict && !is_published) {
    machine->stop(unfenced_init(thread, barrier, copy));
  }
  record(thread, copy);
  set_off(thread, copy);
  block.timeline.add({Event::Kind::requested, thread.index, &barrier, &copy, static_cast<int64_t>(copy.phase), here});
  barrier.requested_bytes += static_cast<int64_t>(copy.bytes);
  barrier.last_copy = &copy;
  ++barrier.in_flight;
  if (machine->options().completion == Completion::eager) {
    land(copy, true);
  } else {
    machine->make_landable(copy);
  }
}

// The box's rows: each a piece of the tensor, or zeros, or both.
void cut_into_segments(Copy& copy, const TensorMap& map, const int32_t* coordinates) {
  std::size_t rows = 1;
  for (int d = 1; d < map.rank; ++d) rows *= map.box[d];
  const int64_t size = map.element_bytes;
  const int64_t box = map.box[0], begin = coordinates[0], end = static_cast<int64_t>(map.dims[0]);
  const int64_t left = std::clamp<int64_t>(-begin, 0, box);  // elements before the tensor's edge
  const int64_t inside = std::clamp<int64_t>(end - begin, left, box) - left;
  const auto add = [&](std::size_t offset, const std::byte* source, int64_t elements) {
    if (elements > 0) copy.segments.push_back({offset, source, static_cast<std::size_t>(elements * size)});
  };
  for (std::size_t row = 0; row < rows; ++row) {
    const std::byte* source = map.base;
    bool is_inside = inside > 0;
    std::size_t rest = row;
    for (int d = 1; d < map.rank; ++d) {
      const int64_t index = coordinates[d] + static_cast<int64_t>(rest % map.box[d]);
      rest /= map.box[d];
      is_inside = is_inside && index >= 0 && index < static_cast<int64_t>(map.dims[d]);
      source += index * static_cast<int64_t>(map.strides[d]);
    }
    const std::size_t offset = row * static_cast<std::size_t>(box * size);
    if (!is_inside) {
      add(offset, nullptr, box);
      continue;
    }
    add(offset, nullptr, left);
    add(offset + static_cast<std::size_t>(left * size), source + (begin + left) * size, inside);
    add(offset + static_cast<std::size_t>((left + inside) * size), nullptr, box - left - inside);
  }
}

// Writes the destination's bytes [from, to).
void write(const Copy& copy, std::size_t from, std::size_t to) {
  for (const Copy::Segment& segment : copy.segments) {
    const std::size_t first = std::max(from, segment.offset), last = std::min(to, segment.offset + segment.bytes);
    if (first >= last) continue;
    if (segment.source) {
      std::memcpy(copy.destination + first, segment.source + (first - segment.offset), last - first);
    } else {
      for (std::size_t i = first; i < last; ++i) copy.destination[i] = static_cast<std::byte>(copy.fill >> 8 * (i & 1));
    }
  }
}

bool all_landed(const Thread& thread, uint32_t up_to) {
  return std::ranges::none_of(thread.cp_async_in_flight, [&](const Copy* copy) { return copy->epoch <= up_to; });
}

void make_deferred_arrivals(Thread& thread) {
  while (!thread.deferred_arrivals.empty() && all_landed(thread, thread.deferred_arrivals.front().epoch)) {
    const auto arrival = thread.deferred_arrivals.front();
    thread.deferred_arrivals.erase(thread.deferred_arrivals.begin());
    arrive_after_copies(*arrival.barrier, thread, arrival.epoch, arrival.here);
  }
}

// A cp.async has landed: the next group may begin to land, and its thread may have waited for it.
void after_cp_async(Copy& copy) {
  Thread& thread = copy.block->threads[static_cast<std::size_t>(copy.issuer)];
  auto& in_flight = thread.cp_async_in_flight;
  std::erase(in_flight, &copy);
  if (!in_flight.empty() && in_flight.front()->group > copy.group) {
    const int group = in_flight.front()->group;
    for (Copy* next : in_flight) {
      if (next->group == group) machine->make_landable(*next);
    }
  }
  if (thread.cp_async_awaited && all_landed(thread, thread.cp_async_awaited)) {
    thread.cp_async_awaited = 0;
    machine->make_runnable(thread);
  }
  make_deferred_arrivals(thread);
}

int stream_of(Thread& thread) {
  if (thread.stream < 0) thread.stream = thread.block->agents++;
  return thread.stream;
}

}  // namespace

bool land(Copy& copy, bool whole) {
  const std::size_t pieces = static_cast<std::size_t>(std::max(copy.steps - 1, 1));
  const std::size_t piece = std::max<std::size_t>(16, (copy.bytes - copy.written) / pieces / 16 * 16);
  const std::size_t end = whole || copy.steps == 1 ? copy.bytes : std::min(copy.bytes, copy.written + piece);
  if (copy.from_the_end) {
    write(copy, copy.bytes - end, copy.bytes - copy.written);
  } else {
    write(copy, copy.written, end);
  }
  copy.written = end;
  if (!whole && --copy.steps > 0) return false;
  copy.landed = true;
  if (Recorder* const recorder = machine->recorder()) recorder->ends(copy.record, copy.lands_at);
  copy.block->bytes_in_flight -= copy.bytes;
  if (copy.kind == Copy::Kind::cp_async) {
    after_cp_async(copy);
  } else {
    copy.block->timeline.add(
        {Event::Kind::landed, -1, copy.barrier, &copy, static_cast<int64_t>(copy.phase), copy.site});
    complete_bytes(*copy.barrier, copy);
  }
  return true;
}

std::optional<Report> unfinished_business(const Block& block) {
  for (std::size_t i = 0; i < block.barrier_count; ++i) {
    const Barrier& barrier = *block.barriers[i];
    if (!barrier.last_copy || static_cast<int64_t>(barrier.last_copy->phase) <= barrier.last_observed_by_any) continue;
    const Copy& copy = *barrier.last_copy;
    return Report{
        "exit-with-copy-in-flight",
        "the block ends, and nobody has waited for this copy",
        {{copy.site, nullptr,
          name_of(copy) + ", " + bytes_of(copy.bytes) + " for phase " + to_string(copy.phase) + " of " +
              name_of(block, barrier) + "     " + describe(block.index, copy.issuer)}},
        tell(block, barrier, 5),
        "every copy is waited for before the block ends: its shared memory may belong to another block by the "
        "time the bytes come. Request no more tiles than you consume, or drain the ring at the end"};
  }
  return std::nullopt;
}

void cp_async_bulk(void* destination, const void* source, uint32_t bytes, void* bar, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  machine->pause(thread);
  Copy& copy = new_copy(thread, Copy::Kind::bulk, destination, bytes, here);
  const auto* from = static_cast<const std::byte*>(source);
  constexpr const char* rule =
      "a bulk copy moves a multiple of 16 bytes between addresses that are multiples of 16: alignas(16) or more on the "
      "shared member, and a slot size that keeps it";
  if (bytes % 16 || bytes == 0) {
    machine->stop(bad_address(thread, copy, "a bulk copy cannot have " + bytes_of(bytes), rule));
  }
  if (!is_multiple(destination, 16)) {
    machine->stop(bad_address(thread, copy, "this copy's destination " + misses(destination, 16), rule));
  }
  if (!is_multiple(source, 16)) {
    machine->stop(bad_address(thread, copy, "this copy's source " + misses(source, 16), rule));
  }
  if (!thread.block->shared.contains(reinterpret_cast<uintptr_t>(destination), bytes)) {
    machine->stop(not_shared(thread, copy));
  }
  copy.segments.push_back({0, from, bytes});
  ++machine->counts().bulk_copies;
  machine->counts().bulk_copy_bytes += bytes;
  request(thread, copy, bar, here);
}

void cp_async_bulk_tensor(void* destination, const TensorMap& map, int rank, const int32_t* coordinates, void* bar,
                          Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  machine->pause(thread);
  if (map.mark != TensorMap::valid) {
    machine->stop(bad_map(thread, here, "this is no tensor map",
                          "a TensorMap is made by make_tensor_map on the host and passed to the kernel as a const "
                          "__grid_constant__ parameter"));
  }
  if (map.rank != rank) {
    machine->stop(bad_map(thread, here,
                          "this map is of a tensor with " + to_string(map.rank) + " dimensions, and the copy gives " +
                              to_string(rank) + " coordinates",
                          "cp_async_bulk_tensor_Nd takes a map of rank N"));
  }
  std::size_t bytes = map.element_bytes;
  for (int d = 0; d < rank; ++d) bytes *= map.box[d];
  Copy& copy = new_copy(thread, Copy::Kind::tensor, destination, bytes, here);
  if (!is_multiple(destination, 128)) {
    machine->stop(
        bad_address(thread, copy, "this copy's destination " + misses(destination, 128),
                    "a tensor copy writes to an address that is a multiple of 128: alignas(128) on the shared "
                    "member, and a slot size that is a multiple of 128"));
  }
  if (!thread.block->shared.contains(reinterpret_cast<uintptr_t>(destination), bytes)) {
    machine->stop(not_shared(thread, copy));
  }
  if (const int64_t past = coordinates[0] * int64_t{map.element_bytes} % 16; past != 0) {
    machine->stop(bad_address(thread, copy,
                              "the innermost coordinate of this copy, " + to_string(coordinates[0]) + ", begins " +
                                  bytes_of(static_cast<std::size_t>((past + 16) % 16)) + " past a multiple of 16",
                              "the innermost coordinate times the size of an element is a multiple of 16 bytes (a GPU "
                              "stops with \"illegal instruction\"); the outer coordinates are free"));
  }
  copy.fill = map.fills_with_nan ? poison : 0;
  cut_into_segments(copy, map, coordinates);
  ++machine->counts().tensor_copies;
  machine->counts().tensor_copy_bytes += bytes;
  request(thread, copy, bar, here);
}

void cp_async(void* destination, const void* source, uint32_t bytes, uint32_t source_bytes, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  Copy& copy = new_copy(thread, Copy::Kind::cp_async, destination, bytes, here);
  constexpr const char* rule = "cp.async copies 4, 8 or 16 bytes between addresses that are multiples of that size";
  if (!is_multiple(destination, bytes)) {
    machine->stop(bad_address(thread, copy, "this copy's destination " + misses(destination, bytes), rule));
  }
  if (!is_multiple(source, bytes)) {
    machine->stop(bad_address(thread, copy, "this copy's source " + misses(source, bytes), rule));
  }
  if (source_bytes > bytes) {
    machine->stop(bad_address(
        thread, copy, "this copy takes " + bytes_of(source_bytes) + " from its source and has only " + to_string(bytes),
        "the bytes taken from the source are at most the bytes copied; the rest is zeros"));
  }
  if (!thread.block->shared.contains(reinterpret_cast<uintptr_t>(destination), bytes)) {
    machine->stop(not_shared(thread, copy));
  }
  ++thread.time;
  copy.stream = stream_of(thread);
  copy.epoch = ++thread.cp_async_requested;
  copy.group = static_cast<int>(thread.group_ends.size());
  copy.segments.push_back({0, static_cast<const std::byte*>(source), source_bytes});
  copy.segments.push_back({source_bytes, nullptr, bytes - source_bytes});
  ++machine->counts().cp_async_copies;
  machine->counts().cp_async_bytes += source_bytes;
  record(thread, copy);
  set_off(thread, copy);
  auto& in_flight = thread.cp_async_in_flight;
  in_flight.push_back(&copy);
  if (machine->options().completion == Completion::eager) {
    land(copy, true);
  } else if (in_flight.front()->group == copy.group) {
    machine->make_landable(copy);
  }
}

void cp_async_commit_group(Here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  ++thread.time;
  thread.group_ends.push_back(thread.cp_async_requested);
}

void cp_async_wait_group(int pending, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  machine->pause(thread);
  ++machine->counts().waits;
  const auto groups = static_cast<int>(thread.group_ends.size());
  if (groups <= pending) return;
  const uint32_t awaited = thread.group_ends[static_cast<std::size_t>(groups - pending - 1)];
  if (awaited == 0) return;
  const RecordedWait recorded(thread, "cp.async", groups - pending - 1, here);
  if (!all_landed(thread, awaited)) {
    ++machine->counts().waits_blocked;
    thread.begin_wait("cp_async_wait_group()", here);
    thread.cp_async_awaited = awaited;
    machine->yield(thread);
  }
  thread.clock.see_copies(stream_of(thread), awaited);
}

void cp_async_mbarrier_arrive(void* bar, bool counted_by_init, Here here) {
  const InsideEmulator inside;
  Thread& thread = *current;
  machine->pause(thread);
  Barrier& barrier = barrier_at(bar, thread, here);
  if (!counted_by_init) ++barrier.pending;
  stream_of(thread);
  thread.deferred_arrivals.push_back({&barrier, thread.cp_async_requested, here});
  make_deferred_arrivals(thread);
}

}  // namespace emulator
