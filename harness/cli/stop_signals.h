// SPDX-License-Identifier: GPL-3.0-or-later
// SIGINT and SIGTERM as a wish to stop: the first is noted, the next ends the program at once.
#pragma once

namespace parley::cli {

// While one lives; not two at once. What the signals did before is restored at its end.
class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  // From any thread.
  static bool requested();
};

}  // namespace parley::cli
