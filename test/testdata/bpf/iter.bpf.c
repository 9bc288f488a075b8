/* Writes one line for itself at the end of the iteration over the maps. */
#include "bpf.h"

struct iter_meta {
  void *seq;
};

struct context {
  struct iter_meta *meta;
  void *map;
};

SEC("iter/bpf_map")
int lines(struct context *context)
{
  const char line[] = "a map\n";

  if (context->map)
    seq_write(context->meta->seq, line, sizeof(line) - 1);
  return 0;
}

char licence[] SEC("license") = "GPL";
