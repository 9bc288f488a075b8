// Processes in unusual places, with unusual programs and very long texts. robust-places SCENE FOLDER [COUNT]; all that it makes
// is below FOLDER or in a mount namespace of its own.
#include "truth.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>

// Six, since no process may have more than 20,000 descriptors.
#define PROCESSES 6
// Files that the descriptors of one process are for.
#define FILES 50

static long count = 120;
static const char *own, *folder;

static void become(const char *program, const char *scene) {
  execl(program, program, scene, folder, (char *)NULL);
  perror("exec");
  _exit(3);
}

static const char *below(const char *name) {
  static char path[8][PATH_MAX];
  static int next;
  char *at = path[next++ % 8];
  snprintf(at, PATH_MAX, "%s/%s", folder, name);
  return at;
}

static void copy_own(const char *to, int mode) {
  char block[65536];
  ssize_t length;
  int in = open(own, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, mode);
  MUST(in), MUST(out);
  while ((length = read(in, block, sizeof block)) > 0) MUST(write(out, block, length));
  close(in), close(out);
}

// Runs a part in its own process, which becomes the program at a path.
static void run_as(const char *program, const char *scene) {
  pid_t child = fork();
  MUST(child);
  if (child == 0) become(program, scene);
  wait_for(child);
}

static void own_mounts(void) {
  MUST(unshare(CLONE_NEWNS));
  MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

static void namespaces(void) {
  MUST(unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS));
  pid_t init = fork();
  MUST(init);
  if (init == 0) {
    tell("namespace-init", NULL);
    pid_t child = fork();
    MUST(child);
    if (child == 0) become(own, "namespace-child");
    wait_for(child);
    // A namespace in a namespace.
    MUST(unshare(CLONE_NEWPID));
    child = fork();
    MUST(child);
    if (child == 0) become(own, "namespace-inner");
    wait_for(child);
    _exit(0);
  }
  wait_for(init);
}

static void user_namespace(void) {
  MUST(setresgid(4321, 4321, 4321));
  MUST(setresuid(1234, 1234, 1234));
  MUST(unshare(CLONE_NEWUSER));
  // Whom it is taken for outside; inside it is nobody that is known.
  tell("user-namespace", "\"user.uid\":1234,\"group.gid\":4321");
  run_as(own, "user-namespace-child");
}

static void mount_namespace(void) {
  own_mounts();
  MUST(mkdir(below("view"), 0755));
  MUST(mount("robust", below("view"), "tmpfs", 0, NULL));
  copy_own(below("view/program"), 0755);
  MUST(chdir(below("view")));
  tell("mount-namespace", NULL);
  run_as(below("view/program"), "mount-namespace-child");
}

// Another root directory, with the host's libraries where programs look for them.
static void jail(void) {
  char seen[PATH_MAX + 64];
  own_mounts();
  MUST(mkdir(below("jail"), 0755));
  MUST(mount("robust", below("jail"), "tmpfs", 0, NULL));
  for (const char **name = (const char *[]){"/lib", "/lib64", "/usr/lib", NULL}; *name; name++) {
    char to[PATH_MAX];
    if (access(*name, F_OK) < 0) continue;
    if (!strcmp(*name, "/usr/lib")) MUST(mkdir(below("jail/usr"), 0755));
    snprintf(to, sizeof to, "%s%s", below("jail"), *name);
    MUST(mkdir(to, 0755));
    MUST(mount(*name, to, NULL, MS_BIND, NULL));
  }
  MUST(mkdir(below("jail/inside"), 0755));
  copy_own(below("jail/inside/program"), 0755);
  folder = strdup(below("jail"));
  MUST(chroot(folder));
  MUST(chdir("/inside"));
  // From outside, which is how the detector names it.
  snprintf(seen, sizeof seen, "\"proc.cwd\":\"%s/inside/\"", folder);
  tell("jail", seen);
  run_as("/inside/program", "jail-child");
}

static void deleted(void) {
  const char *path = strdup(below("short-lived"));
  copy_own(path, 0755);
  int program = open(path, O_RDONLY | O_CLOEXEC);
  MUST(program);
  MUST(unlink(path));
  pid_t child = fork();
  MUST(child);
  if (child == 0) {
    char *words[] = {(char *)path, "deleted-program", (char *)folder, NULL};
    CALL(execveat, program, "", words, environ, AT_EMPTY_PATH);
    _exit(3);
  }
  wait_for(child);
}

static void memory_program(void) {
  char block[65536];
  ssize_t length;
  int in = open(own, O_RDONLY), out = memfd_create("hidden", MFD_CLOEXEC);
  MUST(in), MUST(out);
  while ((length = read(in, block, sizeof block)) > 0) MUST(write(out, block, length));
  pid_t child = fork();
  MUST(child);
  if (child == 0) {
    char *words[] = {"hidden", "memory-program", (char *)folder, NULL};
    CALL(execveat, out, "", words, environ, AT_EMPTY_PATH);
    _exit(3);
  }
  wait_for(child);
}

