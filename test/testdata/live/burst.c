// Causes known numbers of events for the live tests: burst ACTION COUNT ARGUMENT
//   open PATH    opens and closes PATH          write PATH   writes one byte to PATH at a time, opened once
//   connect PORT connects to 127.0.0.1:PORT     exec PATH    runs PATH and waits for it
//   paced RATE:PATH opens and closes PATH at most RATE times a second
//   openclose PATH   like open, for benchmarks      getppid -    calls getppid
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void die(const char *what) {
  perror(what);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: burst open|write|connect|exec|openclose|getppid COUNT ARGUMENT\n");
    return 2;
  }
  const char *action = argv[1];
  long count = atol(argv[2]);
  const char *argument = argv[3];
  struct timespec begin, end;
  // What others do on the machine is not in the processor's time; what children do is not, either.
  int waits = !strcmp(action, "exec") || !strcmp(action, "paced");
  clockid_t clock = waits ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID;
  clock_gettime(clock, &begin);
  if (!strcmp(action, "open") || !strcmp(action, "openclose")) {
    for (long i = 0; i < count; i++) {
      int fd = open(argument, O_RDONLY);
      if (fd < 0) die("open");
      close(fd);
    }
  } else if (!strcmp(action, "write")) {
    int fd = open(argument, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0) die("open");
    for (long i = 0; i < count; i++)
      if (write(fd, "x", 1) != 1) die("write");
  } else if (!strcmp(action, "connect")) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argument))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (long i = 0; i < count; i++) {
      int fd = socket(AF_INET, SOCK_STREAM, 0);
      if (fd < 0) die("socket");
      connect(fd, (struct sockaddr *)&address, sizeof address);
      close(fd);
    }
  } else if (!strcmp(action, "exec")) {
    char *args[] = {(char *)argument, NULL};
    for (long i = 0; i < count; i++) {
      pid_t pid;
      if (posix_spawn(&pid, argument, NULL, NULL, args, environ)) die("posix_spawn");
      waitpid(pid, NULL, 0);
    }
  } else if (!strcmp(action, "paced")) {
    long rate = atol(argument);
    const char *path = strchr(argument, ':') + 1;
    struct timespec next = begin;
    for (long done = 0; done < count;) {
      // A hundredth of a second's worth at a time.
      for (long i = 0; i < rate / 100 && done < count; i++, done++) {
        int fd = open(path, O_RDONLY);
        if (fd < 0) die("open");
        close(fd);
      }
      next.tv_nsec += 10000000;
      if (next.tv_nsec >= 1000000000) next.tv_sec++, next.tv_nsec -= 1000000000;
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
  } else if (!strcmp(action, "getppid")) {
    for (long i = 0; i < count; i++) syscall(SYS_getppid);
  } else {
    return 2;
  }
  clock_gettime(clock, &end);
  printf("%.0f\n", (end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec));
  return 0;
}
