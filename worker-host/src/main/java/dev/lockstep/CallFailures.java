package dev.lockstep;

import dev.lockstep.call.ErrorDescription;
import dev.lockstep.call.Failures;
import dev.lockstep.codec.MalformedValueException;
import dev.lockstep.ring.PeerFaultException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes the public exceptions of one worker's calls. */
final class CallFailures implements Failures {
  private final String worker;

  CallFailures(String worker) {
    this.worker = worker;
  }

  private String call(String name) {
    return "call=" + name + ", worker=" + worker;
  }

  @Override
  public RuntimeException remote(String name, ErrorDescription error) {
    String message = error.message();
    return switch (error.kind()) {
      case NOT_EXPORTED ->
          new NotExportedException(
              name + " is not exported by worker " + worker + "; exports: " + list(error.exports()),
              error.exports());
      case STILL_BOOTING ->
          new NotExportedException(
              name + " cannot be called yet: worker " + worker + " is still booting; " + message,
              error.exports());
      case WRONG_ARGUMENTS ->
          new WrongArgumentsException(
              "the arguments do not fit the function: " + call(name) + ": " + message);
      case UNSERIALIZABLE -> {
        String path = error.path() == null ? "result" : error.path();
        yield new UnserializableException(
            "the result cannot cross: " + call(name) + ", path=" + path + ": " + message, path);
      }
      case CANCELLED ->
          new CallCancelledException("the call was cancelled in the worker: " + call(name));
      case QUEUE_FULL ->
          new QueueFullException(
              "too many calls wait on the worker: " + call(name) + ": " + message);
      case DEPTH ->
          new DepthExceededException("calls are nested too deep: " + call(name) + ": " + message);
      case TOO_LARGE ->
          new MessageTooLargeException(
              "the result is longer than a message may be: " + call(name) + ": " + message);
      case CLOSED -> died(name, null, "the worker is closing");
      case LOOP_BLOCKED, EXCEPTION -> new PythonException("", error);
    };
  }

  private static String list(List<String> names) {
    return names.isEmpty() ? "nothing" : String.join(", ", names);
  }

  @Override
  public RuntimeException timeout(String name, long timeoutNanos) {
    return new CallTimeoutException(
        "no answer within the deadline: "
            + call(name)
            + ", deadline="
            + Duration.ofNanos(timeoutNanos).toMillis()
            + " ms");
  }

  @Override
  public RuntimeException cancelled(String name) {
    return new CallCancelledException("the call was cancelled: " + call(name));
  }

  @Override
  public RuntimeException died(String name, Throwable cause) {
    if (cause instanceof WorkerEnd end) {
      return end.hasStarted() ? died(name, end.status(), end.text()) : end.startException();
    }
    if (cause instanceof PeerFaultException || cause instanceof MalformedValueException) {
      return new WorkerMisbehavedException(
          "the worker wrote what no worker of ours writes, and was killed: "
              + call(name)
              + ": "
              + cause.getMessage(),
          cause);
    }
    return new WorkerDiedException("the worker is gone: " + call(name) + ": " + cause, null, cause);
  }

  private RuntimeException died(String name, @Nullable ExitStatus status, String how) {
    return new WorkerDiedException("the worker is gone: " + how + ", " + call(name), status);
  }

  @Override
  public RuntimeException closed(String name) {
    return died(name, null, "it is closing or closed");
  }

  @Override
  public RuntimeException queueFull(String name, int limit) {
    return new QueueFullException(
        "too many calls are in flight: " + call(name) + ", maxQueued=" + limit);
  }

  @Override
  public RuntimeException depthExceeded(String name, int limit, List<String> chain) {
    return new DepthExceededException(
        "calls are nested too deep: "
            + call(name)
            + ", maxDepth="
            + limit
            + ", chain="
            + String.join(" > ", chain));
  }

  @Override
  public RuntimeException tooLarge(String name, int limitBytes, String reason) {
    return new MessageTooLargeException(
        "the call is longer than a message may be: "
            + call(name)
            + ", maxMessageBytes="
            + limitBytes
            + ": "
            + reason);
  }

  @Override
  public RuntimeException unserializable(String name, String path, String type, String reason) {
    return new UnserializableException(
        "an argument cannot cross: "
            + call(name)
            + ", path="
            + path
            + ", type="
            + type
            + ": "
            + reason,
        path);
  }

  @Override
  public RuntimeException unfit(String name, String path, String reason) {
    return new UnserializableException(
        "the result does not fit the asked type: " + call(name) + ", path=" + path + ": " + reason,
        path);
  }
}
