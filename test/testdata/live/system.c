// Makes each call on the kernel itself with known arguments, harmlessly: most fail on purpose. system FOLDER
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/quota.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

// Numbers that older headers do not have.
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_removexattrat 466
#endif
#define BAD_FD 999
#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

static long watched = 0x1122334455667788;

static void trace(void) {
  int child = fork();
  if (child == 0) {
    if (CALL(ptrace, PTRACE_TRACEME, 0, 0, 0)) _exit(0);
    raise(SIGSTOP);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  long peeked;
  CALL(ptrace, PTRACE_PEEKDATA, child, &watched, &peeked);
  CALL(ptrace, PTRACE_POKEDATA, child, &watched, 0x99L);
  CALL(ptrace, PTRACE_POKEDATA, -1, &watched, 0x99L);
  CALL(ptrace, PTRACE_CONT, child, 0, SIGUSR1);
  waitpid(child, NULL, 0);
}

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1])) return 2;
  int dir = open(".", O_RDONLY | O_DIRECTORY), file = open("file", O_RDWR | O_CREAT, 0600), self = getpid();
  char data[16] = "near da\0far dat";
  struct iovec near = {data, 7}, far = {data + 8, 7};
  CALL(init_module, "no module", 9L, "init-args");
  CALL(finit_module, BAD_FD, "finit-args", 1);
  CALL(delete_module, "no-such-module", O_NONBLOCK);
  CALL(mount, "mount-dev", "/no-such-folder", "mount-type", 0xc0ed0000UL | 1 | 4096, NULL);
  CALL(umount2, "/no-such-folder", 2);
  CALL(fsconfig, BAD_FD, FSCONFIG_SET_STRING, "source", "value", 0);
  int context = CALL(fsopen, "tmpfs", 0U);
  CALL(fsconfig, context, FSCONFIG_SET_STRING, "source", "value", 0);
  close(context);
  CALL(quotactl, 0x80000200, "/no-such-device", 2, "quota-file");
  struct if_dqblk limits = {.dqb_bhardlimit = 11, .dqb_bsoftlimit = 12, .dqb_curspace = 13, .dqb_itime = 17, .dqb_valid = QIF_BLIMITS | QIF_ITIME};
  CALL(quotactl, 0x80000801, "/no-such-device", 5, &limits);
  CALL(bpf, 5, NULL, 0);
  CALL(seccomp, 9U, 3U, NULL);
  CALL(keyctl, KEYCTL_SEARCH, -3L, "user", "no-such-key", 0L);
  CALL(keyctl, KEYCTL_REVOKE, 0x7ffffff0L, 0L, 0L, 0L);
  trace();
  CALL(process_vm_readv, self, &near, 1L, &far, 1L, 0L);
  CALL(process_vm_writev, self, &near, 1L, &far, 1L, 0L);
  void *page = (void *)CALL(mmap, NULL, 4096L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
  CALL(mprotect, page, 4096L, PROT_READ | PROT_EXEC);
  CALL(mlock, page, 4096L);
  CALL(mlock2, page, 4096L, 1U);
  CALL(munlock, page, 4096L);
  CALL(mlockall, 8U);
  CALL(munlockall);
  CALL(munmap, page, 4096L);
  int set = CALL(semget, IPC_PRIVATE, 2, 0600);
  struct sembuf operations[2] = {{0, 1, IPC_NOWAIT}, {1, -2, SEM_UNDO}};
  CALL(semctl, set, 1, SETVAL, 5L);
  CALL(semop, set, operations, 2L);
  CALL(semop, set, operations, 1L);
  CALL(semctl, set, 1, SETVAL, 3L);
  CALL(semctl, set, 0, IPC_RMID, 0L);

  struct timespec times[2] = {{1000000001, 5}, {0, UTIME_OMIT}};
  struct timeval old_times[2] = {{1000000002, 6}, {1000000003, 7}};
  struct utimbuf oldest_times = {1000000004, 1000000005};
  CALL(fchmodat2, dir, "file", 0640, AT_SYMLINK_NOFOLLOW);
  CALL(utimensat, dir, "file", times, AT_SYMLINK_NOFOLLOW);
  CALL(futimesat, dir, "file", old_times);
  CALL(utimes, "file", old_times);
  CALL(utimes, "file", NULL);
  CALL(utime, "file", &oldest_times);
  CALL(setxattr, "no-such-file", "user.name", "value", 5L, 1);
  CALL(lsetxattr, "no-such-file", "user.name", "value", 5L, 2);
  CALL(fsetxattr, BAD_FD, "user.name", "value", 5L, 0);
  struct { uint64_t value; uint32_t size, flags; } attribute = {0, 6, 1};
  CALL(setxattrat, dir, "no-such-file", AT_SYMLINK_NOFOLLOW, "user.name", &attribute, sizeof attribute);
  CALL(removexattr, "no-such-file", "user.name");
  CALL(lremovexattr, "no-such-file", "user.name");
  CALL(fremovexattr, BAD_FD, "user.name");
  CALL(removexattrat, dir, "no-such-file", AT_SYMLINK_NOFOLLOW, "user.name");
  CALL(truncate, "file", 0x100000003L);
  CALL(ftruncate, file, 4L);
  CALL(fallocate, BAD_FD, 1, 5L, 6L);
  CALL(move_mount, BAD_FD, "from", BAD_FD, "to", 4U);
  struct { uint64_t set, clear, propagation, userns; } attributes = {1, 2, 1 << 18, 9};
  CALL(mount_setattr, dir, "no-such-file", AT_RECURSIVE, &attributes, sizeof attributes);
  CALL(open_tree, dir, "no-such-file", 1U);
  CALL(fsopen, "no-such-fs", 1U);
  CALL(fsmount, BAD_FD, 1U, 8U);
  CALL(fspick, dir, "no-such-file", 2U);
  CALL(pivot_root, "no-such-root", "no-such-old");
  CALL(kexec_load, 1L, 99L, NULL, 0xffff0000UL | 1);
  CALL(kexec_file_load, BAD_FD, BAD_FD, 4L, "cmd", 2L);
  CALL(add_key, "no-such-type", "key-name", "secret", 6L, -3);
  CALL(request_key, "no-such-type", "key-name", "callout", -3);
  CALL(memfd_secret, O_CLOEXEC);
  return 0;
}
