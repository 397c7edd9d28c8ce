package dev.lockstep.codec;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializationConfig;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.jsontype.TypeSerializer;
import com.fasterxml.jackson.databind.ser.Serializers;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import com.fasterxml.jackson.databind.type.ArrayType;
import com.fasterxml.jackson.databind.type.CollectionType;
import com.fasterxml.jackson.databind.type.MapType;
import com.fasterxml.jackson.databind.type.ReferenceType;
import java.io.IOException;
import java.lang.reflect.Array;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds, for classes with a form on the wire, the serializer that hands the object on as it is. */
final class EmbeddingSerializers extends Serializers.Base {
  /** Whether objects of a class go through Jackson as they are. */
  static boolean embeds(Class<?> type) {
    Form form = Form.of(type);
    return form != Form.BOUND && form != Form.REFUSED;
  }

  @Override
  public @Nullable JsonSerializer<?> findSerializer(
      SerializationConfig config, JavaType type, BeanDescription bean) {
    return embeds(type.getRawClass()) ? new Embedding() : null;
  }

  @Override
  public @Nullable JsonSerializer<?> findReferenceSerializer(
      SerializationConfig config,
      ReferenceType type,
      BeanDescription bean,
      @Nullable TypeSerializer contentTypes,
      @Nullable JsonSerializer<Object> contents) {
    return plain(type, contentTypes, contents);
  }

  @Override
  public @Nullable JsonSerializer<?> findArraySerializer(
      SerializationConfig config,
      ArrayType type,
      BeanDescription bean,
      @Nullable TypeSerializer contentTypes,
      @Nullable JsonSerializer<Object> contents) {
    return plain(type, contentTypes, contents);
  }

  @Override
  public @Nullable JsonSerializer<?> findCollectionSerializer(
      SerializationConfig config,
      CollectionType type,
      BeanDescription bean,
      @Nullable TypeSerializer contentTypes,
      @Nullable JsonSerializer<Object> contents) {
    return plain(type, contentTypes, contents);
  }

  @Override
  public @Nullable JsonSerializer<?> findMapSerializer(
      SerializationConfig config,
      MapType type,
      BeanDescription bean,
      @Nullable JsonSerializer<Object> keys,
      @Nullable TypeSerializer contentTypes,
      @Nullable JsonSerializer<Object> contents) {
    return keys != null ? null : plain(type, contentTypes, contents);
  }

  /**
   * Elements that an annotation of the property or of their class treats specially are Jackson's.
   */
  private static @Nullable JsonSerializer<?> plain(
      JavaType type,
      @Nullable TypeSerializer contentTypes,
      @Nullable JsonSerializer<Object> contents) {
    boolean special = contentTypes != null || contents != null;
    return special || !embeds(type.getRawClass()) ? null : new Embedding();
  }

  private static final class Embedding extends StdSerializer<Object> {
    private static final long serialVersionUID = 1L;

    Embedding() {
      super(Object.class);
    }

    @Override
    public void serialize(Object value, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      out.writeEmbeddedObject(value);
    }

    @Override
    public void serializeWithType(
        Object value, JsonGenerator out, SerializerProvider provider, TypeSerializer types)
        throws IOException {
      var prefix = types.typeId(value, JsonToken.VALUE_EMBEDDED_OBJECT);
      types.writeTypePrefix(out, prefix);
      out.writeEmbeddedObject(value);
      types.writeTypeSuffix(out, prefix);
    }

    @Override
    public boolean isEmpty(SerializerProvider provider, Object value) {
      if (value instanceof CharSequence text) {
        return text.length() == 0;
      } else if (value instanceof Collection<?> elements) {
        return elements.isEmpty();
      } else if (value instanceof Map<?, ?> map) {
        return map.isEmpty();
      } else if (value.getClass().isArray()) {
        return Array.getLength(value) == 0;
      }
      return Form.of(value.getClass()) == Form.OPTIONAL && ValueEncoder.content(value) == null;
    }
  }
}
