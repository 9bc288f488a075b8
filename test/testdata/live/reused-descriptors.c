/*
 * Uses the same numbers again and again for files, pipes and sockets.
 *
 *     reused-descriptors WANTED OTHER LINK ROUNDS WRITES
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(int fd, const char *text) { if (write(fd, text, strlen(text)) < 0) exit(3); }

int main(int argc, char **argv) {
  const char *wanted = argv[1], *other = argv[2], *link = argv[3];
  int rounds = atoi(argv[4]), pair[2];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int round = 0; round < rounds; round++) {
    int fd = open(other, O_WRONLY | O_CREAT, 0600);
    say(fd, "no");
    close(fd);
    fd = open(wanted, O_WRONLY | O_CREAT, 0600);
    say(fd, "1 write");
    int copy = dup(fd);
    close(fd);
    fd = open(other, O_WRONLY);
    say(fd, "no");
    say(copy, "2 copy");
    dup2(fd, copy);
    say(copy, "no");
    close(copy);
    close(fd);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    connect(fd, (struct sockaddr *)&to, sizeof to);
    say(fd, "3 socket");
    close(fd);
    fd = open(other, O_WRONLY);
    say(fd, "no");
    close(fd);
    if (pipe(pair)) return 4;
    say(pair[1], "no");
    close(pair[0]), close(pair[1]);
    fd = eventfd(1, 0);
    close(fd);
    fd = openat(AT_FDCWD, wanted, O_RDWR);
    if (fork() == 0) {
      say(fd, "4 child");
      close(fd);
      fd = open(other, O_WRONLY);
      say(fd, "no");
      _exit(0);
    }
    wait(NULL);
    struct iovec part = {"5 vector", 8};
    if (writev(fd, &part, 1) < 0) return 5;
    fchmod(fd, 0640);
    close(fd);
    fd = open(link, O_WRONLY);
    say(fd, "by link");
    close(fd);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return 6;
    say(pair[0], "no");
    close(pair[0]), close(pair[1]);
    close_range(3, 20, 0);
    for (int i = 0; i < 3; i++) { fd = open("/dev/null", O_WRONLY); say(fd, "no"); }
    close_range(3, 20, 0);
  }
  int fd = open("/dev/null", O_WRONLY);
  for (int i = atoi(argv[5]); i > 0; i--) say(fd, "no");
  return 0;
}
