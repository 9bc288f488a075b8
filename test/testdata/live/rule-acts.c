// Does one small act on the kernel that a detection rule describes, harmlessly: rule-acts ACT [ARGUMENT...].
// Ends with 0 when the call was made, whatever the kernel said of it; 1 when the preparation failed, 2 for unknown words.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void need(int fine, const char *what) {
  if (fine) return;
  perror(what);
  exit(1);
}

static struct sockaddr_in address(const char *ip, const char *port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  need(inet_pton(AF_INET, ip, &to.sin_addr) == 1, ip);
  return to;
}

static int inet_socket(const char *kind) {
  int fd = socket(AF_INET, strcmp(kind, "tcp") ? SOCK_DGRAM : SOCK_STREAM, 0);
  need(fd >= 0, "socket");
  return fd;
}

// connect tcp|udp IP PORT: without waiting for an answer.
static int begin_connect(char **args) {
  int fd = inet_socket(args[0]);
  struct sockaddr_in to = address(args[1], args[2]);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  connect(fd, (struct sockaddr *)&to, sizeof to);
  return 0;
}

// accept IP: a connection from this address, at a listener on all addresses.
static int accept_own(char **args) {
  int listener = inet_socket("tcp"), client = inet_socket("tcp");
  struct sockaddr_in at = address("0.0.0.0", "0"), from = address(args[0], "0");
  socklen_t length = sizeof at;
  need(!bind(listener, (struct sockaddr *)&at, sizeof at) && !listen(listener, 1), "listen");
  need(!getsockname(listener, (struct sockaddr *)&at, &length), "getsockname");
  from.sin_port = at.sin_port;
  need(!connect(client, (struct sockaddr *)&from, sizeof from), "connect");
  need(accept(listener, NULL, NULL) >= 0, "accept");
  return 0;
}

// redirect FD: lets this descriptor be a connected socket.
static int redirect(char **args) {
  int fd = inet_socket("udp");
  struct sockaddr_in to = address("127.0.0.1", "9");
  need(!connect(fd, (struct sockaddr *)&to, sizeof to), "connect");
  need(dup2(fd, atoi(args[0])) >= 0, "dup2");
  return 0;
}

// receive HEX: sends these bytes to itself.
static int receive(char **args) {
  unsigned char data[64] = {0};
  size_t length = strlen(args[0]) / 2;
  need(length <= sizeof data, "too long");
  for (size_t i = 0; i < length; i++) sscanf(args[0] + 2 * i, "%2hhx", &data[i]);
  int fd = inet_socket("udp");
  struct sockaddr_in at = address("127.0.0.1", "0");
  socklen_t size = sizeof at;
  need(!bind(fd, (struct sockaddr *)&at, sizeof at) && !getsockname(fd, (struct sockaddr *)&at, &size), "bind");
  need(!connect(fd, (struct sockaddr *)&at, sizeof at), "connect");
  need(send(fd, data, length, 0) == (ssize_t)length, "send");
  need(recvfrom(fd, data, sizeof data, 0, NULL, NULL) == (ssize_t)length, "recvfrom");
  return 0;
}

// attach | traceme: traces, or is traced by, a process of its own.
static int attach(char **args) {
  (void)args;
  int child = fork();
  if (child == 0) for (;;) pause();
  ptrace(PTRACE_ATTACH, child, 0, 0);
  kill(child, SIGKILL);
  waitpid(child, NULL, __WALL);
  return 0;
}

static int traceme(char **args) {
  (void)args;
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  return 0;
}

// setns: enters the namespace that it is in.
static int enter_own(char **args) {
  (void)args;
  int fd = open("/proc/self/ns/net", O_RDONLY);
  need(fd >= 0, "open");
  setns(fd, CLONE_NEWNET);
  return 0;
}

// module: garbage, which the kernel refuses.
static int load_module(char **args) {
  (void)args;
  syscall(SYS_init_module, "no module", 9L, "");
  return 0;
}

// bpf: loads a program of two instructions that nothing runs.
static int load_bpf(char **args) {
  (void)args;
  struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K}, {.code = BPF_JMP | BPF_EXIT}};
  union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER};
  attr.insns = (unsigned long)code;
  attr.insn_cnt = 2;
  attr.license = (unsigned long)"GPL";
  syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr);
  return 0;
}

// memfd PROGRAM | fexec PROGRAM: runs a copy of it that is only in memory, or itself, by a descriptor.
static int run_by_fd(int fd) {
  char *argv[] = {"by-fd", NULL};
  need(fd >= 0, "descriptor");
  fexecve(fd, argv, environ);
  need(0, "fexecve");
  return 1;
}

static int run_from_memory(char **args) {
  int from = open(args[0], O_RDONLY), to = memfd_create("program", 0);
  need(from >= 0 && to >= 0, "memfd_create");
  while (sendfile(to, from, NULL, 1 << 20) > 0);
  return run_by_fd(to);
}

static int run_file(char **args) { return run_by_fd(open(args[0], O_RDONLY)); }

// create FILE MODE
static int create(char **args) {
  need(open(args[0], O_WRONLY | O_CREAT, strtol(args[1], NULL, 8)) >= 0, args[0]);
  return 0;
}

// read ROOT FILE: reads a file below another root directory.
static int read_below(char **args) {
  char byte;
  need(!chroot(args[0]) && !chdir("/"), args[0]);
  int fd = open(args[1], O_RDONLY);
  need(fd >= 0 && read(fd, &byte, 1) >= 0, args[1]);
  return 0;
}

// socket FAMILY, setuid UID, userfaultfd
static int make_socket(char **args) {
  socket(atoi(args[0]), SOCK_DGRAM, 0);
  return 0;
}

static int become(char **args) {
  syscall(SYS_setuid, atoi(args[0]));
  return 0;
}

static int faults(char **args) {
  (void)args;
  syscall(SYS_userfaultfd, O_CLOEXEC);
  return 0;
}

static const struct {
  const char *name;
  int arguments;
  int (*run)(char **);
} acts[] = {
    {"connect", 3, begin_connect}, {"accept", 1, accept_own},   {"redirect", 1, redirect},
    {"receive", 1, receive},       {"attach", 0, attach},       {"traceme", 0, traceme},
    {"setns", 0, enter_own},       {"module", 0, load_module},  {"bpf", 0, load_bpf},
    {"memfd", 1, run_from_memory}, {"fexec", 1, run_file},      {"create", 2, create},
    {"read", 2, read_below},       {"socket", 1, make_socket},  {"setuid", 1, become},
    {"userfaultfd", 0, faults},
};

int main(int argc, char **argv) {
  for (size_t i = 0; argc > 1 && i < sizeof acts / sizeof *acts; i++)
    if (!strcmp(argv[1], acts[i].name) && argc == acts[i].arguments + 2) return acts[i].run(argv + 2);
  return 2;
}
