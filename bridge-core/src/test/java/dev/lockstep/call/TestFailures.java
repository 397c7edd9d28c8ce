package dev.lockstep.call;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Failures that say which of them they are. */
final class TestFailures implements Failures {

  /** What a caller got. */
  static final class Failure extends RuntimeException {
    private static final long serialVersionUID = 1L;
    final String sort;
    final transient @Nullable ErrorDescription error;
    final transient List<String> chain;

    Failure(
        String sort,
        String message,
        @Nullable ErrorDescription error,
        List<String> chain,
        @Nullable Throwable cause) {
      super(sort + ": " + message, cause);
      this.sort = sort;
      this.error = error;
      this.chain = chain;
    }

    ErrorDescription described() {
      if (error == null) {
        throw new AssertionError("no error map behind it", this);
      }
      return error;
    }
  }

  private static Failure of(String sort, String message) {
    return new Failure(sort, message, null, List.of(), null);
  }

  @Override
  public RuntimeException remote(String name, ErrorDescription error) {
    return new Failure(error.kind().text(), name + ": " + error.message(), error, List.of(), null);
  }

  @Override
  public RuntimeException timeout(String name, long timeoutNanos) {
    return of("timeout", name);
  }

  @Override
  public RuntimeException cancelled(String name) {
    return of("cancelled", name);
  }

  @Override
  public RuntimeException died(String name, Throwable cause) {
    return new Failure("died", name, null, List.of(), cause);
  }

  @Override
  public RuntimeException closed(String name) {
    return of("closed", name);
  }

  @Override
  public RuntimeException queueFull(String name, int limit) {
    return of("queueFull", name + ", limit=" + limit);
  }

  @Override
  public RuntimeException depthExceeded(String name, int limit, List<String> chain) {
    return new Failure("depthExceeded", name + ", limit=" + limit, null, chain, null);
  }

  @Override
  public RuntimeException tooLarge(String name, int limitBytes, String reason) {
    return of("tooLarge", reason);
  }

  @Override
  public RuntimeException unserializable(String name, String path, String type, String reason) {
    return of("unserializable argument", path + ", type=" + type);
  }

  @Override
  public RuntimeException unfit(String name, String path, String reason) {
    return of("unfit", path + ", reason=" + reason);
  }
}
