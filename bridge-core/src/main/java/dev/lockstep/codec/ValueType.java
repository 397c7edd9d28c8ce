package dev.lockstep.codec;

import com.fasterxml.jackson.databind.JavaType;

/** A Java type that a value is decoded to, resolved once. Thread-safe. */
public final class ValueType {
  private final JavaType javaType;

  ValueType(JavaType javaType) {
    this.javaType = javaType;
  }

  JavaType javaType() {
    return javaType;
  }

  @Override
  public String toString() {
    return javaType.toCanonical();
  }
}
