// What a process knows of itself, as JSON lines on standard output; each line is followed by one open of a name that no file
// has, made by the same thread at once, so that a rule about that name sees the thread exactly as the line tells it.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)
#define MUST(call) ((call) < 0 ? (perror(#call), exit(3), -1) : 0)
// The process file system of the start stays in reach there, in chroots and namespaces as well.
#define PROC_FD 900
#define ANCESTORS 4
#define ENV_MARK "ROBUST_MARK"

struct text {
  char *at;
  size_t length, size;
};

static void add(struct text *text, const char *bytes, size_t length) {
  if (text->length + length > text->size) exit(5);
  memcpy(text->at + text->length, bytes, length);
  text->length += length;
}

static void add_string(struct text *text, const char *bytes, size_t length) {
  char code[8];
  add(text, "\"", 1);
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = bytes[i];
    if (byte >= ' ' && byte < 127 && byte != '"' && byte != '\\') add(text, bytes + i, 1);
    else add(text, code, snprintf(code, sizeof code, "\\u%04x", byte));
  }
  add(text, "\"", 1);
}

static void add_key(struct text *text, const char *key) {
  add(text, text->length > 1 ? "," : "", text->length > 1);
  add_string(text, key, strlen(key));
  add(text, ":", 1);
}

static void add_number(struct text *text, const char *key, long value) {
  char digits[32];
  add_key(text, key);
  add(text, digits, snprintf(digits, sizeof digits, "%ld", value));
}

static void add_text(struct text *text, const char *key, const char *value, size_t length) {
  add_key(text, key);
  add_string(text, value, length);
}

// The bytes of a file of /proc; 0 when it cannot be read.
static size_t read_proc(const char *name, char *bytes, size_t size) {
  size_t length = 0;
  int fd = openat(PROC_FD, name, O_RDONLY);
  if (fd < 0) return 0;
  for (ssize_t count; length < size && (count = read(fd, bytes + length, size - length)) > 0;) length += count;
  close(fd);
  return length;
}

// Numbers of a line of a status file; gives how many there are.
static int numbers_of(const char *status, const char *key, long *numbers, int most) {
  int count = 0;
  const char *line = strstr(status, key);
  if (line == NULL) return 0;
  line += strlen(key);
  for (char *end; count < most; line = end) {
    while (*line == ' ' || *line == '\t') line++;
    if (*line == '\n') break;
    numbers[count++] = strtol(line, &end, 10);
    if (end == line) return count - 1;
  }
  return count;
}

static size_t comm_of(const char *folder, char *comm, size_t size) {
  char name[64];
  snprintf(name, sizeof name, "%s/comm", folder);
  size_t length = read_proc(name, comm, size);
  return length > 0 ? length - 1 : 0;
}

static long parent_of(const char *folder) {
  char name[64], status[4096] = "";
  long parent = 0;
  snprintf(name, sizeof name, "%s/status", folder);
  read_proc(name, status, sizeof status - 1);
  numbers_of(status, "\nPPid:", &parent, 1);
  return parent;
}

static void add_ancestors(struct text *text) {
  char folder[32] = "thread-self", comm[64], key[32];
  for (int level = 1; level <= ANCESTORS; level++) {
    long parent = parent_of(folder);
    if (parent <= 0) return;
    snprintf(folder, sizeof folder, "%ld", parent);
    size_t length = comm_of(folder, comm, sizeof comm);
    if (level == 1) {
      add_number(text, "proc.ppid", parent);
      add_text(text, "proc.pname", comm, length);
    }
    snprintf(key, sizeof key, "proc.apid[%d]", level);
    add_number(text, key, parent);
    snprintf(key, sizeof key, "proc.aname[%d]", level);
    add_text(text, key, comm, length);
  }
}

static void add_status(struct text *text) {
  char status[4096] = "";
  long found[33];
  read_proc("thread-self/status", status, sizeof status - 1);
  if (numbers_of(status, "\nTgid:", found, 1) == 1) add_number(text, "proc.pid", found[0]);
  if (numbers_of(status, "\nPid:", found, 1) == 1) add_number(text, "thread.tid", found[0]);
  if (numbers_of(status, "\nUid:", found, 4) == 4) add_number(text, "user.uid", found[1]);
  if (numbers_of(status, "\nGid:", found, 4) == 4) add_number(text, "group.gid", found[1]);
  int count = numbers_of(status, "\nNStgid:", found, 33);
  if (count > 0) add_number(text, "proc.vpid", found[count - 1]);
  count = numbers_of(status, "\nNSpid:", found, 33);
  if (count > 0) add_number(text, "thread.vtid", found[count - 1]);
  if (numbers_of(status, "\nNSpgid:", found, 33) > 0) add_number(text, "proc.pgid", found[0]);
  if (numbers_of(status, "\nNSsid:", found, 33) > 0) add_number(text, "proc.sid", found[0]);
}

