/* uring-requests COUNT FIRST: submits COUNT requests that do nothing, each by a call of its own, marked FIRST, FIRST + 1, ... */
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **arguments)
{
  struct io_uring_params params;
  if (count < 3)
    return 2;
  memset(&params, 0, sizeof(params));
  int ring = syscall(SYS_io_uring_setup, 8, &params);
  if (ring < 0)
    return 3;
  size_t size = params.sq_off.array + params.sq_entries * sizeof(unsigned);
  char *queue = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
  struct io_uring_sqe *entries = mmap(0, params.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
  char *done = mmap(0, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_CQ_RING);
  if (queue == MAP_FAILED || entries == MAP_FAILED || done == MAP_FAILED)
    return 4;
  unsigned *tail = (unsigned *)(queue + params.sq_off.tail);
  unsigned mask = *(unsigned *)(queue + params.sq_off.ring_mask);
  unsigned *slots = (unsigned *)(queue + params.sq_off.array);
  unsigned *taken = (unsigned *)(done + params.cq_off.head);
  for (long left = atol(arguments[1]), mark = atol(arguments[2]); left > 0; left--, mark++) {
    unsigned at = *tail & mask;
    memset(&entries[at], 0, sizeof(entries[at]));
    entries[at].opcode = IORING_OP_NOP;
    entries[at].user_data = mark;
    slots[at] = at;
    __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) != 1)
      return 5;
    __atomic_store_n(taken, *taken + 1, __ATOMIC_RELEASE);
  }
  return 0;
}
