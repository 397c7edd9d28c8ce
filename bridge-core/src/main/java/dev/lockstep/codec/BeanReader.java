package dev.lockstep.codec;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Binds decoded values to records, beans, enums and what modules are for, by Jackson. */
final class BeanReader {
  private final ObjectMapper mapper;

  BeanReader(ObjectMapper mapper) {
    this.mapper = mapper;
  }

  Object bind(Object tree, ValueType type) {
    Class<?> raw = type.rawClass();
    boolean isAbstract = java.lang.reflect.Modifier.isAbstract(raw.getModifiers());
    if (isAbstract && raw.isInstance(tree)) {
      return tree;
    }
    ObjectReader reader = type.reader();
    if (reader == null) {
      reader = mapper.readerFor(type.javaType());
      type.reader(reader);
    }
    @Nullable Object bound;
    try {
      bound = reader.readValue(new TreeParser(tree, mapper));
    } catch (IOException | RuntimeException e) {
      throw BindingErrors.translate(e, ValueException.Kind.MISMATCH, type.toString());
    }
    if (bound == null) {
      throw Numbers.mismatch(tree, type.toString());
    }
    return bound;
  }
}
