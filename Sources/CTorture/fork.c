#include "torture_fork.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t torture_fork(unsigned seconds) {
  const pid_t child = fork();
  if (child == 0) alarm(seconds);
  return child < 0 ? -errno : child;
}

int torture_reap(pid_t child, int *status) {
  int ended = 0;
  const pid_t found = waitpid(child, &ended, WNOHANG);
  if (found == 0 || (found < 0 && errno == EINTR)) return 0;
  *status = found < 0 ? 255 : WIFEXITED(ended) ? WEXITSTATUS(ended) : -WTERMSIG(ended);
  return 1;
}
