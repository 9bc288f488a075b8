// Makes system calls through the 32-bit table from a 64-bit program, with known arguments. calls32 FOLDER
#define _GNU_SOURCE
#include <netinet/in.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static long call(long nr, long a, long b, long c, long d) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d) : "memory", "r8", "r9", "r10", "r11");
  return result;
}

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1])) return 2;
  // The 32-bit table takes addresses below 4 GiB only.
  char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) return 2;
  char *name = strcpy(low, "low-name"), *other = strcpy(low + 64, "other-name"), *folder = strcpy(low + 128, "low-folder");
  char *program = strcpy(low + 192, "/no-such-low-program");
  struct sockaddr_in *address = (void *)(low + 256);
  address->sin_family = AF_INET;
  address->sin_port = htons(9);
  address->sin_addr.s_addr = htonl(0x7f000003);
  int dir = open(".", O_RDONLY | O_DIRECTORY);

  if (call(5, (long)name, O_WRONLY | O_CREAT, 0600, 0) < 0) return 3;       // open
  call(295, dir, (long)name, O_RDONLY, 0);                                  // openat
  call(38, (long)name, (long)other, 0, 0);                                  // rename
  call(10, (long)other, 0, 0, 0);                                           // unlink
  call(39, (long)folder, 0700, 0, 0);                                       // mkdir
  call(362, -1, (long)address, sizeof *address, 0);                         // connect
  call(11, (long)program, 0, 0, 0);                                         // execve
  if (call(2, 0, 0, 0, 0) == 0) _exit(0);                                   // fork
  wait(NULL);
  call(102, 1, 0, 0, 0);                                                    // socketcall
  return 0;
}
