package dev.lockstep.os;

/** Signals to other processes, and their names. Numbers are Linux's on x86-64 and arm64. */
public final class Signals {
  public static final int SIGINT = 2;
  public static final int SIGKILL = 9;
  public static final int SIGTERM = 15;
  public static final int SIGCONT = 18;
  public static final int SIGSTOP = 19;

  private static final String[] NAMES = {
    "",
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS"
  };

  private Signals() {}

  /** Sends a signal to one process; false if there is no such process. */
  public static boolean send(long pid, int signal) {
    return deliver((int) pid, signal);
  }

  /** Sends a signal to a whole process group; false if there is no such group. */
  public static boolean sendToGroup(long leaderPid, int signal) {
    return deliver((int) -leaderPid, signal);
  }

  private static boolean deliver(int target, int signal) {
    if (target == 0 || target == -1) {
      throw new IllegalArgumentException("a signal to everybody is never meant: target=" + target);
    }
    if (Libc.kill(target, signal) == 0) {
      return true;
    }
    int errno = Libc.errno();
    if (errno == Errno.ESRCH) {
      return false;
    }
    throw new OsException("kill", errno, "target=" + target + ", signal=" + name(signal));
  }

  /** The name of a signal, as {@code SIGSEGV}, or {@code signal N}. */
  public static String name(int signal) {
    return signal > 0 && signal < NAMES.length ? NAMES[signal] : "signal " + signal;
  }
}
