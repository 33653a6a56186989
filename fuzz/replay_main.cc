// SPDX-License-Identifier: Apache-2.0
// Gives a fuzz target every file below the folders named, without a fuzzer: the regression test of
// every build. Exit codes: 0 all replayed, 1 a file could not be read, 2 nothing was replayed.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// Sorted, so that two machines fail at the same file.
std::vector<fs::path> files_below(const fs::path& root) {
  std::vector<fs::path> out;
  std::error_code error;
  if (fs::is_regular_file(root, error)) {
    out.push_back(root);
  }
  for (fs::recursive_directory_iterator at(root, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;  // a file that vanished is not there to be replayed
    if (at->is_regular_file(ignored)) {
      out.push_back(at->path());
    }
  }
  std::ranges::sort(out);
  return out;
}

// A heap copy of exactly its size lets AddressSanitizer see one octet too far.
bool replay(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string octets(std::istreambuf_iterator<char>(file), {});
  if (!file) {
    std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
    return false;
  }
  const std::vector<std::uint8_t> copy(octets.begin(), octets.end());
  std::fprintf(stderr, "%s\n", path.c_str());  // the last line before a crash names its input
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    if (!fs::exists(argv[i], error)) {
      std::fprintf(stderr, "%s: there is no such file or folder\n", argv[i]);
      return 1;
    }
    for (const auto& path : files_below(argv[i])) {
      if (!replay(path)) {
        return 1;
      }
      ++count;
    }
  }
  std::printf("%zu inputs replayed\n", count);
  if (count == 0) {
    std::fprintf(stderr, "nothing to replay: name at least one folder that holds files\n");
    return 2;
  }
  return 0;
}