static void overlay(void) {
  char options[3 * PATH_MAX];
  own_mounts();
  MUST(mkdir(below("stack"), 0755));
  // An overlay's own layers may not lie on one.
  MUST(mount("robust", below("stack"), "tmpfs", 0, NULL));
  for (const char **name = (const char *[]){"stack/low", "stack/up", "stack/work", "stack/all", NULL}; *name; name++)
    MUST(mkdir(below(*name), 0755));
  copy_own(below("stack/low/lower"), 0755);
  snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s", below("stack/low"), below("stack/up"),
           below("stack/work"));
  MUST(mount("robust", below("stack/all"), "overlay", 0, options));
  copy_own(below("stack/all/upper"), 0755);
  run_as(below("stack/all/lower"), "lower-program");
  run_as(below("stack/all/upper"), "upper-program");
}

// Names of 255 bytes below one another; the last one is made by the caller.
static void descend(int levels) {
  char name[256];
  memset(name, 'd', 255);
  name[255] = 0;
  for (int i = 0; i < levels; i++) {
    if (mkdir(name, 0700) < 0 && access(name, F_OK) < 0) perror("mkdir"), exit(3);
    MUST(chdir(name));
  }
}

static void open_relative(const char *scene, int levels) {
  char name[256];
  memset(name, 'f', 255);
  name[255] = 0;
  descend(levels);
  tell(scene, NULL);
  int fd = open(name, O_WRONLY | O_CREAT, 0600);
  MUST(fd);
  close(fd);
}

static void long_path(void) {
  MUST(chdir(folder));
  open_relative("long-path", 15);
}

static void longer_path(void) {
  MUST(chdir(folder));
  open_relative("longer-path", 40);
}

static char *big(size_t size) {
  char *text = malloc(size + 1);
  memset(text, 'a', size);
  text[size] = 0;
  return text;
}

// 2 MB of arguments are more than most systems' limit of one stack quarter without this.
static void arguments(void) {
  struct rlimit stack = {64 << 20, RLIM_INFINITY};
  setrlimit(RLIMIT_STACK, &stack);
  char *word = big(100000), *words[25] = {(char *)own, "arguments", (char *)folder};
  for (int i = 3; i < 24; i++) words[i] = word;
  pid_t child = fork();
  MUST(child);
  if (child == 0) {
    execv(own, words);
    _exit(3);
  }
  wait_for(child);
}

// All descriptors of all processes are open at once; one process after the other opens its own and uses the first, the middle and
// the last of them.
static void descriptors(void) {
  char byte = 0;
  int opened[2], ends[2];
  MUST(pipe(opened));
  MUST(pipe(ends));
  for (int part = 0; part < PROCESSES; part++) {
    pid_t child = fork();
    MUST(child);
    if (child != 0) {
      MUST(read(opened[0], &byte, 1));
      continue;
    }
    char more[PATH_MAX + 64], path[PATH_MAX];
    long base = 1000, each = count / PROCESSES;
    for (long i = 0; i < each; i++) {
      if (i < FILES) {
        snprintf(path, sizeof path, "%s/d%d-%ld", folder, part, i);
        int fd = open(path, O_RDWR | O_CREAT, 0600);
        MUST(fd);
        MUST(dup2(fd, base + i));
        close(fd);
      } else MUST(dup2(base + i % FILES, base + i));
    }
    for (int k = 0; k < 3; k++) {
      long i = k == 0 ? 0 : k == 1 ? each / 2 : each - 1;
      snprintf(more, sizeof more, "\"proc.stdin.name\":\"%s/d%d-%ld\"", folder, part, i % FILES);
      MUST(dup2(base + i, 0));
      tell("descriptors", more);
    }
    MUST(write(opened[1], &byte, 1));
    close(ends[1]);
    MUST(read(ends[0], &byte, 1));
    _exit(0);
  }
  close(ends[1]);
  for (int part = 0; part < PROCESSES; part++) MUST(wait(NULL));
}

int main(int argc, char **argv) {
  static const struct {
    const char *scene;
    void (*run)(void);
  } scenes[] = {
      {"namespaces", namespaces},   {"user", user_namespace}, {"mount", mount_namespace},
      {"chroot", jail},             {"deleted", deleted},     {"memory", memory_program},
      {"overlay", overlay},         {"long", long_path},      {"longer", longer_path},
      {"many-words", arguments},    {"fds", descriptors},
  };
  static const struct {
    const char *scene, *more;
  } programs[] = {
      {"user-namespace-child", "\"user.uid\":1234,\"group.gid\":4321"},
      {"memory-program", "\"proc.is_exe_from_memfd\":true"},
      {"upper-program", "\"proc.is_exe_upper_layer\":true,\"proc.is_exe_lower_layer\":false"},
      {"lower-program", "\"proc.is_exe_upper_layer\":false,\"proc.is_exe_lower_layer\":true"},
  };
  static char path[PATH_MAX];
  if (argc < 3) return 2;
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  own = length < 0 ? argv[0] : path;
  folder = argv[2];
  open_proc();
  if (argc > 3 && atol(argv[3]) > 0) count = atol(argv[3]);
  for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
    if (!strcmp(argv[1], scenes[i].scene)) return apart(scenes[i].run), 0;
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
    if (!strcmp(argv[1], programs[i].scene)) return tell(argv[1], programs[i].more), 0;
  if (!strcmp(argv[1], "jail-child")) {
    char seen[3 * PATH_MAX];
    snprintf(seen, sizeof seen, "\"proc.cwd\":\"%s/inside/\",\"proc.exepath\":\"%s/inside/program\"", folder, folder);
    return tell(argv[1], seen), 0;
  }
  tell(argv[1], NULL);
  return 0;
}
