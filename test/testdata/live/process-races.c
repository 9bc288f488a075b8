/*
 * process-races SCENARIO FOLDER ROUNDS: changes what a process is, and opens files right after. A file below FOLDER is named after
 * the scenario. PAUSE is long enough for a detector to learn of what was opened before.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE 40000

static char *folder;
static char path[4096];

static void touch(const char *name) {
  snprintf(path, sizeof path, "%s/%s", folder, name);
  int fd = open(path, O_RDONLY);
  if (fd >= 0) close(fd);
}

/* Opens, and waits until what was opened is old news. */
static void settle(const char *name) {
  for (int i = 0; i < 3; i++) {
    touch(name);
    usleep(PAUSE / 3);
  }
}

static void run(const char *program, const char *scenario, long rounds) {
  char text[32];
  snprintf(path, sizeof path, "%s/%s", folder, program);
  snprintf(text, sizeof text, "%ld", rounds);
  execl(path, path, scenario, folder, text, (char *)NULL);
  _exit(9);
}

static const char *next_scenario;
static long next_rounds;

static void *exec_from_thread(void *program) {
  run(program, next_scenario, next_rounds);
  return NULL;
}

static void expect(char want, int fd) {
  char got = 0;
  if (read(fd, &got, 1) != 1 || got != want) _exit(8);
}

static void say(char what, int fd) {
  if (write(fd, &what, 1) != 1) _exit(7);
}

/* The file descriptors that a parent keeps over its exec. */
enum { TO_CHILD = 40, FROM_CHILD = 41 };

/* A child settles, then its parent becomes `program`, and says so: the child opens at once. */
static void parent_execs(const char *scenario, const char *program) {
  int to[2], from[2];
  if (pipe(to) || pipe(from)) _exit(6);
  pid_t child = fork();
  if (child == 0) {
    settle(scenario);
    say('s', from[1]);
    expect('g', to[0]);
    touch(scenario);
    say('d', from[1]);
    _exit(0);
  }
  expect('s', from[0]);
  dup2(to[1], TO_CHILD);
  dup2(from[0], FROM_CHILD);
  run(program, "release", 0);
}

static void parent_exits(const char *scenario) {
  pid_t parent = fork();
  if (parent == 0) {
    int ready[2];
    if (pipe(ready)) _exit(6);
    if (fork() == 0) {
      pid_t old = getppid();
      settle(scenario);
      say('s', ready[1]);
      while (getppid() == old) usleep(100);
      touch(scenario);
      _exit(0);
    }
    expect('s', ready[0]);
    _exit(0);
  }
  waitpid(parent, NULL, 0);
  usleep(5000);
}

static void drop_capability(void) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &head, data)) _exit(5);
  data[0].effective &= ~(1u << CAP_CHOWN);
  if (syscall(SYS_capset, &head, data)) _exit(5);
}

static pid_t fork_as(pid_t tid) {
  struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&tid, .set_tid_size = 1};
  return syscall(SYS_clone3, &args, sizeof args);
}

int main(int count, char **args) {
  if (count < 4) return 2;
  const char *scenario = args[1];
  folder = args[2];
  long rounds = atol(args[3]);
  const char *own = strrchr(args[0], '/') + 1;
  const char *other = strcmp(own, "hp_marker") ? "hp_marker" : "hp_other";
  if (!strcmp(scenario, "exec")) {
    touch(scenario);
    if (rounds <= 0) return 0;
    settle(scenario);
    run(other, scenario, rounds - 1);
  } else if (!strcmp(scenario, "exec_fast")) {
    for (int i = 0; i < 3; i++) touch(scenario);
    if (rounds <= 0) return 0;
    run(other, scenario, rounds - 1);
  } else if (!strcmp(scenario, "exec_thread")) {
    touch(scenario);
    if (rounds <= 0) return 0;
    settle(scenario);
    next_scenario = scenario;
    next_rounds = rounds - 1;
    pthread_t thread;
    pthread_create(&thread, NULL, exec_from_thread, (void *)other);
    for (;;) pause();
  } else if (!strcmp(scenario, "vfork")) {
    for (; rounds > 0; rounds--) {
      settle(scenario);
      pid_t child = vfork();
      if (child == 0) run(other, "touch_vfork", 0);
      waitpid(child, NULL, 0);
      touch(scenario);
    }
  } else if (!strcmp(scenario, "fork")) {
    settle(scenario);
    for (; rounds > 0; rounds--) {
      pid_t child = fork();
      if (child == 0) {
        touch(scenario);
        _exit(0);
      }
      touch(scenario);
      waitpid(child, NULL, 0);
    }
  } else if (!strcmp(scenario, "touch_vfork")) {
    touch("vfork");
  } else if (!strcmp(scenario, "many")) {
    for (; rounds > 0; rounds--) {
      touch(scenario);
      if (rounds % 1000 == 0) usleep(1000);
    }
  } else if (!strcmp(scenario, "steady")) {
    for (; rounds > 0; rounds--) {
      touch(scenario);
      usleep(500);
    }
  } else if (!strcmp(scenario, "parent_exec")) {
    for (; rounds > 0; rounds--) {
      pid_t parent = fork();
      if (parent == 0) parent_execs(scenario, other);
      waitpid(parent, NULL, 0);
    }
  } else if (!strcmp(scenario, "release")) {
    say('g', TO_CHILD);
    expect('d', FROM_CHILD);
    wait(NULL);
  } else if (!strcmp(scenario, "parent_exit")) {
    for (; rounds > 0; rounds--) parent_exits(scenario);
  } else if (!strcmp(scenario, "session") || !strcmp(scenario, "user") || !strcmp(scenario, "capability")) {
    for (; rounds > 0; rounds--) {
      pid_t child = fork();
      if (child == 0) {
        settle(scenario);
        if (*scenario == 's') setsid();
        else if (*scenario == 'c') drop_capability();
        else if (setresuid(-1, 12345, -1)) _exit(4);
        touch(scenario);
        _exit(0);
      }
      waitpid(child, NULL, 0);
    }
  } else if (!strcmp(scenario, "first")) {
    /* A child settles; its number is printed; it goes when the input ends. */
    int go[2];
    if (pipe(go)) return 6;
    pid_t child = fork();
    if (child == 0) {
      close(go[1]);
      settle("reuse");
      printf("%d\n", getpid());
      fflush(stdout);
      char end;
      if (read(go[0], &end, 1) != 0) _exit(3);
      _exit(0);
    }
    close(go[0]);
    char end;
    if (read(0, &end, 1) != 0) return 3;
    close(go[1]);
    waitpid(child, NULL, 0);
  } else if (!strcmp(scenario, "second")) {
    pid_t child = fork_as(rounds);
    if (child < 0) return 10;
    if (child == 0) {
      touch("reuse");
      _exit(0);
    }
    waitpid(child, NULL, 0);
  } else {
    return 2;
  }
  return 0;
}
