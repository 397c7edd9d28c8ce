package dev.lockstep.codec;

import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/** The properties of a record or bean, in order; remembers whose they are, to notice cycles. */
final class BeanMap extends LinkedHashMap<@Nullable Object, @Nullable Object> {
  private static final long serialVersionUID = 1L;

  private final transient Object source;

  BeanMap(Object source) {
    this.source = source;
  }

  Object source() {
    return source;
  }
}
