// Opens files through a ring, without a system call that says so. rings FOLDER
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ring, submitted;
static unsigned *tail, *mask, *array;
static struct io_uring_sqe *entries;

static void submit(struct io_uring_sqe entry) {
  unsigned at = *tail & *mask;
  entries[at] = entry;
  array[at] = at;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
  if (syscall(SYS_io_uring_enter, ring, 1, ++submitted, IORING_ENTER_GETEVENTS, NULL, 0) != 1) exit(4);
}

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1])) return 2;
  struct io_uring_params params = {0};
  ring = syscall(SYS_io_uring_setup, 8, &params);
  if (ring < 0) return 3;
  char *queue = mmap(NULL, params.sq_off.array + params.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
  entries = mmap(NULL, params.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
  if (queue == MAP_FAILED || (void *)entries == MAP_FAILED) return 3;
  tail = (void *)(queue + params.sq_off.tail), mask = (void *)(queue + params.sq_off.ring_mask);
  array = (void *)(queue + params.sq_off.array);
  struct open_how how = {.flags = O_WRONLY | O_CREAT | O_EXCL, .mode = 0604};
  submit((struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)"by-ring", .open_flags = O_RDWR | O_CREAT, .len = 0640});
  submit((struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)"./by-ring", .open_flags = O_RDONLY, .flags = IOSQE_ASYNC});
  submit((struct io_uring_sqe){.opcode = IORING_OP_OPENAT2, .fd = AT_FDCWD, .addr = (unsigned long)"by-ring2", .off = (unsigned long)&how, .len = sizeof how});
  submit((struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)"no-such-file", .open_flags = O_RDONLY});
  int none[] = {-1, -1};
  if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, none, 2) != 0) return 5;
  submit((struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)"by-ring", .open_flags = O_RDONLY, .file_index = 2});
  submit((struct io_uring_sqe){.opcode = IORING_OP_NOP});
  return 0;
}
