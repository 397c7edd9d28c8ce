package dev.lockstep.codec;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.jsontype.TypeSerializer;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;

/** For classes whose getters are not data. */
final class RefusingSerializer extends StdSerializer<Object> {
  private static final long serialVersionUID = 1L;

  RefusingSerializer() {
    super(Object.class);
  }

  @Override
  public void serialize(Object value, JsonGenerator out, SerializerProvider provider) {
    String reason = Refusals.reason(value.getClass());
    throw ValueException.unserializable(
        value.getClass(),
        reason == null ? "a class of the JDK without a form on the wire" : reason);
  }

  @Override
  public void serializeWithType(
      Object value, JsonGenerator out, SerializerProvider provider, TypeSerializer types) {
    serialize(value, out, provider);
  }
}
