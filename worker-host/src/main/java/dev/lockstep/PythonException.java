package dev.lockstep;

import dev.lockstep.call.ErrorDescription;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Python code raised an exception. Its cause, if there is one, is the Python cause, again as a
 * {@code PythonException}.
 *
 * <p>The Java stack trace begins with the Python frames, innermost first, as {@code
 * python.function(file.py:12)}, and goes on with the Java frames of the call.
 */
public final class PythonException extends LockstepException {
  private static final long serialVersionUID = 1L;
  private final String type;
  private final transient @Nullable ErrorDescription description;

  /** Made on the thread that will throw it, so that its own frames follow Python's. */
  PythonException(String prefix, ErrorDescription description) {
    super(message(prefix, description));
    this.type = description.type();
    this.description = description;
    setStackTrace(withPythonFrames(description, getStackTrace()));
    ErrorDescription cause = description.cause();
    if (cause != null) {
      initCause(new PythonException("", cause, List.of()));
    }
  }

  private PythonException(
      String prefix, ErrorDescription description, List<StackTraceElement> below) {
    super(message(prefix, description));
    this.type = description.type();
    this.description = description;
    setStackTrace(withPythonFrames(description, below.toArray(new StackTraceElement[0])));
    ErrorDescription cause = description.cause();
    if (cause != null) {
      initCause(new PythonException("", cause, below));
    }
  }

  private static String message(String prefix, ErrorDescription error) {
    String text = error.message().isEmpty() ? error.type() : error.type() + ": " + error.message();
    return prefix.isEmpty() ? text : prefix + ": " + text;
  }

  private static StackTraceElement[] withPythonFrames(
      ErrorDescription error, StackTraceElement[] java) {
    List<StackTraceElement> all = new ArrayList<>();
    error
        .frames()
        .forEach(
            frame ->
                all.add(
                    new StackTraceElement(
                        "python", frame.function(), frame.file(), Math.max(frame.line(), -1))));
    Collections.reverse(all);
    Collections.addAll(all, java);
    return all.toArray(new StackTraceElement[0]);
  }

  /** Name of the Python class: {@code ValueError}, {@code mypkg.Oops}. */
  public String type() {
    return type;
  }

  /** Names of the class and its bases, most derived first, without {@code object}. */
  public List<String> types() {
    return description == null ? List.of(type) : description.types();
  }

  /** Whether Python would catch it with {@code except name}. */
  public boolean isA(String name) {
    return types().contains(name);
  }

  /** What {@code str(exception)} is in Python. */
  public String pythonMessage() {
    return description == null ? "" : description.message();
  }

  /** The traceback as Python prints it, causes included; may be empty. */
  public String traceback() {
    return description == null ? "" : description.traceback();
  }

  /** The traceback's frames, outermost first; may be empty. */
  public List<PythonFrame> frames() {
    return description == null
        ? List.of()
        : description.frames().stream()
            .map(f -> new PythonFrame(f.file(), f.line(), f.function(), f.source()))
            .toList();
  }

  /** Notes that were added to it. */
  public List<String> notes() {
    return description == null ? List.of() : description.notes();
  }

  /** Its plain public attributes, such as {@code errno} or {@code lineno}. */
  public Map<String, @Nullable Object> attributes() {
    return description == null ? Map.of() : description.attributes();
  }
}
