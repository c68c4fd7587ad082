// What a C compiler makes of the filter suite, on one thread: reads a bound a line, answers the sum and the count.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  (void)argc;
  int64_t rows = atoll(argv[1]);
  int32_t *k = aligned_alloc(64, (rows * 4 + 63) / 64 * 64);
  double *v = aligned_alloc(64, (rows * 8 + 63) / 64 * 64);
  if (!k || !v) return 1;
  for (int64_t i = 0; i < rows; i++) {
    int64_t mixed = (i + 1) * 48271 % 2147483647;
    k[i] = (int32_t)(mixed % 1000000);
    v[i] = (double)(mixed % 65536) / 100;
  }
  puts("ready");
  fflush(stdout);
  long bound;
  while (scanf("%ld", &bound) == 1) {
    double sums[8] = {0};
    int64_t counts[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= rows; i += 8)
      for (int lane = 0; lane < 8; lane++) {
        int keep = k[i + lane] < bound;
        sums[lane] += keep ? v[i + lane] : 0;
        counts[lane] += keep;
      }
    for (; i < rows; i++)
      if (k[i] < bound) sums[0] += v[i], counts[0]++;
    double sum = 0;
    int64_t count = 0;
    for (int lane = 0; lane < 8; lane++) sum += sums[lane], count += counts[lane];
    printf("%.17g %lld\n", sum, (long long)count);
    fflush(stdout);
  }
  return 0;
}
