// SPDX-License-Identifier: GPL-3.0-or-later
// How AddressSanitizer runs below a fuzzer unless ASAN_OPTIONS says otherwise. Inputs are small and
// forgotten at once: a quarantine of 256 MiB, its default, spoils every cache and halves the rate;
// so, by a tenth each, do the pattern that fresh memory is filled with, fake stacks, and the frames
// of each allocation (a reproducer that is run without a fuzzer shows all of them).
extern "C" const char* __asan_default_options();  // NOLINT(bugprone-reserved-identifier): its name

extern "C" const char* __asan_default_options() {  // NOLINT(bugprone-reserved-identifier)
  return "quarantine_size_mb=1:thread_local_quarantine_size_kb=64:malloc_context_size=4:"
         "max_malloc_fill_size=0:detect_stack_use_after_return=0";
}
