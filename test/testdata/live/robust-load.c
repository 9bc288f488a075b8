// Runs short programs at a steady pace, each of which tells what it knows of itself: robust-load SECONDS PER_SECOND
#include "truth.h"

#include <errno.h>
#include <pwd.h>

static void sample(void) {
  char more[256];
  struct passwd *user = getpwuid(geteuid());
  snprintf(more, sizeof more, "\"user.name\":\"%s\"", user == NULL ? "<NA>" : user->pw_name);
  tell("sample", more);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  open_proc();
  if (!strcmp(argv[1], "sample")) return sample(), 0;
  long total = atol(argv[1]) * atol(argv[2]), pause = 1000000000L / atol(argv[2]);
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  for (long i = 0; i < total; i++) {
    char word[32];
    snprintf(word, sizeof word, "%ld", i);
    pid_t child = fork();
    MUST(child);
    if (child == 0) {
      execl("/proc/self/exe", "robust-load", "sample", word, "two words", (char *)NULL);
      _exit(3);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    next.tv_nsec += pause;
    if (next.tv_nsec >= 1000000000L) next.tv_nsec -= 1000000000L, next.tv_sec++;
    // The pace of the load, not a wait for anything.
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
  }
  while (wait(NULL) > 0) continue;
  return 0;
}
