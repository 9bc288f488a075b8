// Opens names that make records of every fate: drops FOLDER
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  char name[6000];
  memset(name, 'x', sizeof name);
  name[sizeof name - 1] = 0;
  syscall(SYS_open, name, O_RDONLY);              // longer than a record keeps
  syscall(SYS_open, (char *)1, O_RDONLY);         // no memory
  syscall(SYS_open, "/no-such-short-name", O_RDONLY);
  return 0;
}
