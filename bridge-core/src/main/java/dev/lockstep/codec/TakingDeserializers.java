package dev.lockstep.codec;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.KeyDeserializer;
import com.fasterxml.jackson.databind.deser.Deserializers;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.jsontype.TypeDeserializer;
import com.fasterxml.jackson.databind.type.ArrayType;
import com.fasterxml.jackson.databind.type.CollectionType;
import com.fasterxml.jackson.databind.type.MapType;
import com.fasterxml.jackson.databind.type.ReferenceType;
import com.fasterxml.jackson.databind.util.AccessPattern;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Finds, for types that this package converts to, the deserializer that takes the value whole. */
final class TakingDeserializers extends Deserializers.Base {
  private final ValueTypes types;

  TakingDeserializers(ValueTypes types) {
    this.types = types;
  }

  private @Nullable JsonDeserializer<?> taking(JavaType type) {
    ValueType own = types.ofOwn(type);
    return own == null ? null : new Taking(own, types.conversion());
  }

  @Override
  public @Nullable JsonDeserializer<?> findBeanDeserializer(
      JavaType type, DeserializationConfig config, BeanDescription bean) {
    return taking(type);
  }

  @Override
  public @Nullable JsonDeserializer<?> findReferenceDeserializer(
      ReferenceType type,
      DeserializationConfig config,
      BeanDescription bean,
      @Nullable TypeDeserializer contentTypes,
      @Nullable JsonDeserializer<?> contents) {
    return contentTypes != null || contents != null ? null : taking(type);
  }

  @Override
  public @Nullable JsonDeserializer<?> findArrayDeserializer(
      ArrayType type,
      DeserializationConfig config,
      BeanDescription bean,
      @Nullable TypeDeserializer contentTypes,
      @Nullable JsonDeserializer<?> contents) {
    return contentTypes != null || contents != null ? null : taking(type);
  }

  @Override
  public @Nullable JsonDeserializer<?> findCollectionDeserializer(
      CollectionType type,
      DeserializationConfig config,
      BeanDescription bean,
      @Nullable TypeDeserializer contentTypes,
      @Nullable JsonDeserializer<?> contents) {
    return contentTypes != null || contents != null ? null : taking(type);
  }

  @Override
  public @Nullable JsonDeserializer<?> findMapDeserializer(
      MapType type,
      DeserializationConfig config,
      BeanDescription bean,
      @Nullable KeyDeserializer keys,
      @Nullable TypeDeserializer contentTypes,
      @Nullable JsonDeserializer<?> contents) {
    boolean special = keys != null || contentTypes != null || contents != null;
    return special ? null : taking(type);
  }

  @Override
  public boolean hasDeserializerFor(DeserializationConfig config, Class<?> type) {
    return types.ofOwn(config.constructType(type)) != null;
  }

  private static final class Taking extends StdDeserializer<Object> {
    private static final long serialVersionUID = 1L;

    private final transient ValueType type;
    private final transient Conversion conversion;

    Taking(ValueType type, Conversion conversion) {
      super(type.javaType());
      this.type = type;
      this.conversion = conversion;
    }

    @Override
    public @Nullable Object deserialize(JsonParser in, DeserializationContext context)
        throws IOException {
      Object value = in instanceof TreeParser tree ? tree.takeValue() : read(in);
      return conversion.convert(value, type);
    }

    @Override
    public @Nullable Object getNullValue(DeserializationContext context) {
      return conversion.convert(null, type);
    }

    @Override
    public @Nullable Object getAbsentValue(DeserializationContext context) {
      return getNullValue(context);
    }

    @Override
    public AccessPattern getNullAccessPattern() {
      return AccessPattern.DYNAMIC;
    }

    /** A value out of a buffer of Jackson's, which it fills where it has to read ahead. */
    private static @Nullable Object read(JsonParser in) throws IOException {
      JsonToken token = in.currentToken();
      if (token == null) {
        return null;
      }
      return switch (token) {
        case START_ARRAY -> {
          List<@Nullable Object> elements = new ArrayList<>();
          while (in.nextToken() != JsonToken.END_ARRAY) {
            elements.add(read(in));
          }
          yield elements;
        }
        case START_OBJECT, FIELD_NAME -> {
          Map<String, @Nullable Object> map = new LinkedHashMap<>();
          if (token == JsonToken.START_OBJECT) {
            in.nextToken();
          }
          while (in.currentToken() == JsonToken.FIELD_NAME) {
            String name = in.currentName();
            in.nextToken();
            map.put(name, read(in));
            in.nextToken();
          }
          yield map;
        }
        case VALUE_STRING -> in.getText();
        case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> in.getNumberValue();
        case VALUE_TRUE -> true;
        case VALUE_FALSE -> false;
        case VALUE_EMBEDDED_OBJECT -> in.getEmbeddedObject();
        default -> null;
      };
    }
  }
}
