// SPDX-License-Identifier: GPL-3.0-or-later
#include "harness/cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "harness/cli/output.h"
#include "harness/report/terminal.h"

namespace parley::cli {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

ProgressPrinter::ProgressPrinter(bool quiet)
    : quiet_(quiet), terminal_(::isatty(2) == 1), began_(Clock::now()) {}

void ProgressPrinter::operator()(const engine::CaseResult& result, std::size_t done,
                                 std::size_t total) {
  ++counts_[result.verdict.kind];
  const auto now = Clock::now();
  const auto pause = terminal_ ? milliseconds(50) : milliseconds(5000);
  if (quiet_ || (done < total && now - last_ < pause)) {
    return;
  }
  last_ = now;
  winsize size{};
  const bool known = terminal_ && ::ioctl(2, TIOCGWINSZ, &size) == 0 && size.ws_col > 20;
  const auto line =
      report::progress_line(done, total, counts_, duration_cast<milliseconds>(now - began_),
                            result.id, known ? size.ws_col - 1U : 100U);
  if (terminal_) {
    put(stderr, "\r\x1b[K{}{}", line, done == total ? "\n" : "");
    open_ = done < total;
  } else {
    put(stderr, "{}\n", line);
  }
}

void ProgressPrinter::end() {
  if (open_) {
    put(stderr, "\n");
  }
  open_ = false;
}

}  // namespace parley::cli
