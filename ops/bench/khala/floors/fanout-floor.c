/*
 * The least that fanout can cost: send(2) in a loop to N sockets.
 * argv: N. Prints its port, accepts N connections, then reads messages from stdin (4 bytes of length, little endian, and
 * as many bytes), sends each to every socket and answers with one byte. Ends with stdin.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int read_fully(void *into, size_t wanted) {
  char *at = into;
  while (wanted > 0) {
    ssize_t got = read(STDIN_FILENO, at, wanted);
    if (got <= 0) return 0;
    at += got;
    wanted -= (size_t)got;
  }
  return 1;
}

static int send_fully(int socket, const char *at, size_t left) {
  while (left > 0) {
    ssize_t sent = send(socket, at, left, MSG_NOSIGNAL);
    if (sent < 0) return 0;
    at += sent;
    left -= (size_t)sent;
  }
  return 1;
}

int main(int argc, char **argv) {
  int wanted = argc > 1 ? atoi(argv[1]) : 0;
  int *sockets = calloc((size_t)wanted + 1, sizeof(int));
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof(address);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (!sockets || bind(listener, (struct sockaddr *)&address, length) != 0) return 1;
  if (listen(listener, 1024) != 0) return 1;
  getsockname(listener, (struct sockaddr *)&address, &length);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (int count = 0; count < wanted; count += 1) {
    int without_delay = 1;
    sockets[count] = accept(listener, NULL, NULL);
    setsockopt(sockets[count], IPPROTO_TCP, TCP_NODELAY, &without_delay, sizeof(without_delay));
  }
  for (;;) {
    uint32_t bytes;
    if (!read_fully(&bytes, sizeof(bytes))) return 0;
    char *message = malloc(bytes);
    if (!message || !read_fully(message, bytes)) return 1;
    for (int count = 0; count < wanted; count += 1) {
      if (!send_fully(sockets[count], message, bytes)) return 1;
    }
    free(message);
    if (write(STDOUT_FILENO, ".", 1) != 1) return 1;
  }
}
