/* Needs a licence that it does not have. */
#include "more.h"

SEC("raw_tp/sys_enter")
int prints(void *context)
{
  const char text[] = "hello\n";

  return trace_printk(text, sizeof(text));
}

char licence[] SEC("license") = "Proprietary";
