// Lives of processes and threads that are hard to follow, each told by whoever lives it. robust-tasks SCENE [COUNT]
#include "truth.h"

#include <pthread.h>
#include <linux/sched.h>
#include <sys/prctl.h>

static long count = 100;
static const char *own;

static void become(const char *scene, const char *further) {
  execl(own, own, scene, further, (char *)NULL);
  perror("exec");
  _exit(3);
}

// --- storm: processes that are gone within a millisecond, from several makers at once; every fourth runs a program.

static void storm_maker(void) {
  for (long i = 0; i < count / 4; i++) {
    pid_t child = fork();
    MUST(child);
    if (child == 0) {
      if (i % 4 == 3) become("storm-exec", "of many");
      tell_briefly("storm", "\"proc.name\":\"robust-tasks\"");
      _exit(0);
    }
    wait_for(child);
  }
}

static void storm(void) {
  pid_t makers[4];
  for (int i = 0; i < 4; i++) {
    makers[i] = fork();
    MUST(makers[i]);
    if (makers[i] == 0) {
      storm_maker();
      _exit(0);
    }
  }
  for (int i = 0; i < 4; i++) wait_for(makers[i]);
}

// --- threads: all alive at once, each with its mark.

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long alive;
static int go;

static void *live(void *unused) {
  pthread_mutex_lock(&lock);
  alive++;
  pthread_cond_broadcast(&changed);
  while (!go) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  tell_briefly("threads", "\"proc.name\":\"robust-tasks\"");
  return unused;
}

static void threads(void) {
  char more[64];
  pthread_t *ids = calloc(count, sizeof *ids);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 65536);
  for (long i = 0; i < count; i++)
    if (pthread_create(&ids[i], &small, live, NULL) != 0) exit(6);
  pthread_mutex_lock(&lock);
  while (alive < count) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  snprintf(more, sizeof more, "\"proc.nthreads\":%ld", count + 1);
  tell("threads-alive", more);
  pthread_mutex_lock(&lock);
  go = 1;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  for (long i = 0; i < count; i++) pthread_join(ids[i], NULL);
  free(ids);
}

// --- exec by a thread that is not the first of its process, while others live and children wait for an heir.

static int held_open[2];

static void *run_program(void *unused) {
  tell("thread-before-exec", NULL);
  become("after-thread-exec", "by a thread");
  return unused;
}

static void *linger(void *unused) {
  for (;;) pause();
  return unused;
}

static void thread_exec(void) {
  pthread_t id;
  MUST(pipe(held_open));
  pid_t child = fork();
  MUST(child);
  if (child == 0) {
    char byte;
    close(held_open[1]);
    // Until the program that the parent became has ended its half.
    if (read(held_open[0], &byte, 1) == 1) tell("child-of-thread-exec", NULL);
    _exit(0);
  }
  dup2(held_open[1], 901);
  close(held_open[0]), close(held_open[1]);
  for (int i = 0; i < 3; i++) pthread_create(&id, NULL, linger, NULL);
  pthread_create(&id, NULL, run_program, NULL);
  for (;;) pause();
}

static void after_thread_exec(void) {
  tell("after-thread-exec", NULL);
  MUST(write(901, "x", 1));
  MUST(wait(NULL));
}

// --- a first thread that ends before the others.

static void *outlive(void *leader) {
  pthread_join(*(pthread_t *)leader, NULL);
  tell("leaderless", NULL);
  apart(({ void part(void) { tell("child-of-leaderless", NULL); } part; }));
  _exit(0);
}

static void leaderless(void) {
  static pthread_t self, id;
  self = pthread_self();
  pthread_create(&id, NULL, outlive, &self);
  CALL(exit, 0);
}

// --- a child made by a thread: its parent is the process.

static void *make_child(void *unused) {
  apart(({ void part(void) { tell("child-of-thread", NULL); } part; }));
  return unused;
}

static void thread_child(void) {
  pthread_t id;
  pthread_create(&id, NULL, make_child, NULL);
  pthread_join(id, NULL);
}

// --- vfork

static void vforked(void) {
  for (volatile long i = 0; i < count; i++) {
    pid_t child = vfork();
    if (child == 0) {
      execl(own, own, "after-vfork", "a word", (char *)NULL);
      _exit(3);
    }
    MUST(child);
    wait_for(child);
  }
  tell("vforker", NULL);
}

// --- processes that share descriptors or their place, and stop doing so.

static pid_t clone_with(long flags) { return CALL(clone, flags | SIGCHLD, 0, 0, 0, 0); }

static void open_as(const char *path, int number) {
  int fd = open(path, O_RDONLY);
  MUST(fd);
  MUST(dup2(fd, number));
  close(fd);
}

static void tell_fd(const char *scene, int number) {
  char more[PATH_MAX + 64], link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", number);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  dup2(number, 0);
  if (length < 0) close(0);
  snprintf(more, sizeof more, length < 0 ? "\"proc.stdin.name\":null" : "\"proc.stdin.name\":\"%s\"", path);
  tell(scene, more);
}

