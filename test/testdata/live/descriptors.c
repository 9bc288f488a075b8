// Makes each call that yields, moves or uses descriptors, with known arguments. descriptors FOLDER
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define BAD_FD 999
#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1])) return 2;
  int pipe1[2], pipe2[2], file = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600);
  char first[64], second[64];
  if (file != 3) return 3;
  CALL(pipe, pipe1);
  CALL(pipe2, pipe2, O_CLOEXEC | O_NONBLOCK);
  CALL(pipe, NULL);
  CALL(eventfd, 7U);
  CALL(eventfd2, 8U, O_CLOEXEC);
  CALL(epoll_create, 5);
  CALL(epoll_create1, O_CLOEXEC);
  CALL(timerfd_create, CLOCK_MONOTONIC, O_CLOEXEC);
  uint64_t signals = 1 << (SIGUSR1 - 1);
  CALL(signalfd, -1, &signals, sizeof signals);
  CALL(signalfd4, -1, &signals, sizeof signals, O_NONBLOCK);
  CALL(inotify_init);
  CALL(inotify_init1, O_CLOEXEC);
  CALL(userfaultfd, -1);
  CALL(memfd_create, "memory-name", 3U);
  CALL(pidfd_open, getpid(), 0U);
  CALL(pidfd_getfd, BAD_FD, 3, 0U);
  struct io_uring_params ring = {.flags = IORING_SETUP_CQSIZE, .cq_entries = 16, .sq_thread_cpu = 1, .sq_thread_idle = 2};
  CALL(io_uring_setup, 0U, &ring);
  CALL(io_uring_enter, BAD_FD, 1U, 2U, 1U, &signals, sizeof signals);
  CALL(io_uring_register, BAD_FD, 1U, NULL, 3U);

  struct iovec out[] = {{"one", 3}, {"two", 3}, {"three", 5}, {"four", 4}, {"five", 4}};
  struct iovec in[] = {{first, 4}, {second, 21}};
  CALL(write, BAD_FD, "not written", 11);
  CALL(write, file, "0123456789", 10);
  CALL(pwrite64, file, "abc", 3, 0x100000002L);
  CALL(writev, file, out, 5);
  CALL(pwritev, file, out, 2, 1L, 0L);
  CALL(writev, file, NULL, 1);
  CALL(lseek, file, 0L, SEEK_SET);
  CALL(read, file, first, 4);
  CALL(pread64, file, first, 3, 1L);
  CALL(readv, file, in, 2);
  in[1].iov_len = 23;
  CALL(preadv, file, in, 2, 2L, 0L);
  CALL(readv, BAD_FD, in, 2);
  long offset = 4, to = 100;
  CALL(sendfile, pipe1[1], file, &offset, 3L);
  CALL(splice, pipe1[0], NULL, pipe2[1], NULL, 2L, 1U);
  offset = 1;
  CALL(copy_file_range, file, &offset, file, &to, 4L, 0U);
  CALL(ioctl, BAD_FD, 0x5413UL, 77L);
  CALL(fcntl, file, F_DUPFD, 200L);
  CALL(dup, file);
  CALL(close_range, 900U, 901U, 4U);

  struct stat facts;
  char directory[512];
  CALL(stat, "data", &facts);
  CALL(lstat, "no-such-name", &facts);
  CALL(fstat, file, &facts);
  CALL(newfstatat, AT_FDCWD, "data", &facts, AT_SYMLINK_NOFOLLOW);
  CALL(access, "data", R_OK | X_OK);
  CALL(getcwd, directory, sizeof directory);
  CALL(getcwd, directory, 1L);
  CALL(getdents, BAD_FD, directory, sizeof directory);
  CALL(getdents64, BAD_FD, directory, sizeof directory);
  CALL(flock, file, LOCK_EX | LOCK_NB);
  CALL(lseek, file, 5L, SEEK_CUR);
  unsigned ids[3];
  CALL(getuid);
  CALL(geteuid);
  CALL(getgid);
  CALL(getegid);
  CALL(getresuid, ids, ids + 1, ids + 2);
  CALL(getresgid, ids, ids + 1, ids + 2);
  unsigned long limits[2] = {0, 7};
  CALL(setrlimit, 4, limits);
  CALL(getrlimit, 4, limits);
  CALL(getrlimit, 99, limits);
  CALL(semget, 0x1234, 0, 01000);
  return 0;
}