static void add_program(struct text *text) {
  char comm[64], path[PATH_MAX];
  static char words[4 << 20], line[4096 + 64];
  size_t name = comm_of("thread-self", comm, sizeof comm);
  size_t length = read_proc("thread-self/cmdline", words, sizeof words);
  add_text(text, "proc.name", comm, name);
  ssize_t found = readlinkat(PROC_FD, "thread-self/exe", path, sizeof path);
  // The name that it was run by, however the kernel marks that the file is gone.
  static const char gone[] = " (deleted)";
  long rest = found - (long)(sizeof gone - 1);
  if (rest > 0 && !memcmp(path + rest, gone, sizeof gone - 1)) found = rest;
  int in_memory = found > 7 && !memcmp(path, "/memfd:", 7);
  if (found > 0) add_text(text, "proc.exepath", path + in_memory, found - in_memory);
  if (length == 0) return;
  size_t first = strnlen(words, length), at = first + 1;
  add_text(text, "proc.exe", words, first);
  // Longer ones are told apart by the test that makes them.
  if (length > 4096) return;
  memcpy(line, comm, name);
  for (size_t i = at; i < length; i++) line[name + 1 + i - at] = words[i] == 0 ? ' ' : words[i];
  line[name] = ' ';
  add_text(text, "proc.cmdline", line, length > at ? name + length - at : name);
}

static void add_place(struct text *text) {
  char cwd[PATH_MAX + 1];
  // An unreachable directory has no path of its own.
  long length = CALL(getcwd, cwd, PATH_MAX);
  if (length <= 0 || cwd[0] != '/') return;
  if (length > 2) cwd[length - 1] = '/', length++;
  add_text(text, "proc.cwd", cwd, length - 1);
}

// Opens the name that no file has, with nothing else between it and the line.
static void touch_mark(struct text *text, const char *scene) {
  char name[512];
  struct timespec now;
  const char *mark = getenv(ENV_MARK);
  clock_gettime(CLOCK_MONOTONIC, &now);
  snprintf(name, sizeof name, "%s%s-%ld-%ld.%09ld", mark == NULL ? "" : mark, scene, (long)CALL(gettid),
           (long)now.tv_sec, now.tv_nsec);
  add_text(text, "scene", scene, strlen(scene));
  add_text(text, "fd.name", name, strlen(name));
  add(text, "}\n", 2);
  for (size_t at = 0; at < text->length;) {
    ssize_t count = write(1, text->at + at, text->length - at);
    MUST(count);
    at += count;
  }
  CALL(openat, AT_FDCWD, name, O_RDONLY, 0);
}

static void add_more(struct text *text, const char *more) {
  if (more == NULL) return;
  add(text, ",", 1);
  add(text, more, strlen(more));
}

// `more`: further members, `"key":value,...`, which count more than what was found out, or nothing.
static void tell(const char *scene, const char *more) {
  static char bytes[64 << 10];
  struct text text = {bytes, 0, sizeof bytes};
  add(&text, "{", 1);
  add_status(&text);
  add_ancestors(&text);
  add_program(&text);
  add_place(&text);
  add_more(&text, more);
  touch_mark(&text, scene);
}

// What costs no look into /proc: for processes and threads that live for microseconds, many at once.
__attribute__((unused)) static void tell_briefly(const char *scene, const char *more) {
  char bytes[2048];
  struct text text = {bytes, 0, sizeof bytes};
  add(&text, "{", 1);
  add_number(&text, "proc.pid", CALL(getpid));
  add_number(&text, "proc.ppid", CALL(getppid));
  add_number(&text, "thread.tid", CALL(gettid));
  add_number(&text, "user.uid", CALL(geteuid));
  add_more(&text, more);
  touch_mark(&text, scene);
}

static void open_proc(void) {
  if (fcntl(PROC_FD, F_GETFD) >= 0) return;
  int fd = open("/proc", O_PATH | O_DIRECTORY);
  MUST(fd);
  MUST(dup2(fd, PROC_FD));
  close(fd);
}

__attribute__((unused)) static void wait_for(pid_t child) {
  int status;
  MUST(waitpid(child, &status, __WALL));
  if (status != 0) fprintf(stderr, "child ended with %x\n", status), exit(4);
}

// Runs a part in a process of its own.
__attribute__((unused)) static void apart(void (*part)(void)) {
  pid_t child = fork();
  MUST(child);
  if (child == 0) {
    part();
    _exit(0);
  }
  wait_for(child);
}
