package dev.lockstep.call;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Describes a Java exception, and turns a description into the error map and back.
 *
 * <p>Never throws for what it is given: an exception whose {@code getMessage} throws, a cycle of
 * causes and a map that lacks keys all give a description. Suppressed exceptions do not cross.
 */
public final class ErrorEncoder {
  /** So many causes cross. */
  public static final int MAX_CAUSES = 8;

  static final int MAX_FRAMES = 100;
  static final int MAX_MESSAGE_CHARS = 16 * 1024;
  static final int MAX_TRACEBACK_CHARS = 32 * 1024;
  static final int MAX_ENCODED_BYTES = 256 * 1024;
  private static final int MAX_NAME_CHARS = 1024;
  private static final int MAX_LIST_ITEMS = 256;
  private static final String CUT_MARK = " ... (cut)";

  private ErrorEncoder() {}

  /** What a handler threw, as the peer will see it. */
  public static ErrorDescription describe(Throwable thrown) {
    return describe(ErrorKind.EXCEPTION, thrown);
  }

  /** The same as another kind than {@code exception}. */
  static ErrorDescription describe(ErrorKind kind, Throwable thrown) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Throwable> chain = new ArrayDeque<>();
    Throwable at = thrown;
    while (at != null && chain.size() <= MAX_CAUSES && seen.add(at)) {
      chain.push(at);
      at = causeOf(at);
    }
    String traceback = "";
    ErrorDescription described = null;
    for (Throwable throwable : chain) {
      StackTraceElement[] stack = stackOf(throwable);
      traceback = formatted(throwable, stack, traceback);
      described =
          new ErrorDescription(
              throwable == thrown ? kind : ErrorKind.EXCEPTION,
              throwable.getClass().getName(),
              typesOf(throwable.getClass()),
              cut(messageOf(throwable), MAX_MESSAGE_CHARS),
              throwable == thrown ? traceback : "",
              frames(stack),
              List.of(),
              Map.of(),
              described,
              null,
              List.of());
    }
    if (described == null) {
      throw new IllegalArgumentException("thrown is null");
    }
    return described;
  }

  /** The error map. */
  static Map<String, @Nullable Object> toMap(ErrorDescription error) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("kind", error.kind().text());
    map.put("type", error.type());
    map.put("types", error.types());
    map.put("message", cut(error.message(), MAX_MESSAGE_CHARS));
    putUnless(map, "traceback", cut(error.traceback(), MAX_TRACEBACK_CHARS), "");
    if (!error.frames().isEmpty()) {
      List<Object> frames = new ArrayList<>();
      for (ErrorFrame frame : error.frames()) {
        if (frames.size() == MAX_FRAMES) {
          break;
        }
        frames.add(List.of(frame.file(), frame.line(), frame.function(), frame.source()));
      }
      map.put("frames", frames);
    }
    putUnless(map, "notes", error.notes(), List.of());
    putUnless(map, "attributes", error.attributes(), Map.of());
    ErrorDescription cause = error.cause();
    if (cause != null) {
      map.put("cause", toMap(cause));
    }
    String path = error.path();
    if (path != null) {
      map.put("path", path);
    }
    putUnless(map, "exports", error.exports(), List.of());
    return map;
  }

  /** A smaller map of the same error, for one that was longer than {@link #MAX_ENCODED_BYTES}. */
  static Map<String, @Nullable Object> toSmallMap(ErrorDescription error) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    map.put("kind", error.kind().text());
    map.put("type", cut(error.type(), MAX_NAME_CHARS));
    map.put("types", List.of(cut(error.type(), MAX_NAME_CHARS)));
    map.put("message", cut(error.message(), MAX_MESSAGE_CHARS / 4));
    map.put("traceback", cut(error.traceback(), MAX_TRACEBACK_CHARS / 4));
    return map;
  }

  /** A description of what came; whatever is absent or of a wrong type is empty. */
  public static ErrorDescription fromMap(@Nullable Object decoded) {
    return fromMap(decoded, 0);
  }

  private static ErrorDescription fromMap(@Nullable Object decoded, int causes) {
    if (!(decoded instanceof Map<?, ?> map)) {
      return ErrorDescription.of(
          ErrorKind.EXCEPTION, "Unknown", "the peer sent an error without a description");
    }
    Object cause = map.get("cause");
    Object path = map.get("path");
    return new ErrorDescription(
        ErrorKind.of(text(map.get("kind"))),
        text(map.get("type")),
        texts(map.get("types")),
        text(map.get("message")),
        text(map.get("traceback")),
        framesFrom(map.get("frames")),
        texts(map.get("notes")),
        attributesFrom(map.get("attributes")),
        cause == null || causes >= MAX_CAUSES ? null : fromMap(cause, causes + 1),
        path instanceof String where ? where : null,
        texts(map.get("exports")));
  }

  private static List<ErrorFrame> framesFrom(@Nullable Object value) {
    List<ErrorFrame> frames = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object item : list) {
        if (frames.size() < MAX_FRAMES && item instanceof List<?> parts && parts.size() >= 3) {
          int line = parts.get(1) instanceof Number number ? number.intValue() : 0;
          String source = parts.size() > 3 ? text(parts.get(3)) : "";
          frames.add(new ErrorFrame(text(parts.get(0)), line, text(parts.get(2)), source));
        }
      }
    }
    return Collections.unmodifiableList(frames);
  }

  private static Map<String, @Nullable Object> attributesFrom(@Nullable Object value) {
    Map<String, @Nullable Object> attributes = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach((key, item) -> attributes.put(String.valueOf(key), item));
    }
    return Collections.unmodifiableMap(attributes);
  }

  private static List<String> texts(@Nullable Object value) {
    List<String> texts = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object item : list) {
        texts.add(text(item));
      }
    }
    return Collections.unmodifiableList(texts);
  }

  private static String text(@Nullable Object value) {
    return value instanceof String string ? string : "";
  }

  private static void putUnless(
      Map<String, @Nullable Object> map, String key, Object value, Object absent) {
    if (!value.equals(absent)) {
      map.put(key, value);
    }
  }

  private static String formatted(
      Throwable throwable, StackTraceElement[] stack, String causeText) {
    StringBuilder text = new StringBuilder(512);
    text.append(throwable.getClass().getName());
    String message = messageOf(throwable);
    if (!message.isEmpty()) {
      text.append(": ").append(cut(message, MAX_MESSAGE_CHARS));
    }
    text.append('\n');
    for (int i = 0; i < Math.min(stack.length, MAX_FRAMES); i++) {
      text.append("\tat ").append(stack[i]).append('\n');
    }
    if (stack.length > MAX_FRAMES) {
      text.append("\t... ").append(stack.length - MAX_FRAMES).append(" more\n");
    }
    if (!causeText.isEmpty()) {
      text.append("Caused by: ").append(causeText);
    }
    return cut(text.toString(), MAX_TRACEBACK_CHARS);
  }

  /** The innermost frames, outermost of them first. */
  private static List<ErrorFrame> frames(StackTraceElement[] stack) {
    List<ErrorFrame> frames = new ArrayList<>();
    for (int i = Math.min(stack.length, MAX_FRAMES) - 1; i >= 0; i--) {
      StackTraceElement element = stack[i];
      String file = element.getFileName();
      frames.add(
          new ErrorFrame(
              file == null ? "" : file,
              Math.max(0, element.getLineNumber()),
              element.getClassName() + "." + element.getMethodName(),
              ""));
    }
    return frames;
  }

  private static List<String> typesOf(Class<?> type) {
    List<String> types = new ArrayList<>();
    for (Class<?> at = type;
        at != null && at != Object.class && types.size() < MAX_LIST_ITEMS;
        at = at.getSuperclass()) {
      types.add(at.getName());
    }
    return types;
  }

  /** User code: it may throw anything, and must not take the loop with it. */
  private static String messageOf(Throwable throwable) {
    try {
      String message = throwable.getMessage();
      return message == null ? "" : wellFormed(message);
    } catch (Throwable broken) {
      return "(getMessage threw " + broken.getClass().getName() + ")";
    }
  }

  private static @Nullable Throwable causeOf(Throwable throwable) {
    try {
      return throwable.getCause();
    } catch (Throwable broken) {
      return null;
    }
  }

  private static StackTraceElement[] stackOf(Throwable throwable) {
    try {
      return throwable.getStackTrace();
    } catch (Throwable broken) {
      return new StackTraceElement[0];
    }
  }

  /** Lone surrogates cannot cross; in an error's text they become question marks. */
  private static String wellFormed(String text) {
    StringBuilder mended = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isSurrogate(c)) {
        continue;
      }
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
        continue;
      }
      if (mended == null) {
        mended = new StringBuilder(text);
      }
      mended.setCharAt(i, '?');
    }
    return mended == null ? text : mended.toString();
  }

  private static String cut(String text, int maxChars) {
    if (text.length() <= maxChars) {
      return text;
    }
    int end = maxChars - CUT_MARK.length();
    if (Character.isHighSurrogate(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end) + CUT_MARK;
  }
}
