/* Opens one descriptor of every kind and starts threads, says so, and waits until its input ends.
   Usage: start-state FOLDER. Each line it writes is NAME FD. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static pthread_barrier_t started;

static void say(const char *name, int fd) {
  printf("%s %d\n", name, fd);
}

static void *wait_named(void *unused) {
  (void)unused;
  prctl(PR_SET_NAME, "odd) na\nme(\\");
  pthread_barrier_wait(&started);
  pause();
  return NULL;
}

static void *wait_apart(void *unused) {
  (void)unused;
  prctl(PR_SET_NAME, "apart");
  unshare(CLONE_FILES);
  int fd = eventfd(0, 0);
  say("apart", fd);
  pthread_barrier_wait(&started);
  pause();
  return NULL;
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static void open_internet(void) {
  struct sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr *)&address, sizeof address);
  listen(listener, 4);
  getsockname(listener, (struct sockaddr *)&address, &size);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  connect(client, (struct sockaddr *)&address, sizeof address);
  say("listener", listener);
  say("client", client);
  say("accepted", accept(listener, NULL, NULL));
  struct sockaddr_in any = loopback(0);
  int bound = socket(AF_INET, SOCK_DGRAM, 0);
  bind(bound, (struct sockaddr *)&any, sizeof any);
  say("bound", bound);
  struct sockaddr_in6 address6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int listener6 = socket(AF_INET6, SOCK_STREAM, 0);
  if (bind(listener6, (struct sockaddr *)&address6, sizeof address6) == 0 && listen(listener6, 1) == 0)
    say("listener6", listener6);
}

static void open_unix(const char *folder) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
  int named = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(named, (struct sockaddr *)&address, sizeof address);
  listen(named, 1);
  say("unix", named);
  struct sockaddr_un hidden = {.sun_family = AF_UNIX};
  int length = snprintf(hidden.sun_path + 1, sizeof hidden.sun_path - 1, "start-%d", getpid());
  int abstract = socket(AF_UNIX, SOCK_DGRAM, 0);
  bind(abstract, (struct sockaddr *)&hidden, sizeof(sa_family_t) + 1 + length);
  say("abstract", abstract);
}

int main(int count, char **words) {
  if (count < 2 || chdir(words[1]) != 0) return 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  say("file", open("file", O_CREAT | O_RDWR | O_APPEND, 0600));
  say("cloexec", open("file", O_RDONLY | O_CLOEXEC));
  say("directory", open(".", O_RDONLY));
  int gone = open("gone", O_CREAT | O_WRONLY, 0600);
  unlink("gone");
  say("gone", gone);
  mkfifo("fifo", 0600);
  say("fifo", open("fifo", O_RDWR));
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) == 0) say("pipe", ends[0]);
  say("event", eventfd(0, EFD_CLOEXEC));
  say("epoll", epoll_create1(0));
  say("inotify", inotify_init1(0));
  say("timer", timerfd_create(CLOCK_MONOTONIC, 0));
  sigset_t none;
  sigemptyset(&none);
  say("signal", signalfd(-1, &none, 0));
  say("memory", memfd_create("name", 0));
  say("pidfd", syscall(SYS_pidfd_open, getpid(), 0));
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  int netlink = socket(AF_NETLINK, SOCK_RAW, 0);
  bind(netlink, (struct sockaddr *)&kernel, sizeof kernel);
  say("netlink", netlink);
  open_internet();
  open_unix(words[1]);
  pthread_barrier_init(&started, NULL, 3);
  pthread_t thread;
  pthread_create(&thread, NULL, wait_named, NULL);
  pthread_create(&thread, NULL, wait_apart, NULL);
  pthread_barrier_wait(&started);
  say("ready", 0);
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
  _exit(0);
}
