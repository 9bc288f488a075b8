// Opens marked names in order, and between them others that nobody asks for, as fast as one core can.
//   robust-marks CORE SECONDS MARK EVERY_US
// Each EVERY_US microseconds it opens MARK<CORE>-<n>; none of the names exists. At the end it prints one line a mark, with the
// monotonic time before and after the call in nanoseconds, and last the number of other calls.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int core = atoi(argv[1]);
  long long seconds = atoll(argv[2]), every = atoll(argv[4]) * 1000;
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  if (sched_setaffinity(0, sizeof cores, &cores)) return perror("sched_setaffinity"), 1;
  long most = seconds * 1000000000LL / every + 1;
  long long(*times)[2] = calloc(most, sizeof *times);
  if (times == NULL) return perror("calloc"), 1;
  char name[256], other[256];
  snprintf(other, sizeof other, "%s", "/nowhere/else/that/nobody/asks/for");
  long long begin = now(), next = begin, others = 0;
  long marks = 0;
  while (marks < most) {
    long long before = now();
    if (before - begin > seconds * 1000000000LL) break;
    if (before < next) {
      for (int i = 0; i < 50; i++) {
        open(other, O_RDONLY);
        syscall(SYS_getppid);
      }
      others += 50;
      continue;
    }
    next = before + every;
    snprintf(name, sizeof name, "%s%d-%ld", argv[3], core, marks);
    before = now();
    open(name, O_RDONLY);
    times[marks][0] = before;
    times[marks++][1] = now();
  }
  for (long i = 0; i < marks; i++) printf("%s%d-%ld %lld %lld\n", argv[3], core, i, times[i][0], times[i][1]);
  printf("%lld\n", others);
  return 0;
}
