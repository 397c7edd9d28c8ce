package dev.lockstep.codec;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What stands for a decoded key when keys are compared: byte strings by content, however deep. */
final class KeyContent {
  private KeyContent() {}

  static Object of(@Nullable Object key) {
    if (key == null) {
      return KeyContent.class;
    }
    if (key instanceof byte[] bytes) {
      return ByteBuffer.wrap(bytes);
    }
    if (key instanceof Collection<?> elements) {
      Collection<Object> contents =
          key instanceof Set ? new HashSet<>() : new ArrayList<>(elements.size());
      for (Object element : elements) {
        contents.add(of(element));
      }
      return contents;
    }
    return key;
  }
}
