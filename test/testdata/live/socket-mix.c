/*
 * Calls on sockets of every kind on the loopback interface, in a fixed order: what connects and what does not, families that change
 * on one descriptor, addresses that are too short, IPv4 in IPv6 clothes.
 *
 *     socket-mix PORT ROUNDS
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int port;

static struct sockaddr_in v4(const char *text, int at) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(at)};
  inet_pton(AF_INET, text, &a.sin_addr);
  return a;
}

static struct sockaddr_in6 v6(const char *text, int at) {
  struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(at)};
  inet_pton(AF_INET6, text, &a.sin6_addr);
  return a;
}

static int listener(int family) {
  int fd = socket(family, SOCK_STREAM, 0), one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  struct sockaddr_in a = v4("127.0.0.1", port);
  struct sockaddr_in6 b = v6("::1", port);
  if (family == AF_INET) bind(fd, (void *)&a, sizeof a);
  else bind(fd, (void *)&b, sizeof b);
  listen(fd, 8);
  return fd;
}

/* One connection: connect, accept, a message each way. */
static void talk(int fd, int server, void *to, int size) {
  char text[16] = "hello";
  connect(fd, to, size);
  int peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
  send(fd, text, 5, 0);
  recv(peer, text, 5, 0);
  struct iovec part = {text, 5};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  sendmsg(peer, &message, 0);
  recvmsg(fd, &message, 0);
  close(peer);
  close(fd);
}

static void streams(void) {
  struct sockaddr_in a = v4("127.0.0.1", port);
  struct sockaddr_in6 b = v6("::1", port), mapped = v6("::ffff:127.0.0.1", port);
  int four = listener(AF_INET), six = listener(AF_INET6);
  talk(socket(AF_INET, SOCK_STREAM, 0), four, &a, sizeof a);
  talk(socket(AF_INET6, SOCK_STREAM, 0), six, &b, sizeof b);
  talk(socket(AF_INET6, SOCK_STREAM, 0), four, &mapped, sizeof mapped);
  talk(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), four, &a, sizeof a);
  fcntl(four, F_SETFL, O_NONBLOCK);
  accept(four, NULL, NULL);
  accept(-1, NULL, NULL);
  close(four);
  close(six);
  for (int flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK) {
    int refused = socket(AF_INET, SOCK_STREAM | flags, 0);
    connect(refused, (void *)&a, sizeof a);
    connect(refused, (void *)&a, sizeof a);
    send(refused, "x", 1, MSG_NOSIGNAL);
    connect(refused, (void *)&a, 3);
    close(refused);
  }
}

static void datagrams(void) {
  char text[16] = "hello";
  struct sockaddr_in a = v4("127.0.0.1", port), other = v4("127.0.0.2", port + 1);
  struct sockaddr_in6 b = v6("::1", port), mapped = v6("::ffff:127.0.0.1", port);
  struct sockaddr_in6 any = v6("::", port);
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  int in = socket(AF_INET6, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
  bind(in, (void *)&any, sizeof any);
  sendto(out, text, 5, 0, (void *)&a, sizeof a);
  recvfrom(in, text, 5, 0, (void *)&any, &(socklen_t){sizeof any});
  sendto(out, text, 5, 0, (void *)&other, sizeof other);
  connect(out, (void *)&other, sizeof other);
  send(out, text, 5, 0);
  connect(out, &none, sizeof none);
  connect(out, (void *)&a, sizeof a);
  struct iovec part = {text, 5};
  struct mmsghdr two[2] = {{.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}},
                           {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}}};
  sendmmsg(out, two, 2, 0);
  recvmmsg(in, two, 2, MSG_DONTWAIT, NULL);
  close(out);
  out = socket(AF_INET6, SOCK_DGRAM, 0);
  sendto(out, text, 5, 0, (void *)&mapped, sizeof mapped);
  sendto(out, text, 5, 0, (void *)&b, sizeof b);
  connect(out, (void *)&mapped, sizeof mapped);
  send(out, text, 5, 0);
  close(out);
  /* A bound one that connects: a server in the eyes of the state. */
  out = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in own = v4("127.0.0.1", port + 2);
  bind(out, (void *)&own, sizeof own);
  sendto(out, text, 5, 0, (void *)&a, sizeof a);
  connect(out, (void *)&a, sizeof a);
  send(out, text, 5, 0);
  close(out);
  close(in);
}

static void local(void) {
  char text[16] = "hello";
  struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "mix.sock"};
  struct sockaddr_un missing = {.sun_family = AF_UNIX, .sun_path = "none.sock"};
  struct sockaddr_in wrong = v4("127.0.0.1", port);
  unlink(a.sun_path);
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(server, (void *)&a, sizeof a);
  listen(server, 4);
  talk(socket(AF_UNIX, SOCK_STREAM, 0), server, &a, sizeof a);
  close(server);
  unlink(a.sun_path);
  int in = socket(AF_UNIX, SOCK_DGRAM, 0), out = socket(AF_UNIX, SOCK_DGRAM, 0);
  bind(in, (void *)&a, sizeof a);
  sendto(out, text, 5, 0, (void *)&a, sizeof a);
  recvfrom(in, text, 5, 0, NULL, NULL);
  connect(out, (void *)&missing, sizeof missing);
  connect(out, (void *)&wrong, sizeof wrong);
  sendto(out, text, 5, 0, (void *)&missing, sizeof missing);
  close(in);
  close(out);
  unlink(a.sun_path);
  int link = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  connect(link, (void *)&kernel, sizeof kernel);
  close(link);
  int file = open("/dev/null", O_RDWR);
  connect(file, (void *)&a, sizeof a);
  send(file, text, 5, 0);
  close(file);
  connect(file, (void *)&wrong, sizeof wrong);
}

/* Descriptors that become something else. */
static void changes(void) {
  struct sockaddr_in a = v4("127.0.0.1", port);
  int four = listener(AF_INET), fd = socket(AF_INET, SOCK_STREAM, 0);
  connect(fd, (void *)&a, sizeof a);
  int peer = accept(four, NULL, NULL), pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  dup2(pair[0], fd);
  send(fd, "x", 1, 0);
  int copy = dup(peer);
  close(peer);
  send(copy, "x", 1, MSG_NOSIGNAL);
  close(copy);
  close(fd);
  close(pair[0]);
  close(pair[1]);
  close(four);
}

int main(int count, char **args) {
  if (count < 3) return 2;
  port = atoi(args[1]);
  for (int round = atoi(args[2]); round > 0; round--) {
    streams();
    datagrams();
    local();
    changes();
  }
  return 0;
}
