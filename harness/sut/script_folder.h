// SPDX-License-Identifier: GPL-3.0-or-later
// Drivers for tests: small Python programs in a temporary folder that goes with its owner.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace parley::sut {

class ScriptFolder {
 public:
  ScriptFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "parley-sut-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ScriptFolder(const ScriptFolder&) = delete;
  ScriptFolder& operator=(const ScriptFolder&) = delete;
  ~ScriptFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::binary) << text;
  }

  // The command that runs `body`. It has `answer(request, result)`, `refuse(request, code)`,
  // `notify(method, params)` and `requests()`.
  std::vector<std::string> driver(const std::string& body) const {
    write("driver.py", std::string(kPrologue) + body);
    return {"/usr/bin/python3", "-S", "-E", "driver.py"};
  }

 private:
  static constexpr const char* kPrologue = R"(
import json, os, sys, time, signal
def put(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
def answer(request, result):
    put({"jsonrpc": "2.0", "id": request["id"], "result": result})
def refuse(request, code):
    put({"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": "no"}})
def notify(method, params):
    put({"jsonrpc": "2.0", "method": method, "params": params})
def requests():
    for line in sys.stdin:
        yield json.loads(line)
)";

  std::string path_;
};

// A driver that describes itself, enlists, and refuses what it does not know. The text may go on
// with `elif method == …`.
inline constexpr const char* kGoodDriver = R"(
for request in requests():
    method = request["method"]
    params = request["params"]
    if method == "describe":
        answer(request, {"name": "toy", "version": "1", "party": "gatekeeper.server",
                         "features": [],
                         "endpoints": {"domain": "toy.test", "starttls": "127.0.0.1:1",
                                       "ca": "toy.pem"}})
    elif method == "enlist":
        answer(request, {})
    elif method == "echo":
        answer(request, params)
    elif method == "listen":
        answer(request, {"endpoints": {"starttls": "127.0.0.1:2"}})
    elif method == "say":
        notify("received", params)
        answer(request, {})
    elif method == "sorry":
        refuse(request, -32000)
    elif method == "cannot":
        refuse(request, -32001)
    elif method == "cannot-either":
        answer(request, {"unsupported": True})
    elif method == "folder":
        answer(request, os.getcwd())
    elif method == "log":
        sys.stderr.write("logged\n")
        sys.stderr.flush()
        answer(request, {})
    else:
        refuse(request, -32601)
)";

}  // namespace parley::sut
