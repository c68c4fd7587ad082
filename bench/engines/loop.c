// A fixed piece of work on one thread: how fast the machine is right now, beside which other figures are to be read. Prints seconds: the least of five.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

int main(void) {
  enum { slots = 1 << 20, rows = 1 << 24 };
  uint64_t *counts = calloc(slots, sizeof *counts);
  if (!counts) return 1;
  double best = 1e9;
  for (int run = 0; run < 5; run++) {
    double start = now();
    for (uint64_t i = 0; i < rows; i++) {
      uint64_t key = (i + run) * 0x9e3779b97f4a7c15u;
      counts[key >> 44] += i ^ key;
    }
    double took = now() - start;
    if (took < best) best = took;
  }
  uint64_t sum = 0;
  for (int i = 0; i < slots; i++) sum += counts[i];
  printf("%.6f %llu\n", best, (unsigned long long)sum);
  return 0;
}