static void shares_files(void) {
  pid_t child = clone_with(CLONE_FILES);
  MUST(child);
  if (child == 0) {
    open_as("/etc/hostname", 100);
    _exit(0);
  }
  wait_for(child);
  tell_fd("shared-fd", 100);
  // Shared until the child wants its own.
  child = clone_with(CLONE_FILES);
  MUST(child);
  if (child == 0) {
    MUST(unshare(CLONE_FILES));
    open_as("/etc/passwd", 100);
    tell_fd("own-fd", 100);
    _exit(0);
  }
  wait_for(child);
  tell_fd("kept-fd", 100);
  child = clone_with(CLONE_FILES);
  MUST(child);
  if (child == 0) {
    open_as("/etc/group", 100);
    become("after-sharing", "files");
  }
  wait_for(child);
  tell_fd("changed-fd", 100);
}

static void shares_place(void) {
  MUST(chdir("/usr"));
  pid_t child = clone_with(CLONE_FS);
  MUST(child);
  if (child == 0) {
    MUST(chdir("share"));
    tell("mover", NULL);
    _exit(0);
  }
  wait_for(child);
  tell("moved", NULL);
  child = clone_with(CLONE_FS);
  MUST(child);
  if (child == 0) {
    MUST(unshare(CLONE_FS));
    MUST(chdir("/etc"));
    tell("own-place", NULL);
    _exit(0);
  }
  wait_for(child);
  tell("kept-place", NULL);
}

static void *walk_off(void *unused) {
  MUST(unshare(CLONE_FS));
  MUST(chdir("/etc"));
  tell("thread-with-place", NULL);
  return unused;
}

static void thread_place(void) {
  pthread_t id;
  MUST(chdir("/usr"));
  pthread_create(&id, NULL, walk_off, NULL);
  pthread_join(id, NULL);
  tell("process-with-place", NULL);
}

// --- orphans

static void orphan_after(const char *scene) {
  int gone[2];
  char byte;
  MUST(pipe(gone));
  pid_t middle = fork();
  MUST(middle);
  if (middle == 0) {
    pid_t child = fork();
    MUST(child);
    if (child == 0) {
      close(gone[1]);
      // The parent is a zombie or gone once its end is closed, and then the kernel has given the child away.
      if (read(gone[0], &byte, 1) != 0) _exit(3);
      while (getppid() == 0) sched_yield();
      tell(scene, NULL);
      _exit(0);
    }
    _exit(0);
  }
  close(gone[1]);
  wait_for(middle);
  close(gone[0]);
}

static void orphans(void) {
  orphan_after("orphan-of-init");
  MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
  orphan_after("orphan-of-reaper");
  MUST(wait(NULL));
}

// --- who a process is, at the very next event

static void tell_id(const char *scene) { tell_briefly(scene, NULL); }

static void ids(void) {
  MUST(setresgid(-1, 4711, -1));
  tell_id("egid");
  MUST(setresuid(-1, 1234, -1));
  tell_id("euid");
  MUST(setreuid(-1, 0));
  tell_id("back");
  MUST(setuid(2345));
  tell_id("uid");
}

// --- a process id that is used again at once, in a pid namespace of its own

static void next_pid(const char *number) {
  int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);
  MUST(fd);
  MUST(write(fd, number, strlen(number)));
  close(fd);
}

static void reused(void) {
  MUST(unshare(CLONE_NEWPID));
  pid_t init = fork();
  MUST(init);
  if (init == 0) {
    for (long i = 0; i < count; i++) {
      char word[32];
      snprintf(word, sizeof word, "%ld", i);
      next_pid("99");
      pid_t child = fork();
      MUST(child);
      if (child == 0) become("reused-inside", word);
      wait_for(child);
    }
    _exit(0);
  }
  wait_for(init);
}

// The same number in the namespace of the detector: the caller of clone3 may choose any that is free.
static void reused_here(void) {
  pid_t number = 0;
  for (long i = 0; i < count; i++) {
    char word[32];
    struct clone_args how = {
        .exit_signal = SIGCHLD,
        .set_tid = number == 0 ? 0 : (unsigned long)&number,
        .set_tid_size = number == 0 ? 0 : 1,
    };
    snprintf(word, sizeof word, "%ld", i);
    pid_t child = CALL(clone3, &how, sizeof how);
    MUST(child);
    if (child == 0) {
      if (i % 2 == 0) become("reused-program", word);
      tell("reused-child", NULL);
      _exit(0);
    }
    wait_for(child);
    number = child;
  }
}

int main(int argc, char **argv) {
  static const struct {
    const char *scene;
    void (*run)(void);
  } scenes[] = {
      {"storm", storm},           {"threads", threads},           {"thread-exec", thread_exec},
      {"leaderless", leaderless}, {"thread-child", thread_child}, {"vfork", vforked},
      {"files", shares_files},    {"place", shares_place},        {"thread-place", thread_place},
      {"orphans", orphans},       {"ids", ids},                   {"reused", reused},
      {"reused-here", reused_here},
  };
  static char path[PATH_MAX];
  if (argc < 2) return 2;
  MUST(readlink("/proc/self/exe", path, sizeof path - 1));
  own = path;
  open_proc();
  if (argc > 2 && atol(argv[2]) > 0) count = atol(argv[2]);
  if (!strcmp(argv[1], "after-thread-exec")) return after_thread_exec(), 0;
  for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
    if (!strcmp(argv[1], scenes[i].scene)) return apart(scenes[i].run), 0;
  // Everything else is a program that was run.
  tell(argv[1], NULL);
  return 0;
}
