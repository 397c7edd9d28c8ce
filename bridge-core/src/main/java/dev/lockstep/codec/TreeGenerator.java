package dev.lockstep.codec;

import com.fasterxml.jackson.core.Base64Variant;
import com.fasterxml.jackson.core.JsonGenerationException;
import com.fasterxml.jackson.core.ObjectCodec;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.base.GeneratorBase;
import com.fasterxml.jackson.core.json.JsonWriteContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A Jackson generator that writes no bytes but keeps the values: maps, lists, and as they are all
 * objects that have a form on the wire of their own.
 */
final class TreeGenerator extends GeneratorBase {
  private static final int NO_FEATURES = 0;

  private final int maxNesting;
  private final List<Object> containers = new ArrayList<>(4);
  private final List<@Nullable String> names = new ArrayList<>(4);
  private @Nullable Object result;

  @SuppressWarnings("deprecation") // the other constructors want the buffers of a text format
  TreeGenerator(ObjectCodec codec, int maxNesting) {
    super(NO_FEATURES, codec, JsonWriteContext.createRootContext(null));
    this.maxNesting = maxNesting;
  }

  @Nullable Object result() {
    return result;
  }

  private void add(@Nullable Object value) throws IOException {
    int depth = containers.size();
    if (depth == 0) {
      result = value;
      return;
    }
    Object container = containers.get(depth - 1);
    if (container instanceof BeanMap map) {
      String name = names.get(depth - 1);
      if (name == null) {
        throw misuse("a value without its name");
      }
      if (!map.add(name, value)) {
        throw ValueException.unserializable(
            map.source().getClass(), "two properties of one name: name=" + name);
      }
      names.set(depth - 1, null);
    } else {
      @SuppressWarnings("unchecked")
      List<@Nullable Object> list = (List<@Nullable Object>) container;
      list.add(value);
    }
  }

  private void open(Object container, Object source) throws IOException {
    if (containers.size() >= maxNesting) {
      throw ValueException.unserializable(
          source.getClass(), "nested too deeply: maxNesting=" + maxNesting);
    }
    for (Object outer : containers) {
      if (outer instanceof BeanMap map && map.source() == source) {
        throw ValueException.unserializable(source.getClass(), "cyclic: it contains itself");
      }
    }
    add(container);
    containers.add(container);
    names.add(null);
  }

  private JsonGenerationException misuse(String what) {
    return new JsonGenerationException(what, this);
  }

  private void close(boolean object) throws IOException {
    int last = containers.size() - 1;
    if (last < 0 || containers.get(last) instanceof BeanMap != object) {
      throw misuse("an end without its start");
    }
    containers.remove(last);
    names.remove(last);
  }

  @Override
  public void writeStartArray() throws IOException {
    List<@Nullable Object> list = new ArrayList<>();
    open(list, list);
  }

  @Override
  public void writeEndArray() throws IOException {
    close(false);
  }

  @Override
  public void writeStartObject() throws IOException {
    writeStartObject(new Object());
  }

  @Override
  public void writeStartObject(Object forValue) throws IOException {
    Object source = forValue == null ? new Object() : forValue;
    open(new BeanMap(source), source);
  }

  @Override
  public void writeStartObject(Object forValue, int size) throws IOException {
    writeStartObject(forValue);
  }

  @Override
  public void writeEndObject() throws IOException {
    close(true);
  }

  @Override
  public void writeFieldName(String name) throws IOException {
    int last = containers.size() - 1;
    if (last < 0 || !(containers.get(last) instanceof BeanMap)) {
      throw misuse("a name outside an object");
    }
    names.set(last, name);
  }

  @Override
  public void writeFieldName(SerializableString name) throws IOException {
    writeFieldName(name.getValue());
  }

  @Override
  public void writeString(@Nullable String text) throws IOException {
    add(text);
  }

  @Override
  public void writeString(SerializableString text) throws IOException {
    add(text.getValue());
  }

  @Override
  public void writeString(char[] buffer, int offset, int length) throws IOException {
    add(new String(buffer, offset, length));
  }

  @Override
  public void writeString(Reader reader, int length) throws IOException {
    StringWriter text = new StringWriter();
    reader.transferTo(text);
    add(text.toString());
  }

  @Override
  public void writeRawUTF8String(byte[] buffer, int offset, int length) {
    _reportUnsupportedOperation();
  }

  @Override
  public void writeUTF8String(byte[] buffer, int offset, int length) throws IOException {
    add(new String(buffer, offset, length, java.nio.charset.StandardCharsets.UTF_8));
  }

  @Override
  public void writeRaw(String text) {
    _reportUnsupportedOperation();
  }

  @Override
  public void writeRaw(String text, int offset, int length) {
    _reportUnsupportedOperation();
  }

  @Override
  public void writeRaw(char[] text, int offset, int length) {
    _reportUnsupportedOperation();
  }

  @Override
  public void writeRaw(char c) {
    _reportUnsupportedOperation();
  }

  @Override
  public void writeRawValue(String text) {
    _reportUnsupportedOperation();
  }

  @Override
  public void writeBinary(Base64Variant variant, byte[] data, int offset, int length)
      throws IOException {
    add(java.util.Arrays.copyOfRange(data, offset, offset + length));
  }

  @Override
  public int writeBinary(Base64Variant variant, InputStream data, int dataLength)
      throws IOException {
    byte[] bytes = data.readNBytes(dataLength < 0 ? Integer.MAX_VALUE : dataLength);
    add(bytes);
    return bytes.length;
  }

  @Override
  public void writeNumber(int value) throws IOException {
    add(value);
  }

  @Override
  public void writeNumber(short value) throws IOException {
    add((int) value);
  }

  @Override
  public void writeNumber(long value) throws IOException {
    add(value);
  }

  @Override
  public void writeNumber(BigInteger value) throws IOException {
    add(value);
  }

  @Override
  public void writeNumber(double value) throws IOException {
    add(value);
  }

  @Override
  public void writeNumber(float value) throws IOException {
    add(value);
  }

  @Override
  public void writeNumber(BigDecimal value) throws IOException {
    add(value);
  }

  @Override
  public void writeNumber(String text) throws IOException {
    add(new BigDecimal(text));
  }

  @Override
  public void writeBoolean(boolean value) throws IOException {
    add(value);
  }

  @Override
  public void writeNull() throws IOException {
    add(null);
  }

  @Override
  public void writeEmbeddedObject(@Nullable Object value) throws IOException {
    add(value);
  }

  @Override
  public void flush() {}

  @Override
  protected void _releaseBuffers() {}

  @Override
  protected void _verifyValueWrite(String what) {}
}
