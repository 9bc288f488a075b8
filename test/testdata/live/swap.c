// Opens and connects while a second thread writes to what the calls were given, from their beginning to their end. swap FOLDER
//   1 the name is changed while openat is blocked in a FIFO     2 the name is left alone
//   3 the name lies in a page of a file that nobody has touched 4 the address is changed while connect waits
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char name[64];
static struct sockaddr_in address;
static volatile int thread_id;
static int listener;

static void die(const char *what) {
  perror(what);
  exit(1);
}

// Waits until the thread sleeps in a system call with this number: the kernel has read what it was given by then.
static void await_call(int tid, int nr) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
  for (;;) {
    int fd = open(path, O_RDONLY);
    long length = read(fd, line, sizeof line - 1);
    close(fd);
    if (length > 0) {
      line[length] = 0;
      if (atoi(line) == nr && line[0] != 'r') return;
    }
    usleep(1000);
  }
}

static void *open_fifo(void *unused) {
  thread_id = gettid();
  syscall(SYS_openat, AT_FDCWD, name, O_RDONLY, 0);
  return unused;
}

static void *connect_out(void *unused) {
  thread_id = gettid();
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  connect(fd, (struct sockaddr *)&address, sizeof address);
  close(fd);
  return unused;
}

static pthread_t start(void *(*body)(void *), int nr) {
  pthread_t thread;
  thread_id = 0;
  if (pthread_create(&thread, NULL, body, NULL)) die("pthread_create");
  while (thread_id == 0) usleep(100);
  await_call(thread_id, nr);
  return thread;
}

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1])) return 2;

  if (mkfifo("true-name", 0600)) die("mkfifo");
  strcpy(name, "true-name");
  pthread_t thread = start(open_fifo, SYS_openat);
  strcpy(name, "fake-name");
  close(open("true-name", O_WRONLY));
  pthread_join(thread, NULL);

  syscall(SYS_openat, AT_FDCWD, "same-name", O_RDONLY, 0);

  int fd = open("page", O_RDWR | O_CREAT, 0600);
  if (write(fd, "late-name", 10) != 10) die("write");
  char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
  if (page == MAP_FAILED) die("mmap");
  syscall(SYS_openat, AT_FDCWD, page, O_RDONLY, 0);

  // A backlog that is full keeps the next connect waiting.
  listener = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x7f000001);
  socklen_t length = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 0)) die("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &length)) die("getsockname");
  int filler = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(filler, (struct sockaddr *)&address, sizeof address)) die("connect");
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  thread = start(connect_out, SYS_connect);
  address.sin_addr.s_addr = htonl(0x7f000009);
  close(accept(listener, NULL, NULL));
  pthread_join(thread, NULL);
  return 0;
}
