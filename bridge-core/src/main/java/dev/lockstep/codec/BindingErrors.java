package dev.lockstep.codec;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonMappingException;
import org.jspecify.annotations.Nullable;

/**
 * What Jackson throws, said in the terms of this package: the path through the bean, the reason.
 */
final class BindingErrors {
  private static final int MOST_CAUSES = 20;

  private BindingErrors() {}

  static ValueException translate(Throwable thrown, ValueException.Kind kind, String type) {
    StringBuilder path = new StringBuilder();
    Throwable current = thrown;
    for (int i = 0; i < MOST_CAUSES; i++) {
      if (current instanceof ValueException known) {
        return known.within(path.toString());
      }
      if (current instanceof JsonMappingException mapping) {
        appendPath(path, mapping);
      }
      Throwable cause = current.getCause();
      if (cause == null || !(current instanceof JacksonException)) {
        break;
      }
      current = cause;
    }
    return new ValueException(kind, type, reason(current), foreign(current))
        .within(path.toString());
  }

  private static void appendPath(StringBuilder path, JsonMappingException mapping) {
    for (JsonMappingException.Reference step : mapping.getPath()) {
      String name = step.getFieldName();
      if (name != null) {
        path.append(PathStep.ofProperty(name));
      } else if (step.getIndex() >= 0) {
        path.append('[').append(step.getIndex()).append(']');
      }
    }
  }

  private static String reason(Throwable thrown) {
    if (thrown instanceof JacksonException jackson) {
      return String.valueOf(jackson.getOriginalMessage());
    }
    return "a method of the value threw " + thrown;
  }

  private static @Nullable Throwable foreign(Throwable thrown) {
    return thrown instanceof JacksonException ? null : thrown;
  }
}
