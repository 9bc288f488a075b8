/* Makes the folder named in its argument its root directory, says so, and waits. */
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 2 || chroot(argv[1]) != 0 || chdir("/") != 0) return 1;
  puts("in");
  fflush(stdout);
  pause();
  return 0;
}
