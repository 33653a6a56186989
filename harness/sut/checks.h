// SPDX-License-Identifier: GPL-3.0-or-later
// What a preflight finds, in order. One thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace parley::sut {

struct Check {
  std::string what;  // begins with the declaration's field: "endpoints/ca: …"
  bool passed = false;
  std::string detail;  // what was found
  std::string mend;    // what to do; of one that passed: advice, or empty
};

class Checks {
 public:
  void pass(std::string what, std::string detail = "") {
    done_.push_back(
        {.what = std::move(what), .passed = true, .detail = std::move(detail), .mend = ""});
  }
  void advise(std::string what, std::string detail, std::string mend) {
    done_.push_back({.what = std::move(what),
                     .passed = true,
                     .detail = std::move(detail),
                     .mend = std::move(mend)});
  }
  void complain(std::string what, std::string detail, std::string mend) {
    done_.push_back({.what = std::move(what),
                     .passed = false,
                     .detail = std::move(detail),
                     .mend = std::move(mend)});
  }
  // Of what either the declaration or the driver must say. Where the driver has been complained of
  // for saying nothing, that is why.
  void lack(std::string what, std::string mend) {
    if (!undescribed_) {
      complain(std::move(what), "it is neither declared nor described by the driver",
               std::move(mend));
    }
  }
  void driver_says_nothing() { undescribed_ = true; }
  std::vector<Check> take() { return std::exchange(done_, {}); }

 private:
  std::vector<Check> done_;
  bool undescribed_ = false;
};

}  // namespace parley::sut
