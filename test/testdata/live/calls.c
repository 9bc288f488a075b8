// Makes each captured system call once with known arguments, harmlessly: most fail on purpose. calls FOLDER
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define BAD_FD 999
#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1])) return 2;
  int dir = open(".", O_RDONLY | O_DIRECTORY);
  int self = getpid();
  char byte[8] = "abc";
  struct iovec iov = {byte, 2};
  struct open_how how = {.flags = O_RDONLY | O_NOFOLLOW, .resolve = RESOLVE_NO_XDEV};
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7)};
  address.sin_addr.s_addr = htonl(0x7f000002);

  CALL(open, "open-name", O_WRONLY | O_CREAT | O_EXCL, 0640);
  CALL(openat, dir, "openat-name", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CALL(openat2, AT_FDCWD, "openat2-name", &how, sizeof how);
  CALL(creat, "creat-name", 0604);
  CALL(mkdir, "mkdir-name", 0710);
  CALL(mkdirat, dir, "mkdirat-name", 0711);
  CALL(mknod, "mknod-name", S_IFIFO | 0600, 0);
  CALL(mknodat, dir, "mknodat-name", S_IFIFO | 0600, 0);
  CALL(link, "open-name", "link-name");
  CALL(linkat, dir, "open-name", dir, "linkat-name", 0);
  CALL(symlink, "symlink-target", "symlink-name");
  CALL(symlinkat, "symlinkat-target", dir, "symlinkat-name");
  CALL(chmod, "open-name", 0604);
  CALL(fchmod, BAD_FD, 0600);
  CALL(fchmodat, dir, "open-name", 04755);
  CALL(chown, "open-name", 11, 12);
  CALL(lchown, "open-name", 13, 14);
  CALL(fchown, BAD_FD, 15, 16);
  CALL(fchownat, dir, "open-name", 17, 18, AT_SYMLINK_NOFOLLOW);
  CALL(rename, "link-name", "rename-name");
  CALL(renameat, dir, "rename-name", dir, "renameat-name");
  CALL(renameat2, dir, "renameat-name", AT_FDCWD, "renameat2-name", RENAME_NOREPLACE);
  CALL(unlink, "renameat2-name");
  CALL(unlinkat, dir, "mkdirat-name", AT_REMOVEDIR);
  CALL(rmdir, "mkdir-name");
  CALL(chdir, "/no-such-folder");
  CALL(fchdir, dir);
  CALL(chroot, "/no-such-root");
  CALL(write, BAD_FD, byte, 3);
  CALL(pwrite64, BAD_FD, byte, 3, 7L);
  CALL(writev, BAD_FD, &iov, 1);
  CALL(read, BAD_FD, byte, 3);
  CALL(pread64, BAD_FD, byte, 3, 7L);
  CALL(readv, BAD_FD, &iov, 1);
  CALL(dup, BAD_FD);
  CALL(dup2, dir, 100);
  CALL(dup3, dir, 101, O_CLOEXEC);
  CALL(fcntl, dir, F_DUPFD_CLOEXEC, 110L);
  CALL(close, 100);
  CALL(close_range, 900U, 901U, 0U);
  CALL(memfd_create, "memfd-name", 1U);
  CALL(pidfd_open, self, 0U);
  CALL(pidfd_getfd, BAD_FD, 3, 0U);
  CALL(socket, AF_INET, SOCK_DGRAM, 0);
  CALL(connect, BAD_FD, &address, sizeof address);
  CALL(bind, BAD_FD, &address, sizeof address);
  CALL(listen, BAD_FD, 5);
  CALL(shutdown, BAD_FD, SHUT_RDWR);
  CALL(setuid, getuid());
  CALL(setgid, getgid());
  CALL(setreuid, -1, getuid());
  CALL(setregid, -1, getgid());
  CALL(setresuid, -1, -1, getuid());
  CALL(setresgid, -1, -1, getgid());
  CALL(setpgid, 0, 0);
  CALL(prctl, PR_SET_DUMPABLE, 1L, 0L, 0L, 0L);
  CALL(setns, BAD_FD, CLONE_NEWNET);
  CALL(unshare, 0);
  CALL(kill, self, 0);
  CALL(tkill, self, 0);
  CALL(tgkill, self, self, 0);
  CALL(ptrace, PTRACE_ATTACH, 0, 0, 0);
  CALL(process_vm_readv, self, NULL, 0L, NULL, 0L, 0L);
  CALL(process_vm_writev, self, NULL, 0L, NULL, 0L, 0L);
  CALL(init_module, NULL, 0L, "init-args");
  CALL(finit_module, BAD_FD, "finit-args", 1);
  CALL(delete_module, "no-such-module", O_NONBLOCK);
  CALL(mount, "mount-dev", "/no-such-folder", "mount-type", MS_RDONLY, NULL);
  CALL(umount2, "/no-such-folder", MNT_DETACH);
  CALL(bpf, 5, NULL, 0);
  CALL(userfaultfd, -1);
  CALL(mmap, NULL, 4096L, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
  CALL(mprotect, NULL, 4096L, PROT_READ | PROT_EXEC);
  CALL(io_uring_setup, 0U, NULL);
  CALL(io_uring_enter, BAD_FD, 1U, 2U, 0U, NULL, 0L);
  CALL(io_uring_register, BAD_FD, 1U, NULL, 3U);
  char *no_args[] = {NULL};
  CALL(execve, "/no-such-program", no_args, no_args);
  CALL(execveat, BAD_FD, "no-such-program", no_args, no_args, 0);
  if (CALL(fork) == 0) _exit(3);
  wait(NULL);
  if (vfork() == 0) _exit(0);
  wait(NULL);
  if (CALL(clone, SIGCHLD, 0L, 0L, 0L, 0L) == 0) _exit(0);
  wait(NULL);
  struct {
    unsigned long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  } clone_args = {.exit_signal = SIGCHLD};
  if (CALL(clone3, &clone_args, sizeof clone_args) == 0) _exit(0);
  wait(NULL);
  CALL(setsid);
  return 0;
}
