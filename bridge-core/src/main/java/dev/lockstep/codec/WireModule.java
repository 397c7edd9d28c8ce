package dev.lockstep.codec;

import com.fasterxml.jackson.core.Version;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.Module;
import com.fasterxml.jackson.databind.SerializationConfig;
import com.fasterxml.jackson.databind.ser.BeanSerializerModifier;
import com.fasterxml.jackson.databind.ser.std.BeanSerializerBase;

/**
 * Makes Jackson leave alone what the wire format has a form for: such values go through it as they
 * are, in both directions, and keep their type.
 */
final class WireModule extends Module {
  private final ValueTypes types;

  WireModule(ValueTypes types) {
    this.types = types;
  }

  @Override
  public String getModuleName() {
    return "lockstep-wire";
  }

  @Override
  public Object getTypeId() {
    return this;
  }

  @Override
  public Version version() {
    return Version.unknownVersion();
  }

  @Override
  public void setupModule(SetupContext context) {
    context.addSerializers(new EmbeddingSerializers());
    context.addDeserializers(new TakingDeserializers(types));
    context.addBeanSerializerModifier(
        new BeanSerializerModifier() {
          private static final long serialVersionUID = 1L;

          @Override
          public JsonSerializer<?> modifySerializer(
              SerializationConfig config, BeanDescription bean, JsonSerializer<?> serializer) {
            Class<?> type = bean.getBeanClass();
            boolean isInnards = serializer instanceof BeanSerializerBase && Refusals.isJdk(type);
            return isInnards
                    || (Refusals.reason(type) != null && !EmbeddingSerializers.embeds(type))
                ? new RefusingSerializer()
                : serializer;
          }
        });
  }
}
