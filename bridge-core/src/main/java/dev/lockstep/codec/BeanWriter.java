package dev.lockstep.codec;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Records, beans, enums and what modules are for, turned by Jackson into plain values. */
final class BeanWriter {
  private final ObjectWriter writer;
  private final ObjectMapper mapper;
  private final int maxNesting;

  BeanWriter(ObjectMapper mapper, int maxNesting) {
    this.mapper = mapper;
    this.writer = mapper.writer();
    this.maxNesting = maxNesting;
  }

  /** What the value is written as: most often a {@link BeanMap}; values in it are still to do. */
  @Nullable Object tree(Object value) {
    TreeGenerator generator = new TreeGenerator(mapper, maxNesting);
    try {
      writer.writeValue(generator, value);
    } catch (IOException | RuntimeException e) {
      throw BindingErrors.translate(
          e, ValueException.Kind.UNSERIALIZABLE, value.getClass().getTypeName());
    }
    return generator.result();
  }
}
