#include "emulator/watchdog.h"

#include <sys/time.h>
#include <ucontext.h>

#include "emulator/machine.h"

namespace emulator::watchdog {

volatile std::sig_atomic_t expired = 0;
volatile unsigned long signs_of_life = 0;

namespace {

constexpr int ticks_per_second = 10;
constexpr int quiet_limit = 2 * ticks_per_second;  // no memory access at all
constexpr int busy_limit = 5 * ticks_per_second;   // accesses, but neither a wait nor an end

volatile unsigned long signs_at_last_tick = 0;
volatile int quiet_ticks = 0;
volatile int busy_ticks = 0;

// Of the interrupted code; one byte further, because messages look for the line before a return address.
const void* program_counter(const void* context) {
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return reinterpret_cast<const void*>(registers.gregs[REG_RIP] + 1);
#elif defined(__aarch64__)
  return reinterpret_cast<const void*>(registers.pc + 1);
#else
#error "The emulator knows x86-64 and arm64."
#endif
}

Report silent_loop(const void* code) {
  return {"silent-loop",
          "this thread loops and never comes to a barrier or to its end",
          {{{}, code, describe(*current)}},
          {},
          "every loop of a kernel ends, or waits in a barrier; a plain loop on a variable that another "
          "thread writes may never see the new value"};
}

// Runs on the stack of whichever fiber is running. Leaving a fiber from inside the handler is safe: it
// happens only in the kernel's own code, which holds no lock and no half-changed structure of ours.
void tick(int, siginfo_t*, void* context) {
  busy_ticks = busy_ticks + 1;
  if (busy_ticks >= busy_limit) expired = 1;
  if (!kernel_code_of) return;
  quiet_ticks = signs_of_life == signs_at_last_tick ? quiet_ticks + 1 : 0;
  signs_at_last_tick = signs_of_life;
  if (quiet_ticks < quiet_limit) return;
  const InsideEmulator inside;
  stop_run(program_counter(context));
}

void set_timer(int microseconds) {
  const timeval interval{0, microseconds};
  const itimerval timer{interval, interval};
  setitimer(ITIMER_VIRTUAL, &timer, nullptr);
}

}  // namespace

void start() {
  struct sigaction action {};
  action.sa_sigaction = tick;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;  // NODEFER: the handler may be left for good
  sigaction(SIGVTALRM, &action, nullptr);
  restart();
  set_timer(1'000'000 / ticks_per_second);
}

void stop() { set_timer(0); }

void restart() {
  quiet_ticks = 0;
  busy_ticks = 0;
  expired = 0;
}

void stop_run(const void* code) {
  machine->stop(silent_loop(code));
  __builtin_unreachable();  // it is called on a fiber
}

}  // namespace emulator::watchdog
