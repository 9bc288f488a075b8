// Opens files in ways that hide their names, and changes them through descriptors. Ends by itself, leaves no mount. files FOLDER
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)
#define MUST(call) ((call) < 0 ? (perror(#call), exit(3), -1) : 0)

// Writes a file with raw calls that no test looks at by this name.
static void put(const char *path) {
  int fd = creat(path, 0644);
  MUST(fd);
  MUST(write(fd, "x", 1));
  close(fd);
}

static void names(void) {
  int sub = open("sub", O_RDONLY | O_DIRECTORY);
  CALL(open, "made", O_WRONLY | O_CREAT | O_EXCL, 0640);
  CALL(open, "made", O_WRONLY | O_CREAT, 0640);
  CALL(open, "no-such-file", O_RDONLY, 0);
  CALL(openat, AT_FDCWD, "sub/../made", O_RDONLY);
  CALL(openat, sub, "../made", O_RDONLY);
  CALL(openat, AT_FDCWD, "link-to-made", O_RDONLY);
  CALL(openat, AT_FDCWD, "far/inner", O_RDONLY);
  struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT};
  CALL(openat2, sub, "/../../inner", &how, sizeof how);
  char again[32];
  int path = open("made", O_PATH);
  snprintf(again, sizeof again, "/proc/self/fd/%d", path);
  CALL(openat, AT_FDCWD, again, O_RDONLY);
  CALL(openat, AT_FDCWD, ".", O_RDWR | O_TMPFILE, 0600);
  CALL(creat, "made-by-creat", 0600);
}

static void handle(void) {
  struct {
    struct file_handle head;
    unsigned char bytes[128];
  } handle = {.head = {.handle_bytes = 128}};
  int mount_id, at = open(".", O_RDONLY | O_DIRECTORY);
  MUST(name_to_handle_at(AT_FDCWD, "sub/inner", &handle.head, &mount_id, 0));
  CALL(open_by_handle_at, at, &handle.head, O_RDONLY | O_CLOEXEC);
  handle.head.handle_bytes = 129;
  CALL(open_by_handle_at, at, &handle.head, O_RDONLY);
}

static void descriptors(void) {
  int fd = open("link-to-made", O_RDWR);
  struct iovec iov = {"ab", 2};
  CALL(write, fd, "abc", 3);
  CALL(pwrite64, fd, "abcd", 4, 7L);
  CALL(writev, fd, &iov, 1);
  CALL(pwritev, fd, &iov, 1, 3L, 0L);
  CALL(pwritev2, fd, &iov, 1, 5L, 0L, 0);
  CALL(ftruncate, fd, 11L);
  CALL(fallocate, fd, 0, 0L, 13L);
  CALL(fchmod, fd, 0601);
  CALL(fchown, fd, 21, 22);
  CALL(fchmod, 999, 0602);
}

static void jail(void) {
  MUST(chroot("jail"));
  MUST(chdir("/"));
  CALL(openat, AT_FDCWD, "/in-jail", O_RDONLY);
}

static void mounts(void) {
  MUST(unshare(CLONE_NEWNS));
  MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  MUST(mount("sub", "bound", NULL, MS_BIND, NULL));
  CALL(openat, AT_FDCWD, "bound/inner", O_RDONLY);
  int hidden = open("bound", O_RDONLY | O_DIRECTORY);
  MUST(umount2("bound", MNT_DETACH));
  CALL(openat, hidden, "inner", O_WRONLY);
  int tree = CALL(open_tree, AT_FDCWD, "sub", OPEN_TREE_CLONE);
  MUST(tree);
  CALL(openat, tree, "inner", O_RDWR);
  // Layers on a file system in memory: the folder's own may not carry an upper layer.
  MUST(mount("tmpfs", "layers", "tmpfs", 0, NULL));
  MUST(chdir("layers"));
  MUST(mkdir("low", 0755));
  MUST(mkdir("up", 0755));
  MUST(mkdir("work", 0755));
  MUST(mkdir("all", 0755));
  put("low/from-below");
  put("low/to-copy");
  MUST(mount("overlay", "all", "overlay", 0, "lowerdir=low,upperdir=up,workdir=work"));
  CALL(openat, AT_FDCWD, "all/from-below", O_RDONLY);
  CALL(openat, AT_FDCWD, "all/to-copy", O_WRONLY);
  CALL(openat, AT_FDCWD, "all/new-above", O_WRONLY | O_CREAT, 0600);
  CALL(creat, "all/creat-above", 0600);
}

static void apart(void (*part)(void)) {
  int status, child = fork();
  if (child == 0) {
    part();
    exit(0);
  }
  waitpid(child, &status, 0);
  if (status != 0) exit(4);
}

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1])) return 2;
  MUST(mkdir("sub", 0755));
  MUST(mkdir("sub/deeper", 0755));
  MUST(mkdir("jail", 0755));
  MUST(mkdir("bound", 0755));
  MUST(mkdir("layers", 0755));
  put("sub/inner");
  put("jail/in-jail");
  MUST(symlink("made", "link-to-made"));
  MUST(symlink("sub/deeper/..", "far"));
  names();
  handle();
  descriptors();
  apart(jail);
  apart(mounts);
  return 0;
}
