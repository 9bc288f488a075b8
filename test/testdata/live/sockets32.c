// Makes socket and vector calls through the 32-bit table from a 64-bit program, each by its own number and by socketcall, with
// known arguments. sockets32 FOLDER
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static long call(long nr, long a, long b, long c, long d, long e, long f) {
  register long result __asm__("rax") = nr;
  // The sixth argument is the frame register.
  __asm__ volatile("push %%rbp; mov %6, %%rbp; int $0x80; pop %%rbp"
                   : "+a"(result) : "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "r"(f) : "memory", "r9", "r10", "r11");
  return result;
}

struct vector32 { uint32_t base, size; };
struct message32 { uint32_t name, name_length, vector, count, control, control_length, flags; };

#define LOW(place) ((uint32_t)(uintptr_t)(place))
#define SOCKETCALL(number, ...) \
  (memcpy(arguments, (uint32_t[6]){__VA_ARGS__}, 24), call(102, number, LOW(arguments), 0, 0, 0, 0))

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1])) return 2;
  // The 32-bit table takes addresses below 4 GiB only.
  char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) return 2;
  uint32_t *arguments = (void *)low, *fds = (void *)(low + 32), *length = (void *)(low + 48), *option = (void *)(low + 56);
  struct sockaddr_in *target = (void *)(low + 64), *from = (void *)(low + 96);
  char *first = strcpy(low + 128, "one"), *second = strcpy(low + 144, "three"), *data = low + 256;
  struct vector32 *vector = (void *)(low + 160);
  struct message32 *message = (void *)(low + 192);
  target->sin_family = AF_INET;
  target->sin_port = htons(7001);
  target->sin_addr.s_addr = htonl(0x7f000000 + ((getpid() & 0xffff) << 8) + 1);
  vector[0] = (struct vector32){LOW(first), 3};
  vector[1] = (struct vector32){LOW(second), 5};
  *message = (struct message32){LOW(target), sizeof *target, LOW(vector), 2, 0, 0, 0};

  int receiver = call(359, AF_INET, SOCK_DGRAM, 0, 0, 0, 0);                    // socket: 3
  if (call(361, receiver, LOW(target), sizeof *target, 0, 0, 0)) return 3;      // bind
  int sender = SOCKETCALL(1, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);            // socket: 4
  call(369, sender, LOW(first), 3, 0, LOW(target), sizeof *target);             // sendto
  call(370, sender, LOW(message), 0, 0, 0, 0);                                  // sendmsg
  *length = sizeof *from;
  call(371, receiver, LOW(data), 64, 0, LOW(from), LOW(length));                // recvfrom
  if (SOCKETCALL(3, sender, LOW(target), sizeof *target)) return 4;             // connect
  SOCKETCALL(9, sender, LOW(second), 5, 0);                                     // send
  SOCKETCALL(11, sender, LOW(first), 2, 0, LOW(target), sizeof *target);        // sendto
  SOCKETCALL(16, sender, LOW(message), 0);                                      // sendmsg
  SOCKETCALL(12, receiver, LOW(data), 64, 0, LOW(from), LOW(length));           // recvfrom
  SOCKETCALL(8, AF_UNIX, SOCK_STREAM, 0, LOW(fds));                             // socketpair
  *option = 1;
  SOCKETCALL(14, sender, SOL_SOCKET, SO_REUSEADDR, LOW(option), 4);             // setsockopt
  SOCKETCALL(4, sender, 7);                                                     // listen
  SOCKETCALL(21, sender, 7);                                                    // none

  int file = open("data", O_RDWR | O_CREAT, 0600);
  call(146, file, LOW(vector), 2, 0, 0, 0);                                     // writev
  call(181, file, LOW(first), 3, 2, 1, 0);                                      // pwrite64 at 4 GiB + 2
  call(333, file, LOW(vector), 2, 4, 0, 0);                                     // preadv
  call(93, file, 9, 77, 0, 0, 0);                                               // ftruncate, one register
  call(194, file, 9, 1, 0, 0, 0);                                               // ftruncate64
  call(324, 999, 1, 2, 3, 4, 5);                                                // fallocate
  call(42, LOW(fds), 0, 0, 0, 0, 0);                                            // pipe
  return 0;
}
