package dev.lockstep.codec;

import com.fasterxml.jackson.core.Base64Variant;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonStreamContext;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.ObjectCodec;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.Version;
import com.fasterxml.jackson.core.base.ParserMinimalBase;
import com.fasterxml.jackson.core.json.JsonReadContext;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Jackson parser over values that have been decoded: what has no JSON form comes as an embedded
 * object. Lengths and nesting were checked when they were decoded.
 */
@SuppressWarnings("InlineMeSuggester")
final class TreeParser extends ParserMinimalBase {
  private final Object root;
  private final List<Frame> frames = new ArrayList<>(4);
  private ObjectCodec codec;
  private JsonReadContext context = JsonReadContext.createRootContext(null);
  private @Nullable Object current;

  /** Of the container that {@link #current} is, if nothing inside of it has been asked for yet. */
  private @Nullable Collection<?> unopened;

  private boolean closed;

  TreeParser(Object root, ObjectCodec codec) {
    super(StreamReadConstraints.defaults());
    this.root = root;
    this.codec = codec;
  }

  /** Where the parser is inside of a container. */
  private static final class Frame {
    final Object container;
    final Iterator<?> rest;
    final boolean object;

    /** The value whose name has been handed out, if {@link #named}. */
    @Nullable Object pending;

    boolean named;

    Frame(Object container, Iterator<?> rest, boolean object) {
      this.container = container;
      this.rest = rest;
      this.object = object;
    }
  }

  @Override
  public @Nullable JsonToken nextToken() throws IOException {
    _currToken = advance();
    return _currToken;
  }

  private @Nullable JsonToken advance() throws IOException {
    enter();
    if (frames.isEmpty()) {
      if (_currToken != null || closed) {
        closed = true;
        return null;
      }
      return open(root);
    }
    Frame frame = frames.get(frames.size() - 1);
    if (frame.named) {
      frame.named = false;
      return open(frame.pending);
    }
    if (!frame.rest.hasNext()) {
      return leave(frame);
    }
    Object next = frame.rest.next();
    if (!frame.object) {
      return open(next);
    }
    Map.Entry<?, ?> entry = (Map.Entry<?, ?>) next;
    frame.pending = entry.getValue();
    frame.named = true;
    context.setCurrentName(name(entry.getKey()));
    return JsonToken.FIELD_NAME;
  }

  private JsonToken leave(Frame frame) {
    frames.remove(frames.size() - 1);
    context = context.getParent();
    current = frame.container;
    return frame.object ? JsonToken.END_OBJECT : JsonToken.END_ARRAY;
  }

  private static String name(@Nullable Object key) {
    if (key instanceof String text) {
      return text;
    }
    if (key == null || key instanceof byte[] || key instanceof Collection) {
      throw ValueException.mismatch(
          "java.lang.String", "a key that names nothing: found=" + Numbers.describe(key));
    }
    return key.toString();
  }

  private JsonToken open(@Nullable Object value) {
    current = value;
    if (value == null) {
      return JsonToken.VALUE_NULL;
    } else if (value instanceof String) {
      return JsonToken.VALUE_STRING;
    } else if (value instanceof Integer || value instanceof Long || value instanceof BigInteger) {
      return JsonToken.VALUE_NUMBER_INT;
    } else if (value instanceof Double || value instanceof Float || value instanceof BigDecimal) {
      return JsonToken.VALUE_NUMBER_FLOAT;
    } else if (value instanceof Boolean flag) {
      return flag ? JsonToken.VALUE_TRUE : JsonToken.VALUE_FALSE;
    } else if (value instanceof Map<?, ?> map) {
      unopened = map.entrySet();
      return JsonToken.START_OBJECT;
    }
    Collection<?> elements =
        value instanceof Collection<?> collection ? collection : NumberArrays.elements(value);
    if (elements == null) {
      return JsonToken.VALUE_EMBEDDED_OBJECT;
    }
    unopened = elements;
    return JsonToken.START_ARRAY;
  }

  /** Most containers are taken whole: only what is gone into needs a frame and a context. */
  private void enter() {
    Collection<?> elements = unopened;
    Object container = current;
    if (elements != null && container != null) {
      unopened = null;
      boolean object = container instanceof Map;
      frames.add(new Frame(container, elements.iterator(), object));
      context =
          object
              ? context.createChildObjectContext(-1, -1)
              : context.createChildArrayContext(-1, -1);
    }
  }

