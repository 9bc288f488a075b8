// Makes, changes and ends processes in known ways, and prints what each one knows of itself. Leaves nothing. processes FOLDER
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)
#define MUST(call) ((call) < 0 ? (perror(#call), exit(3), -1) : 0)
#define OTHER_USER 12345
#define OTHER_GROUP 23456

static char *no_env[] = {NULL};
static char own_path[4096];

// One line for the test: KEY VALUE. A process prints it with one write, so that lines of several do not mix.
static void tell(const char *key, long value) {
  char line[128];
  int length = snprintf(line, sizeof line, "%s %ld\n", key, value);
  MUST(write(1, line, length));
}

static void wait_for(int child) {
  int status;
  MUST(waitpid(child, &status, 0));
  if (status != 0) exit(4);
}

static void apart(void (*part)(void)) {
  int child = fork();
  if (child == 0) {
    part();
    exit(0);
  }
  wait_for(child);
}

static void copy_to(const char *to, int mode) {
  char block[65536];
  ssize_t length;
  int in = open(own_path, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0700);
  MUST(in), MUST(out);
  while ((length = read(in, block, sizeof block)) > 0) MUST(write(out, block, length));
  MUST(fchmod(out, mode));
  close(in), close(out);
}

static void run(const char *path, const char *name) {
  int child = fork();
  if (child == 0) {
    execve(path, (char *[]){(char *)name, "only-exit", NULL}, no_env);
    exit(5);
  }
  wait_for(child);
}

static void failures(void) {
  char *args[] = {"first", "two words", "", NULL}, *env[] = {"A=1", "B=two", NULL};
  CALL(execve, "/no-such-program", args, env);
  char *many[100], huge[5000];
  for (int i = 0; i < 99; i++) many[i] = "many";
  many[99] = NULL;
  CALL(execve, "/no-such-program-many", many, no_env);
  memset(huge, 'h', sizeof huge - 1);
  huge[sizeof huge - 1] = 0;
  CALL(execve, "/no-such-program-huge", ((char *[]){"short", huge, "lost", NULL}), no_env);
  CALL(execve, "/no-such-program-null", NULL, NULL);
  int at = open("plain", O_RDONLY | O_DIRECTORY);
  CALL(execveat, at, "no-such-below", args, env, AT_SYMLINK_NOFOLLOW);
}

static void in_user(void) {
  gid_t group = OTHER_GROUP;
  MUST(setgroups(1, &group));
  MUST(setresgid(OTHER_USER, OTHER_USER, OTHER_USER));
  MUST(setresuid(OTHER_USER, OTHER_USER, OTHER_USER));
  run("owned-by-root", "as-other-user");
  run("for-group", "in-group");
  run("for-all", "for-all");
}

static void with_groups(int first, const char *name) {
  gid_t groups[1000];
  for (int i = 0; i < 1000; i++) groups[i] = first + 2 * i;
  MUST(setgroups(1000, groups));
  MUST(setresgid(OTHER_USER, OTHER_USER, OTHER_USER));
  MUST(setresuid(OTHER_USER, OTHER_USER, OTHER_USER));
  run("for-group", name);
}

static void in_many_groups(void) { with_groups(OTHER_GROUP - 1200, "in-many-groups"); }
static void in_other_groups(void) { with_groups(OTHER_GROUP - 1201, "in-other-groups"); }

static void from_memory(void) {
  char block[65536], path[32];
  ssize_t length;
  int in = open(own_path, O_RDONLY), out = memfd_create("in-memory", 0);
  while ((length = read(in, block, sizeof block)) > 0) MUST(write(out, block, length));
  snprintf(path, sizeof path, "/proc/self/fd/%d", out);
  run(path, "from-memory");
}

static void from_layers(void) {
  MUST(unshare(CLONE_NEWNS));
  MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  MUST(mount("tmpfs", "plain", "tmpfs", 0, NULL));
  MUST(chdir("plain"));
  MUST(mkdir("low", 0755)), MUST(mkdir("up", 0755)), MUST(mkdir("work", 0755)), MUST(mkdir("all", 0755));
  copy_to("low/below", 0755);
  copy_to("low/copied", 0755);
  MUST(mount("overlay", "all", "overlay", 0, "lowerdir=low,upperdir=up,workdir=work"));
  run("all/below", "from-below");
  MUST(chmod("all/copied", 0700));
  run("all/copied", "from-above");
  MUST(mount(NULL, "all", NULL, MS_REMOUNT | MS_RDONLY, NULL));
  run("all/copied", "read-only");
}

