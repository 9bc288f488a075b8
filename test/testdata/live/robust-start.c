// A process that is there before the detector: its file is gone, it has threads, a child, files and sockets. It says that it is
// ready, waits for a byte, and then uses what it has. robust-start FOLDER
#include "truth.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

#define THREADS 3

static pthread_barrier_t start;

static void *live(void *unused) {
  pthread_barrier_wait(&start);
  tell_briefly("early-thread", "\"proc.nthreads\":4,\"proc.name\":\"robust-start\"");
  pthread_barrier_wait(&start);
  return unused;
}

static int at(int fd, int number) {
  MUST(fd);
  MUST(dup2(fd, number));
  close(fd);
  return number;
}

static struct sockaddr_in own_end(int fd) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  MUST(getsockname(fd, (struct sockaddr *)&address, &length));
  return address;
}

static void say(const char *key, const char *value) {
  char line[2 * PATH_MAX];
  MUST(write(1, line, snprintf(line, sizeof line, "{\"scene\":\"fact\",\"%s\":\"%s\"}\n", key, value)));
}

// What the process does with descriptors that it has had for long.
static void use(int fd, const char *name) {
  say("write", name);
  MUST(write(fd, "x", 1));
}

int main(int argc, char **argv) {
  char byte, name[PATH_MAX + 16], more[PATH_MAX + 64];
  int stop[2];
  pthread_t threads[THREADS];
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (argc < 2) return 2;
  open_proc();
  MUST(chdir(argv[1]));
  at(open("kept", O_RDWR | O_CREAT, 0600), 100);
  int listener = at(socket(AF_INET, SOCK_STREAM, 0), 101);
  MUST(bind(listener, (struct sockaddr *)&address, sizeof address));
  MUST(listen(listener, 1));
  address = own_end(listener);
  int client = at(socket(AF_INET, SOCK_STREAM, 0), 102);
  MUST(connect(client, (struct sockaddr *)&address, sizeof address));
  int server = at(accept(listener, NULL, NULL), 103);
  MUST(unlink(argv[0]));
  MUST(pipe(stop));
  pid_t child = fork();
  MUST(child);
  if (child == 0) {
    close(stop[1]);
    if (read(stop[0], &byte, 1) == 1) tell("early-child", NULL);
    _exit(0);
  }
  MUST(setresgid(4321, 4321, 4321));
  MUST(setresuid(1234, 1234, 1234));
  pthread_barrier_init(&start, NULL, THREADS + 1);
  for (int i = 0; i < THREADS; i++)
    if (pthread_create(&threads[i], NULL, live, NULL) != 0) return 6;
  say("ready", "yes");
  if (read(0, &byte, 1) != 1) return 7;
  MUST(dup2(100, 0));
  snprintf(more, sizeof more, "\"proc.stdin.name\":\"%s/kept\",\"proc.nthreads\":%d", argv[1], THREADS + 1);
  tell("early", more);
  pthread_barrier_wait(&start);
  pthread_barrier_wait(&start);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  MUST(write(stop[1], "x", 1));
  wait_for(child);
  snprintf(name, sizeof name, "%s/kept", argv[1]);
  use(100, name);
  snprintf(name, sizeof name, "127.0.0.1:%d->127.0.0.1:%d", ntohs(own_end(client).sin_port), ntohs(address.sin_port));
  use(client, name);
  use(server, name);
  return 0;
}