  /** The whole value at the current token; the parser goes on to the value's last token. */
  @Nullable Object takeValue() {
    if (unopened != null) {
      unopened = null;
      _currToken = current instanceof Map ? JsonToken.END_OBJECT : JsonToken.END_ARRAY;
    } else if (_currToken == JsonToken.START_OBJECT || _currToken == JsonToken.START_ARRAY) {
      _currToken = leave(frames.get(frames.size() - 1));
    }
    return current;
  }

  @Override
  public com.fasterxml.jackson.core.JsonParser skipChildren() {
    takeValue();
    return this;
  }

  @Override
  protected void _handleEOF() {}

  @Override
  @Deprecated
  public @Nullable String getCurrentName() {
    return currentName();
  }

  @Override
  public @Nullable String currentName() {
    if (unopened != null) {
      return context.getCurrentName();
    }
    boolean start = _currToken == JsonToken.START_OBJECT || _currToken == JsonToken.START_ARRAY;
    JsonReadContext parent = context.getParent();
    return start && parent != null ? parent.getCurrentName() : context.getCurrentName();
  }

  @Override
  public void overrideCurrentName(String name) {
    enter();
    try {
      context.setCurrentName(name);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    closed = true;
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  @Override
  public JsonStreamContext getParsingContext() {
    enter();
    return context;
  }

  @Override
  public ObjectCodec getCodec() {
    return codec;
  }

  @Override
  public void setCodec(ObjectCodec newCodec) {
    codec = newCodec;
  }

  @Override
  public Version version() {
    return Version.unknownVersion();
  }

  @Override
  @Deprecated
  public JsonLocation getTokenLocation() {
    return JsonLocation.NA;
  }

  @Override
  @Deprecated
  public JsonLocation getCurrentLocation() {
    return JsonLocation.NA;
  }

  @Override
  public JsonLocation currentLocation() {
    return JsonLocation.NA;
  }

  @Override
  public JsonLocation currentTokenLocation() {
    return JsonLocation.NA;
  }

  @Override
  public @Nullable String getText() {
    JsonToken token = _currToken;
    if (token == null) {
      return null;
    }
    if (token == JsonToken.FIELD_NAME) {
      return currentName();
    }
    String fixed = token.asString();
    return fixed != null ? fixed : String.valueOf(current);
  }

  @Override
  public char[] getTextCharacters() {
    String text = getText();
    return text == null ? new char[0] : text.toCharArray();
  }

  @Override
  public int getTextLength() {
    String text = getText();
    return text == null ? 0 : text.length();
  }

  @Override
  public int getTextOffset() {
    return 0;
  }

  @Override
  public boolean hasTextCharacters() {
    return false;
  }

  @Override
  public @Nullable Object getEmbeddedObject() {
    return _currToken == JsonToken.VALUE_EMBEDDED_OBJECT ? current : null;
  }

  @Override
  public byte[] getBinaryValue(Base64Variant variant) throws IOException {
    if (current instanceof byte[] bytes) {
      return bytes;
    }
    throw _constructError("not bytes: found=" + Numbers.describe(current));
  }

  @Override
  public Number getNumberValue() throws IOException {
    if (current instanceof Number number) {
      return number;
    }
    throw _constructError("not a number: found=" + Numbers.describe(current));
  }

  @Override
  public @Nullable NumberType getNumberType() {
    if (current instanceof Integer) {
      return NumberType.INT;
    } else if (current instanceof Long) {
      return NumberType.LONG;
    } else if (current instanceof BigInteger) {
      return NumberType.BIG_INTEGER;
    } else if (current instanceof Double) {
      return NumberType.DOUBLE;
    } else if (current instanceof Float) {
      return NumberType.FLOAT;
    }
    return current instanceof BigDecimal ? NumberType.BIG_DECIMAL : null;
  }

  @Override
  public boolean isNaN() {
    return current instanceof Double number && !Double.isFinite(number);
  }

  @Override
  public int getIntValue() {
    return (int) Numbers.toLong(current, Integer.MIN_VALUE, Integer.MAX_VALUE, "int");
  }

  @Override
  public long getLongValue() {
    return Numbers.toLong(current, Long.MIN_VALUE, Long.MAX_VALUE, "long");
  }

  @Override
  public BigInteger getBigIntegerValue() {
    return Numbers.toBigInteger(current, "java.math.BigInteger");
  }

  @Override
  public float getFloatValue() {
    return Numbers.toFloat(current, "float");
  }

  @Override
  public double getDoubleValue() {
    return Numbers.toDouble(current, "double");
  }

  @Override
  public BigDecimal getDecimalValue() {
    return Numbers.toBigDecimal(current, "java.math.BigDecimal");
  }
}
