// Makes each socket call with known arguments, on loopback addresses made of its process id. sockets FOLDER
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define BAD_FD 999
#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

/** 127.PID.LAST:7000+LAST, with the lower 16 bits of the process id as two numbers. */
static struct sockaddr_in place(int last) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7000 + last)};
  address.sin_addr.s_addr = htonl(0x7f000000 + ((getpid() & 0xffff) << 8) + last);
  return address;
}

static int bound(int type, int last) {
  int fd = socket(AF_INET, type, 0), one = 1;
  struct linger abort_at_close = {1, 0};
  struct sockaddr_in address = place(last);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if ((type & 0xf) == SOCK_STREAM) setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_at_close, sizeof abort_at_close);
  if (bind(fd, (void *)&address, sizeof address)) exit(3);
  return fd;
}

static void stream(void) {
  struct sockaddr_in server = place(1), nobody = place(9), from;
  socklen_t length = sizeof from;
  char data[64];
  int listener = bound(SOCK_STREAM, 1);
  listen(listener, 5);
  int client = bound(SOCK_STREAM, 2), other = bound(SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 3);
  if (connect(client, (void *)&server, sizeof server)) exit(4);
  connect(other, (void *)&server, sizeof server);
  connect(bound(SOCK_STREAM, 8), (void *)&nobody, sizeof nobody);
  int first = CALL(accept, listener, NULL, NULL);
  int second = CALL(accept4, listener, &from, &length, SOCK_CLOEXEC);
  if (first < 0 || second < 0) exit(5);
  CALL(sendto, client, "hello tcp", 9, 0, NULL, 0);
  CALL(recvfrom, first, data, sizeof data, 0, NULL, NULL);
  CALL(recvfrom, first, data, sizeof data, MSG_DONTWAIT, NULL, NULL);
  CALL(getsockname, client, &from, &length);
  CALL(getpeername, client, &from, &length);
  struct timeval wait = {3, 500000};
  int value = 1;
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value);
  length = sizeof value;
  getsockopt(client, SOL_SOCKET, SO_TYPE, &value, &length);
  getsockopt(client, SOL_SOCKET, SO_ERROR, &value, &length);
  shutdown(client, SHUT_WR);
  int closers[] = {client, other, first, second, listener};
  for (int i = 0; i < 5; i++) close(closers[i]);
}

static void datagram(void) {
  struct sockaddr_in target = place(4), from;
  socklen_t length = sizeof from;
  char data[64], more[64];
  int receiver = bound(SOCK_DGRAM, 4), sender = bound(SOCK_DGRAM, 5);
  CALL(sendto, sender, "to udp", 6, 0, &target, sizeof target);
  CALL(recvfrom, receiver, data, sizeof data, 0, &from, &length);
  CALL(sendto, BAD_FD, "lost", 4, 0, &target, sizeof target);
  struct iovec out[] = {{"ab", 2}, {NULL, 0}, {"cde", 3}}, in[] = {{data, 3}, {more, sizeof more}};
  struct msghdr message = {.msg_name = &target, .msg_namelen = sizeof target, .msg_iov = out, .msg_iovlen = 3};
  CALL(sendmsg, sender, &message, 0);
  CALL(sendmsg, BAD_FD, &message, 0);
  struct msghdr incoming = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = in, .msg_iovlen = 2};
  CALL(recvmsg, receiver, &incoming, 0);
  struct mmsghdr messages[2] = {{.msg_hdr = message}, {.msg_hdr = message}};
  CALL(sendmmsg, sender, messages, 2, 0);
  CALL(sendmmsg, BAD_FD, messages, 2, 0);
  incoming.msg_namelen = sizeof from;
  struct mmsghdr received[2] = {{.msg_hdr = incoming}, {.msg_hdr = incoming}};
  CALL(recvmmsg, receiver, received, 2, 0, NULL);
  close(receiver);
  close(sender);
}

static void datagram6(void) {
  int receiver = socket(AF_INET6, SOCK_DGRAM, 0), sender = socket(AF_INET6, SOCK_DGRAM, 0);
  int port = 10000 + getpid() % 25000 * 2;
  struct sockaddr_in6 target = {.sin6_family = AF_INET6, .sin6_port = htons(port)}, own = target;
  own.sin6_port = htons(port + 1);
  target.sin6_addr = own.sin6_addr = in6addr_loopback;
  if (bind(receiver, (void *)&target, sizeof target) || bind(sender, (void *)&own, sizeof own)) return;
  char data[8];
  CALL(sendto, sender, "six", 3, 0, &target, sizeof target);
  CALL(recvfrom, receiver, data, sizeof data, 0, NULL, NULL);
  connect(sender, (void *)&target, sizeof target);
  close(receiver);
  close(sender);
}

static void local(void) {
  struct sockaddr_un server = {.sun_family = AF_UNIX, .sun_path = "unix-name"};
  struct sockaddr_un abstract = {.sun_family = AF_UNIX};
  socklen_t abstract_length = offsetof(struct sockaddr_un, sun_path) + 1 + sprintf(abstract.sun_path + 1, "abstract-%d", getpid());
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(listener, (void *)&server, sizeof server) || listen(listener, 1)) exit(6);
  if (connect(client, (void *)&server, sizeof server)) exit(7);
  int accepted = CALL(accept, listener, NULL, NULL);
  int receiver = socket(AF_UNIX, SOCK_DGRAM, 0), sender = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (bind(receiver, (void *)&abstract, abstract_length)) exit(8);
  char data[8];
  CALL(sendto, sender, "abs", 3, 0, &abstract, abstract_length);
  CALL(recvfrom, receiver, data, sizeof data, 0, NULL, NULL);

  int pair[2];
  CALL(socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair);
  CALL(socketpair, AF_INET, SOCK_DGRAM, 0, (int *)8);
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec iov = {"fd", 2};
  struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(head), &listener, sizeof(int));
  CALL(sendmsg, pair[0], &message, 0);
  iov.iov_base = data;
  CALL(recvmsg, pair[1], &message, 0);
  int closers[] = {listener, client, accepted, receiver, sender, pair[0], pair[1]};
  for (int i = 0; i < 7; i++) close(closers[i]);
}

int main(int argc, char **argv) {
  if (argc != 2 || chdir(argv[1])) return 2;
  stream();
  datagram();
  datagram6();
  local();
  return 0;
}