// First process of a pid namespace of its own: a child leaves a grandchild to it.
static int in_namespace(void *none) {
  (void)none;
  int child = fork();
  if (child == 0) {
    if (fork() == 0) {
      while (getppid() != 1) usleep(1000);
      exit(0);
    }
    exit(0);
  }
  waitpid(child, NULL, 0);
  wait(NULL);
  MUST(setsid());
  execve(own_path, (char *[]){"in-namespace", "only-exit", NULL}, no_env);
  return 5;
}

static void namespaces(void) {
  static char stack[65536];
  int child = clone(in_namespace, stack + sizeof stack, CLONE_NEWPID | SIGCHLD, NULL);
  MUST(child);
  tell("namespace-init", child);
  wait_for(child);
}

// Leaves a child behind when it ends: something else takes that over.
static void leave_child(const char *key, int until_parent) {
  int child = fork();
  if (child == 0) {
    if (fork() == 0) {
      while (getppid() != until_parent) usleep(1000);
      exit(0);
    }
    exit(0);
  }
  tell(key, child);
  waitpid(child, NULL, 0);
  wait(NULL);
}

static void adopts(void) {
  tell("subreaper", getpid());
  MUST(prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L));
  int flag = 0;
  MUST(prctl(PR_GET_CHILD_SUBREAPER, &flag, 0L, 0L, 0L));
  leave_child("orphan-maker", getpid());
}

static int threads_child;
static void *in_thread(void *none) {
  tell("thread", gettid());
  prctl(PR_SET_NAME, "named-thread", 0L, 0L, 0L);
  if ((threads_child = fork()) == 0) {
    pause();
    exit(0);
  }
  return none;
}

static void threads(void) {
  pthread_t thread;
  tell("thread-leader", getpid());
  pthread_create(&thread, NULL, in_thread, NULL);
  pthread_join(thread, NULL);
  kill(threads_child, SIGKILL);
  waitpid(threads_child, NULL, 0);
}

static void forked(void) {
  char text[32] = "";
  int file = open("/proc/self/statm", O_RDONLY);
  MUST(read(file, text, sizeof text - 1));
  tell("forked", getpid());
  tell("forked-pages", atol(text));
}

static void plain_fork(void) {
  MUST(prlimit(0, RLIMIT_NOFILE, &(struct rlimit){501, 777}, NULL));
  MUST(chdir("plain"));
  int child = CALL(fork);
  if (child == 0) {
    forked();
    exit(0);
  }
  wait_for(child);
}

static void flags_in_memory(void) {
  struct {
    unsigned long long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  } args = {.flags = CLONE_FS | CLONE_NEWUTS, .exit_signal = SIGCHLD};
  int child = CALL(clone3, &args, sizeof args);
  if (child == 0) exit(0);
  tell("by-clone3", child);
  wait_for(child);
}

static void limits(void) {
  struct rlimit old, new = {512, 1024};
  struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
  CALL(setrlimit, RLIMIT_CORE, &new);
  CALL(setrlimit, RLIMIT_CORE, NULL);
  CALL(prlimit64, 0, RLIMIT_NOFILE, &new, &old);
  CALL(prlimit64, 0, RLIMIT_FSIZE, &none, NULL);
}

static void capabilities(void) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2] = {{.effective = 0x21, .permitted = 0x2f, .inheritable = 3}};
  MUST(CALL(capset, &head, sets));
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "only-exit") == 0) return 0;
  if (argc != 2 || chdir(argv[1])) return 2;
  MUST(readlink("/proc/self/exe", own_path, sizeof own_path - 1));
  tell("pid", getpid()), tell("parent", getppid()), tell("group", getpgrp()), tell("session", getsid(0));
  struct rlimit files;
  MUST(getrlimit(RLIMIT_NOFILE, &files));
  tell("fdlimit", files.rlim_cur);
  MUST(mkdir("plain", 0755));
  MUST(chmod(".", 0755));
  copy_to("owned-by-root", 0755);
  copy_to("for-group", 0775);
  MUST(chown("for-group", 0, OTHER_GROUP));
  copy_to("for-all", 0757);
  failures();
  apart(in_user);
  apart(in_many_groups);
  apart(in_other_groups);
  apart(from_memory);
  apart(from_layers);
  apart(adopts);
  apart(threads);
  apart(plain_fork);
  apart(limits);
  apart(capabilities);
  flags_in_memory();
  namespaces();
  return 0;
}
