#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# build.sh [TARGET...]: builds fuzz targets (default: all) as OSS-Fuzz asks of a project, from what it sets in the environment:
# CC, CXX, CFLAGS, CXXFLAGS, LIB_FUZZING_ENGINE, OUT, and WORK where objects may lie. Into OUT come TARGET,
# TARGET_seed_corpus.zip, TARGET.dict, TARGET.options and, below lib/, the shared libraries that a bare machine lacks. Source:
# google.github.io/oss-fuzz, "New project guide". Any engine that calls LLVMFuzzerTestOneInput will do: ci/fuzz-afl uses it too.
set -euo pipefail
cd "$(dirname "$0")/../.."
for name in CC CXX LIB_FUZZING_ENGINE OUT; do
  [ -n "${!name:-}" ] || { echo "$name is not set: OSS-Fuzz sets it; by hand see ci/oss-fuzz/README.md" >&2; exit 2; }
done
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
work=${WORK:-$PWD/build/oss-fuzz}/parley
mkdir -p "$work"
# Two at once, as fuzz-afl allows, build one after the other.
exec 9>"$work.lock"
flock 9

# Debian's C++ libraries are built against libstdc++, so are we; libc++ is needed by its memory sanitizer alone, which would
# want every library instrumented (project.yaml: address and undefined).
export CXXFLAGS=${CXXFLAGS:-}
CXXFLAGS=${CXXFLAGS//-stdlib=libc++/}
linker=$(command -v ld.lld-19 || command -v ld.lld || true)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
configured=(-G Ninja -S . -B "$work" -DCMAKE_BUILD_TYPE=None -DPARLEY_INSTRUMENTED=ON -DPARLEY_FUZZING_ENGINE="$LIB_FUZZING_ENGINE"
            -DPARLEY_SOURCES="${PARLEY_SOURCES:-$PWD/build/sources}"
            -DCMAKE_EXE_LINKER_FLAGS="${linker:+--ld-path=$linker}" -DCMAKE_BUILD_RPATH="\$ORIGIN/lib")
# Flags are read when a folder is configured first: others get a folder that is new.
print_flags() { printf '%s\n' "$CC" "$CXX" "${CFLAGS:-}" "$CXXFLAGS" "$LIB_FUZZING_ENGINE"; }
if [ -e "$work/flags" ] && ! print_flags | cmp -s - "$work/flags"; then
  rm -rf "$work"
fi
cmake "${configured[@]}" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
print_flags >"$work/flags"

wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || mapfile -t wanted < <(python3 -c 'import json, sys; print(*(one["name"] for one in json.load(open(sys.argv[1]))), sep="\n")' "$work/fuzz/targets.json")
ninja -C "$work" "${wanted[@]/#/fuzz_}" >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }

python3 - "$work/fuzz/targets.json" "$OUT" "${wanted[@]}" <<'PY'
import json, os, re, shutil, subprocess, sys, zipfile

manifest, out, wanted = sys.argv[1], sys.argv[2], sys.argv[3:]
targets = {one["name"]: one for one in json.load(open(manifest))}
# What runs already keeps the file that it runs from.
def placed(source, path):
    shutil.copy(source, path + ".new")
    os.replace(path + ".new", path)

# A machine that only runs has what every C program needs and no more.
everywhere = re.compile(r"^(linux-vdso|ld-linux|lib(c|m|dl|rt|pthread|resolv)\.so)")

def keep_libraries(program):
    for name, path in re.findall(r"^\s*(\S+) => (/\S+)", subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout, re.M):
        if not everywhere.match(name):
            os.makedirs(out + "/lib", exist_ok=True)
            placed(os.path.realpath(path), f"{out}/lib/{name}")

for name in wanted:
    one = targets[name]
    program = f"{out}/{name}"
    placed(one["program"], program)
    keep_libraries(one["program"])
    with zipfile.ZipFile(program + "_seed_corpus.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, _, files in os.walk(one["corpus"]):
            for file in sorted(files):
                archive.write(os.path.join(folder, file), f"{os.path.basename(folder)}-{file}")
    options = ["[libfuzzer]", "max_len = 4096", "timeout = 20"]
    if one["dictionary"]:
        shutil.copy(one["dictionary"], program + ".dict")
        options.append(f"dict = {name}.dict")
    open(program + ".options", "w").write("\n".join(options) + "\n")
PY
echo "${#wanted[@]} targets in $OUT"
