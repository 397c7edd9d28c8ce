package dev.lockstep.call;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An error as it crosses: the error map of the wire format.
 *
 * @param kind of which sort
 * @param type name of the class: {@code ValueError}, {@code java.lang.IllegalStateException}
 * @param types names of the class and its bases, most derived first; may be empty
 * @param message may be empty
 * @param traceback text as its language prints it; may be empty
 * @param frames outermost first; may be empty
 * @param notes may be empty
 * @param attributes plain public attributes; may be empty
 * @param cause at most {@link ErrorEncoder#MAX_CAUSES} deep
 * @param path for {@link ErrorKind#UNSERIALIZABLE}: where in the value
 * @param exports for {@link ErrorKind#NOT_EXPORTED}: what can be called
 */
public record ErrorDescription(
    ErrorKind kind,
    String type,
    List<String> types,
    String message,
    String traceback,
    List<ErrorFrame> frames,
    List<String> notes,
    Map<String, @Nullable Object> attributes,
    @Nullable ErrorDescription cause,
    @Nullable String path,
    List<String> exports) {

  /** An error that no exception stands behind, such as a full queue. */
  public static ErrorDescription of(ErrorKind kind, String type, String message) {
    return new ErrorDescription(
        kind,
        type,
        List.of(type),
        message,
        "",
        List.of(),
        List.of(),
        Map.of(),
        null,
        null,
        List.of());
  }

  /** The same with the path of the value that could not cross. */
  ErrorDescription withPath(String where) {
    return new ErrorDescription(
        kind, type, types, message, traceback, frames, notes, attributes, cause, where, exports);
  }

  /** The same with what can be called. */
  ErrorDescription withExports(List<String> names) {
    return new ErrorDescription(
        kind, type, types, message, traceback, frames, notes, attributes, cause, path, names);
  }
}
